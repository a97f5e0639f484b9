#pragma once

#include "report/records/records.h"
#include "report/records/task_values.h"

namespace lengthwise {

/// Answers of a run on the test split of a task, as they are stored.
inline TaskValues task_values(const std::string& task, int64_t length, std::vector<uint8_t> correct,
                              std::vector<int64_t> offsets) {
  TaskValues values;
  values.header = {"test", "", task, "c0ffee", "weights", length};
  values.nats.assign(correct.size(), 0.5f);
  values.correct = std::move(correct);
  values.offsets = std::move(offsets);
  values.example_tokens.assign(static_cast<size_t>(values.examples()) * 3, 4);
  values.answers.assign(values.nats.size(), 2);
  return values;
}

inline EvaluationRecord task_record(const TaskValues& values) {
  EvaluationRecord record;
  record.split = values.header.split;
  record.protocol = "task";
  record.documents = "separate";
  record.first_token = "none";
  record.length = record.stride = record.window_targets = values.header.length;
  record.stride_is_length = true;
  record.windows = values.examples();
  record.tokens = values.tokens();
  record.nats_per_token = values.nats_per_token();
  record.accuracy = values.accuracy();
  record.token_accuracy = values.token_accuracy();
  record.file = "evaluation/L" + std::to_string(record.length) + ".safetensors";
  record.checkpoint = values.header.checkpoint;
  record.corpus_hash = values.header.corpus_hash;
  return record;
}

/// Writes a run folder with these answers; -> what read_run makes of it.
inline RunRecord store_task_run(const fs::path& folder, const std::string& scheme, int64_t seed,
                                const std::vector<TaskValues>& all) {
  RunRecord run;
  run.scheme = scheme;
  run.seed = seed;
  run.train_length = 64;
  run.steps = 100;
  run.corpus = all.front().header.corpus;
  run.corpus_hash = all.front().header.corpus_hash;
  run.finished = "2026-11-23T04:01:00Z";
  make_folder(folder / "evaluation");
  write_file(folder / "run.json", to_json(run));
  for (const TaskValues& values : all) {
    const EvaluationRecord record = task_record(values);
    write_task_values(folder / record.file, values);
    append_evaluation(folder, record);
  }
  return read_run(folder);
}

}  // namespace lengthwise
