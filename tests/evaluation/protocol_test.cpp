#include "evaluation/protocol.h"

#include "evaluation/options.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

EvaluationOptions options_of(const std::string& protocol, int64_t stride,
                             const std::vector<int64_t>& lengths) {
  EvaluationOptions options;
  options.protocol = protocol;
  options.stride = stride;
  options.lengths = lengths;
  return options;
}

std::string refusal(const EvaluationOptions& options) {
  return user_error_text([&] { options.validate(); });
}

}  // namespace

TEST_CASE("Strides that do not fit the protocol are refused", "[evaluation]") {
  CHECK(refusal(options_of("non_overlapping", 0, {64})).empty());
  CHECK(refusal(options_of("sliding", 64, {64, 128})).empty());
  CHECK(contains(refusal(options_of("non_overlapping", 16, {64})), "evaluation.stride: 16"));
  CHECK(contains(refusal(options_of("sliding", 0, {64})), "evaluation.stride: 0"));
  CHECK(contains(refusal(options_of("sliding", 65, {128, 64})), "evaluation.lengths, 64"));
  CHECK(contains(refusal(options_of("sliding", 1, {})), "evaluation.lengths"));
  CHECK(contains(refusal(options_of("slidng", 1, {64})), "did you mean 'sliding'"));
}

}  // namespace lengthwise
