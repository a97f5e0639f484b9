#include "evaluation/measure_examples.h"

#include <numeric>

#include "model/plain_weights.h"
#include "position/options.h"
#include "report/comparison/task_accuracy.h"
#include "report/task_runs.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

constexpr float kCertain = 50;

/// Gives the next token of each example, in their order, all the probability there is; `next` may
/// say another than the true one.
template <class Next>
AnswerScores measure_certain(const Task& task, const std::vector<TaskExample>& examples,
                             int64_t batch_tokens, Next next) {
  size_t example = 0;
  const HiddenOf hidden_of = [&](const torch::Tensor& tokens) {
    auto hidden = torch::zeros({tokens.size(0), tokens.size(1), task.vocabulary_size});
    for (int64_t i = 0; i < tokens.size(0); ++i, ++example) {
      for (int64_t t = 0; t < tokens.size(1); ++t) {
        CHECK(tokens[i][t].item<int64_t>() == examples[example].tokens[size_t(t)]);
        hidden[i][t][next(examples[example].tokens[size_t(t + 1)])] = kCertain;
      }
    }
    return hidden;
  };
  AnswerScores scores = measure_examples(hidden_of, PlainHead(torch::eye(task.vocabulary_size)),
                                         examples, batch_tokens);
  CHECK(example == examples.size());
  return scores;
}

/// As a run would store them and a comparison read them.
TaskAccuracy through_comparison(const Task& task, const std::vector<TaskExample>& examples,
                                const AnswerScores& scores) {
  std::vector<int64_t> offsets{0};
  for (const TaskExample& example : examples) {
    offsets.push_back(offsets.back() + static_cast<int64_t>(example.answers.size()));
  }
  TaskValues values =
      task_values(std::string(task.name), examples[0].inputs(), scores.correct, offsets);
  values.nats = scores.nats;
  const TemporaryFolder folder;
  std::vector<RunRecord> runs{store_task_run(folder / "run", "none", 1, {values})};
  TaskComparison comparison(compare_runs(runs));
  add_task_accuracy(comparison);
  return *comparison.accuracy[0][0];
}

Transformer small_model(const Task& task) {
  ModelOptions options;
  options.width = 16;
  options.layers = 1;
  options.heads = 2;
  options.feedforward = 24;
  options.head_std = 0.5;
  PositionOptions position;
  position.scheme = "alibi";
  Transformer model = make_transformer(options, position, task.vocabulary_size);
  model->reset_parameters(4);
  return model;
}

}  // namespace

TEST_CASE("Who knows the answers has accuracy 1, through measurement and comparison",
          "[evaluation]") {
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    const auto examples = held_out_examples(task, TaskSplit::test, 24, 20);
    const AnswerScores scores =
        measure_certain(task, examples, 100, [](int64_t token) { return token; });
    const TaskAccuracy found = through_comparison(task, examples, scores);
    CHECK(found.examples == 20);
    CHECK(found.accuracy == 1);
    CHECK(found.token_accuracy == 1);
    for (const float nats : scores.nats) CHECK(nats < 1e-6f);
    CHECK(scores.forward_tokens == 20 * examples[0].inputs());
  }
}

TEST_CASE("Who guesses is right as often as a guess is", "[evaluation]") {
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    const auto examples = held_out_examples(task, TaskSplit::test, 24, 400);
    SplitMix64 random(9);
    const AnswerScores scores = measure_certain(task, examples, 5000, [&](int64_t) {
      return 4 + static_cast<int64_t>(random.below(static_cast<uint64_t>(task.answer_symbols)));
    });
    const TaskAccuracy found = through_comparison(task, examples, scores);
    const double chance = 1 / static_cast<double>(task.answer_symbols);
    const auto tokens = static_cast<double>(scores.nats.size());
    CHECK(std::abs(found.token_accuracy - chance) < 5 * std::sqrt(chance * (1 - chance) / tokens));
    const auto answers = static_cast<double>(examples[0].answers.size());
    if (answers > 1) CHECK(found.accuracy < 0.01);
    // What is not right has a certain loss.
    const double nats = std::accumulate(scores.nats.begin(), scores.nats.end(), 0.0);
    CHECK(nats / tokens == Approx(kCertain * (1 - found.token_accuracy)).epsilon(1e-5));
  }
}

TEST_CASE("A model's answers are those of one example at a time, in float64", "[evaluation]") {
  for (const char* name : {"recall", "addition"}) {
    CAPTURE(name);
    const Task& task = find_task(name);
    const auto examples = held_out_examples(task, TaskSplit::valid, 33, 15);
    Transformer model = small_model(task);
    model->train();
    const AnswerScores scores = measure_examples(model, examples, Measuring{100});
    CHECK(model->is_training());
    const torch::NoGradGuard no_grad;
    model->eval();
    size_t at = 0, right = 0;
    for (const TaskExample& example : examples) {
      const std::vector<int64_t> inputs(example.tokens.begin(), example.tokens.end() - 1);
      const auto hidden = model->forward(torch::tensor(inputs).unsqueeze(0))[0];
      const auto logits =
          torch::matmul(hidden.to(torch::kFloat64), head_weight(model).to(torch::kFloat64).t());
      const auto nats = -torch::log_softmax(logits, 1);
      for (const int64_t answer : example.answers) {
        const auto row = nats[answer - 1];
        const int64_t target = example.tokens[size_t(answer)];
        CHECK(scores.nats[at] == Approx(row[target].item<double>()).margin(1e-5));
        CHECK((scores.correct[at] == 1) == (row.argmin().item<int64_t>() == target));
        right += scores.correct[at];
        ++at;
      }
    }
    CHECK(at == scores.nats.size());
    CHECK(right < at);

    const AnswerScores alone = measure_examples(model, examples, Measuring{1});
    CHECK(alone.correct == scores.correct);
  }
}

TEST_CASE("Examples of different sizes are not measured together", "[evaluation]") {
  const Task& task = find_task("copy");
  Transformer model = small_model(task);
  const std::vector<TaskExample> mixed = {draw_example(task, 1, TaskSplit::test, 0, 9),
                                          draw_example(task, 1, TaskSplit::test, 0, 11)};
  CHECK_THROWS_AS(measure_examples(model, mixed, Measuring{100}), c10::Error);
}

}  // namespace lengthwise
