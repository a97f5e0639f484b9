#include "position/scale_invariant.h"

#include "position/dense_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// logits times a_t + m_t with the paper's general form: alpha = beta = sqrt(e).
DenseLogits paper_logits(double tau) {
  return [tau](const DenseInputs& inputs) {
    const double alpha = std::exp(0.5), beta = alpha;
    const auto decades = torch::log(pair_distances(inputs.positions) / tau + 1);
    const auto a = (2 * (decades - std::log(alpha) + beta / alpha)).sqrt();
    const auto m = -a.square() + beta / alpha;
    return inputs.logits * a + m;
  };
}

SchemeUnderTest scheme_with(double tau) {
  PositionOptions options;
  options.scheme = "scale_invariant";
  options.group<ScaleInvariantOptions>().tau = tau;
  return scheme_named("scale_invariant", options, kNarrowShape);
}

}  // namespace

TEST_CASE("Scale-invariant attention equals the paper's general form, with gradients",
          "[position]") {
  check_everywhere(scheme_with(10), paper_logits(10));
  check_everywhere(scheme_with(1), paper_logits(1));
  check_nothing_leaks(scheme_with(10));
}

TEST_CASE(
    "A query's own key is neither scaled nor pushed, one at tau (e^2 - 1) is scaled by the "
    "root of 5 and pushed by 4",
    "[position]") {
  const double far = 10 * (std::exp(2.0) - 1);
  const Positions positions{torch::tensor({0.0, far}, torch::kFloat64), std::nullopt, far + 1};
  const auto change = std::get<LogitChange>(bias_of(*scheme_with(10), positions));
  LogitBlock block{1, 2, 0, 0, torch::tensor({int64_t{1}}), torch::arange(2), {}};
  const auto changed = change.block(torch::ones({1, 3, 1, 2}), {}, block, {});
  CHECK(changed[0][0][0][1].item<double>() == 1);
  CHECK(changed[0][0][0][0].item<double>() == Approx(std::sqrt(5.0) - 4).epsilon(1e-6));
}

}  // namespace lengthwise
