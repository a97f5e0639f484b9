#include "experiment/evaluate_run.h"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/error.h"
#include "data/dataset.h"
#include "data/reading_order.h"
#include "data/tasks/task.h"
#include "experiment/computing.h"
#include "experiment/imported_weights.h"
#include "experiment/measurable.h"
#include "experiment/measured_data.h"
#include "experiment/model_files.h"
#include "experiment/run_folder.h"
#include "model/device.h"
#include "position/scheme.h"
#include "report/records/split_tokens.h"

namespace lengthwise {
namespace {

/// A record with what all lengths share and is known before the model runs.
EvaluationRecord plan_record(const Config& config, const Dataset& dataset) {
  EvaluationRecord record;
  record.weights = config.evaluation.checkpoint;
  record.max_tokens = config.evaluation.max_tokens;
  record.split = config.evaluation.split;
  record.protocol = config.evaluation.protocol_label();
  record.documents = config.evaluation.counting == "paper" ? "joined" : config.data.documents;
  record.first_token = resolve_first_token(config.evaluation.first_token, dataset);
  record.corpus = dataset.name;
  record.corpus_hash = dataset.hash;
  return record;
}

EvaluationRecord at_length(EvaluationRecord record, const Config& config, int64_t length) {
  const WindowLayout layout = config.evaluation.layout_at(length);
  record.length = length;
  record.stride = layout.stride;
  // Told by what the protocol does at another length, so that none is known by name here.
  record.stride_is_length = config.evaluation.layout_at(length + 1).stride == length + 1;
  record.window_targets = layout.window_targets;
  record.skipped_targets = layout.skipped;
  return record;
}

/// Everything that tells the measurement from others of the same name stands in the last digits.
std::string file_name(const EvaluationRecord& record) {
  const std::string stride =
      record.stride == record.length ? "" : fmt::format("-S{}", record.stride);
  const std::string last =
      record.window_targets == record.stride ? "" : fmt::format("-K{}", record.window_targets);
  const std::string identity =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", record.variant, record.weights, record.checkpoint,
                  record.corpus_hash, record.documents, record.skipped_targets, record.tokens);
  return fmt::format("evaluation/{}-{}-{}-L{}{}{}-{:.12}.safetensors", record.split,
                     record.protocol, record.first_token, record.length, stride, last,
                     sha256(std::as_bytes(std::span(identity))));
}

std::unique_ptr<Measurable> make_measurable(const Config& config, const Dataset& dataset) {
  if (dataset.task != nullptr) return make_measurable_task(config, dataset);
  return make_measurable_text(config, dataset);
}

/// Whether the line's values are there and say what it says, and the tokens they are of.
bool holds(const fs::path& folder, EvaluationRecord record) {
  if (record.beyond_max_length) return true;
  try {
    check_with_values(record, folder);
    if (record.protocol == kTaskProtocol) return true;
    const SafetensorsFile tokens(folder / "evaluation" / record.tokens_file);
    return tokens.metadata("corpus_hash") == record.corpus_hash;
  } catch (const UserError&) {
    return false;  // lost or damaged: measured again
  }
}

std::string train_command(const fs::path& folder) {
  return fmt::format("`lengthwise train {} --run.folder {}`", RunFolder(folder).config().string(),
                     folder.string());
}

/// Which command brings the weights, from every state a run can be in without them.
[[noreturn]] void fail_without_weights(const fs::path& folder, const Config& trained,
                                       const std::string& which, const std::string& what) {
  const auto record = RunFolder(folder).read_record();
  const bool finished = record && record->finished;
  if (which == "last") {
    fail("{}; {} {}", what, train_command(folder),
         finished ? "writes it again, from state.safetensors or by training anew"
                  : "trains the run to its end");
  }
  if (trained.training.validate_every == 0) {
    fail(
        "{}: training.validate_every is 0, so no weights are the best; set evaluation.checkpoint = "
        "last",
        what);
  }
  fail("{}; {}set evaluation.checkpoint = last", what,
       finished ? "no other file holds them: "
                : fmt::format("{} goes on with the training, or ", train_command(folder)));
}

fs::path existing_checkpoint(const fs::path& folder, const Config& trained,
                             const std::string& which) {
  if (is_imported(folder)) {
    if (which == "last") return folder / kImportedWeights;
    fail("evaluation.checkpoint: is {}, but {} was imported and has one set of weights; set last",
         which, folder.string());
  }
  const fs::path path = RunFolder(folder).checkpoint(which);
  if (!fs::exists(path)) {
    fail_without_weights(folder, trained, which, path.string() + ": is not there");
  }
  try {
    const SafetensorsFile readable(path);
  } catch (const UserError& error) {
    fail_without_weights(folder, trained, which, error.what());
  }
  return path;
}

/// UserError where lines of an older version say no draws: a row would be made of both.
void check_draws(const fs::path& folder, const std::vector<EvaluationRecord>& before,
                 const EvaluationRecord& plan) {
  const bool older = std::ranges::any_of(
      before, [](const EvaluationRecord& old) { return !old.draws && !old.beyond_max_length; });
  if (!plan.draws || !older) return;
  fail(
      "{}: was measured by an older version, whose lines do not say how positions were drawn; "
      "remove the file and evaluate again",
      (folder / "evaluation.jsonl").string());
}

}  // namespace

void check_evaluation_data(const Config& config, const Dataset& dataset) {
  if (dataset.task != nullptr) return check_task_lengths(config, *dataset.task);
  check_text_lengths(config, dataset);
}

void evaluate_run(const fs::path& folder, const Config& trained, const Config& config,
                  const std::function<void(const EvaluationRecord&, bool found)>& report) {
  config.validate();
  const Computing computing = open_computing(config.run);
  const auto [dataset, train_counts] = open_measured_data(folder, trained, config);
  check_evaluation_data(config, dataset);
  const auto measurable = make_measurable(config, dataset);
  const auto lock = lock_run_folder(folder);
  const fs::path checkpoint = existing_checkpoint(folder, trained, config.evaluation.checkpoint);
  Transformer model = is_imported(folder) ? load_imported_model(folder, trained, config, dataset)
                                          : load_model(checkpoint, trained, config, dataset);
  place_model(model, computing);
  const auto before = read_evaluations(folder);
  EvaluationRecord plan = plan_record(config, dataset);
  plan.checkpoint = sha256_of_file(checkpoint);
  plan.variant = variant_of(trained, config);
  if (model->position->draws_positions()) plan.draws = config.evaluation.draws;
  check_draws(folder, before, plan);
  plan.precision = config.run.precision;
  plan.device = product_name(computing.device);
  if (dataset.task == nullptr) {
    const TokenStream& stream = dataset.split(plan.split);
    plan.text = stream.hash();
    plan.tokens_file = store_split_tokens(folder, {stream, train_counts, dataset.start_token,
                                                   plan.split, plan.corpus, plan.corpus_hash})
                           .filename()
                           .string();
  } else {
    plan.text = dataset.hash;
  }

  for (int64_t length : config.evaluation.lengths) {
    EvaluationRecord record = at_length(plan, config, length);
    const auto limit = model->max_length();
    if (limit && length > *limit) {
      record.beyond_max_length = *limit;
    } else {
      record.tokens = measurable->scored_tokens(length);
      if (record.tokens == 0) fail("data.{}: no token to score", record.split);
    }
    const auto found = std::ranges::find_if(before, [&](const EvaluationRecord& old) {
      return same_measurement(old, record) && holds(folder, old);
    });
    if (found != before.end()) {
      report(*found, true);
      continue;
    }
    if (!record.beyond_max_length) {
      reset_peak_memory(computing.device);
      record.file = file_name(record);
      measurable->measure(model, folder, record);
      record.peak_memory_mib = peak_memory_mib(computing.device);
    }
    append_evaluation(folder, record);
    report(record, false);
  }
}

}  // namespace lengthwise
