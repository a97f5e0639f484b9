#include "data/corpora/ideal_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <stdexcept>

#include "data/corpora/built_in_corpora.h"
#include "data/token_windows.h"
#include "test.h"

namespace lengthwise {
namespace {

using Probabilities = std::vector<double>;

const BuiltInCorpus& standard() {
  return *find_built_in_corpus("ideal_reader");
}

const IdealReaderLaw kTinyLaw{{2, 1}, 2, 1, 2};

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
  static const TokenStream stream = generate_split(standard(), standard().test);
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
  const TokenStream train = generate_ideal_reader(standard_law(), 1, 1, 1025);
  require_equal(
      probabilities(standard_law(), tokens_of(train, 0, 17)),
      {1.0 / 16, 1.0 / 8, 3.0 / 32, 1.0 / 8, 17.0 / 32, 9.0 / 16, 1.0 / 16, 1.0 / 8, 17.0 / 32,
       17.0 / 24, 9.0 / 16, 9.0 / 16, 17.0 / 32, 25.0 / 32, 9.0 / 16, 1.0 / 24, 17.0 / 32});
  const std::vector<double> nats = ideal_nats(standard_law(), tokens_of(train, 0, 17));
  CHECK(nats.size() == 16);
  CHECK(sum(nats) == Approx(19.979338170570).margin(1e-11));
}

TEST_CASE("the ideal reader's loss of 64 targets is known for windows of either parity", "[data]") {
  const TokenStream train = generate_ideal_reader(standard_law(), 1, 1, 1025);
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
  const TokenStream train = generate_ideal_reader(standard_law(), 1, 1, 1025);
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

// The laws of tiny corpora once more, from their definition alone: cues drawn by weight or copied
// with probability 1/2 from two records before, habits Dirichlet(c, c) over two answers a cue.
// Nothing below here calls the reader until its products are compared.

struct TinyDefinition {
  std::vector<double> z;  // of each cue; answers 2 k and 2 k + 1 after the cues are those of cue k
  double c;
  size_t records;
};

struct TinyRecord {
  size_t cue, answer;  // answer 0 or 1
};

double tiny_cue_law(const TinyDefinition& tiny, const std::vector<TinyRecord>& document) {
  double total = 0;
  for (unsigned copies = 0; copies < (1u << document.size()); ++copies) {
    double probability = 1;
    for (size_t t = 0; t < document.size(); ++t) {
      const bool copied = (copies >> t) & 1u;
      const double fresh = tiny.z[document[t].cue];
      if (t < 2) {
        probability *= copied ? 0 : fresh;
      } else {
        probability *= 0.5 * (copied ? (document[t].cue == document[t - 2].cue ? 1 : 0) : fresh);
      }
    }
    total += probability;
  }
  return total;
}

/// The integral of theta^n0 (1 - theta)^n1 over Beta(c, c), for each cue.
double tiny_answer_law(const TinyDefinition& tiny, const std::vector<TinyRecord>& document) {
  double probability = 1;
  for (size_t cue = 0; cue < tiny.z.size(); ++cue) {
    std::array<double, 2> n = {0, 0};
    for (const TinyRecord& record : document) {
      if (record.cue == cue) n.at(record.answer) += 1;
    }
    const double c = tiny.c;
    probability *= std::tgamma(n[0] + c) * std::tgamma(n[1] + c) / std::tgamma(n[0] + n[1] + 2 * c);
    probability *= std::tgamma(2 * c) / (std::tgamma(c) * std::tgamma(c));
  }
  return probability;
}

/// Every document with its probability.
std::map<Tokens, double> tiny_documents(const TinyDefinition& tiny) {
  const size_t choices = 2 * tiny.z.size();  // of a record
  size_t documents = 1;
  for (size_t t = 0; t < tiny.records; ++t) documents *= choices;
  std::map<Tokens, double> law;
  for (size_t index = 0; index < documents; ++index) {
    std::vector<TinyRecord> document;
    Tokens tokens;
    for (size_t t = 0, rest = index; t < tiny.records; ++t, rest /= choices) {
      const TinyRecord record{rest % choices / 2, rest % 2};
      document.push_back(record);
      tokens.push_back(static_cast<int64_t>(record.cue));
      tokens.push_back(static_cast<int64_t>(tiny.z.size() + 2 * record.cue + record.answer));
    }
    law[tokens] = tiny_cue_law(tiny, document) * tiny_answer_law(tiny, document);
  }
  return law;
}

/// Compares the reader with the marginals of all windows, first tokens included. Returns how many
/// different windows there are.
size_t require_exact_marginals(const IdealReaderLaw& law, const TinyDefinition& tiny) {
  const std::map<Tokens, double> documents = tiny_documents(tiny);
  const auto document_tokens = static_cast<int64_t>(2 * tiny.records);
  double total = 0;
  for (const auto& [document, probability] : documents) total += probability;
  REQUIRE(total == Approx(1).epsilon(1e-13));

  size_t windows = 0;
  double largest_relative_error = 0;
  for (int64_t begin = 0; begin <= document_tokens - 2; ++begin) {
    for (int64_t end = begin + 1; end <= document_tokens; ++end) {
      std::map<Tokens, double> marginals;
      for (const auto& [document, probability] : documents) {
        marginals[Tokens(document.begin() + begin, document.begin() + end)] += probability;
      }
      windows += marginals.size();
      for (const auto& [window, marginal] : marginals) {
        double product = 1;
        for (const double probability : probabilities(law, window)) product *= probability;
        largest_relative_error = std::max(largest_relative_error, std::abs(product / marginal - 1));
      }
    }
  }
  CHECK(largest_relative_error < 1e-12);
  return windows;
}

TEST_CASE("the ideal reader's probabilities are the exact marginals of every window", "[data]") {
  CHECK(require_exact_marginals(kTinyLaw, {{2.0 / 3, 1.0 / 3}, 0.5, 5}) == 5422);
}

TEST_CASE("the ideal reader is exact for octaves of cues and the long-reach habits", "[data]") {
  const IdealReaderLaw law{{2, 1, 1}, 2, 1, 8};
  CHECK(require_exact_marginals(law, {{0.5, 0.25, 0.25}, 0.125, 4}) > 4000);
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
