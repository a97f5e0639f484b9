#include <algorithm>
#include <cmath>
#include <set>

#include "app/workspace.h"
#include "base/number_text.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "data/token_stream.h"

namespace lengthwise {
namespace {

const Words kCommands = {"schemes",    "prepare", "train",   "evaluate",
                         "experiment", "compare", "generate"};
const Words kSchemes = {"none", "sinusoidal", "learned", "rotary", "alibi"};

/// "[model]", "width = 16" as model.width and 16.
std::map<std::string, std::string> options_in(const fs::path& file) {
  std::map<std::string, std::string> options;
  std::string section;
  for (const std::string& line : lines_of(file_text(file))) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
    const size_t equals = line.find(" =");
    if (equals == std::string::npos) continue;
    options[section + "." + line.substr(0, equals)] = std::string(trim(line.substr(equals + 2)));
  }
  return options;
}

std::map<std::string, fs::file_time_type> times_below(const fs::path& folder) {
  std::map<std::string, fs::file_time_type> times;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    times[entry.path().string()] = fs::last_write_time(entry.path());
  }
  return times;
}

void put_grid(const Workspace& work) {
  put_file(work / "grid.ini",
           "[experiment]\nquestion = Which one?\nschemes = none sinusoidal learned rotary alibi\n"
           "train_lengths = 16\nseeds = 1\nfolder = grid\nresults = answer\n");
}

TEST_CASE("Two runs of one config are the same bits, weights and measured values", "[app]") {
  const Workspace work;
  for (const char* run : {"a", "b"}) {
    work.must_run({"train", "tiny.ini", std::string("--run.folder=") + run, "--model.dropout=0.1",
                   "--training.validate_every=5"});
    work.must_run({"evaluate", run});
  }
  for (const char* file : {"checkpoint.safetensors", "best.safetensors", "state.safetensors"}) {
    check_same_bytes(work / "a" / file, work / "b" / file);
  }
  for (const int64_t length : {16, 32}) {
    check_same_bytes(values_file(work / "a", length), values_file(work / "b", length));
  }
  CHECK(log_without_speed(work / "a/train.jsonl") == log_without_speed(work / "b/train.jsonl"));

  // And they are not the same whatever one does.
  work.must_run({"train", "tiny.ini", "--run.folder=c", "--model.dropout=0.1",
                 "--training.validate_every=5", "--training.seed=2"});
  CHECK(file_text(work / "a/state.safetensors") != file_text(work / "c/state.safetensors"));
}

TEST_CASE("A run folder's config trains the same weights bit for bit in another folder", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=first", "--position.scheme=rotary",
                 "--position.rotary.base=500.5", "--model.dropout=0.25",
                 "--training.learning_rate=0.0123456789012345", "--model.activation=swiglu",
                 "--training.optimizer=sgd", "--training.seed=123456789012"});
  work.must_run({"train", "first/config.ini", "--run.folder=second"});
  check_same_bytes(work / "first/checkpoint.safetensors", work / "second/checkpoint.safetensors");
  check_same_bytes(work / "first/state.safetensors", work / "second/state.safetensors");
}

TEST_CASE("What is left to the model and the steps is stored as the number it comes to", "[app]") {
  const Workspace work;
  const Words train{"train", "tiny.ini", "--training.warmup_steps=-1", "--run.folder=run"};
  work.must_run(train);
  const auto options = options_in(work / "run/config.ini");
  CHECK(options.at("model.embedding_std") == "0.7");
  CHECK(options.at("training.warmup_steps") == "6");  // half of 12
  CHECK(SafetensorsFile(work / "run/checkpoint.safetensors").metadata("model.embedding_std") ==
        "0.7");
  CHECK(contains(work.must_run(train).output, "already trained"));
  CHECK(contains(work.must_run({"train", "run/config.ini", "--run.folder=run"}).output,
                 "already trained"));
  work.must_run({"evaluate", "run"});
}

TEST_CASE("An option that a run does not read neither locks it nor makes it another row", "[app]") {
  const Workspace work;
  put_file(work / "unread.ini", "[position]\nrotary.base = 5\n[training]\nmomentum = 0.1\n");
  work.must_run({"train", "tiny.ini", "--run.folder=run"});
  const Words again{"train", "tiny.ini", "unread.ini", "--run.folder=run"};
  CHECK(contains(work.must_run(again).output, "already trained"));
  fs::remove(work / "run/checkpoint.safetensors");
  CHECK(contains(work.must_run(again).output, "is written again"));  // from its state
  work.must_run({"evaluate", "run"});

  Words other = again;
  other.back() = "--run.folder=other";
  other.push_back("--training.seed=2");
  work.must_run(other);
  work.must_run({"evaluate", "other"});
  const std::string table = work.must_run({"compare", "run", "other"}).output;
  CHECK_FALSE(contains(table, "rotary.base"));
  CHECK_FALSE(contains(table, "momentum"));
}

TEST_CASE("Runs of two corpora have two default folders", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini"});
  work.must_run({"train", "tiny.ini", "--data.vocabulary=char", "--data.folder=prepared/chars"});
  CHECK(fs::exists(work / "runs/tiny-alibi-L16-seed1/checkpoint.safetensors"));
  CHECK(fs::exists(work / "runs/chars-alibi-L16-seed1/checkpoint.safetensors"));
}

TEST_CASE("The command line wins over files, later files over earlier ones, files over defaults",
          "[app]") {
  const Workspace work;
  put_file(work / "over.ini",
           "[model]\nwidth = 24\nfeedforward = 20\n[training]\nsteps = 3\nwarmup_steps = 0\n");
  work.must_run({"train", "--training.steps=2", "tiny.ini", "over.ini", "--run.folder", "run",
                 "--model.feedforward", "40"});
  const auto options = options_in(work / "run/config.ini");
  CHECK(options.at("model.heads") == "2");                 // the first file alone
  CHECK(options.at("model.width") == "24");                // the second file over the first
  CHECK(options.at("model.feedforward") == "40");          // the command line over both
  CHECK(options.at("training.steps") == "2");              // wherever it stands
  CHECK(options.at("position.rotary.pairing") == "half");  // a default
  const SafetensorsFile weights(work / "run/checkpoint.safetensors");
  CHECK(weights.metadata("model.width") == "24");
  CHECK(weights.metadata("model.feedforward") == "40");
  CHECK(weights.metadata("step") == "2");
}

TEST_CASE("schemes lists every scheme with its paper and its reach", "[app]") {
  const Workspace work;
  const auto lines = lines_of(work.must_run({"schemes"}).output);
  REQUIRE(lines.size() > kSchemes.size());
  const Words papers = {"2203.16634", "1706.03762", "1705.03122", "2104.09864", "2108.12409"};
  for (size_t i = 0; i < kSchemes.size(); ++i) {
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const std::string& each) {
      return each.starts_with(kSchemes[i] + " ");
    });
    REQUIRE(line != lines.end());
    CHECK(contains(*line, papers[i]));
    CHECK(contains(*line, kSchemes[i] == "learned" ? " train_length " : " any "));
  }
}

TEST_CASE("What is changed after training is measured beside it and named in the table", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run"});
  work.must_run({"evaluate", "run"});
  const std::string trained = work.must_run({"compare", "run"}).output;
  work.must_run({"evaluate", "run", "--position.scheme=none"});
  work.must_run({"evaluate", "run", "--model.window=8", "--model.sinks=2"});
  const std::string compared = work.must_run({"compare", "run"}).output;
  for (const std::string row :
       {"alibi ", "alibi with position.scheme=none ", "alibi with model.window=8 model.sinks=2 "}) {
    INFO(row);
    CHECK(contains(compared, "\n" + row));
  }
  CHECK_FALSE(contains(trained, "alibi with"));
  // A window as long as the text it stands in changes no value.
  const auto wide = work.must_run({"evaluate", "run", "--model.window=4096"}).output;
  const auto lines = lines_of(wide);
  const auto before = lines_of(work.must_run({"evaluate", "run"}).output);
  REQUIRE(lines.size() == before.size());
  const auto measured = [](const std::string& line) {
    const size_t begin = line.find("perplexity");
    return begin == line.npos ? std::string() : line.substr(begin, line.find(" over ") - begin);
  };
  for (size_t i = 0; i < lines.size(); ++i) CHECK(measured(lines[i]) == measured(before[i]));
}

TEST_CASE("--help of the commands shows every option, and not all of them anywhere", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run"});
  Words names;
  for (const auto& [name, value] : options_in(work / "run/config.ini")) names.push_back(name);
  REQUIRE(names.size() > 40);
  for (const char* name : {"question", "schemes", "train_lengths", "seeds", "folder", "results"}) {
    names.push_back(std::string("experiment.") + name);
  }
  const auto before = contents(work.path());
  std::string all;
  for (const std::string& command : kCommands) {
    const std::string help = work.must_run({command, "--help"}).output;
    CHECK(contains(help, "Usage: lengthwise " + command));
    CHECK_FALSE(std::ranges::all_of(
        names, [&](const std::string& name) { return contains(help, "--" + name + " X"); }));
    all += help;
  }
  for (const std::string& name : names) {
    INFO("help shows " << name);
    CHECK(contains(all, "--" + name + " X"));
  }
  const std::string usage = work.must_run({"--help"}).output;
  for (const std::string& command : kCommands) CHECK(contains(usage, "  " + command + " "));
  CHECK(difference(before, contents(work.path())) == "");
}

TEST_CASE("generate writes the built-in corpus as token files, and never over others", "[app]") {
  const Workspace work;
  work.must_run({"generate", "corpus"});
  const TokenStream test = TokenStream::open(work / "corpus/test.safetensors");
  CHECK(test.documents().size() == 32);
  CHECK(test.size() == 32 * 2049);  // 2048 targets a document
  CHECK(TokenStream::open(work / "corpus/train.safetensors").size() > test.size());
  CHECK(TokenStream::open(work / "corpus/valid.safetensors").documents().size() == 16);

  fs::remove(work / "corpus/train.safetensors");
  const auto before = contents(work / "corpus");
  const Outcome again = work.run({"generate", "corpus"});
  CHECK(again.exit_code == 2);
  CHECK(contains(again.errors, "corpus/valid.safetensors: exists"));
  CHECK(difference(before, contents(work / "corpus")) == "");
}

TEST_CASE("prepare counts what it made, and finds it the next time", "[app]") {
  const Workspace work;
  const Outcome outcome = work.must_run({"prepare", "tiny.ini"});
  const auto bytes = std::to_string(file_text(work / "text/train.txt").size());
  CHECK(contains(outcome.output, " " + bytes + " tokens "));
  CHECK(contains(outcome.output, " " + bytes + " bytes "));
  CHECK(contains(outcome.output, " 600 words "));
  CHECK(TokenStream::open(work / "prepared/tiny/train.safetensors").size() ==
        static_cast<int64_t>(file_text(work / "text/train.txt").size()));
  const auto before = times_below(work / "prepared");
  CHECK(work.must_run({"prepare", "tiny.ini"}).output == outcome.output);
  CHECK(times_below(work / "prepared") == before);
}

TEST_CASE("What is measured is not measured again, and new lengths alone are added", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run"});
  work.must_run({"evaluate", "run"});
  const std::string lines = file_text(work / "run/evaluation.jsonl");
  CHECK(lines_of(lines).size() == 2);
  const auto times = times_below(work / "run/evaluation");

  const Outcome again = work.must_run({"evaluate", "run"});
  CHECK(file_text(work / "run/evaluation.jsonl") == lines);
  CHECK(times_below(work / "run/evaluation") == times);
  const auto printed = lines_of(again.output);
  REQUIRE(printed.size() == 3);
  CHECK(contains(printed[1], "L=16"));
  CHECK(contains(printed[1], "measured before"));
  CHECK(contains(printed[2], "L=32"));
  CHECK(contains(printed[2], "measured before"));

  work.must_run({"evaluate", "run", "--evaluation.lengths", "16 24 32 48"});
  const auto longer = lines_of(file_text(work / "run/evaluation.jsonl"));
  REQUIRE(longer.size() == 4);
  CHECK(file_text(work / "run/evaluation.jsonl").starts_with(lines));
  CHECK(nlohmann::json::parse(longer[2])["length"] == 24);
  CHECK(nlohmann::json::parse(longer[3])["length"] == 48);
  const auto times_after = times_below(work / "run/evaluation");
  for (const auto& [name, time] : times) CHECK(times_after.at(name) == time);

  // Other weights are another thing to measure.
  work.must_run({"train", "tiny.ini", "--run.folder=other", "--training.seed=2"});
  fs::copy_file(work / "other/checkpoint.safetensors", work / "run/checkpoint.safetensors",
                fs::copy_options::overwrite_existing);
  const Outcome anew = work.must_run({"evaluate", "run"});
  CHECK(!contains(anew.output, "measured before"));
}

TEST_CASE("Every scored token is the same at every length and under both protocols", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run"});
  work.must_run({"evaluate", "run"});
  work.must_run({"evaluate", "run", "--evaluation.protocol=sliding", "--evaluation.stride=5"});
  // Bytes have no start token: all but the first are scored.
  const auto targets = static_cast<int64_t>(file_text(work / "text/test.txt").size()) - 1;
  std::set<std::pair<std::string, int64_t>> measured;
  for (const std::string& line : lines_of(file_text(work / "run/evaluation.jsonl"))) {
    const auto record = nlohmann::json::parse(line);
    measured.emplace(record["protocol"], record["length"]);
    CHECK(record["tokens"] == targets);
    const SafetensorsFile values(work / ("run/" + record["file"].get<std::string>()));
    const auto nats = values.values<float>("nats");
    REQUIRE(static_cast<int64_t>(nats.size()) == targets);
    double sum = 0;
    for (const float value : nats) sum += value;
    CHECK(record["nats_per_token"].get<double>() ==
          Approx(sum / static_cast<double>(targets)).epsilon(1e-9));
    const auto positions = values.values<int64_t>("positions");
    CHECK(std::vector<int64_t>(positions.begin(), positions.end()) ==
          std::vector<int64_t>{1, targets});
  }
  CHECK(measured ==
        std::set<std::pair<std::string, int64_t>>{
            {"non_overlapping", 16}, {"non_overlapping", 32}, {"sliding", 16}, {"sliding", 32}});
}

TEST_CASE("compare needs the run folders alone: text, prepared tokens and weights may be gone",
          "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=a"});
  work.must_run({"train", "tiny.ini", "--run.folder=b", "--position.scheme=rotary"});
  for (const char* run : {"a", "b"}) work.must_run({"evaluate", run});
  const std::string before = work.must_run({"compare", "a", "b"}).output;
  fs::remove_all(work / "text");
  fs::remove_all(work / "prepared");
  for (const char* run : {"a", "b"}) fs::remove((work / run) / "checkpoint.safetensors");
  CHECK(
      work.must_run({"compare", "a", "b", "--experiment.results=out"}).output.starts_with(before));
  CHECK(contains(file_text(work / "out/breakdowns.csv"), "\nprevious_bigram,never before,rotary,"));

  // Bits per byte as the run recorded them, from the nats and the bytes of the text.
  const auto record = nlohmann::json::parse(lines_of(file_text(work / "a/evaluation.jsonl"))[0]);
  const auto table = lines_of(file_text(work / "out/table.csv"));
  std::map<std::string, std::string> alibi;
  const Words names = split(table[0], ",");
  for (const std::string& line : table) {
    if (!line.starts_with("alibi,16,16,")) continue;
    std::istringstream fields(line);
    for (const std::string& name : names) std::getline(fields, alibi[name], ',');
  }
  CHECK(*parse_real(alibi["bits_per_byte"]) ==
        Approx(record["bits_per_byte"].get<double>()).epsilon(1e-9));
  CHECK(*parse_real(alibi["perplexity_per_word"]) ==
        Approx(std::exp(record["nats_per_token"].get<double>() * record["tokens"].get<double>() /
                        record["words"].get<double>()))
            .epsilon(1e-9));

  fs::remove(work / "b/evaluation/test.tokens.safetensors");
  const Outcome refused = work.run({"compare", "a", "b"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.errors, "b/evaluation/test.tokens.safetensors"));
}

TEST_CASE("What a lost or damaged file of a run asks for cures it", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run", "--training.validate_every=5"});
  work.must_run({"evaluate", "run"});
  const auto perplexities = [&] {
    for (const std::string& line : lines_of(work.must_run({"compare", "run"}).output)) {
      const Words words = split(line);
      if (words.at(0) == "alibi") return Words(words.end() - 2, words.end());
    }
    return Words();
  };
  const Words measured = perplexities();
  REQUIRE(measured.size() == 2);
  const auto cured_by = [&](const Words& asked_by, const std::string& message,
                            const Words& advised) {
    const Outcome refused = work.run(asked_by);
    CHECK(refused.exit_code == 2);
    INFO(refused.errors);
    CHECK(contains(refused.errors, message));
    work.must_run(advised);
    work.must_run(asked_by);
    CHECK(perplexities() == measured);
  };
  fs::remove(work / "run/evaluation/test.tokens.safetensors");
  cured_by({"compare", "run"}, "evaluate again", {"evaluate", "run"});
  fs::resize_file(values_file(work / "run", 32), 300);
  cured_by({"compare", "run"}, "evaluate again", {"evaluate", "run"});
  const Words train_again{"train", "run/config.ini", "--run.folder", "run"};
  const std::string advice = "`lengthwise train run/config.ini --run.folder run`";
  const std::string weights = file_text(work / "run/checkpoint.safetensors");
  SECTION("weights lost") {
    fs::remove(work / "run/checkpoint.safetensors");
  }
  SECTION("weights damaged") {
    fs::resize_file(work / "run/checkpoint.safetensors", 100);
  }
  SECTION("weights and state lost") {
    fs::remove(work / "run/checkpoint.safetensors");
    fs::remove(work / "run/state.safetensors");
  }
  cured_by({"evaluate", "run"}, advice, train_again);
  CHECK(file_text(work / "run/checkpoint.safetensors") == weights);
  // What no other file holds is not made again, and what is advised in its place works.
  fs::remove(work / "run/best.safetensors");
  const Outcome lost = work.run({"evaluate", "run", "--evaluation.checkpoint=best"});
  CHECK(contains(lost.errors, "set evaluation.checkpoint = last"));
  work.must_run({"evaluate", "run", "--evaluation.checkpoint=last"});
}

TEST_CASE("A run is measured on any text of its vocabulary, in a table of its own", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run", "--data.vocabulary=word",
                 "--data.folder=prepared/words"});
  work.must_run({"evaluate", "run"});
  const std::string own = work.must_run({"compare", "run"}).output;
  put_file(work / "elsewhere.txt", sample_text(9, 700));
  // What it was trained on is not needed: the run keeps its vocabulary.
  fs::remove_all(work / "text");
  fs::remove_all(work / "prepared");
  work.must_run({"evaluate", "run", "--data.test=elsewhere.txt"});
  CHECK(contains(work.must_run({"evaluate", "run", "--data.test=elsewhere.txt"}).output,
                 "(measured before)"));

  const std::string still_own = work.must_run({"compare", "run"}).output;
  CHECK(contains(still_own, "--evaluation.text elsewhere-word-"));
  CHECK(still_own.starts_with(own.substr(0, own.find("Columns:"))));
  const auto line =
      nlohmann::json::parse(lines_of(file_text(work / "run/evaluation.jsonl")).back());
  const std::string other = work.must_run({"compare", "run", "--evaluation.text",
                                           line["text"].get<std::string>().substr(0, 8)})
                                .output;
  CHECK(contains(other, "elsewhere-word-"));
  CHECK(contains(other, format_perplexity(line["perplexity"].get<double>())));
}

TEST_CASE("A run without a test text can be measured on one that is named later", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=run", "--data.test="});
  const Outcome refused = work.run({"evaluate", "run"});
  CHECK(refused.exit_code == 2);
  CHECK(contains(refused.errors, "set data.test"));
  work.must_run({"evaluate", "run", "--data.test=text/test.txt"});
  work.must_run({"compare", "run"});
  // Nor is a text added later another run's.
  CHECK(contains(
      work.must_run({"train", "tiny.ini", "--run.folder=run", "--data.folder=prepared/again"})
          .output,
      "already trained"));
}

TEST_CASE("An experiment trains, measures and compares every scheme; again, it makes nothing",
          "[app]") {
  const Workspace work;
  put_grid(work);
  const Outcome outcome = work.must_run({"experiment", "tiny.ini", "grid.ini"});
  for (const char* file :
       {"README.md", "report.html", "table.csv", "table.tex", "differences.csv", "breakdowns.csv",
        "curve.svg", "curve.png", "curve.pdf", "records.jsonl", "options.ini"}) {
    INFO(file);
    CHECK(fs::exists(work / "answer" / file));
  }
  const std::string readme = file_text(work / "answer/README.md");
  CHECK(contains(readme, "Which one?"));
  CHECK(contains(readme, "lengthwise experiment tiny.ini grid.ini"));
  CHECK(lines_of(file_text(work / "answer/records.jsonl")).size() == kSchemes.size());

  // Learned vectors end where training did; every other scheme has a number at twice that.
  for (const std::string& line : lines_of(readme.substr(0, readme.find("## How")))) {
    if (!line.starts_with("| ")) continue;
    for (const std::string& scheme : kSchemes) {
      if (!line.starts_with("| " + scheme + " ")) continue;
      INFO(line);
      CHECK(contains(line, "–") == (scheme == "learned"));
    }
  }
  CHECK(contains(readme, "| learned "));
  CHECK(contains(outcome.output, "–"));

  Words folders{"compare"};
  for (const std::string& scheme : kSchemes) folders.push_back("grid/" + scheme + "-L16-seed1");
  const std::string compared = work.must_run(folders).output;
  CHECK(contains(outcome.output, compared));

  auto before = times_below(work / "grid");
  work.must_run({"experiment", "tiny.ini", "grid.ini"});
  auto after = times_below(work / "grid");
  for (auto* times : {&before, &after}) {  // logs say anew what was found
    std::erase_if(*times, [](const auto& entry) { return contains(entry.first, "/logs"); });
  }
  CHECK(before == after);
}

TEST_CASE("The alternatives of an experiment are rows of their own, named by their options",
          "[app]") {
  const Workspace work;
  const std::string table =
      work.must_run({"experiment", "tiny.ini", "--experiment.schemes=rotary none",
                     "--experiment.train_lengths=16", "--experiment.seeds=1 2",
                     "--experiment.alternatives=position.rotary.base=50",
                     "--experiment.folder=grid"})
          .output;
  CHECK(contains(table, "\nrotary (position.rotary.base=50) "));
  CHECK_FALSE(contains(table, "none ("));  // which does not read it
  const std::string alternative = "grid/rotary-position.rotary.base=50-L16-seed1";
  CHECK(options_in(work / alternative / "config.ini").at("position.rotary.base") == "50");
  // Of two runs neither is the usual.
  const std::string two = work.must_run({"compare", "grid/rotary-L16-seed1", alternative}).output;
  CHECK(contains(two, "\nrotary (position.rotary.base=10000) "));
  CHECK(contains(two, "\nrotary (position.rotary.base=50) "));
}

TEST_CASE("An experiment measures what its runs can take after training", "[app]") {
  const Workspace work;
  const Words experiment = {"experiment",
                            "tiny.ini",
                            "--experiment.schemes=rotary alibi",
                            "--experiment.train_lengths=16",
                            "--experiment.seeds=1",
                            "--experiment.changes=position.scheme=rotary_ntk model.window=9",
                            "--experiment.folder=grid"};
  const std::string table = work.must_run(experiment).output;
  CHECK(contains(table, "\nrotary with position.scheme=rotary_ntk "));
  CHECK(contains(table, "\nrotary with model.window=9 "));
  CHECK(contains(table, "\nalibi with model.window=9 "));
  CHECK_FALSE(contains(table, "alibi with position"));
  const std::string lines = file_text(work / "grid/rotary-L16-seed1/evaluation.jsonl");
  work.must_run(experiment);
  CHECK(file_text(work / "grid/rotary-L16-seed1/evaluation.jsonl") == lines);
}

namespace {

/// A file after what it lies over: FOLDER/recipe.ini or FOLDER.ini, where there is one.
Words over_its_base(const fs::path& file) {
  const fs::path folder = file.parent_path();
  for (const fs::path& base : {folder / "recipe.ini", fs::path(folder.string() + ".ini")}) {
    if (fs::exists(base) && base != file) return {base.string(), file.string()};
  }
  return {file.string()};
}

/// Of files from left to right.
std::map<std::string, std::string> options_in_all(const Words& files) {
  std::map<std::string, std::string> options;
  for (const std::string& file : files) {
    for (const auto& [name, value] : options_in(file)) options[name] = value;
  }
  return options;
}

Words words_of(const std::string& command, const Words& files, const Words& options) {
  Words words{command};
  words.insert(words.end(), files.begin(), files.end());
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

}  // namespace

TEST_CASE("Every config and experiment that comes with the program is valid", "[app]") {
  const Workspace work;
  // Files name others of their folder as from the project's root.
  fs::create_directory_symlink(fs::path(LENGTHWISE_SOURCE) / "experiments", work / "experiments");
  int checked = 0;
  for (const char* folder : {"configs", "experiments"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(LENGTHWISE_SOURCE) / folder)) {
      if (entry.path().extension() != ".ini") continue;
      const std::string file = entry.path().string();
      INFO(file);
      ++checked;
      if (contains(file, "/pretrained/")) {
        // Its weights are not here: that is then all there is to say.
        const Outcome outcome = work.run({"experiment", file, "--data.folder=text"});
        CHECK(outcome.exit_code == 2);
        CHECK(contains(outcome.errors, "experiment.imported: models/"));
        continue;
      }
      const Words files = over_its_base(entry.path());
      const auto options = options_in_all(files);
      const auto corpus = options.find("data.corpus");
      if (corpus != options.end() && corpus->second == "text") {
        // Its text is not here: that is then all there is to say.
        const Outcome outcome = work.run(words_of("train", files, {"--data.train=text/none.txt"}));
        INFO(outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(contains(outcome.errors, "data.train: text/none.txt: "));
      } else {
        const Outcome outcome = work.run(words_of(
            "train", files,
            {"--training.steps=1", "--training.warmup_steps=0", "--training.batch_windows=1",
             "--model.layers=1", "--run.folder=run-" + std::to_string(checked)}));
        INFO(outcome.errors);
        CHECK(outcome.exit_code == 0);
      }
      if (std::string_view(folder) == "experiments") {
        // A grid is looked at before its folder, and texts that are not here after it.
        const bool has_text = corpus->second == "text";
        const std::string grid = has_text ? "grid" : "tiny.ini/grid";
        const Outcome outcome = work.run(words_of(
            "experiment", files, {"--experiment.folder=" + grid, "--evaluation.lengths=8"}));
        INFO(outcome.errors);
        CHECK(outcome.exit_code == 2);
        CHECK(contains(outcome.errors, has_text ? "data.train: " : "experiment.folder: " + grid));
      }
    }
  }
  CHECK(checked >= 6);
}

}  // namespace
}  // namespace lengthwise
