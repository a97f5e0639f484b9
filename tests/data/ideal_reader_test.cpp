#include "data/ideal_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <stdexcept>

#include "test.h"

namespace lengthwise {
namespace {

using Tokens = std::vector<int64_t>;
using Probabilities = std::vector<double>;

const IdealReaderLaw kTinyLaw{{2, 1}, 2, 1, 2};

Tokens tokens_of(const TokenStream& stream, int64_t begin, int64_t count) {
  Tokens tokens;
  for (int64_t i = begin; i < begin + count; ++i) tokens.push_back(stream[i]);
  return tokens;
}

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

Probabilities probabilities(const IdealReaderLaw& law, const Tokens& window) {
  IdealReader reader(law);
  Probabilities all;
  for (const int64_t token : window) {
    all.push_back(reader.probability(token));
    reader.read(token);
  }
  return all;
}

void require_equal(const Probabilities& actual, const Probabilities& expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    INFO("token " << i);
    REQUIRE(actual[i] == Approx(expected[i]).epsilon(1e-14));
  }
}

const TokenStream& held_out() {
  static const TokenStream stream =
      generate_ideal_reader(standard_law(), kHeldOutSeed, kHeldOutDocuments, kRecords);
  return stream;
}

/// Nats per token over targets 1 ... 2048 of each held-out document, windows of `length` inputs.
double held_out_nats_per_token(int64_t length, int64_t memory_tokens = 0) {
  double total = 0;
  int64_t targets = 0;
  for (const Document& document : held_out().documents()) {
    for (int64_t start = 0; start < 2048; start += length) {
      const Tokens window = tokens_of(held_out(), document.begin + start, length + 1);
      const std::vector<double> nats = ideal_nats(standard_law(), window, memory_tokens);
      total += sum(nats);
      targets += static_cast<int64_t>(nats.size());
    }
  }
  REQUIRE(targets == 65'536);
  return total / static_cast<double>(targets);
}

TEST_CASE("the ideal reader gives the probabilities worked out for a document's first tokens",
          "[data]") {
  const TokenStream train = generate_ideal_reader(standard_law(), kTrainSeed, 1, kRecords);
  require_equal(
      probabilities(standard_law(), tokens_of(train, 0, 17)),
      {1.0 / 16, 1.0 / 8, 3.0 / 32, 1.0 / 8, 17.0 / 32, 9.0 / 16, 1.0 / 16, 1.0 / 8, 17.0 / 32,
       17.0 / 24, 9.0 / 16, 9.0 / 16, 17.0 / 32, 25.0 / 32, 9.0 / 16, 1.0 / 24, 17.0 / 32});
  const std::vector<double> nats = ideal_nats(standard_law(), tokens_of(train, 0, 17));
  CHECK(nats.size() == 16);
  CHECK(sum(nats) == Approx(19.979338170570).margin(1e-11));
}

TEST_CASE("the ideal reader's loss of 64 targets is known for windows of either parity", "[data]") {
  const TokenStream train = generate_ideal_reader(standard_law(), kTrainSeed, 1, kRecords);
  const std::map<int64_t, double> loss_by_start = {{0, 94.1543229704},   {1, 95.9460824397},
                                                   {3, 98.7642579064},   {100, 95.0445450206},
                                                   {101, 93.5976260376}, {1001, 111.5242716588}};
  for (const auto& [start, loss] : loss_by_start) {
    INFO("window start " << start);
    CHECK(sum(ideal_nats(standard_law(), tokens_of(train, start, 65))) ==
          Approx(loss).margin(1e-9));
  }
}

TEST_CASE("the ideal reader's loss of a whole document is known", "[data]") {
  const TokenStream train = generate_ideal_reader(standard_law(), kTrainSeed, 1, kRecords);
  CHECK(sum(ideal_nats(standard_law(), tokens_of(train, 0, 2049))) ==
        Approx(2708.25406175).margin(1e-7));
}

TEST_CASE("the ideal reader's held-out loss falls with the window length as tabulated", "[data]") {
  const std::map<int64_t, double> expected = {{64, 1.641681},  {128, 1.563363},  {256, 1.483342},
                                              {512, 1.416787}, {1024, 1.367251}, {2048, 1.334380}};
  for (const auto& [length, nats_per_token] : expected) {
    INFO("window length " << length);
    CHECK(held_out_nats_per_token(length) == Approx(nats_per_token).margin(1e-6));
  }
}

TEST_CASE("the reader of limited memory has the held-out loss tabulated", "[data]") {
  const std::map<int64_t, double> expected = {{16, 1.661446},  {32, 1.606242},  {64, 1.530857},
                                              {128, 1.452063}, {256, 1.387699}, {512, 1.352765},
                                              {1024, 1.338101}};
  for (const auto& [memory_tokens, nats_per_token] : expected) {
    INFO("memory of " << memory_tokens << " tokens");
    CHECK(held_out_nats_per_token(2048, memory_tokens) == Approx(nats_per_token).margin(1e-6));
  }
}

TEST_CASE("a memory as long as the window forgets nothing", "[data]") {
  for (const int64_t start : {0, 1}) {
    const Tokens window = tokens_of(held_out(), start, 129);
    CHECK(ideal_nats(standard_law(), window, 128) == ideal_nats(standard_law(), window));
    CHECK(ideal_nats(standard_law(), window, 16) != ideal_nats(standard_law(), window));
  }
}

TEST_CASE("the reader of limited memory is an ideal reader of each token's own short window",
          "[data]") {
  const int64_t memory_tokens = GENERATE(4, 16, 64);
  const Tokens window = tokens_of(held_out(), 0, 301);
  const std::vector<double> nats = ideal_nats(standard_law(), window, memory_tokens);
  for (size_t target = 1; target < window.size(); ++target) {
    const size_t begin = target - std::min(target, static_cast<size_t>(memory_tokens));
    const std::span short_window(window.data() + begin, target - begin + 1);
    INFO("target " << target);
    REQUIRE(nats[target - 1] == Approx(ideal_nats(standard_law(), short_window).back()));
  }
}

TEST_CASE("the tiny ideal reader gives the worked-out fractions", "[data]") {
  require_equal(
      probabilities(kTinyLaw, {0, 2, 1, 4, 0, 3, 1, 4, 1, 5}),
      {2.0 / 3, 1.0 / 2, 1.0 / 3, 1.0 / 2, 5.0 / 6, 1.0 / 4, 2.0 / 3, 3.0 / 4, 1.0 / 6, 1.0 / 6});
}

TEST_CASE("a window that starts on an answer counts it and its cue", "[data]") {
  require_equal(probabilities(kTinyLaw, {3, 1, 5, 0, 3, 1, 4, 0}),
                {1.0 / 3, 1.0 / 3, 1.0 / 2, 5.0 / 6, 3.0 / 4, 2.0 / 3, 1.0 / 4, 5.0 / 6});
}

TEST_CASE("a window without targets has no nats", "[data]") {
  CHECK(ideal_nats(kTinyLaw, Tokens{}).empty());
  CHECK(ideal_nats(kTinyLaw, Tokens{0}).empty());
}

TEST_CASE("the ideal reader refuses tokens that cannot follow", "[data]") {
  CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{0, 1}), std::invalid_argument);
  CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{0, 4}), std::invalid_argument);
  CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{2, 3}), std::invalid_argument);
  CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{6, 0}), std::invalid_argument);
  CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{-1, 0}), std::invalid_argument);
}

TEST_CASE("the ideal reader refuses a memory that would split a record or hide the copied cue",
          "[data]") {
  for (const int64_t memory_tokens : {-4, 1, 2, 5}) {
    CHECK_THROWS_AS(ideal_nats(kTinyLaw, Tokens{0, 2}, memory_tokens), std::invalid_argument);
  }
}

// The law of the tiny corpus once more, from its definition alone: cues 0 and 1 with z = 2/3 and
// 1/3, answers 2 and 3 to cue 0, 4 and 5 to cue 1, habits Beta(1/2, 1/2), copies with probability
// 1/2 at lag 2. Nothing below here calls the reader until its products are compared.

constexpr size_t kTinyRecords = 5;
using TinyCues = std::array<int, kTinyRecords>;
using TinyAnswers = std::array<int, kTinyRecords>;  // 0 or 1: which answer of the record's cue

double tiny_cue_law(const TinyCues& cues) {
  double total = 0;
  for (unsigned copies = 0; copies < (1u << kTinyRecords); ++copies) {
    double probability = 1;
    for (size_t t = 0; t < kTinyRecords; ++t) {
      const bool copied = (copies >> t) & 1u;
      const double fresh = cues[t] == 0 ? 2.0 / 3 : 1.0 / 3;
      if (t < 2) {
        probability *= copied ? 0 : fresh;
      } else {
        probability *= 0.5 * (copied ? (cues[t] == cues[t - 2] ? 1 : 0) : fresh);
      }
    }
    total += probability;
  }
  return total;
}

/// The integral of theta^n0 (1 - theta)^n1 over Beta(1/2, 1/2), for each cue.
double tiny_answer_law(const TinyCues& cues, const TinyAnswers& answers) {
  double probability = 1;
  for (const int cue : {0, 1}) {
    std::array<double, 2> n = {0, 0};
    for (size_t t = 0; t < kTinyRecords; ++t) {
      if (cues[t] == cue) n[static_cast<size_t>(answers[t])] += 1;
    }
    probability *= std::tgamma(n[0] + 0.5) * std::tgamma(n[1] + 0.5) /
                   (std::tgamma(0.5) * std::tgamma(0.5) * std::tgamma(n[0] + n[1] + 1));
  }
  return probability;
}

/// Every document of five records with its probability.
std::map<Tokens, double> tiny_documents() {
  std::map<Tokens, double> law;
  for (unsigned choice = 0; choice < (1u << (2 * kTinyRecords)); ++choice) {
    TinyCues cues{};
    TinyAnswers answers{};
    Tokens tokens;
    for (size_t t = 0; t < kTinyRecords; ++t) {
      cues[t] = static_cast<int>((choice >> (2 * t)) & 1u);
      answers[t] = static_cast<int>((choice >> (2 * t + 1)) & 1u);
      tokens.push_back(cues[t]);
      tokens.push_back(2 + 2 * cues[t] + answers[t]);
    }
    law[tokens] = tiny_cue_law(cues) * tiny_answer_law(cues, answers);
  }
  return law;
}

TEST_CASE("the ideal reader's probabilities are the exact marginals of every window", "[data]") {
  const std::map<Tokens, double> documents = tiny_documents();
  double total = 0;
  for (const auto& [document, probability] : documents) total += probability;
  REQUIRE(documents.size() == 1024);
  REQUIRE(total == Approx(1).epsilon(1e-13));

  size_t windows = 0;
  double largest_relative_error = 0;
  for (int64_t begin = 0; begin <= 8; ++begin) {
    for (int64_t end = begin + 1; end <= 10; ++end) {
      std::map<Tokens, double> marginals;
      for (const auto& [document, probability] : documents) {
        marginals[Tokens(document.begin() + begin, document.begin() + end)] += probability;
      }
      windows += marginals.size();
      for (const auto& [window, marginal] : marginals) {
        double product = 1;
        for (const double probability : probabilities(kTinyLaw, window)) product *= probability;
        largest_relative_error = std::max(largest_relative_error, std::abs(product / marginal - 1));
      }
    }
  }
  CHECK(windows == 5422);
  CHECK(largest_relative_error < 1e-12);
}

TEST_CASE("the ideal reader's probabilities of all next tokens sum to one", "[data]") {
  const Tokens window = tokens_of(held_out(), 1, 200);
  IdealReader reader(standard_law());
  for (const int64_t seen : window) {
    reader.read(seen);
    double total = 0;
    for (int64_t token = 0; token < 108; ++token) total += reader.probability(token);
    REQUIRE(total == Approx(1).epsilon(1e-13));
  }
}

TEST_CASE("generator and ideal reader agree: losses scatter around the entropies predicted",
          "[data]") {
  double excess = 0, squares = 0;
  for (const Document& document : held_out().documents()) {
    IdealReader reader(standard_law());
    for (int64_t i = document.begin; i < document.begin + 2049; ++i) {
      double entropy = 0;
      const int64_t tokens = i == document.begin ? 12 : 108;  // a document begins with a cue
      for (int64_t token = 0; token < tokens; ++token) {
        const double p = reader.probability(token);
        if (p > 0) entropy -= p * std::log(p);
      }
      const double difference = -std::log(reader.probability(held_out()[i])) - entropy;
      excess += difference;
      squares += difference * difference;
      reader.read(held_out()[i]);
    }
  }
  const double z = excess / std::sqrt(squares);
  INFO("z = " << z);
  CHECK(std::abs(z) < 4);
  CHECK(z == Approx(0.44).margin(0.005));  // as measured when the corpus was designed
  CHECK(squares > 1000);
}

}  // namespace
}  // namespace lengthwise
