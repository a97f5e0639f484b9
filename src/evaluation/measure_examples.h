#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "data/tasks/task.h"
#include "evaluation/measure.h"
#include "model/transformer.h"

namespace lengthwise {

/// What a model makes of a task's examples, a value an answer token, example by example.
struct AnswerScores {
  std::vector<float> nats;       // -ln p, given the true tokens before it
  std::vector<uint8_t> correct;  // 1 where no other token is likelier
  int64_t forward_tokens = 0;
  double seconds = 0;  // of the model alone
};

/// Runs the model over the examples, which are all of one size, several at a time. Leaves the
/// model's training mode as it was. Under a scheme that draws its positions each runs alone, under
/// the draw position_draw names by its number.
AnswerScores measure_examples(Transformer& model, const std::vector<TaskExample>& examples,
                              const Measuring& how);

/// The same of anything that turns tokens [B, T] of the CPU into the [B, T, D] that `head` takes.
using HiddenOf = std::function<torch::Tensor(const torch::Tensor& tokens)>;
AnswerScores measure_examples(const HiddenOf& hidden_of, const Head& head,
                              const std::vector<TaskExample>& examples, int64_t batch_tokens);

}  // namespace lengthwise
