#include <numeric>

#include "evaluation/measure_examples.h"
#include "experiment/measurable.h"
#include "report/records/task_values.h"

namespace lengthwise {
namespace {

class MeasurableTask final : public Measurable {
 public:
  MeasurableTask(const Config& config, const Dataset& dataset)
      : config_(config), dataset_(dataset) {}

  int64_t scored_tokens(int64_t length) const override {
    int64_t tokens = 0;
    for (const TaskExample& example : examples(length)) {
      tokens += static_cast<int64_t>(example.answers.size());
    }
    return tokens;
  }

  void measure(Transformer& model, const fs::path& folder,
               EvaluationRecord& record) const override {
    const auto asked = examples(record.length);
    const AnswerScores scores = measure_examples(model, asked, measuring(config_, record.length));
    TaskValues values = values_of(asked, scores);
    values.header = {record.split,       record.variant,    record.corpus,
                     record.corpus_hash, record.checkpoint, record.length};
    record.windows = values.examples();
    record.mean_context = mean_context(asked, record.tokens);
    record.nats_per_token = values.nats_per_token();
    record.accuracy = values.accuracy();
    record.token_accuracy = values.token_accuracy();
    record.seconds = scores.seconds;
    record.tokens_per_second = static_cast<double>(scores.forward_tokens) / scores.seconds;
    make_folder((folder / record.file).parent_path());
    write_task_values(folder / record.file, values);
  }

 private:
  std::vector<TaskExample> examples(int64_t length) const {
    const TaskSplit split =
        config_.evaluation.split == "valid" ? TaskSplit::valid : TaskSplit::test;
    return held_out_examples(*dataset_.task, split, length, config_.evaluation.examples);
  }

  static TaskValues values_of(const std::vector<TaskExample>& asked, const AnswerScores& scores) {
    TaskValues values;
    values.nats = scores.nats;
    values.correct = scores.correct;
    values.offsets = {0};
    for (const TaskExample& example : asked) {
      values.offsets.push_back(values.offsets.back() +
                               static_cast<int64_t>(example.answers.size()));
      values.places.insert(values.places.end(), example.places.begin(), example.places.end());
      values.example_tokens.insert(values.example_tokens.end(), example.tokens.begin(),
                                   example.tokens.end());
      values.answers.insert(values.answers.end(), example.answers.begin(), example.answers.end());
    }
    return values;
  }

  /// Tokens that an answer token is predicted from, on average.
  static double mean_context(const std::vector<TaskExample>& asked, int64_t tokens) {
    int64_t contexts = 0;
    for (const TaskExample& example : asked) {
      contexts += std::accumulate(example.answers.begin(), example.answers.end(), int64_t{0});
    }
    return static_cast<double>(contexts) / static_cast<double>(tokens);
  }

  const Config& config_;
  const Dataset& dataset_;
};

}  // namespace

std::unique_ptr<Measurable> make_measurable_task(const Config& config, const Dataset& dataset) {
  return std::make_unique<MeasurableTask>(config, dataset);
}

void check_task_lengths(const Config& config, const Task& task) {
  for (const int64_t length : config.evaluation.lengths) {
    check_task_length(task, "evaluation.lengths", length);
  }
}

}  // namespace lengthwise
