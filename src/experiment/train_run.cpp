#include "experiment/train_run.h"

#include "base/error.h"
#include "data/block_sampler.h"
#include "data/dataset.h"
#include "data/tasks/task_sampler.h"
#include "data/window_sampler.h"
#include "evaluation/measure.h"
#include "evaluation/measure_examples.h"
#include "experiment/computing.h"
#include "experiment/imported_weights.h"
#include "experiment/measurable.h"
#include "experiment/measured_data.h"
#include "experiment/model_files.h"
#include "experiment/provenance.h"
#include "experiment/run_folder.h"
#include "model/device.h"
#include "position/registry.h"
#include "training/trainer.h"

namespace lengthwise {
namespace {

// Of a task, whatever its evaluation takes: what chooses the best weights belongs to the run.
constexpr int64_t kValidationExamples = 256;

std::unique_ptr<TrainingWindows> make_windows(const Config& config, const Dataset& dataset) {
  const int64_t length = config.model.train_length;
  const auto seed = static_cast<uint64_t>(config.training.seed);
  if (dataset.task != nullptr) return std::make_unique<TaskSampler>(*dataset.task, length, seed);
  if (config.training.order == "blocks") {
    return std::make_unique<BlockSampler>(dataset.train, length, seed);
  }
  return std::make_unique<WindowSampler>(dataset.train, length, seed);
}

RunRecord describe_run(const Config& config, const Dataset& dataset, const Transformer& model) {
  const Provenance made = provenance();
  RunRecord record;
  record.version = made.version;
  record.commit = made.commit;
  record.libtorch = made.libtorch;
  record.machine = made.machine;
  record.threads = config.run.threads;
  record.scheme = scheme_name(config.position.scheme);
  record.scheme_summary = scheme_summary(config.position.scheme);
  record.corpus = dataset.name;
  record.corpus_hash = dataset.hash;
  record.training_hash = dataset.training_hash;
  record.file_hashes = named_file_hashes(config);
  record.vocabulary_size = dataset.vocabulary_size;
  record.parameters = parameter_count(model);
  record.train_length = config.model.train_length;
  record.seed = config.training.seed;
  record.steps = config.training.steps;
  record.started = utc_time();
  return record;
}

std::function<double()> make_task_validation(const Config& config, const Task& task,
                                             Transformer& model) {
  const auto examples =
      held_out_examples(task, TaskSplit::valid, config.model.train_length, kValidationExamples);
  return [&model, examples, how = measuring(config, config.model.train_length)] {
    return mean_of(measure_examples(model, examples, how).nats);
  };
}

std::function<double()> make_validation(const Config& config, const Dataset& dataset,
                                        Transformer& model) {
  if (config.training.validate_every == 0) return {};
  if (dataset.task != nullptr) return make_task_validation(config, *dataset.task, model);
  const ReadingOrder reading(dataset.split("valid"), resolve_first_token("vocabulary", dataset),
                             dataset.start_token);
  const int64_t length = config.model.train_length;
  const auto windows = plan_windows(reading.document_targets(),
                                    {length, length, length, 0, config.training.validation_tokens});
  Measuring how = measuring(config, length);
  how.draws = 1;
  return [&dataset, reading, &model, windows, how] {
    return mean_of(measure_windows(model, dataset, reading, windows, how).nats);
  };
}

/// UserError unless the run's record is of these tokens.
void check_tokens(const RunFolder& folder, const RunRecord& before, const Dataset& dataset) {
  const bool same = before.training_hash.empty() ? before.corpus_hash == dataset.hash
                                                 : before.training_hash == dataset.training_hash;
  if (same) return;
  fail(
      "{}: was trained on other tokens than {} holds now; restore the data, or train in another "
      "run.folder",
      folder.record().string(), dataset.name);
}

/// Whether the weights of the run's end can be read.
bool has_last_weights(const fs::path& checkpoint, const Config& config, const Transformer& model) {
  try {
    const SafetensorsFile file(checkpoint);
    load_tensors(file, named_parameters(*model));
    return file.metadata("step") == std::to_string(config.training.steps);
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

void check_training_data(const Config& config, const Dataset& dataset) {
  make_windows(config, dataset);
  check_vocabulary(config.model, dataset.vocabulary_size);
  if (config.training.validate_every > 0 && dataset.task == nullptr) dataset.split("valid");
}

TrainingEnd train_run(const Config& given,
                      const std::function<void(const TrainingProgress&)>& report,
                      const std::atomic<bool>& stop) {
  given.validate();
  given.check_texts("train");
  Config config = given.resolved();
  const fs::path profile = std::exchange(config.run.profile, "");
  const RunFolder folder(config.run_folder());
  folder.check(config);
  if (is_imported(folder.path())) {
    fail("run.folder: {} was imported, and imported weights are not trained; choose another folder",
         folder.path().string());
  }
  const Computing computing = open_computing(config.run);
  const Dataset dataset = open_dataset(config.data);
  const auto windows = make_windows(config, dataset);
  Transformer model = make_transformer(config.model, config.position, dataset.vocabulary_size);
  const auto validate = make_validation(config, dataset, model);

  make_folder(folder.path());
  const auto lock = lock_run_folder(folder.path());
  folder.open_or_create(config);
  RunRecord record = describe_run(config, dataset, model);
  record.device = product_name(computing.device);
  record.precision = config.run.precision;
  const auto before = folder.read_record();
  if (before) {
    check_tokens(folder, *before, dataset);
    if (before->finished && has_last_weights(folder.checkpoint("last"), config, model)) {
      if (!profile.empty()) {
        fail("run.profile: {} is trained; profile a run in another run.folder",
             folder.path().string());
      }
      return TrainingEnd::already_finished;
    }
    record.started = before->started;
    record.train_seconds = before->train_seconds;
  } else {
    folder.write_record(record);
  }

  keep_vocabulary(folder.path(), dataset);
  // Drawn on the CPU: a run begins with the same weights on every device.
  model->reset_parameters(static_cast<uint64_t>(config.training.seed));
  place_model(model, computing);
  const TrainingResult result =
      train(model, *windows, config.training, folder.training_files(),
            model_identity(config, dataset), {validate, report, &stop, profile});
  const bool restored = before && before->finished && result.first_step == config.training.steps;
  if (restored) return TrainingEnd::restored;  // its record stands
  record.train_seconds = record.train_seconds.value_or(0) + result.seconds;
  record.train_tokens_per_second = result.tokens_per_second;
  record.train_peak_memory_mib = peak_memory_mib(computing.device);
  const bool finished = result.step == config.training.steps;
  if (finished) record.finished = utc_time();
  folder.write_record(record);
  return finished ? TrainingEnd::finished : TrainingEnd::stopped;
}

}  // namespace lengthwise
