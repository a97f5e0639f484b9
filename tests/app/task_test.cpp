#include "app/workspace.h"
#include "base/safetensors.h"
#include "base/text.h"

namespace lengthwise {
namespace {

/// A workspace with a config of a task that trains in a moment.
class TaskWorkspace : public Workspace {
 public:
  TaskWorkspace() {
    put_file(*this / "task.ini",
             "[data]\ncorpus = task\ntask = copy\n\n"
             "[model]\nwidth = 16\nlayers = 1\nheads = 2\nfeedforward = 16\ntrain_length = 16\n\n"
             "[training]\nsteps = 12\nbatch_windows = 4\nwarmup_steps = 2\nlog_every = 4\n"
             "validate_every = 6\n\n"
             "[evaluation]\nprotocol = task\nlengths = 16 32\nexamples = 20\n");
  }
};

std::string error_of(const Workspace& work, Words words) {
  const Outcome outcome = work.run(words);
  CHECK(outcome.exit_code == 2);
  CHECK(lines_of(outcome.errors).size() == 1);
  return outcome.errors;
}

std::string training_error(const Workspace& work, const Words& options) {
  Words words{"train", "task.ini", "--run.folder=refused"};
  words.insert(words.end(), options.begin(), options.end());
  const std::string error = error_of(work, words);
  CHECK_FALSE(fs::exists(work / "refused"));
  return error;
}

}  // namespace

TEST_CASE("A task trains, is measured and compared, twice to the same bits", "[app]") {
  const TaskWorkspace work;
  for (const char* run : {"a", "b"}) {
    work.must_run({"train", "task.ini", std::string("--run.folder=") + run});
    work.must_run({"evaluate", run});
  }
  check_same_bytes(work / "a/checkpoint.safetensors", work / "b/checkpoint.safetensors");
  check_same_bytes(values_file(work / "a", 32), values_file(work / "b", 32));

  const auto lines = lines_of(file_text(work / "a/evaluation.jsonl"));
  REQUIRE(lines.size() == 2);
  const auto line = nlohmann::json::parse(lines[1]);
  CHECK(line["windows"] == 20);
  CHECK(line["tokens"] == 20 * 15);  // 32 inputs hold 15 symbols twice
  const SafetensorsFile file(values_file(work / "a", 32));
  const auto correct = file.values<uint8_t>("correct");
  int64_t right = 0, all_right = 0;
  for (size_t example = 0; example < 20; ++example) {
    int64_t of_example = 0;
    for (size_t i = 0; i < 15; ++i) of_example += correct[example * 15 + i];
    right += of_example;
    all_right += of_example == 15 ? 1 : 0;
  }
  CHECK(line["token_accuracy"].get<double>() == Approx(static_cast<double>(right) / 300));
  CHECK(line["accuracy"].get<double>() == Approx(static_cast<double>(all_right) / 20));

  const std::string again = work.must_run({"evaluate", "a"}).output;
  CHECK(contains(again, "of 20 examples"));
  CHECK(contains(again, "(measured before)"));
  // More examples are another measurement, of which the first are the same.
  work.must_run({"evaluate", "a", "--evaluation.examples=25"});
  const SafetensorsFile more(values_file(work / "a", 32));
  CHECK(std::ranges::equal(more.values<uint8_t>("correct").first(300), correct));
}

TEST_CASE("An experiment on a task compares accuracies", "[app]") {
  const TaskWorkspace work;
  put_file(work / "grid.ini",
           "[experiment]\nschemes = learned alibi\ntrain_lengths = 16\nseeds = 1 2\n"
           "folder = grid\nresults = answer\n");
  const Outcome outcome = work.must_run({"experiment", "task.ini", "grid.ini"});
  CHECK(contains(outcome.output, "accuracy on copy: percent of 20 examples a length, test split"));
  for (const char* file :
       {"README.md", "table.csv", "places.csv", "records.jsonl", "options.ini"}) {
    INFO(file);
    CHECK(fs::exists(work / "answer" / file));
  }
  const std::string readme = file_text(work / "answer/README.md");
  CHECK(contains(readme, "| learned "));
  CHECK_FALSE(contains(readme, "curve.svg"));
  const auto table = lines_of(file_text(work / "answer/table.csv"));
  REQUIRE(table.size() == 5);
  CHECK(table[1].starts_with("learned,16,16,copy,test,2,20,"));
  const std::string beyond = "learned,16,32,copy,test,0,,,,,,,,,16";  // then what training took
  CHECK(table[2].substr(0, beyond.size()) == beyond);
  const auto training = split(table[2].substr(beyond.size()), ",");
  REQUIRE(training.size() == 2);
  for (const std::string& field : training) CHECK(parse_real(field).value_or(0) > 0);
  CHECK(table[4].starts_with("alibi,16,32,copy,test,2,20,"));
}

TEST_CASE("Tasks that are asked for wrongly are one line that names the option", "[app]") {
  const TaskWorkspace work;
  const auto check = [&](const Words& options, const Words& named) {
    const std::string error = training_error(work, options);
    for (const std::string& part : named) {
      INFO(error);
      CHECK(contains(error, part));
    }
  };
  check({"--data.task=cpy"}, {"data.task", "'cpy'", "did you mean 'copy'", "passkey"});
  check({"--data.task="}, {"data.task", "empty", "copy, sort, recall"});
  check({"--data.corpus=ideal_reader", "--evaluation.protocol=non_overlapping",
         "--evaluation.examples=256"},
        {"data.task", "'copy'", "data.corpus is ideal_reader"});
  check({"--data.train=text/train.txt"}, {"data.train", "data.corpus = text"});
  check({"--data.documents=joined"}, {"data.documents", "data.corpus = text"});
  check({"--model.train_length=11", "--data.task=passkey"},
        {"model.train_length: 11", "passkey", "12"});
  check({"--evaluation.protocol=non_overlapping", "--evaluation.examples=256"},
        {"evaluation.protocol: non_overlapping", "data.corpus task", "protocol = task"});
  check({"--evaluation.examples=0"}, {"evaluation.examples", "'0'"});
  check({"--evaluation.stride=8"}, {"evaluation.stride: 8", "sliding"});
  check({"--evaluation.max_tokens=8"}, {"evaluation.max_tokens: 8", "of text"});
  check({"--evaluation.draws=2"}, {"evaluation.draws: 2", "position.scheme = randomized"});
  check({"--evaluation.split=train"}, {"evaluation.split", "test or valid"});
  check({"--evaluation.counting=paper"}, {"evaluation.counting: paper", "of text"});

  // Of a text, neither the protocol nor its examples.
  CHECK(contains(error_of(work, {"train", "tiny.ini", "--evaluation.protocol=task"}),
                 "evaluation.protocol: task does not fit data.corpus text"));
  CHECK(contains(error_of(work, {"train", "tiny.ini", "--evaluation.examples=9"}),
                 "evaluation.examples: 9"));

  CHECK(contains(error_of(work, {"generate", "written", "--data.corpus=task"}),
                 "data.corpus: is task"));
  CHECK_FALSE(fs::exists(work / "written"));

  work.must_run({"train", "task.ini", "--run.folder=run"});
  CHECK(contains(error_of(work, {"evaluate", "run", "--evaluation.lengths=16 2"}),
                 "evaluation.lengths: 2"));
  CHECK_FALSE(fs::exists(work / "run/evaluation"));
}

}  // namespace lengthwise
