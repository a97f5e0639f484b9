#include "experiment/evaluate_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <span>
#include <tuple>

#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/reading_order.h"
#include "experiment/measurable.h"
#include "experiment/model_files.h"
#include "experiment/run_folder.h"
#include "report/records/split_tokens.h"

namespace lengthwise {
namespace {

/// A record with everything that is known before the model runs.
EvaluationRecord plan_record(const Config& config, const Dataset& dataset, int64_t length,
                             const std::string& variant, const std::string& checkpoint_hash) {
  const WindowLayout layout = config.evaluation.layout_at(length);
  EvaluationRecord record;
  record.variant = variant;
  record.split = config.evaluation.split;
  record.protocol = config.evaluation.protocol_label();
  record.length = length;
  record.stride = layout.stride;
  // Told by what the protocol does at another length, so that none is known by name here.
  record.stride_is_length = config.evaluation.layout_at(length + 1).stride == length + 1;
  record.window_targets = layout.window_targets;
  record.skipped_targets = layout.skipped;
  record.documents = config.evaluation.counting == "paper" ? "joined" : config.data.documents;
  record.first_token = resolve_first_token(config.evaluation.first_token, dataset);
  record.checkpoint = checkpoint_hash;
  record.corpus = dataset.name;
  record.corpus_hash = dataset.hash;
  return record;
}

std::string file_name(const EvaluationRecord& record) {
  const std::string stride =
      record.stride == record.length ? "" : fmt::format("-S{}", record.stride);
  const std::string last =
      record.window_targets == record.stride ? "" : fmt::format("-K{}", record.window_targets);
  // Options make no file names; the metadata says in full what the digits stand for.
  const std::string variant =
      record.variant.empty()
          ? std::string()
          : fmt::format("-{:.8}", sha256(std::as_bytes(std::span(record.variant))));
  return fmt::format("evaluation/{}-{}-{}-L{}{}{}{}.safetensors", record.split, record.protocol,
                     record.first_token, record.length, stride, last, variant);
}

std::unique_ptr<Measurable> make_measurable(const Config& config, const Dataset& dataset) {
  if (dataset.task != nullptr) return make_measurable_task(config, dataset);
  return make_measurable_text(config, dataset);
}

bool same_measurement(const EvaluationRecord& a, const EvaluationRecord& b) {
  const auto what = [](const EvaluationRecord& record) {
    return std::tie(record.split, record.protocol, record.documents, record.first_token,
                    record.length, record.stride, record.window_targets, record.skipped_targets,
                    record.variant, record.checkpoint, record.corpus_hash);
  };
  return what(a) == what(b);
}

fs::path existing_checkpoint(const fs::path& folder, const std::string& which) {
  const fs::path path = RunFolder(folder).checkpoint(which);
  if (fs::exists(path)) return path;
  fail("{}: is not there; {}", path.string(),
       which == "best" ? "training.validate_every was 0 or the run was stopped early; set "
                         "evaluation.checkpoint = last"
                       : "train the run first");
}

}  // namespace

void check_evaluation_data(const Config& config, const Dataset& dataset) {
  if (dataset.task != nullptr) return check_task_lengths(config, *dataset.task);
  check_text_lengths(config, dataset);
}

void evaluate_run(const fs::path& folder, const Config& trained, const Config& config,
                  const std::function<void(const EvaluationRecord&, bool found)>& report) {
  config.validate();
  at::set_num_threads(static_cast<int>(config.run.threads));
  const Dataset dataset = open_dataset(config.data);
  check_evaluation_data(config, dataset);
  const auto measurable = make_measurable(config, dataset);
  const fs::path checkpoint = existing_checkpoint(folder, config.evaluation.checkpoint);
  Transformer model = load_model(checkpoint, trained, config, dataset);
  const std::string checkpoint_hash = sha256_of_file(checkpoint);
  const auto lock = lock_run_folder(folder);
  const auto before = read_evaluations(folder);
  if (dataset.task == nullptr) {
    store_split_tokens(folder, dataset.split(config.evaluation.split), dataset.train,
                       dataset.start_token, config.evaluation.split, dataset.name, dataset.hash);
  }
  const std::string variant = variant_of(trained, config);

  for (int64_t length : config.evaluation.lengths) {
    EvaluationRecord record = plan_record(config, dataset, length, variant, checkpoint_hash);
    const auto limit = model->max_length();
    if (limit && length > *limit) {
      record.beyond_max_length = *limit;
    } else {
      record.tokens = measurable->scored_tokens(length);
      if (record.tokens == 0) fail("data.{}: no token to score", record.split);
    }
    const auto found = std::ranges::find_if(before, [&](const EvaluationRecord& old) {
      return same_measurement(old, record) && old.tokens == record.tokens &&
             (old.file.empty() || fs::exists(folder / old.file));
    });
    if (found != before.end()) {
      report(*found, true);
      continue;
    }
    if (!record.beyond_max_length) {
      reset_peak_memory();
      record.file = file_name(record);
      measurable->measure(model, folder, record);
      record.peak_memory_mib = peak_memory_mib();
    }
    append_evaluation(folder, record);
    report(record, false);
  }
}

}  // namespace lengthwise
