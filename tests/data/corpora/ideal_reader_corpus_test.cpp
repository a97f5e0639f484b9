#include "data/corpora/ideal_reader_corpus.h"

#include <numeric>

#include "base/random.h"
#include "data/corpora/built_in_corpora.h"
#include "test.h"

namespace lengthwise {
namespace {

using Tokens = std::vector<int64_t>;

const BuiltInCorpus& standard() {
  return *find_built_in_corpus("ideal_reader");
}

Tokens first_tokens(const TokenStream& stream, size_t document, int64_t count) {
  Tokens tokens;
  const int64_t begin = stream.documents().at(document).begin;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(stream[begin + i]);
  return tokens;
}

int64_t sum_of_tokens(const TokenStream& stream) {
  int64_t sum = 0;
  for (int64_t i = 0; i < stream.size(); ++i) sum += stream[i];
  return sum;
}

void require_documents_tile(const TokenStream& stream, size_t documents, int64_t document_tokens) {
  REQUIRE(stream.documents().size() == documents);
  int64_t begin = 0;
  for (const Document& document : stream.documents()) {
    REQUIRE(document.begin == begin);
    REQUIRE(document.size() == document_tokens);
    REQUIRE(document.bytes == 0);
    REQUIRE(document.words == 0);
    begin = document.end;
  }
  REQUIRE(begin == stream.size());
}

TEST_CASE("SplitMix64 gives the first word of the published generator", "[data]") {
  REQUIRE(SplitMix64(0).next() == 0xe220a8397b1dcdafull);
}

TEST_CASE("the standard law has 12 cues of total weight 64 and 108 tokens", "[data]") {
  const IdealReaderLaw& law = standard_law();
  CHECK(law.cue_weights == Tokens{11, 8, 7, 6, 5, 5, 4, 4, 4, 4, 3, 3});
  CHECK(law.cue_weight_sum() == 64);
  CHECK(law.vocabulary_size() == 108);
}

TEST_CASE("answers are numbered cue by cue after the cues", "[data]") {
  const IdealReaderLaw& law = standard_law();
  CHECK(law.answer(0, 0) == 12);
  CHECK(law.answer(6, 7) == 67);
  CHECK(law.answer(11, 7) == 107);
  CHECK(law.cue_of(67) == 6);
  CHECK(law.cue_of(68) == 7);
  CHECK(law.cue_of(11) == 11);
  CHECK(law.is_cue(11));
  CHECK_FALSE(law.is_cue(12));
}

TEST_CASE("the training split of the ideal-reader corpus has the tokens of its definition",
          "[data]") {
  const TokenStream train = generate_split(standard(), standard().train);
  CHECK(first_tokens(train, 0, 24) ==
        Tokens{6, 67, 3, 42, 6, 67, 1, 21, 6, 67, 1, 21, 6, 67, 1, 20, 6, 67, 5, 58, 7, 72, 5, 58});
  CHECK(first_tokens(train, 1, 12) == Tokens{8, 80, 10, 93, 0, 14, 10, 99, 0, 13, 10, 93});
  CHECK(sum_of_tokens(train) == 27901934);
  CHECK(train.vocabulary_size() == 108);
  require_documents_tile(train, 512, 2050);
}

TEST_CASE("the held-out split of the ideal-reader corpus has the tokens of its definition",
          "[data]") {
  const TokenStream held_out = generate_split(standard(), standard().test);
  CHECK(first_tokens(held_out, 0, 16) ==
        Tokens{0, 17, 4, 46, 0, 17, 4, 46, 3, 37, 4, 46, 4, 46, 4, 46});
  CHECK(sum_of_tokens(held_out) == 1739649);
  require_documents_tile(held_out, 32, 2050);
}

TEST_CASE("a document of the ideal-reader corpus does not depend on how many are generated",
          "[data]") {
  const TokenStream few = generate_ideal_reader(standard_law(), 1, 2, 6);
  CHECK(few.size() == 24);
  CHECK(first_tokens(few, 1, 12) == Tokens{8, 80, 10, 93, 0, 14, 10, 99, 0, 13, 10, 93});
}

TEST_CASE("generated cues follow their weights and the copy rule", "[data]") {
  const TokenStream train = generate_split(standard(), standard().train);
  std::vector<int64_t> counts(12);
  int64_t repeats = 0, pairs = 0;
  for (const Document& document : train.documents()) {
    for (int64_t i = document.begin; i < document.end; i += 2) {
      ++counts.at(static_cast<size_t>(train[i]));
      if (i < document.begin + 4) continue;
      ++pairs;
      repeats += train[i] == train[i - 4];
    }
  }
  // P(cue = the one two back) = 1/2 + sum z_k^2 / 2, and sum z_k^2 = 402 / 4096. Copies treble the
  // variance of the cue frequencies; the margins are at least five standard errors.
  const auto whole_records = train.size() / 2;
  const auto records = static_cast<double>(whole_records);
  CHECK(static_cast<double>(counts[0]) / records == Approx(11.0 / 64).margin(0.005));
  CHECK(static_cast<double>(counts[11]) / records == Approx(3.0 / 64).margin(0.003));
  CHECK(static_cast<double>(repeats) / static_cast<double>(pairs) ==
        Approx(0.5 + 402.0 / 8192).margin(0.004));
}

}  // namespace
}  // namespace lengthwise
