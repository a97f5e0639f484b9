#include "app/workspace.h"

namespace lengthwise {
namespace {

std::string log_decay(const std::string& slope) {
  return "\"\"\"A decay of " + slope +
         ".\"\"\"\nimport torch\n\n\ndef parameters(heads: int):\n"
         "    return {\"slope\": torch.full([heads], " +
         slope +
         ") + torch.rand([heads])}\n\n\n"
         "def bias(distance, p):\n    return -p[\"slope\"][:, None] * torch.log1p(distance)\n";
}

const Words kTrain = {"train",    "tiny.ini",          "--run.folder",
                      "runs/own", "--position.scheme", "ideas/my_idea.py"};

nlohmann::json record_of(const Workspace& work, const std::string& run) {
  return nlohmann::json::parse(file_text(work / (run + "/run.json")));
}

/// Everything but locks, whose files stay.
std::map<std::string, std::string> contents_but_locks(const fs::path& folder) {
  auto found = contents(folder);
  std::erase_if(found, [](const auto& entry) { return entry.first.ends_with(".lock"); });
  return found;
}

void check_refused(const Workspace& work, const Words& arguments, const Words& named) {
  const auto before = contents_but_locks(work.path());
  const Outcome outcome = work.run(arguments);
  INFO(outcome.errors);
  CHECK(outcome.exit_code == 2);
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  for (const std::string& part : named) {
    INFO("names " << part);
    CHECK(contains(outcome.errors, part));
  }
  CHECK(difference(before, contents_but_locks(work.path())) == "");
}

}  // namespace

TEST_CASE("A run keeps its scheme's text and does not change because the file does",
          "[app][scheme_file]") {
  const Workspace work;
  put_file(work / "ideas/my_idea.py", log_decay("0.5"));
  work.must_run(kTrain);
  check_same_bytes(work / "ideas/my_idea.py", work / "runs/own/my_idea.py");
  const auto record = record_of(work, "runs/own");
  CHECK(record["scheme"] == "my_idea");
  CHECK(record["scheme_summary"] == "A decay of 0.5.");
  const std::string hash = record["file_hashes"]["position.scheme"];
  CHECK(hash == sha256_of_file(work / "ideas/my_idea.py"));
  CHECK(contains(file_text(work / "runs/own/config.ini"), "\nscheme = my_idea.py\n"));

  // The run's config repeats it bit for bit, from its own copy.
  put_file(work / "ideas/my_idea.py", log_decay("3.0"));
  work.must_run({"train", "runs/own/config.ini", "--run.folder", "runs/again"});
  check_same_bytes(work / "runs/own/checkpoint.safetensors",
                   work / "runs/again/checkpoint.safetensors");
  check_same_bytes(work / "runs/own/my_idea.py", work / "runs/again/my_idea.py");

  // Measured with its own text, wherever its folder stands and whatever the file says now.
  work.must_run({"evaluate", "runs/own"});
  fs::remove_all(work / "ideas");
  fs::rename(work / "runs/own", work / "moved");
  const Outcome measured = work.must_run({"evaluate", "moved"});
  CHECK(contains(measured.output, "measured before"));
  CHECK(contains(work.must_run({"compare", "moved"}).output, "my_idea"));
}

TEST_CASE("A run of a scheme file that was stopped ends with the bits of one that was not",
          "[app][scheme_file]") {
  const Workspace work;
  put_file(work / "ideas/my_idea.py", log_decay("0.5"));
  work.must_run(kTrain);
  Words part = kTrain;
  part[3] = "runs/part";
  work.must_run(part);
  fs::remove(work / "runs/part/checkpoint.safetensors");
  work.must_run(part);
  check_same_bytes(work / "runs/own/checkpoint.safetensors",
                   work / "runs/part/checkpoint.safetensors");
  // Killed after the text was kept and before anything else was.
  fs::create_directories(work / "runs/begun");
  fs::copy_file(work / "ideas/my_idea.py", work / "runs/begun/my_idea.py");
  part[3] = "runs/begun";
  work.must_run(part);
  check_same_bytes(work / "runs/own/checkpoint.safetensors",
                   work / "runs/begun/checkpoint.safetensors");
}

TEST_CASE("Another text under the same name is another scheme", "[app][scheme_file]") {
  const Workspace work;
  put_file(work / "ideas/my_idea.py", log_decay("0.5"));
  put_file(work / "others/my_idea.py", log_decay("3.0"));
  work.must_run(kTrain);
  Words other = kTrain;
  other[5] = "others/my_idea.py";
  check_refused(work, other,
                {"run.folder: runs/own was made with position.scheme = my_idea.py@",
                 "choose another folder"});
  check_refused(work, {"evaluate", "runs/own", "--position.scheme", "others/my_idea.py"},
                {"is another text than"});
  check_refused(work, {"evaluate", "runs/own", "--position.scheme", "ideas/my_idea.py"},
                {"changes nothing"});
  other[3] = "runs/other";
  work.must_run(other);
  work.must_run({"evaluate", "runs/own", "runs/other"});
  const std::string table = work.must_run({"compare", "runs/own", "runs/other"}).output;
  const auto hash = [&](const std::string& run) {
    return record_of(work, run)["file_hashes"]["position.scheme"].get<std::string>().substr(0, 8);
  };
  INFO(table);
  CHECK(contains(table, "my_idea (position.scheme=my_idea.py@" + hash("runs/own") + ")"));
  CHECK(contains(table, "my_idea (position.scheme=my_idea.py@" + hash("runs/other") + ")"));
  // Weights of one text are not read under another.
  fs::copy_file(work / "others/my_idea.py", work / "runs/own/my_idea.py",
                fs::copy_options::overwrite_existing);
  const Outcome swapped = work.run({"evaluate", "runs/own"});
  INFO(swapped.errors);
  CHECK(swapped.exit_code == 2);
  CHECK(contains(swapped.errors, "position.scheme"));
}

TEST_CASE("An experiment has scheme files beside built-in schemes", "[app][scheme_file]") {
  const Workspace work;
  put_file(work / "questions/my_idea.py", log_decay("0.5"));
  put_file(work / "questions/mine.ini",
           "[experiment]\nschemes = alibi my_idea.py\ntrain_lengths = 16\nseeds = 1\n"
           "folder = runs/grid\nchanges = model.window=8\n");
  // my_idea.py stands beside the file that names it.
  const Outcome grid = work.must_run({"experiment", "tiny.ini", "questions/mine.ini"});
  CHECK(contains(grid.output, "\nmy_idea "));
  CHECK(contains(grid.output, "\nalibi "));
  CHECK(contains(grid.output, "my_idea with model.window=8"));
  check_same_bytes(work / "questions/my_idea.py", work / "runs/grid/my_idea-L16-seed1/my_idea.py");
  CHECK(
      contains(work.must_run({"experiment", "tiny.ini", "questions/mine.ini"}).output, "my_idea"));
  put_file(work / "questions/my_idea.py", log_decay("3.0"));
  check_refused(work, {"experiment", "tiny.ini", "questions/mine.ini"},
                {"runs/grid/my_idea-L16-seed1 was made with position.scheme = my_idea.py@"});
  check_refused(work,
                {"experiment", "tiny.ini", "questions/mine.ini", "--experiment.schemes",
                 "questions/my_idea.py runs/grid/my_idea-L16-seed1/my_idea.py",
                 "--experiment.folder", "runs/two"},
                {"experiment.schemes", "names one twice"});
}

TEST_CASE("What is wrong with a scheme file is said before anything is written",
          "[app][scheme_file]") {
  const Workspace work;
  work.must_run({"prepare", "tiny.ini"});
  const auto refused = [&](const std::string& text, const Words& named) {
    put_file(work / "ideas/my_idea.py", "import torch\n" + text);
    check_refused(work, kTrain, named);
    check_refused(work, {"scheme", "check", "ideas/my_idea.py"}, named);
  };
  refused("def bias(distance:\n    return 1\n", {"ideas/my_idea.py:2: ", "not closed"});
  refused("def bias(gap):\n    return gap\n",
          {"ideas/my_idea.py:2: ", "def bias(distance: Tensor"});
  refused("def bias(distance):\n    return torch.lg1p(distance)\n",
          {"ideas/my_idea.py:3: ", "torch.lg1p is unknown", "log1p"});
  refused("def bias(distance):\n    return distance\n",
          {"ideas/my_idea.py:2: ", "[heads, distances]"});
  refused("def bias(distance, heads: int):\n    return torch.log(distance).expand(heads, -1)\n",
          {"ideas/my_idea.py:2: ", "not finite"});
  refused(
      "def parameters(heads):\n    return {\"a\": torch.ones([heads])}\n"
      "def bias(distance, heads):\n    return -distance.expand(heads, -1)\n",
      {"ideas/my_idea.py:2: ", "'a' gets no gradient"});
  refused(
      "def bias(distance, heads):\n    torch.save(distance, 'stolen')\n"
      "    return -distance.expand(heads, -1)\n",
      {"ideas/my_idea.py:3: ", "torch.save"});
  fs::remove(work / "ideas/my_idea.py");
  check_refused(work, kTrain, {"position.scheme", "ideas/my_idea.py is not there"});
  check_refused(work, {"scheme", "check", "alibi"}, {"scheme check: 'alibi' is no scheme file"});
}

TEST_CASE("scheme new writes an example of each kind and never over a file", "[app][scheme_file]") {
  const Workspace work;
  const Outcome first = work.must_run({"scheme", "new", "my_idea"});
  CHECK(contains(first.output, "written: my_idea.py"));
  const std::string all = file_text(work / "my_idea.py");
  for (const std::string kind : {"bias", "key_bias", "pair_bias", "change", "rotate", "embed"}) {
    CAPTURE(kind);
    CHECK(contains(all, "def " + kind + "("));
    work.must_run({"scheme", "new", "of_" + kind, kind});
    CHECK(contains(file_text(work / ("of_" + kind + ".py")), "\ndef " + kind + "("));
  }
  check_refused(work, {"scheme", "new", "my_idea"}, {"scheme new: my_idea.py exists"});
  check_refused(work, {"scheme", "new", "alibi"}, {"name of a built-in scheme"});
  check_refused(work, {"scheme", "new", "x", "rotation"}, {"did you mean 'rotate'?"});
  work.must_run(
      {"train", "tiny.ini", "--run.folder", "runs/own", "--position.scheme", "my_idea.py"});
  const Outcome checked = work.must_run({"scheme", "check", "my_idea.py", "--model.heads", "2",
                                         "--model.width", "16", "--model.train_length", "16"});
  CHECK(contains(checked.output, "causality"));
  CHECK(contains(checked.output, "All that every scheme keeps holds."));
}

}  // namespace lengthwise
