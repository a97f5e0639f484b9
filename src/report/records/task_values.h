#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// What a file of answers is of.
struct TaskHeader {
  std::string split, variant, corpus, corpus_hash, checkpoint;
  int64_t length = 0;
};

/// A file of the answers to a task's examples. It is safetensors: `nats` F32 [N], the negative
/// log-likelihood of every answer token, example by example; `correct` U8 [N], 1 where the token is
/// the likeliest by the model; `offsets` I64 [examples + 1], where each example's answer begins;
/// for tasks that have places, `places` F64 [N] (data/tasks/task.h); what was asked, so that the
/// answers can be found again without this program: `tokens` U32 [examples, inputs + 1] and
/// `answers` I64 [N], where in its example each answer token stands. Metadata: protocol, length,
/// and the texts of TaskHeader. Answers are teacher-forced: each token is predicted from the true
/// ones before it.
struct TaskValues {
  TaskHeader header;
  std::vector<float> nats;
  std::vector<uint8_t> correct;
  std::vector<int64_t> offsets;
  std::vector<double> places;  // empty: the task has none
  std::vector<uint32_t> example_tokens;
  std::vector<int64_t> answers;

  int64_t examples() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t tokens() const { return static_cast<int64_t>(nats.size()); }
  /// 1 for each example with every answer token right, 0 for the others.
  std::vector<double> examples_right() const;
  double accuracy() const;        // the share of examples that are right
  double token_accuracy() const;  // the share of answer tokens that are right
  double nats_per_token() const;  // over the answer tokens, summed in double
};

void write_task_values(const fs::path& path, const TaskValues& values);

/// UserError where the file is missing, damaged or of something else, a loss is not finite, or the
/// arrays do not fit one another.
TaskValues read_task_values(const fs::path& path);

}  // namespace lengthwise
