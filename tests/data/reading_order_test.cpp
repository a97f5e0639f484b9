#include "data/reading_order.h"

#include "data/dataset.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr int64_t kEndOfLine = 9;

/// Documents 1 2 3 | 4 | 5 6.
TokenStream three_documents() {
  return TokenStream::from_tokens({1, 2, 3, 4, 5, 6},
                                  {{0, 3, 0, 0, 0}, {3, 4, 0, 0, 0}, {4, 6, 0, 0, 0}}, 10);
}

/// The tokens of each document as they are read.
std::vector<std::vector<int64_t>> read(const ReadingOrder& order) {
  std::vector<std::vector<int64_t>> documents;
  const auto targets = order.document_targets();
  for (size_t i = 0; i < targets.size(); ++i) {
    documents.emplace_back();
    for (int64_t place = 0; place <= targets[i]; ++place) {
      documents.back().push_back(order.token(static_cast<int64_t>(i), place));
    }
  }
  return documents;
}

using Documents = std::vector<std::vector<int64_t>>;

}  // namespace

TEST_CASE("What stands before a document's first token is what the policy says", "[data]") {
  const TokenStream stream = three_documents();
  CHECK(read({stream, "none", kEndOfLine}) == Documents{{1, 2, 3}, {4}, {5, 6}});
  CHECK(read({stream, "eos", kEndOfLine}) == Documents{{9, 1, 2, 3}, {9, 4}, {9, 5, 6}});
  CHECK(read({stream, "previous", kEndOfLine}) == Documents{{9, 1, 2, 3}, {3, 4}, {4, 5, 6}});
  CHECK(read({stream, "previous", {}}) == Documents{{1, 2, 3}, {3, 4}, {4, 5, 6}});
  CHECK(read({stream.joined(), "previous", kEndOfLine}) == Documents{{9, 1, 2, 3, 4, 5, 6}});
}

TEST_CASE("Places of the reading order know their place in the stream", "[data]") {
  const TokenStream stream = three_documents();
  const ReadingOrder bare(stream, "none", {}), led(stream, "previous", {});
  CHECK(bare.stream_position(2, 0) == 4);
  CHECK(led.stream_position(2, 0) == 3);
  CHECK(led.stream_position(2, 1) == 4);
  CHECK(led.stream_position(0, 0) == 0);
  CHECK_FALSE(led.leads(0));
  CHECK(led.leads(1));
}

TEST_CASE("A first-token policy is resolved by what the dataset has", "[data]") {
  Dataset dataset;
  dataset.name = "letters";
  const auto refusal = [&](const std::string& wanted) {
    return user_error_text([&] { resolve_first_token(wanted, dataset); });
  };
  CHECK(resolve_first_token("vocabulary", dataset) == "none");
  CHECK(resolve_first_token("previous", dataset) == "previous");
  CHECK(contains(refusal("eos"), "evaluation.first_token"));
  CHECK(contains(refusal("eos"), "letters"));
  dataset.start_token = kEndOfLine;
  CHECK(resolve_first_token("vocabulary", dataset) == "eos");
  CHECK(resolve_first_token("eos", dataset) == "eos");
  CHECK(resolve_first_token("none", dataset) == "none");
  dataset.ideal_nats = [](std::span<const int64_t>) { return std::vector<double>(); };
  CHECK(contains(refusal("previous"), "exact reader"));
}

TEST_CASE("The text's unknown tokens are those that are scored", "[data]") {
  const TokenStream stream = three_documents().with_unknown(
      {UnknownTokens{2, 8.0, 3.0}, UnknownTokens{}, UnknownTokens{}});
  const TextSize all = ReadingOrder(stream, "eos", kEndOfLine).text_of(6);
  CHECK(all.unknown_tokens == 2);
  CHECK(all.spelling_nats == 8.0);
  const TextSize without_first = ReadingOrder(stream, "none", {}).text_of(3);
  CHECK(without_first.unknown_tokens == 1);
  CHECK(without_first.spelling_nats == 5.0);
  CHECK(ReadingOrder(stream.joined(), "none", {}).text_of(5).spelling_nats == 5.0);
  const TokenStream unknown = stream.with_unknown({std::nullopt, UnknownTokens{}, UnknownTokens{}});
  CHECK_FALSE(ReadingOrder(unknown, "eos", kEndOfLine).text_of(6).unknown_tokens);
  CHECK_FALSE(unknown.joined().documents()[0].unknown);
}

}  // namespace lengthwise
