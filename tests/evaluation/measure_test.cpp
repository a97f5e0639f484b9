#include "evaluation/measure.h"

#include <cmath>
#include <set>

#include "data/corpora/ideal_reader.h"
#include "data/corpora/ideal_reader_corpus.h"
#include "data/window_sampler.h"
#include "model/plain_weights.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_options.h"
#include "temporary_folder.h"
#include "tensor_check.h"
#include "test.h"
#include "training/trainer.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 9;

/// Random documents; with a start token of 8, which no document holds.
Dataset random_dataset(const std::vector<int64_t>& document_sizes, bool with_start_token) {
  std::vector<Document> documents;
  int64_t end = 0;
  for (const int64_t size : document_sizes) {
    documents.push_back({end, end + size, 0, 0, 0});
    end += size;
  }
  torch::manual_seed(21);
  const auto drawn = torch::randint(kVocabularySize - 1, {end}, torch::kInt64);
  std::vector<uint32_t> tokens;
  for (int64_t i = 0; i < end; ++i) {
    tokens.push_back(static_cast<uint32_t>(drawn[i].item<int64_t>()));
  }
  Dataset dataset;
  dataset.test = TokenStream::from_tokens(tokens, documents, kVocabularySize);
  dataset.vocabulary_size = kVocabularySize;
  if (with_start_token) dataset.start_token = kVocabularySize - 1;
  return dataset;
}

Transformer small_model(int64_t vocabulary_size, const std::string& scheme = "alibi") {
  ModelOptions options;
  options.width = 16;
  options.layers = 2;
  options.heads = 2;
  options.feedforward = 24;
  options.head_std = 0.5;
  const PositionOptions position = options_of(scheme_entry(scheme), options.shape());
  Transformer model = make_transformer(options, position, vocabulary_size);
  model->reset_parameters(4);
  return model;
}

ReadingOrder order_of(const Dataset& dataset) {
  return {dataset.test, resolve_first_token("vocabulary", dataset), dataset.start_token};
}

std::vector<Window> windows_of(const Dataset& dataset, int64_t length, int64_t stride,
                               int64_t max_targets = 0) {
  return plan_windows(order_of(dataset).document_targets(),
                      {length, stride, stride, 0, max_targets});
}

TokenLosses measure(Transformer& model, const Dataset& dataset, const std::vector<Window>& windows,
                    int64_t batch_tokens) {
  return measure_windows(model, dataset, order_of(dataset), windows, {batch_tokens});
}

/// The document as it is read: the start token, where there is one, and its tokens.
std::vector<int64_t> reading_of(const Dataset& dataset, const Document& document) {
  std::vector<int64_t> tokens;
  if (dataset.start_token) tokens.push_back(*dataset.start_token);
  for (int64_t i = document.begin; i < document.end; ++i) tokens.push_back(dataset.test[i]);
  return tokens;
}

/// One window at a time through the model, with log softmax in float64.
std::vector<double> nats_window_by_window(Transformer& model, const Dataset& dataset,
                                          const std::vector<Window>& windows) {
  const torch::NoGradGuard no_grad;
  model->eval();
  std::vector<double> nats;
  for (const Window& window : windows) {
    const auto tokens =
        reading_of(dataset, dataset.test.documents()[static_cast<size_t>(window.document)]);
    const std::vector<int64_t> inputs(tokens.begin() + window.first_input,
                                      tokens.begin() + window.end_target);
    const int64_t place =
        order_of(dataset).stream_position(window.document, window.first_target + 1);
    const uint64_t draw = model->position->draws_positions() ? position_draw({}, place, 0) : 0;
    const auto hidden = model->forward(torch::tensor(inputs).unsqueeze(0), draw)[0];
    const auto logits =
        torch::matmul(hidden.to(torch::kFloat64), head_weight(model).to(torch::kFloat64).t());
    const auto log_softmax = torch::log_softmax(logits, 1);
    for (int64_t k = window.first_target; k < window.end_target; ++k) {
      const int64_t target = tokens[static_cast<size_t>(k + 1)];
      nats.push_back(-log_softmax[k - window.first_input][target].item<double>());
    }
  }
  return nats;
}

double largest_difference_of(const std::vector<float>& actual,
                             const std::vector<double>& expected) {
  return largest_difference(torch::tensor(actual), torch::tensor(expected, torch::kFloat64));
}

double largest_difference_of(const std::vector<float>& one, const std::vector<float>& other) {
  return largest_difference(torch::tensor(one), torch::tensor(other));
}

/// The built-in corpus, with fewer documents to train on.
Dataset ideal_reader_dataset() {
  Dataset dataset;
  dataset.train = generate_ideal_reader(standard_law(), 1, 64, 1025);
  dataset.test = generate_ideal_reader(standard_law(), 2, 32, 1025);
  dataset.vocabulary_size = standard_law().vocabulary_size();
  dataset.ideal_nats = [](std::span<const int64_t> window) {
    return ideal_nats(standard_law(), window);
  };
  return dataset;
}

/// The first window of each document: independent of one another.
std::vector<Window> first_windows(const Dataset& dataset, int64_t length) {
  std::vector<Window> windows;
  for (size_t document = 0; document < dataset.test.documents().size(); ++document) {
    windows.push_back({static_cast<int64_t>(document), 0, 0, length});
  }
  return windows;
}

/// Over independent windows, exp(-total) has a mean of at most 1 for whoever sees the same tokens
/// and was not fitted on them, so a total below -14 has a probability below 1e-6.
double total_gap(const std::vector<float>& nats, const std::vector<float>& ideal) {
  REQUIRE(nats.size() == ideal.size());
  double total = 0;
  for (size_t i = 0; i < nats.size(); ++i) total += nats[i] - ideal[i];
  return total;
}

constexpr double kImpossibleGap = -14;

}  // namespace

TEST_CASE("Measured values equal a direct forward pass, window by window", "[evaluation]") {
  for (bool with_start_token : {false, true}) {
    for (int64_t stride : {16, 5, 1}) {
      DYNAMIC_SECTION((with_start_token ? "start token" : "no start token")
                      << ", stride " << stride) {
        const Dataset dataset = random_dataset({50, 1, 16, 17, 33, 2}, with_start_token);
        Transformer model = small_model(kVocabularySize);
        const auto windows = windows_of(dataset, 16, stride);
        const TokenLosses losses = measure(model, dataset, windows, 100);
        CHECK(largest_difference_of(losses.nats, nats_window_by_window(model, dataset, windows)) <
              1e-5);
        CHECK(losses.ideal_nats.empty());
        int64_t inputs = 0;
        for (const Window& window : windows) inputs += window.inputs();
        CHECK(losses.forward_tokens == inputs);
      }
    }
  }
}

TEST_CASE("Only what is scored is computed, for every scheme alike", "[evaluation]") {
  const Dataset dataset = random_dataset({45, 20}, false);
  for (const std::string& scheme : scheme_names()) {
    DYNAMIC_SECTION(scheme) {
      Transformer model = small_model(kVocabularySize, scheme);
      const int64_t length = std::min<int64_t>(30, model->max_length().value_or(30));
      // Three targets in every seven, from nearly full windows; and one a window.
      for (const WindowLayout& layout :
           {WindowLayout{length, 7, 3, 29, 0}, WindowLayout{length, 1, 1, 0, 0}}) {
        const auto windows = plan_windows(order_of(dataset).document_targets(), layout);
        const auto losses = measure(model, dataset, windows, 100);
        CHECK(largest_difference_of(losses.nats, nats_window_by_window(model, dataset, windows)) <
              1e-5);
      }
    }
  }
}

TEST_CASE("A document's first token is predicted from what the policy puts before it",
          "[evaluation]") {
  const Dataset dataset = random_dataset({12, 9, 20}, true);
  Transformer model = small_model(kVocabularySize);
  const auto first_of_second = [&](const std::string& policy) {
    const ReadingOrder reading(dataset.test, policy, dataset.start_token);
    const auto windows = plan_windows(reading.document_targets(), {16, 16, 16, 0, 0});
    const auto losses = measure_windows(model, dataset, reading, windows, {64});
    const auto targets = reading.document_targets();
    return std::pair(targets, losses.nats[static_cast<size_t>(targets[0])]);
  };
  const auto nats_after = [&](int64_t before, int64_t token) {
    const torch::NoGradGuard no_grad;
    const auto hidden = model->forward(torch::tensor({before}).unsqueeze(0))[0][0];
    const auto logits = torch::mv(head_weight(model), hidden).to(torch::kFloat64);
    return -torch::log_softmax(logits, 0)[token].item<double>();
  };
  const int64_t last = dataset.test[11], first = dataset.test[12];
  const auto [eos_targets, eos] = first_of_second("eos");
  CHECK(eos_targets == std::vector<int64_t>{12, 9, 20});
  CHECK(eos == Approx(nats_after(kVocabularySize - 1, first)).margin(1e-5));
  const auto [previous_targets, previous] = first_of_second("previous");
  CHECK(previous_targets == std::vector<int64_t>{12, 9, 20});
  CHECK(previous == Approx(nats_after(last, first)).margin(1e-5));
  const auto [bare_targets, bare] = first_of_second("none");
  CHECK(bare_targets == std::vector<int64_t>{11, 8, 19});
  CHECK(bare == Approx(nats_after(first, dataset.test[13])).margin(1e-5));
}

TEST_CASE("A model that knows pairs of tokens is measured by its table", "[evaluation]") {
  // With sublayers that add nothing and one-hot embeddings, RMSNorm gives sqrt(D) at the token, and
  // the logits are a row of the head's transpose times that: any table of pairs will do.
  ModelOptions options;
  options.width = kVocabularySize;
  options.layers = 1;
  options.heads = 3;
  options.norm = "rms";
  PositionOptions position;
  position.scheme = "none";
  Transformer model = make_transformer(options, position, kVocabularySize);
  model->reset_parameters(1);
  const auto table = torch::randn({kVocabularySize, kVocabularySize}) * 2;  // [from, to] logits
  {
    const torch::NoGradGuard no_grad;
    embedding_weight(model).copy_(1000 * torch::eye(kVocabularySize));
    model->blocks[0]->attention->output->weight.zero_();
    model->blocks[0]->feedforward->down->weight.zero_();
    head_weight(model).copy_(table.t() / std::sqrt(static_cast<double>(kVocabularySize)));
  }
  const Dataset dataset = random_dataset({40, 25}, true);
  const auto log_softmax = torch::log_softmax(table.to(torch::kFloat64), 1);
  std::vector<double> expected;
  for (const Document& document : dataset.test.documents()) {
    const auto tokens = reading_of(dataset, document);
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      expected.push_back(-log_softmax[tokens[i]][tokens[i + 1]].item<double>());
    }
  }
  // Whatever the context, the value of a target is that of its pair.
  for (int64_t length : {1, 8, 64}) {
    CAPTURE(length);
    const auto windows = windows_of(dataset, length, length);
    const auto losses = measure(model, dataset, windows, 64);
    CHECK(largest_difference_of(losses.nats, expected) < 1e-5);
  }
}

TEST_CASE("Each window under drawn positions has draws of its own, whatever is measured beside it",
          "[evaluation]") {
  const Dataset dataset = random_dataset({60, 37}, true);
  const auto windows = windows_of(dataset, 8, 8);
  Transformer model = small_model(kVocabularySize, "randomized");
  const auto under = [&](const Measuring& how, const std::vector<Window>& chosen) {
    return measure_windows(model, dataset, order_of(dataset), chosen, how).nats;
  };
  const Measuring how{.batch_tokens = 64, .draws = 1, .seed = 5, .length = 8};
  const auto nats = under(how, windows);
  CHECK(under({.batch_tokens = 8, .draws = 1, .seed = 5, .length = 8}, windows) == nats);
  // A window alone, and after others were left out.
  const std::vector<Window> rest(windows.begin() + 2, windows.end());
  CHECK(under(how, rest) == std::vector<float>(nats.begin() + 16, nats.end()));
  // Seed, length and number of the draw name others.
  CHECK(under({.batch_tokens = 64, .draws = 1, .seed = 6, .length = 8}, windows) != nats);
  CHECK(under({.batch_tokens = 64, .draws = 1, .seed = 5, .length = 9}, windows) != nats);
  CHECK(under({.batch_tokens = 64, .draws = 2, .seed = 5, .length = 8}, windows) != nats);

  // The same tokens in two windows stand at other positions.
  std::set<uint64_t> names;
  for (int64_t place = 0; place < 50; ++place) {
    for (int64_t draw = 0; draw < 3; ++draw) names.insert(position_draw(how, place, draw));
  }
  CHECK(names.size() == 150);
  const auto expected = [&](size_t i) {
    const Window& window = windows[i];
    const auto tokens = reading_of(dataset, dataset.test.documents()[0]);
    const auto row = torch::tensor(std::vector<int64_t>(tokens.begin() + window.first_input,
                                                        tokens.begin() + window.end_target + 1));
    const int64_t place = order_of(dataset).stream_position(0, window.first_target + 1);
    const torch::NoGradGuard no_grad;
    model->eval();
    const auto hidden =
        model->forward(row.slice(0, 0, 8).unsqueeze(0), position_draw(how, place, 0));
    return model->head->token_nats(hidden.flatten(0, 1), row.slice(0, 1));
  };
  for (const size_t i : {0u, 3u}) {
    const auto found =
        torch::tensor(std::vector<float>(nats.begin() + 8 * static_cast<int64_t>(i),
                                         nats.begin() + 8 * static_cast<int64_t>(i) + 8));
    CHECK(torch::allclose(found, expected(i), 0, 1e-5));
  }
}

TEST_CASE("Scored positions name the stream's tokens that were predicted", "[evaluation]") {
  const Dataset plain = random_dataset({10, 1, 6}, false),
                started = random_dataset({10, 1, 6}, true);
  Transformer model = small_model(kVocabularySize);
  using Runs = std::vector<std::pair<int64_t, int64_t>>;
  const auto runs_of = [&](const Dataset& dataset, int64_t stride, int64_t max_targets) {
    const auto windows = windows_of(dataset, 4, stride, max_targets);
    Runs runs;
    for (const auto& [first, count] : measure(model, dataset, windows, 64).position_runs) {
      runs.emplace_back(first, count);
    }
    return runs;
  };
  // The first token of each document is only read; with a start token all are predicted.
  CHECK(runs_of(plain, 4, 0) == Runs{{1, 9}, {12, 5}});
  CHECK(runs_of(plain, 1, 0) == Runs{{1, 9}, {12, 5}});
  CHECK(runs_of(plain, 4, 11) == Runs{{1, 9}, {12, 2}});
  CHECK(runs_of(started, 4, 0) == Runs{{0, 17}});
}

TEST_CASE("How windows are batched changes no value", "[evaluation]") {
  const Dataset dataset = random_dataset({100, 3, 41}, true);
  Transformer model = small_model(kVocabularySize);
  const auto windows = windows_of(dataset, 12, 12);
  const auto alone = measure(model, dataset, windows, 1);
  for (int64_t batch_tokens : {24, 37, 100000}) {
    CAPTURE(batch_tokens);
    const auto together = measure(model, dataset, windows, batch_tokens);
    CHECK(largest_difference_of(together.nats, alone.nats) < 1e-5);
    const bool same_positions = together.position_runs == alone.position_runs;
    CHECK(same_positions);
    CHECK(together.forward_tokens == alone.forward_tokens);
  }
}

TEST_CASE("The order in which lengths are measured changes no value", "[evaluation]") {
  const Dataset dataset = random_dataset({200, 90}, false);
  for (const std::string& scheme : scheme_names()) {
    DYNAMIC_SECTION(scheme) {
      Transformer model = small_model(kVocabularySize, scheme);
      const auto nats_at = [&](int64_t length) {
        const auto windows = windows_of(dataset, length, length);
        return measure(model, dataset, windows, 256).nats;
      };
      const int64_t longest = model->max_length().value_or(128);
      const auto up_short = nats_at(16), up_long = nats_at(longest);
      const auto down_long = nats_at(longest), down_short = nats_at(16);
      CHECK(up_short == down_short);
      CHECK(up_long == down_long);
    }
  }
}

TEST_CASE("Measuring leaves the training mode as it was and sees no dropout", "[evaluation]") {
  const Dataset dataset = random_dataset({60}, false);
  Transformer model = small_model(kVocabularySize);
  model->options.dropout = 0.5;
  const auto windows = windows_of(dataset, 16, 16);
  model->train();
  const auto in_training = measure(model, dataset, windows, 64);
  CHECK(model->is_training());
  model->eval();
  const auto in_evaluation = measure(model, dataset, windows, 64);
  CHECK_FALSE(model->is_training());
  CHECK(in_training.nats == in_evaluation.nats);
}

TEST_CASE("Ideal values stand beside the model's, from the same window", "[evaluation]") {
  const Dataset dataset = ideal_reader_dataset();
  Transformer model = small_model(dataset.vocabulary_size);
  for (int64_t stride : {16, 3}) {
    CAPTURE(stride);
    const auto windows = windows_of(dataset, 16, stride, 200);
    const auto losses = measure(model, dataset, windows, 512);
    REQUIRE(losses.ideal_nats.size() == 200);
    size_t next = 0;
    for (const Window& window : windows) {
      const auto tokens = reading_of(dataset, dataset.test.documents()[0]);
      for (int64_t k = window.first_target; k < window.end_target; ++k) {
        IdealReader reader(standard_law());
        for (int64_t i = window.first_input; i <= k; ++i) {
          reader.read(tokens[static_cast<size_t>(i)]);
        }
        const double probability = reader.probability(tokens[static_cast<size_t>(k + 1)]);
        CHECK(losses.ideal_nats[next++] == Approx(-std::log(probability)).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("No model reads better than the ideal reader, untrained or trained",
          "[evaluation][slow]") {
  const Dataset dataset = ideal_reader_dataset();
  PositionOptions position;
  position.scheme = "rotary";
  Transformer model = make_transformer(ModelOptions{}, position, dataset.vocabulary_size);
  model->reset_parameters(1);
  const auto windows = first_windows(dataset, 64);
  const auto targets = static_cast<double>(windows.size() * 64);
  const auto gap = [&] {
    const auto losses = measure(model, dataset, windows, 4096);
    return total_gap(losses.nats, losses.ideal_nats);
  };
  const double untrained = gap();
  // An untrained model knows nothing of 108 tokens: ln 108 = 4.68 against the ideal 1.64.
  CHECK(untrained / targets == Approx(std::log(108.0) - 1.64).margin(0.3));

  const TemporaryFolder folder;
  TrainingOptions options;
  options.steps = 150;
  options.warmup_steps = 20;
  const WindowSampler sampler(dataset.train, 64, 1);
  train(model, sampler, options,
        {folder / "log", folder / "last", folder / "best", folder / "state"}, {}, {});
  const double trained = gap();
  CHECK(trained > kImpossibleGap);
  CHECK(trained / targets < 0.6);  // it has learned most of what there is to learn
}

TEST_CASE("The bound on the ideal reader catches who sees what is not theirs to see",
          "[evaluation]") {
  const Dataset dataset = ideal_reader_dataset();
  constexpr int64_t kLength = 64;
  Transformer model = small_model(dataset.vocabulary_size);
  const auto windows = first_windows(dataset, kLength);
  const auto ideal = measure(model, dataset, windows, 4096).ideal_nats;
  const auto count = ideal.size();

  SECTION("the ideal reader itself passes") {
    CHECK(total_gap(ideal, ideal) == 0);
  }
  SECTION("a mask that leaks one target in 64 does not") {
    auto leaking = ideal;
    for (size_t i = 0; i < count; i += 64) leaking[i] = 0;
    CHECK(total_gap(leaking, ideal) < kImpossibleGap);
  }
  SECTION("targets shifted onto the inputs do not") {
    // Whoever is asked for the token just read is certain of it.
    CHECK(total_gap(std::vector<float>(count, 0.01f), ideal) < kImpossibleGap);
  }
  SECTION("memory carried over from the text before the window does not") {
    // The windows second in their documents, read by one who has read the first ones too.
    std::vector<float> carried, fresh;
    for (const Document& document : dataset.test.documents()) {
      const auto tokens = reading_of(dataset, document);
      const std::span<const int64_t> both(tokens.data(), 2 * kLength + 1);
      const auto whole = dataset.ideal_nats(both),
                 alone = dataset.ideal_nats(both.subspan(kLength));
      carried.insert(carried.end(), whole.begin() + kLength, whole.end());
      fresh.insert(fresh.end(), alone.begin(), alone.end());
    }
    CHECK(total_gap(carried, fresh) < kImpossibleGap);
  }
}

TEST_CASE("The mean of many values is summed in float64", "[evaluation]") {
  CHECK(mean_of({}) == 0);
  CHECK(mean_of({1, 2, 6}) == 3);
  // A float32 sum would stop growing at 2^24.
  CHECK(mean_of(std::vector<float>(20000000, 1.0f)) == 1);
}

}  // namespace lengthwise
