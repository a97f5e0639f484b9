#pragma once

#include <memory>

#include "data/dataset.h"
#include "evaluation/measure.h"
#include "experiment/config.h"
#include "model/transformer.h"
#include "report/records/records.h"

namespace lengthwise {

/// What a run is measured on at any length: the tokens of a split, or examples of a task.
class Measurable {
 public:
  virtual ~Measurable() = default;

  /// Tokens that are scored at this length.
  virtual int64_t scored_tokens(int64_t length) const = 0;
  /// Runs the model at the record's length, fills the record with what it finds, and writes the
  /// record's file into the run folder.
  virtual void measure(Transformer& model, const fs::path& folder,
                       EvaluationRecord& record) const = 0;
};

/// As the evaluation options say, at one length of a run.
Measuring measuring(const Config& config, int64_t length);

/// The tokens of a split. Config and dataset must outlive it.
std::unique_ptr<Measurable> make_measurable_text(const Config& config, const Dataset& dataset);

/// UserError where no document of the split has a window of the longest length.
void check_text_lengths(const Config& config, const Dataset& dataset);

/// Examples of the dataset's task. Config and dataset must outlive it.
std::unique_ptr<Measurable> make_measurable_task(const Config& config, const Dataset& dataset);

/// UserError where the task has no example of a length that is asked for.
void check_task_lengths(const Config& config, const Task& task);

}  // namespace lengthwise
