#include "experiment/run_folder.h"

#include "position/alibi.h"
#include "position/rotary.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// Relative paths start here while it lives.
class WorkingFolder {
 public:
  explicit WorkingFolder(const fs::path& folder) : before_(fs::current_path()) {
    fs::current_path(folder);
  }
  ~WorkingFolder() { fs::current_path(before_); }

 private:
  fs::path before_;
};

Config sample_config() {
  Config config;
  config.position.scheme = "rotary";
  config.model.train_length = 48;
  config.training.seed = 5;
  config.training.learning_rate = 0.1 + 0.2;  // no short decimal
  return config;
}

std::string refusal(const RunFolder& folder, const Config& config) {
  return user_error_text([&] { folder.open_or_create(config); });
}

TEST_CASE("A run's folder is the one named, or named for scheme, train length and seed",
          "[experiment]") {
  Config config = sample_config();
  CHECK(config.run_folder() == fs::path("runs/rotary-L48-seed5"));
  config.run.folder = "elsewhere/mine";
  CHECK(config.run_folder() == fs::path("elsewhere/mine"));
}

TEST_CASE("A default folder names a corpus that is not the default one", "[experiment]") {
  Config config = sample_config();
  config.data.corpus = "long_reach";
  CHECK(config.run_folder() == fs::path("runs/long_reach-rotary-L48-seed5"));
  config.data.corpus = "task";
  config.data.task = "copy";
  CHECK(config.run_folder() == fs::path("runs/copy-rotary-L48-seed5"));
  config.data = {};
  config.data.corpus = "text";
  config.data.train = "elsewhere/novels/train";
  config.data.folder = "prepared/novels-bytes/";
  CHECK(config.run_folder() == fs::path("runs/novels-bytes-rotary-L48-seed5"));
  config.data.folder.clear();  // told apart by the vocabulary
  const fs::path bytes = config.run_folder();
  CHECK(bytes.string().starts_with("runs/novels-byte-"));
  config.data.vocabulary = "char";
  CHECK(config.run_folder() != bytes);
}

TEST_CASE("A run begun in a default folder without its corpus goes on there", "[experiment]") {
  const TemporaryFolder temporary;
  const WorkingFolder inside(temporary.path());
  Config config = sample_config();
  config.data.corpus = "long_reach";
  const RunFolder old("runs/rotary-L48-seed5");
  old.open_or_create(config);
  CHECK(config.run_folder() == old.path());
  config.position.group<AlibiOptions>().bias_max = 12;  // rotary does not read it
  CHECK(config.run_folder() == old.path());
  config.model.layers = 3;
  CHECK(config.run_folder() == fs::path("runs/long_reach-rotary-L48-seed5"));
  config.model.layers = 2;
  config.data.corpus = "task";
  config.data.task = "copy";
  CHECK(config.run_folder() == fs::path("runs/copy-rotary-L48-seed5"));
  write_file(old.config(), "not ours");
  CHECK(config.run_folder() == fs::path("runs/copy-rotary-L48-seed5"));
}

TEST_CASE("What is left to the model is stored as the number it comes to", "[experiment]") {
  Config config = sample_config();
  config.model.width = 256;
  config.training.steps = 60;
  CHECK(config.resolved().model.embedding_std == 0.7);
  CHECK(config.resolved().training.warmup_steps == 30);
  config.model.tied_embeddings = true;
  config.training.steps = 1000;
  CHECK(config.resolved().model.embedding_std == 0.03125);
  CHECK(config.resolved().training.warmup_steps == 50);
  config.model.embedding_std = 0.2;
  config.training.warmup_steps = 0;
  CHECK(config.resolved().model.embedding_std == 0.2);
  CHECK(config.resolved().training.warmup_steps == 0);
}

TEST_CASE("A run made when defaults were numbers goes on under those they come to",
          "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  Config old = sample_config();
  old.model.embedding_std = 0.7;
  old.training.warmup_steps = 50;
  folder.open_or_create(old);
  CHECK(refusal(folder, sample_config()).empty());
  Config tied = sample_config();
  tied.model.embedding_std = 0.6;
  CHECK(contains(refusal(folder, tied), "was made with model.embedding_std = 0.7, not 0.6"));
}

TEST_CASE("An option that a run does not read locks no run folder", "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  folder.open_or_create(sample_config());  // rotary, adamw, cosine, no window, untied
  Config other = sample_config();
  other.position.group<AlibiOptions>().bias_max = 12;
  other.training.momentum = 0.5;
  other.training.validation_tokens = 1;
  CHECK(refusal(folder, other).empty());
  other.training.optimizer = "sgd";
  CHECK(contains(refusal(folder, other), "was made with training.optimizer = adamw, not sgd"));
  other.training.optimizer = "adamw";
  other.position.group<RotaryOptions>().base = 5;
  CHECK(contains(refusal(folder, other), "position.rotary.base = 10000, not 5"));
}

TEST_CASE("A new run folder holds every option that decides the run, and reads back the same",
          "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "runs/deep/run");
  CHECK(!folder.exists());
  folder.open_or_create(sample_config());
  CHECK(folder.exists());
  const Config read = read_config(folder.config());
  CHECK(option_texts(read, decides_weights) == option_texts(sample_config(), decides_weights));
  CHECK(read.training.learning_rate == 0.1 + 0.2);
  CHECK(!contains(read_file(folder.config()), "[experiment]"));
}

TEST_CASE("A config.ini that no run wrote makes no run folder", "[experiment]") {
  const TemporaryFolder temporary;
  make_folder(temporary / "project");
  for (const char* text : {"", "[model]\ntrain_length = 48\n"}) {
    write_file(temporary / "project/config.ini", text);
    CHECK(contains(refusal(RunFolder(temporary / "project"), sample_config()),
                   "a config.ini that no run wrote there"));
  }
  write_file(temporary / "project/config.ini", config_text(sample_config()));
  CHECK(refusal(RunFolder(temporary / "project"), sample_config()).empty());
  write_file(temporary / "project/main.cpp", "mine");
  CHECK(contains(refusal(RunFolder(temporary / "project"), sample_config()),
                 "a config.ini that no run wrote there"));
}

TEST_CASE("A run folder takes the same options again and names the first that differs",
          "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  folder.open_or_create(sample_config());
  const std::string before = read_file(folder.config());
  CHECK(refusal(folder, sample_config()).empty());

  Config other = sample_config();
  other.training.seed = 6;
  other.model.layers = 7;  // [model] stands before [training]
  CHECK(contains(refusal(folder, other), "was made with model.layers = 2, not 7"));
  other.model.layers = 2;
  CHECK(contains(refusal(folder, other), "was made with training.seed = 5, not 6"));
  CHECK(contains(refusal(folder, other), folder.path().string()));
  CHECK(read_file(folder.config()) == before);
}

TEST_CASE("What does not decide the weights may change between two starts", "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  folder.open_or_create(sample_config());
  Config other = sample_config();
  other.run.threads = 2;
  other.evaluation.lengths = {48};
  other.grid.seeds = {1, 2};
  other.training.log_every = 7;
  other.training.checkpoint_every = 9;
  other.data.test = "elsewhere.txt";  // tokens are told by their hash
  CHECK(refusal(folder, other).empty());
}

TEST_CASE("A folder of other things is no place for a run, one that a kill left is",
          "[experiment]") {
  const TemporaryFolder temporary;
  write_file(temporary / "notes.txt", "mine");
  CHECK(contains(refusal(RunFolder(temporary.path()), sample_config()), "no config.ini"));
  CHECK(contains(refusal(RunFolder(temporary / "notes.txt"), sample_config()), "is no folder"));
  CHECK(read_file(temporary / "notes.txt") == "mine");

  make_folder(temporary / "killed");
  write_file(temporary / "killed/config.ini.12.partial", "[mod");
  write_file(temporary / "killed/.lock", "");
  CHECK(refusal(RunFolder(temporary / "killed"), sample_config()).empty());
  CHECK(RunFolder(temporary / "killed").exists());
}

TEST_CASE("One holder at a time locks a run folder, and finds no half-written files",
          "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  folder.open_or_create(sample_config());
  make_folder(temporary / "run/evaluation");
  write_file(temporary / "run/state.safetensors.12.partial", "half");
  write_file(temporary / "run/evaluation/a.safetensors.12.partial", "half");
  write_file(temporary / "run/evaluation/a.safetensors", "whole");
  {
    const auto lock = lock_run_folder(folder.path());
    CHECK(!fs::exists(temporary / "run/state.safetensors.12.partial"));
    CHECK(!fs::exists(temporary / "run/evaluation/a.safetensors.12.partial"));
    CHECK(fs::exists(temporary / "run/evaluation/a.safetensors"));
    CHECK(fs::exists(folder.config()));
    CHECK(contains(user_error_text([&] { lock_run_folder(folder.path()); }), "another process"));
  }
  CHECK(user_error_text([&] { lock_run_folder(folder.path()); }).empty());
}

TEST_CASE("A run's record comes back as it was written", "[experiment]") {
  const TemporaryFolder temporary;
  const RunFolder folder(temporary / "run");
  folder.open_or_create(sample_config());
  CHECK(!folder.read_record());
  RunRecord record;
  record.scheme = "rotary";
  record.train_length = 48;
  record.seed = 5;
  record.started = "2026-11-23T04:01:00Z";
  record.train_seconds = 1.5;
  folder.write_record(record);
  const auto read = folder.read_record();
  REQUIRE(read);
  CHECK(read->scheme == "rotary");
  CHECK(read->seed == 5);
  CHECK(read->train_seconds == 1.5);
  CHECK(!read->finished);

  write_file(folder.record(), "{");
  CHECK(contains(user_error_text([&] { folder.read_record(); }), "run.json"));
}

TEST_CASE("best names the best weights and last the last", "[experiment]") {
  const RunFolder folder("run");
  CHECK(folder.checkpoint("best") == fs::path("run/best.safetensors"));
  CHECK(folder.checkpoint("last") == fs::path("run/checkpoint.safetensors"));
  CHECK(folder.training_files().checkpoint == folder.checkpoint("last"));
  CHECK(folder.training_files().best == folder.checkpoint("best"));
}

}  // namespace
}  // namespace lengthwise
