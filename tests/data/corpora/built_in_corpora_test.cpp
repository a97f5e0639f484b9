#include "data/corpora/built_in_corpora.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

#include "data/corpora/exact_reader.h"
#include "data/corpora/ideal_reader.h"
#include "data/token_windows.h"
#include "test.h"

namespace lengthwise {
namespace {

const BuiltInCorpus& long_reach() {
  return *find_built_in_corpus("long_reach");
}

/// The test split, the last token of each document (which no window has) with it.
const TokenStream& held_out() {
  static const TokenStream stream = generate_split(long_reach(), long_reach().test);
  return stream;
}

/// Nats per token over targets 1 ... 65536 of the first test documents, windows of `length` inputs.
double nats_per_token(size_t documents, int64_t length, int64_t memory_tokens = 0) {
  constexpr int64_t kTargets = 65'536;
  double total = 0;
  for (size_t d = 0; d < documents; ++d) {
    for (int64_t start = 0; start < kTargets; start += length) {
      const Tokens window =
          tokens_of(held_out(), held_out().documents().at(d).begin + start, length + 1);
      total += sum(ideal_nats(long_reach_law(), window, memory_tokens));
    }
  }
  return total / static_cast<double>(kTargets * static_cast<int64_t>(documents));
}

TEST_CASE("Built-in corpora are found by name", "[data]") {
  CHECK(built_in_corpus_names() == std::vector<std::string>{"ideal_reader", "long_reach"});
  REQUIRE(find_built_in_corpus("ideal_reader") != nullptr);
  CHECK(find_built_in_corpus("ideal_reader")->law.vocabulary_size() == 108);
  CHECK(find_built_in_corpus("text") == nullptr);
  CHECK(find_built_in_corpus("") == nullptr);
}

TEST_CASE("Every built-in corpus has its exact reader, and no other corpus has one", "[data]") {
  for (const BuiltInCorpus& corpus : built_in_corpora()) {
    const Tokens window = tokens_of(generate_ideal_reader(corpus.law, 5, 1, 100), 0, 200);
    const auto reader = find_exact_reader(corpus.name);
    INFO(corpus.name);
    REQUIRE(reader.has_value());
    CHECK(reader->nats(window) == ideal_nats(corpus.law, window));
    CHECK(reader->nats(window, 16) == ideal_nats(corpus.law, window, 16));
    CHECK(reader->is_answer(corpus.law.cues()));
    CHECK_FALSE(reader->is_answer(corpus.law.cues() - 1));
  }
  CHECK_FALSE(find_exact_reader("text").has_value());
}

// Runs are recognised as of one corpus by the hash of this line: measured results would lose their
// corpus if it changed.
TEST_CASE("The line that decides the tokens of a corpus names all of them", "[data]") {
  CHECK(built_in_description(*find_built_in_corpus("ideal_reader")) ==
        "ideal_reader 1; cue weights 11 8 7 6 5 5 4 4 4 4 3 3; answers 8; habits 1/8; copy lag 2; "
        "records 1025; train 1 x 512; valid 3 x 16; test 2 x 32");
  const std::string line = built_in_description(long_reach());
  for (const char* part : {"long_reach 1; cue weights 16 8 8 4", "answers 20; habits 1/8",
                           "records 4097; train 1 x 512", "records valid 4097, test 32769"}) {
    INFO(line);
    CHECK(line.find(part) != std::string::npos);
  }
  for (auto change : std::vector<void (*)(BuiltInCorpus&)>{
           [](BuiltInCorpus& c) { ++c.law.cue_weights[3]; },
           [](BuiltInCorpus& c) { ++c.law.answers_per_cue; },
           [](BuiltInCorpus& c) { ++c.law.habit_denominator; },
           [](BuiltInCorpus& c) { ++c.train.records; }, [](BuiltInCorpus& c) { ++c.test.records; },
           [](BuiltInCorpus& c) { ++c.valid.seed; },
           [](BuiltInCorpus& c) { ++c.test.documents; }}) {
    BuiltInCorpus changed = long_reach();
    change(changed);
    CHECK(built_in_description(changed) != line);
  }
}

TEST_CASE("Five octaves of cues have equal weight in the long-reach law", "[data]") {
  const IdealReaderLaw& law = long_reach_law();
  REQUIRE(law.cues() == 31);
  CHECK(law.cue_weight_sum() == 80);
  CHECK(law.vocabulary_size() == 651);
  for (size_t octave = 0; octave < 5; ++octave) {
    const size_t count = size_t{1} << octave;
    const auto first = law.cue_weights.begin() + static_cast<int64_t>(count) - 1;
    const auto last = first + static_cast<int64_t>(count);
    INFO("octave " << octave);
    CHECK(std::accumulate(first, last, int64_t{0}) == 16);
    CHECK(*std::max_element(first, last) == *std::min_element(first, last));
  }
}

// Tokens and sums from tests/reference/reference_corpus.py, which shares no code with the program.
TEST_CASE("The long-reach corpus has the tokens of an independent implementation", "[data]") {
  const TokenStream train =
      generate_ideal_reader(long_reach_law(), long_reach().train.seed, 2, 4097);
  CHECK(tokens_of(train, 0, 24) == Tokens{10, 250, 3, 107, 10, 250, 1, 53,  10, 244, 1, 57,
                                          10, 250, 1, 51,  10, 250, 6, 167, 12, 281, 6, 164});
  CHECK(tokens_of(train, 8194, 12) == Tokens{17, 382, 26, 555, 0, 37, 26, 569, 0, 34, 26, 555});
  CHECK(held_out().documents().size() == 32);
  CHECK(held_out().documents().at(1).begin == 65'538);
  CHECK(tokens_of(held_out(), 0, 16) ==
        Tokens{0, 43, 5, 138, 0, 40, 5, 138, 3, 93, 5, 138, 6, 159, 5, 141});
  CHECK(tokens_of(held_out(), 65'538 - 6, 6) == Tokens{13, 299, 6, 162, 13, 299});
  int64_t total = 0;
  for (int64_t i = 0; i < held_out().size(); ++i) total += held_out()[i];
  CHECK(total == 213852956);
}

TEST_CASE("The ideal reader's long-reach losses are those of an independent implementation",
          "[data]") {
  const std::map<int64_t, double> by_length = {
      {64, 2.3743028674}, {1024, 2.0780363513}, {16384, 1.8753734942}, {65536, 1.8478288146}};
  for (const auto& [length, expected] : by_length) {
    INFO("window length " << length);
    CHECK(nats_per_token(1, length) == Approx(expected).margin(1e-9));
  }
  const std::map<int64_t, double> by_memory = {
      {16, 2.3803803048}, {256, 2.1305921396}, {4096, 1.8760997442}};
  for (const auto& [memory_tokens, expected] : by_memory) {
    INFO("memory of " << memory_tokens << " tokens");
    CHECK(nats_per_token(1, 65'536, memory_tokens) == Approx(expected).margin(1e-9));
  }
  for (const auto& [start, expected] : std::map<int64_t, double>{
           {1, 8059.95604105}, {100, 8066.71279435}, {30001, 8086.27844535}}) {
    INFO("window start " << start);
    CHECK(sum(ideal_nats(long_reach_law(), tokens_of(held_out(), start, 4097))) ==
          Approx(expected).margin(1e-8));
  }
}

TEST_CASE("Every doubling of the window is worth having, out to 65,536 tokens", "[data]") {
  double shorter = nats_per_token(32, 64);
  for (int64_t length = 128; length <= 65'536; length *= 2) {
    const double nats = nats_per_token(32, length);
    INFO("window length " << length);
    CHECK(shorter - nats > 0.01);
    CHECK(shorter - nats < 0.09);
    shorter = nats;
  }
}

TEST_CASE("A memory as long as the longest window forgets nothing", "[data]") {
  for (const int64_t start : {0, 1}) {
    const Tokens window = tokens_of(held_out(), start, 65'537);
    const auto exact = ideal_nats(long_reach_law(), window);
    CHECK(ideal_nats(long_reach_law(), window, 65'536) == exact);
    CHECK(ideal_nats(long_reach_law(), window, 32'768) != exact);
  }
}

TEST_CASE("Long-reach losses scatter around the entropies that the ideal reader predicts",
          "[data]") {
  const IdealReaderLaw& law = long_reach_law();
  double excess = 0, squares = 0;
  for (size_t d = 0; d < 4; ++d) {
    IdealReader reader(law);
    const int64_t begin = held_out().documents().at(d).begin;
    for (int64_t i = begin; i < begin + 65'537; ++i) {
      // What can come next: cues at even places, the answers of the last cue at odd ones.
      const bool cue_next = (i - begin) % 2 == 0;
      const int64_t first = cue_next ? 0 : law.answer(held_out()[i - 1], 0);
      const int64_t count = cue_next ? law.cues() : law.answers_per_cue;
      double entropy = 0, total = 0;
      for (int64_t token = first; token < first + count; ++token) {
        const double p = reader.probability(token);
        entropy -= p * std::log(p);
        total += p;
      }
      REQUIRE(total == Approx(1).epsilon(1e-12));
      const double difference = -std::log(reader.probability(held_out()[i])) - entropy;
      excess += difference;
      squares += difference * difference;
      reader.read(held_out()[i]);
    }
  }
  INFO("z = " << excess / std::sqrt(squares));
  CHECK(std::abs(excess / std::sqrt(squares)) < 4);
  CHECK(squares > 10'000);
}

}  // namespace
}  // namespace lengthwise
