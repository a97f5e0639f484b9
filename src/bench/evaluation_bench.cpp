#include "bench/evaluation_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>

#include "evaluation/measure.h"
#include "position/options.h"

namespace lengthwise {
namespace {

constexpr int64_t kBatchTokens = 8192;  // evaluation.batch_tokens by default

Dataset random_dataset(int64_t tokens, int64_t vocabulary_size) {
  torch::manual_seed(1);
  const auto drawn = torch::randint(vocabulary_size, {tokens}, torch::kInt64);
  const auto* begin = drawn.const_data_ptr<int64_t>();
  Dataset dataset;
  dataset.test =
      TokenStream::from_tokens({begin, begin + tokens}, {{0, tokens, 0, 0, 0}}, vocabulary_size);
  dataset.vocabulary_size = vocabulary_size;
  return dataset;
}

Transformer make_model(const ModelOptions& options, const std::string& scheme,
                       int64_t vocabulary_size) {
  PositionOptions position;
  position.scheme = scheme;
  Transformer model = make_transformer(options, position, vocabulary_size);
  model->reset_parameters(1);
  model->eval();
  return model;
}

double seconds_of(const std::function<void()>& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  }
  return largest;
}

/// Nats of a part of the work, 0 ... parts - 1.
using Work = std::function<std::vector<float>(int part)>;

/// The two take turns, part by part, so that what else the machine does slows both. Prints their
/// times and ratio.
void compare(const std::string& what, int parts, const Work& ours, const Work& other) {
  double our_seconds = 0, other_seconds = 0, difference = 0;
  for (int part = 0; part < parts; ++part) {
    std::vector<float> our_nats, other_nats;
    our_seconds += seconds_of([&] { our_nats = ours(part); });
    other_seconds += seconds_of([&] { other_nats = other(part); });
    difference = std::max(difference, largest_difference(our_nats, other_nats));
  }
  fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {:.1e} |\n", what, our_seconds, other_seconds,
             our_seconds / other_seconds, difference);
  std::fflush(stdout);
}

/// tokens [windows, inputs], targets [windows, targets] int64 of windows that are all of one shape.
std::pair<torch::Tensor, torch::Tensor> tensors_of(const TokenStream& stream,
                                                   std::span<const Window> windows) {
  const auto count = static_cast<int64_t>(windows.size());
  auto tokens = torch::empty({count, windows.front().inputs()}, torch::kInt64);
  auto targets = torch::empty({count, windows.front().targets()}, torch::kInt64);
  auto* token = tokens.mutable_data_ptr<int64_t>();
  auto* target = targets.mutable_data_ptr<int64_t>();
  for (const Window& window : windows) {
    for (int64_t k = window.first_input; k < window.end_target; ++k) *token++ = stream[k];
    for (int64_t k = window.first_target; k < window.end_target; ++k) *target++ = stream[k + 1];
  }
  return {tokens, targets};
}

/// The logits of all places of all windows, and the nats of what is scored: nothing is left out.
void run_plainly(Transformer& model, const torch::Tensor& tokens, const torch::Tensor& targets,
                 std::vector<float>& nats) {
  const auto logits = at::linear(model->forward(tokens),
                                 dynamic_cast<const PlainHead&>(*model->head).weight);  // [B, T, V]
  const auto scored = logits.slice(1, tokens.size(1) - targets.size(1));
  const auto values = (scored.logsumexp(2) - scored.gather(2, targets.unsqueeze(2)).squeeze(2))
                          .flatten()
                          .contiguous();
  const auto* value = values.const_data_ptr<float>();
  nats.insert(nats.end(), value, value + values.numel());
}

void compare_sliding_by_one(const std::string& scheme) {
  constexpr int64_t kLength = 512, kTargets = 2000, kVocabularySize = 8192;
  ModelOptions options;
  options.width = 128;
  options.layers = 4;
  options.feedforward = 512;
  Transformer model = make_model(options, scheme, kVocabularySize);
  const Dataset dataset = random_dataset(kLength + kTargets, kVocabularySize);
  const ReadingOrder reading(dataset.test, "none", {});
  // From the first target on whose window is full.
  const auto windows = plan_windows(reading.document_targets(), {kLength, 1, 1, kLength - 1, 0});
  constexpr int kParts = 8;
  const auto part_of = [&](int part) {
    const auto begin = windows.begin() + part * kTargets / kParts;
    return std::vector<Window>(begin, begin + kTargets / kParts);
  };
  compare(
      "sliding by 1, " + scheme, kParts,
      [&](int part) {
        return measure_windows(model, dataset, reading, part_of(part), {kBatchTokens}).nats;
      },
      [&](int part) {
        const torch::NoGradGuard no_grad;
        std::vector<float> nats;
        for (const Window& window : part_of(part)) {
          const auto [tokens, targets] = tensors_of(dataset.test, {&window, 1});
          run_plainly(model, tokens, targets, nats);
        }
        return nats;
      });
}

void compare_ten_lengths(const std::string& scheme) {
  constexpr int64_t kTokens = 65537, kVocabularySize = 108;
  Transformer model = make_model(ModelOptions{}, scheme, kVocabularySize);
  const Dataset dataset = random_dataset(kTokens, kVocabularySize);
  const ReadingOrder reading(dataset.test, "none", {});
  const std::vector<int64_t> lengths = {64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048};
  const auto plan = [&](int64_t length) {
    return plan_windows(reading.document_targets(), {length, length, length, 0, 0});
  };
  using Batch = std::pair<torch::Tensor, torch::Tensor>;
  std::vector<std::vector<Batch>> batches(lengths.size());  // made before the clock starts
  for (size_t i = 0; i < lengths.size(); ++i) {
    const int64_t length = lengths[i];
    const auto windows = plan(length);
    const auto at_once = static_cast<size_t>(kBatchTokens / length);
    const size_t whole = windows.back().inputs() == length ? windows.size() : windows.size() - 1;
    for (size_t begin = 0; begin < whole; begin += at_once) {
      const size_t end = std::min(whole, begin + at_once);
      batches[i].push_back(tensors_of(dataset.test, {&windows[begin], end - begin}));
    }
    if (whole < windows.size())
      batches[i].push_back(tensors_of(dataset.test, {&windows.back(), 1}));
  }
  constexpr int kTurns = 3;
  const auto length_of = [&](int part) { return static_cast<size_t>(part) % lengths.size(); };
  compare(
      "ten lengths, " + scheme, kTurns * static_cast<int>(lengths.size()),
      [&](int part) {
        const auto windows = plan(lengths[length_of(part)]);
        return measure_windows(model, dataset, reading, windows, {kBatchTokens}).nats;
      },
      [&](int part) {
        const torch::NoGradGuard no_grad;
        std::vector<float> nats;
        for (const auto& [tokens, targets] : batches[length_of(part)]) {
          run_plainly(model, tokens, targets, nats);
        }
        return nats;
      });
}

}  // namespace

void run_evaluation_benchmark() {
  fmt::print("| | measured, s | forward passes, s | ratio | largest difference |\n");
  fmt::print("|---|---:|---:|---:|---:|\n");
  for (const char* scheme : {"none", "rotary", "alibi"}) compare_sliding_by_one(scheme);
  for (const char* scheme : {"none", "rotary", "alibi"}) compare_ten_lengths(scheme);
}

}  // namespace lengthwise
