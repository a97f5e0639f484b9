#include "evaluation/measure_examples.h"

#include <algorithm>
#include <chrono>

#include "model/device.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// Inputs of several examples, and which of their rows predict answers; on the CPU.
struct Batch {
  torch::Tensor tokens;         // [B, T]
  torch::Tensor rows, targets;  // [answers], rows of the flattened [B T, D]
};

Batch batch_of(const std::vector<TaskExample>& examples, size_t begin, size_t end) {
  const int64_t inputs = examples[begin].inputs();
  std::vector<int64_t> tokens, rows, targets;
  for (size_t i = begin; i < end; ++i) {
    const TaskExample& example = examples[i];
    TORCH_CHECK(example.inputs() == inputs, "examples of ", inputs, " and of ", example.inputs(),
                " inputs in one batch");
    const auto first = static_cast<int64_t>(tokens.size());
    tokens.insert(tokens.end(), example.tokens.begin(), example.tokens.end() - 1);
    for (const int64_t answer : example.answers) {
      rows.push_back(first + answer - 1);
      targets.push_back(example.tokens[static_cast<size_t>(answer)]);
    }
  }
  return {torch::tensor(tokens).view({-1, inputs}), torch::tensor(rows), torch::tensor(targets)};
}

void append(AnswerScores& scores, const AnswerScores& more) {
  scores.nats.insert(scores.nats.end(), more.nats.begin(), more.nats.end());
  scores.correct.insert(scores.correct.end(), more.correct.begin(), more.correct.end());
  scores.forward_tokens += more.forward_tokens;
  scores.seconds += more.seconds;
}

}  // namespace

AnswerScores measure_examples(const HiddenOf& hidden_of, const Head& head,
                              const std::vector<TaskExample>& examples, int64_t batch_tokens) {
  const torch::NoGradGuard no_grad;
  AnswerScores scores;
  const auto start = std::chrono::steady_clock::now();
  for (size_t begin = 0; begin < examples.size();) {
    const auto at_once = std::max<int64_t>(1, batch_tokens / examples[begin].inputs());
    const size_t end = std::min(examples.size(), begin + static_cast<size_t>(at_once));
    const Batch batch = batch_of(examples, begin, end);
    const auto all = hidden_of(batch.tokens).flatten(0, 1);
    const auto hidden = all.index_select(0, sent(batch.rows, all.device()));
    const auto nats = head.token_nats(hidden, batch.targets).cpu();
    const auto correct = head.likeliest_tokens(hidden).cpu().eq(batch.targets).to(torch::kUInt8);
    scores.nats.insert(scores.nats.end(), nats.const_data_ptr<float>(),
                       nats.const_data_ptr<float>() + nats.numel());
    scores.correct.insert(scores.correct.end(), correct.const_data_ptr<uint8_t>(),
                          correct.const_data_ptr<uint8_t>() + correct.numel());
    scores.forward_tokens += batch.tokens.numel();
    begin = end;
  }
  scores.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return scores;
}

AnswerScores measure_examples(Transformer& model, const std::vector<TaskExample>& examples,
                              const Measuring& how) {
  const bool was_training = model->is_training();
  model->eval();
  AnswerScores scores;
  const auto device = model->device();
  if (model->position->draws_positions()) {
    for (size_t i = 0; i < examples.size(); ++i) {
      const uint64_t draw = position_draw(how, static_cast<int64_t>(i), 0);
      append(scores, measure_examples(
                         [&](const torch::Tensor& tokens) {
                           return model->forward(sent(tokens, device), draw);
                         },
                         *model->head, {examples[i]}, 1));
    }
  } else {
    scores = measure_examples(
        [&](const torch::Tensor& tokens) { return model->forward(sent(tokens, device)); },
        *model->head, examples, how.batch_tokens);
  }
  model->train(was_training);
  return scores;
}

}  // namespace lengthwise
