#include <functional>

#include "app/workspace.h"
#include "base/safetensors.h"

namespace lengthwise {
namespace {

// Several times what the largest run here needs.
[[maybe_unused]] constexpr rlim_t kMemoryBytes = rlim_t{4} << 30;

#if defined(__SANITIZE_ADDRESS__)
#define LENGTHWISE_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LENGTHWISE_ASAN
#endif
#endif

Limits memory_limit() {
  Limits limits;
#ifndef LENGTHWISE_ASAN  // its shadow alone takes terabytes of address space
  limits.memory_bytes = kMemoryBytes;
#endif
  return limits;
}

/// What is wrong, how it is asked for, and what the one line must name.
struct BadInput {
  std::string what;
  Words arguments;
  Words named;
};

/// Contents without locks, which are files of no bytes that stay.
std::map<std::string, std::string> contents_but_locks(const fs::path& folder) {
  auto found = contents(folder);
  std::erase_if(found, [](const auto& entry) { return entry.first.ends_with(".lock"); });
  return found;
}

void check_one_line(const Outcome& outcome, const Words& named) {
  INFO(outcome.errors);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.errors.starts_with("lengthwise: "));
  CHECK(std::count(outcome.errors.begin(), outcome.errors.end(), '\n') == 1);
  for (const std::string& part : named) {
    INFO("names " << part);
    CHECK(contains(outcome.errors, part));
  }
}

void check_refused(const Workspace& work, const BadInput& bad) {
  INFO(bad.what);
  const auto before = contents_but_locks(work.path());
  check_one_line(work.run(bad.arguments, memory_limit()), bad.named);
  CHECK(difference(before, contents_but_locks(work.path())) == "");
}

void check_all_refused(const Workspace& work, const std::vector<BadInput>& all) {
  for (const BadInput& bad : all) check_refused(work, bad);
}

Words train(const Words& options) {
  Words words{"train", "tiny.ini"};
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

/// `train` on other text: the named file as every split's, prepared apart.
Words train_on(const std::string& text, const std::string& vocabulary) {
  return train({"--data.train=" + text, "--data.valid=", "--data.test=",
                "--data.vocabulary=" + vocabulary, "--data.folder=prepared/fresh"});
}

void replace_in_file(const fs::path& path, const std::string& from, const std::string& to) {
  std::string text = file_text(path);
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  put_file(path, text.replace(at, from.size(), to));
}

/// A workspace with its text prepared.
class PreparedWorkspace : public Workspace {
 public:
  PreparedWorkspace() { must_run({"prepare", "tiny.ini"}); }
};

/// One with the run `run` trained and measured.
class TrainedWorkspace : public PreparedWorkspace {
 public:
  TrainedWorkspace() {
    must_run({"train", "tiny.ini", "--run.folder", "run"});
    must_run({"evaluate", "run"});
  }
  fs::path copy_of_run(const std::string& name) const {
    fs::copy(*this / "run", *this / name, fs::copy_options::recursive);
    return *this / name;
  }
};

TEST_CASE("A misspelt command, option, section or value is one line that names it", "[app]") {
  const PreparedWorkspace work;
  put_file(work / "option.ini", "# a comment\n[model]\nwidht = 8\n");
  put_file(work / "section.ini", "\n[modle]\nwidth = 8\n");
  put_file(work / "type.ini", "[model]\nwidth = 8\n\n[training]\nsteps = many\n");
  put_file(work / "range.ini", "[model]\nlayers = 0\n");
  put_file(work / "scheme.ini", "[position]\nscheme = albi\n");
  put_file(work / "twice.ini", "[model]\nwidth = 8\nwidth = 16\n");
  put_file(work / "syntax.ini", "[model]\nwidth = 8\nheads 2\n");
  check_all_refused(
      work, {
                {"command", {"trian", "tiny.ini"}, {"'trian'", "did you mean 'train'"}},
                {"argument of schemes", {"schemes", "alibi"}, {"schemes", "'alibi'"}},
                {"no config", {"train"}, {"config file"}},
                {"missing config", {"train", "none.ini"}, {"none.ini", "No such file"}},
                {"folder as config", {"train", "text"}, {"text", "no plain file"}},
                {"scheme",
                 train({"--position.scheme", "roatry"}),
                 {"position.scheme", "'roatry'", "did you mean 'rotary'", "sinusoidal"}},
                {"option", train({"--model.widht", "8"}), {"'model.widht'", "'model.width'"}},
                {"single dash", train({"-steps", "8"}), {"'-steps'", "two dashes"}},
                {"option of a file",
                 {"train", "tiny.ini", "option.ini"},
                 {"option.ini:3", "'model.widht'", "'model.width'"}},
                {"section of a file",
                 {"train", "tiny.ini", "section.ini"},
                 {"section.ini:3", "'modle.width'", "'model.width'"}},
                {"type in a file",
                 {"train", "tiny.ini", "type.ini"},
                 {"type.ini:5", "training.steps", "'many'", "whole number"}},
                {"range in a file",
                 {"train", "tiny.ini", "range.ini"},
                 {"range.ini:2", "model.layers", "'0'", "1 to"}},
                {"scheme in a file",
                 {"train", "tiny.ini", "scheme.ini"},
                 {"scheme.ini:2", "position.scheme", "'albi'", "did you mean 'alibi'"}},
                {"option twice in a file",
                 {"train", "tiny.ini", "twice.ini"},
                 {"twice.ini:3", "model.width", "twice"}},
                {"line of a file",
                 {"train", "tiny.ini", "syntax.ini"},
                 {"syntax.ini:3", "'heads 2'", "name = value"}},
                {"line break in a value",
                 train({"--position.scheme", "ali\nbi"}),
                 {"position.scheme", "line break"}},
                {"line break in a name", {"train", "no\nconfig.ini"}, {"config.ini"}},
            });
}

TEST_CASE("A value of the wrong type or out of range is refused with what would be right",
          "[app]") {
  const PreparedWorkspace work;
  check_all_refused(
      work,
      {
          {"word for a number",
           train({"--model.width", "wide"}),
           {"model.width", "'wide'", "whole number"}},
          {"half a number",
           train({"--training.steps=1.5"}),
           {"training.steps", "'1.5'", "whole number"}},
          {"no value", train({"--model.width="}), {"model.width", "''", "whole number"}},
          {"forgotten value",
           train({"--model.width", "--model.heads", "2"}),
           {"model.width", "missing", "'--model.heads'"}},
          {"too small", train({"--model.heads", "0"}), {"model.heads", "'0'", "at least 1"}},
          {"too large",
           train({"--model.width", "1000000000000"}),
           {"model.width", "'1000000000000'", "1 to 1048576"}},
          {"too many layers",
           train({"--model.layers", "9223372036854775807"}),
           {"model.layers", "1 to 10000"}},
          {"beyond 64 bits",
           train({"--training.steps", "99999999999999999999"}),
           {"training.steps", "'99999999999999999999'"}},
          {"too large a batch",
           train({"--training.batch_windows", "1000000000000"}),
           {"training.batch_windows", "1 to 65536"}},
          {"cutoffs that fall",
           train({"--model.embeddings=adaptive", "--model.cutoffs=9 5"}),
           {"model.cutoffs", "5 does not come after 9", "increase"}},
          {"cutoffs beyond the vocabulary",
           train({"--model.head=adaptive", "--model.cutoffs=5 100000"}),
           {"model.cutoffs", "100000", "vocabulary of"}},
          {"adaptive without cutoffs",
           train({"--model.head=adaptive"}),
           {"model.cutoffs", "empty", "20000 60000"}},
          {"ties of two kinds",
           train({"--model.head=adaptive", "--model.cutoffs=5", "--model.tied_embeddings=true"}),
           {"model.tied_embeddings", "plain", "adaptive", "set false"}},
          {"fewer rows than tokens",
           train({"--model.vocabulary_size=2"}),
           {"model.vocabulary_size", "2 is fewer"}},
          {"a batch of no whole windows",
           train({"--training.batch_tokens=100", "--model.train_length=30"}),
           {"training.batch_tokens", "100", "model.train_length 30", "90"}},
          {"a restart period of 0",
           train({"--training.period_steps=0"}),
           {"training.period_steps", "0 is no period", "-1"}},
          {"not a number",
           train({"--training.learning_rate", "nan"}),
           {"training.learning_rate", "'nan'"}},
          {"negative",
           train({"--training.learning_rate", "-1"}),
           {"training.learning_rate", "'-1'", "at least 0"}},
          {"dropout", train({"--model.dropout", "1"}), {"model.dropout", "'1'", "0 to 0.99"}},
          {"truth",
           train({"--model.tied_embeddings", "yes"}),
           {"model.tied_embeddings", "'yes'", "true nor false"}},
          {"threads", train({"--run.threads", "1000000"}), {"run.threads", "1000000", "cores"}},
          {"warm-up",
           train({"--training.warmup_steps", "12"}),
           {"training.warmup_steps", "12", "training.steps"}},
          {"list", train({"--evaluation.lengths", "16,x"}), {"evaluation.lengths", "'16,x'"}},
          {"empty list", train({"--evaluation.lengths="}), {"evaluation.lengths", "empty"}},
      });
}

TEST_CASE("An option that a command does not read is refused, and said who does", "[app]") {
  const Workspace work;
  work.must_run(train({"--run.folder", "alibi"}));
  check_all_refused(
      work,
      {{"weights in compare",
        {"compare", "alibi", "--model.width", "5"},
        {"model.width: compare does not read it; scheme, train, experiment do"}},
       {"the scheme in compare",
        {"compare", "alibi", "--position.scheme", "rotary"},
        {"position.scheme: compare"}},
       {"threads in compare", {"compare", "alibi", "--run.threads", "2"}, {"run.threads: compare"}},
       {"the corpus in compare",
        {"compare", "alibi", "--data.corpus", "long_reach"},
        {"data.corpus: compare"}},
       {"a corpus's text in generate",
        {"generate", "made", "--data.train", "text/train.txt"},
        {"data.train: generate does not read it; prepare, train, evaluate, import, experiment do"}},
       {"training in evaluate",
        {"evaluate", "alibi", "--training.steps", "7"},
        {"training.steps: evaluate does not read it"}},
       {"a grid in train",
        train({"--experiment.seeds", "1 2"}),
        {"experiment.seeds: train does not read it; experiment does"}},
       {"a model in prepare",
        {"prepare", "tiny.ini", "--model.width", "8"},
        {"model.width: prepare"}},
       {"an axis in experiment",
        {"experiment", "tiny.ini", "--training.seed", "3"},
        {"training.seed", "experiment.seeds"}},
       {"another scheme's",
        train({"--position.scheme", "alibi", "--position.rotary.base", "5"}),
        {"position.rotary.base", "position.scheme = rotary,"}},
       {"another optimizer's",
        train({"--training.momentum", "0.5"}),
        {"training.momentum", "training.optimizer = sgd"}},
       {"a draw of none",
        {"evaluate", "alibi", "--evaluation.draws", "3"},
        {"evaluation.draws", "position.scheme = randomized"}},
       {"twice",
        train({"--model.heads", "2", "--model.heads", "4"}),
        {"model.heads: is given twice"}},
       {"a common name", train({"--position.scheme", "rope"}), {"did you mean 'rotary'?"}},
       {"a change that is none",
        {"evaluate", "alibi", "--model.window", "0"},
        {"model.window: changes nothing"}},
       {"one of two changes that is none",
        {"evaluate", "alibi", "--model.window", "8", "--position.alibi.bias_max", "8"},
        {"position.alibi.bias_max: changes nothing"}},
       {"a device that is none",
        train({"--run.device", "gpu"}),
        {"run.device: 'gpu' is no device; cpu, cuda or cuda:1"}},
       {"a precision that is none",
        train({"--run.precision", "fp16"}),
        {"run.precision", "fp32, bf16"}},
       {"a precision's companion without it",
        train({"--run.slow_precision", "true"}),
        {"run.slow_precision", "run.precision = bf16"}},
       {"a profile in a folder that is not there",
        train({"--run.profile", "nowhere/trace.json"}),
        {"run.profile: nowhere/trace.json: there is no folder nowhere"}},
       {"a scheme's change that is none",
        {"evaluate", "alibi", "--position.alibi.bias_max", "8"},
        {"position.alibi.bias_max: changes nothing"}},
       {"a change not read",
        {"evaluate", "alibi", "--position.xpos.gamma", "0.1"},
        {"position.xpos.gamma", "not read here"}},
       {"the default of a change not read",
        {"evaluate", "alibi", "--position.xpos.gamma", "0.4"},
        {"position.xpos.gamma", "not read"}}});
}

TEST_CASE("A text that training will ask for is missed before anything is written", "[app]") {
  const Workspace work;
  check_refused(work, {"no valid text",
                       train({"--data.valid=", "--training.validate_every=4"}),
                       {"data.valid: is empty", "training.validate_every is 4"}});
}

TEST_CASE("A command's help shows the options that it reads and no others", "[app]") {
  const Workspace work;
  for (const char* help : {"--help", "-h"}) {
    const Outcome compare = work.run({"compare", help});
    CHECK(compare.exit_code == 0);
    CHECK(contains(compare.output, "--evaluation.split"));
    CHECK(contains(compare.output, "--experiment.results"));
    CHECK_FALSE(contains(compare.output, "--model."));
    CHECK_FALSE(contains(compare.output, "--evaluation.batch_tokens"));
    const Outcome train_help = work.run({"train", help});
    CHECK(contains(train_help.output, "--model.width"));
    CHECK_FALSE(contains(train_help.output, "--experiment."));
  }
}

TEST_CASE("A model that its scheme cannot serve is refused before anything is written", "[app]") {
  const PreparedWorkspace work;
  check_all_refused(
      work, {
                {"heads beside the width",
                 train({"--model.heads", "3"}),
                 {"model.heads", "3", "model.width 16"}},
                {"odd head width",
                 train({"--position.scheme=rotary", "--model.width=18", "--model.heads=2"}),
                 {"model.heads", "2", "9", "even"}},
                {"odd width",
                 train({"--position.scheme=sinusoidal", "--model.width=9", "--model.heads=3"}),
                 {"model.width", "9", "odd"}},
            });
}

TEST_CASE("Text that is missing, empty, broken or too short is named with its option or place",
          "[app]") {
  const PreparedWorkspace work;
  put_file(work / "text/empty.txt", "");
  put_file(work / "text/short.txt", "abc\n");
  put_file(work / "text/latin.txt", "one caf\xE9 two\n");
  put_file(work / "text/wide.txt", std::string("o\0n\0e\0\n\0", 8));
  put_file(work / "text/lines.txt", std::string(99, '\n'));
  put_file(work / "text/same.txt", std::string(500, 'a'));
  fs::create_directories(work / "hollow/below");
  put_file(work / "linked/a.txt", "a text\n");
  fs::create_symlink("nowhere", work / "linked/b.txt");
  put_file(work / "about/README.md", "no text\n");
  const auto bpe = [](const std::string& text, const std::string& size) {
    Words words = train_on(text, "bpe");
    words.push_back("--data.vocabulary_size=" + size);
    return words;
  };
  check_all_refused(
      work,
      {
          {"missing", train_on("text/none.txt", "byte"), {"data.train", "text/none.txt"}},
          {"empty", train_on("text/empty.txt", "byte"), {"data.train", "text/empty.txt", "empty"}},
          {"folder without files",
           train_on("hollow", "byte"),
           {"data.train", "hollow", "without files"}},
          {"a link to nowhere",
           train_on("linked", "char"),
           {"data.train", "linked/b.txt", "link to nowhere"}},
          {"nothing but a README", train_on("about", "char"), {"data.train", "README.md"}},
          {"UTF-16", train_on("text/wide.txt", "char"), {"text/wide.txt", "UTF-16", "UTF-8"}},
          {"line ends alone",
           bpe("text/lines.txt", "300"),
           {"data.vocabulary_size", "300", "nothing but line ends"}},
          {"too many tokens",
           bpe("text/same.txt", "5000000000"),
           {"data.vocabulary_size", "5000000000", "at most 265"}},
          {"no characters",
           train_on("text/latin.txt", "char"),
           {"text/latin.txt", "UTF-8", "byte 7", "data.vocabulary = byte"}},
          {"no words", train_on("text/latin.txt", "word"), {"text/latin.txt", "UTF-8", "byte 7"}},
          {"nothing named", train_on("", "byte"), {"data.folder", "prepared/fresh"}},
          {"windows beyond the text",
           train({"--model.train_length", "100000"}),
           {"model.train_length", "100000"}},
          {"another vocabulary",
           train({"--data.vocabulary", "char"}),
           {"data.vocabulary", "char", "prepared/tiny", "byte"}},
          {"other text",
           train({"--data.test", "text/short.txt"}),
           {"prepared/tiny", "text/short.txt"}},
          {"no such split",
           train({"--data.folder=prepared/fresh",
                  "--data.train=", "--data.test=", "--data.valid=text/short.txt"}),
           {"data.valid", "data.train"}},
          {"text for the built-in corpus",
           train({"--data.corpus", "ideal_reader"}),
           {"data.train", "data.corpus"}},
      });
  // Preparing says what it does before the window is found too long.
  const Outcome short_text = work.run(train_on("text/short.txt", "byte"));
  CHECK(short_text.exit_code == 2);
  CHECK(contains(lines_of(short_text.errors).back(), "model.train_length: is 16"));
  CHECK(!fs::exists(work / "runs"));
}

TEST_CASE("A config that is no text of ours is refused by file and line", "[app]") {
  const PreparedWorkspace work;
  put_file(work / "wide.ini", std::string("\xFF\xFE[\0a\0]\0\n\0", 10));
  put_file(work / "nul.ini", std::string("[training]\nsteps = 5\0 and more\n", 31));
  put_file(work / "bell.ini", "[training]\nsteps = 5\n\astep = 4\n");
  check_all_refused(
      work, {
                {"UTF-16", {"train", "wide.ini"}, {"wide.ini", "UTF-16", "save it as UTF-8"}},
                {"a NUL", {"train", "nul.ini"}, {"nul.ini:2", "NUL", "column 10"}},
                {"a control character", {"train", "bell.ini"}, {"bell.ini:3", "0x07", "column 1"}},
            });
}

TEST_CASE("A folder that is no run's, another run's or cannot be written is refused", "[app]") {
  const TrainedWorkspace work;
  check_all_refused(
      work,
      {
          {"evaluate what is not there", {"evaluate", "none"}, {"none", "config.ini"}},
          {"evaluate a folder of text", {"evaluate", "text"}, {"text", "config.ini"}},
          {"compare a folder of text", {"compare", "text"}, {"text/run.json"}},
          {"train into a folder of text",
           train({"--run.folder", "text"}),
           {"run.folder", "text", "config.ini"}},
          {"train into a file", train({"--run.folder", "tiny.ini"}), {"run.folder", "tiny.ini"}},
          {"train with another seed",
           train({"--run.folder=run", "--training.seed=7"}),
           {"run", "training.seed = 1", "not 7"}},
          {"train another scheme",
           train({"--run.folder=run", "--position.scheme=none"}),
           {"run", "position.scheme = alibi", "not none"}},
          {"below a file", train({"--run.folder", "tiny.ini/run"}), {"tiny.ini/run"}},
          {"below /proc", train({"--run.folder", "/proc/none/run"}), {"/proc/none/run"}},
          {"too long a name", train({"--run.folder", std::string(300, 'a')}), {"too long"}},
          {"tokens below a file", train({"--data.folder", "tiny.ini/tokens"}), {"tiny.ini"}},
          {"results below a file",
           {"compare", "run", "--experiment.results", "tiny.ini/results"},
           {"tiny.ini/results"}},
          {"results in a folder of text",
           {"compare", "run", "--experiment.results", "text"},
           {"experiment.results", "text"}},
          {"results in a run folder",
           {"compare", "run", "--experiment.results=run/results"},
           {"experiment.results", "run/results", "the run folder"}},
          {"a corpus in a folder of text", {"generate", "text"}, {"text", "holds files"}},
          {"corpus below a file", {"generate", "tiny.ini/corpus"}, {"tiny.ini/corpus"}},
          {"corpus nowhere", {"generate"}, {"generate", "folder"}},
      });
}

TEST_CASE("An answer that cannot be written is an error", "[app]") {
  const TrainedWorkspace work;
  Limits full;
  full.file_bytes = 10;
  for (const Words& words : std::vector<Words>{{"schemes"},
                                               {"--help"},
                                               {"train", "--help"},
                                               {"train", "tiny.ini", "--run.folder=run"}}) {
    const Outcome outcome = work.run(words, full);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.output.size() <= 10);
  }
}

TEST_CASE("A measurement that cannot be made is refused before anything is measured", "[app]") {
  const TrainedWorkspace work;
  fs::remove(work.copy_of_run("untrained") / "checkpoint.safetensors");
  const auto evaluate = [](const Words& options) {
    Words words{"evaluate", "run"};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  };
  check_all_refused(
      work,
      {
          {"no run", {"evaluate"}, {"run folder"}},
          {"no stride",
           evaluate({"--evaluation.protocol", "sliding"}),
           {"evaluation.stride", "0", "at least 1"}},
          {"stride side by side",
           evaluate({"--evaluation.stride", "4"}),
           {"evaluation.stride", "4", "evaluation.protocol = sliding or last_k"}},
          {"long stride",
           evaluate({"--evaluation.protocol=sliding", "--evaluation.stride=17"}),
           {"evaluation.stride", "17", "evaluation.lengths", "16"}},
          {"long window",
           evaluate({"--evaluation.lengths", "16 100000"}),
           {"evaluation.lengths", "100000", "test split"}},
          {"long sliding window",
           evaluate({"--evaluation.protocol=sliding", "--evaluation.stride=4",
                     "--evaluation.lengths=100000"}),
           {"evaluation.lengths", "100000", "test split"}},
          {"long last_k window",
           evaluate({"--evaluation.protocol=last_k", "--evaluation.last=4",
                     "--evaluation.lengths=16 100000"}),
           {"evaluation.lengths", "100000", "test split"}},
          {"long window of the paper",
           evaluate({"--evaluation.counting=paper", "--evaluation.lengths=100000"}),
           {"evaluation.lengths", "100000", "test split"}},
          {"no k",
           evaluate({"--evaluation.protocol=last_k"}),
           {"evaluation.last", "0", "at least 1"}},
          {"more than a window",
           evaluate({"--evaluation.protocol=last_k", "--evaluation.last=17"}),
           {"evaluation.last", "17", "evaluation.lengths", "16"}},
          {"last_k that scores twice",
           evaluate(
               {"--evaluation.protocol=last_k", "--evaluation.last=4", "--evaluation.stride=3"}),
           {"evaluation.stride", "3", "evaluation.last, 4", "twice"}},
          {"k of another protocol",
           evaluate({"--evaluation.last=4"}),
           {"evaluation.last", "4", "evaluation.protocol = last_k"}},
          {"unknown first token",
           evaluate({"--evaluation.first_token=eso"}),
           {"evaluation.first_token", "'eso'", "vocabulary, none, eos, previous"}},
          {"a vocabulary without that token",
           evaluate({"--evaluation.first_token=eos"}),
           {"evaluation.first_token", "eos", "none or previous"}},
          {"the paper with another first token",
           evaluate({"--evaluation.counting=paper", "--evaluation.first_token=none"}),
           {"evaluation.first_token", "none", "paper"}},
          {"the paper's last_k",
           evaluate({"--evaluation.counting=paper", "--evaluation.protocol=last_k",
                     "--evaluation.last=4"}),
           {"evaluation.counting", "paper", "last_k"}},
          {"unknown counting",
           evaluate({"--evaluation.counting=papre"}),
           {"evaluation.counting", "'papre'", "did you mean 'paper'"}},
          {"another model",
           evaluate({"--model.width", "32"}),
           {"model.width: evaluate does not read it; scheme, train, experiment do"}},
          {"a scheme the weights cannot take",
           evaluate({"--position.scheme=rotary"}),
           {"position.scheme", "alibi", "rotary", "alibi_scaled, none"}},
          {"sinks without a window",
           evaluate({"--model.sinks=2"}),
           {"model.sinks", "2", "model.window above 0"}},
          {"a change that nothing reads",
           evaluate({"--position.rotary_yarn.factor=16"}),
           {"position.rotary_yarn.factor", "16", "not read", "position.scheme = rotary_yarn"}},
          {"a negative window", evaluate({"--model.window=-1"}), {"model.window", "'-1'", "0"}},
          {"no factors",
           train({"--position.scheme=rotary_longrope", "--run.folder=new"}),
           {"position.rotary_longrope.factors"}},
          {"a factor below 1",
           train({"--position.scheme=rotary_interpolated",
                  "--position.rotary_interpolated.factor=0.5", "--run.folder=new"}),
           {"position.rotary_interpolated.factor", "0.5"}},
          {"other data",
           evaluate({"--data.documents=joined"}),
           {"data.documents: evaluate does not read it"}},
          {"no best weights",
           evaluate({"--evaluation.checkpoint", "best"}),
           {"run/best.safetensors", "training.validate_every"}},
          {"no weights", {"evaluate", "untrained"}, {"untrained/checkpoint.safetensors", "train"}},
          {"unknown protocol",
           evaluate({"--evaluation.protocol", "slidng"}),
           {"evaluation.protocol", "'slidng'", "did you mean 'sliding'"}},
          {"unknown split",
           evaluate({"--evaluation.split", "tset"}),
           {"evaluation.split", "'tset'", "did you mean 'test'"}},
      });
}

TEST_CASE("Runs that do not compare are refused, both sides named", "[app]") {
  const TrainedWorkspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=built-in", "--data.corpus=ideal_reader",
                 "--data.train=", "--data.valid=", "--data.test=", "--data.folder=",
                 "--position.scheme=none"});
  work.copy_of_run("again");
  check_refused(work, {"not measured",
                       {"compare", "run", "built-in"},
                       {"built-in", "no evaluation", "lengthwise evaluate"}});
  work.must_run({"evaluate", "built-in", "--evaluation.max_tokens=200"});
  check_all_refused(work, {{"an exact reader of one document, and one stream",
                            {"evaluate", "built-in", "--evaluation.counting=paper"},
                            {"evaluation.counting", "ideal_reader", "exact reader"}},
                           {"an exact reader of one document, and the token before it",
                            {"evaluate", "built-in", "--evaluation.first_token=previous"},
                            {"evaluation.first_token", "ideal_reader", "exact reader"}}});
  check_all_refused(work, {{"two corpora",
                            {"compare", "run", "built-in"},
                            {"--evaluation.text", "ideal_reader", "choose one"}},
                           {"one run twice", {"compare", "run", "again"}, {"run", "again", "seed"}},
                           {"no run", {"compare"}, {"run folder"}}});
}

TEST_CASE("A grid that cannot be trained or measured is refused before its first run", "[app]") {
  const PreparedWorkspace work;
  put_file(work / "grid.ini",
           "[experiment]\nschemes = none alibi\ntrain_lengths = 16\nseeds = 1\nfolder = grid\n");
  put_file(work / "misspelt.ini", "[experiment]\nschemes = none allibi\n");
  const auto experiment = [](const Words& options) {
    Words words{"experiment", "tiny.ini", "grid.ini"};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  };
  check_all_refused(
      work,
      {
          {"no scheme", experiment({"--experiment.schemes="}), {"experiment.schemes", "empty"}},
          {"no seed", experiment({"--experiment.seeds="}), {"experiment.seeds", "empty"}},
          {"seed twice",
           experiment({"--experiment.seeds", "1 2 1"}),
           {"experiment.seeds", "'1 2 1'", "twice"}},
          {"scheme twice",
           experiment({"--experiment.schemes", "none,none"}),
           {"experiment.schemes", "twice"}},
          {"alternative of nothing",
           experiment({"--experiment.alternatives=position.rotary.base=50"}),
           {"experiment.alternatives", "position.rotary.base=50", "none alibi"}},
          {"alternative without sense",
           experiment({"--experiment.alternatives=model.heads=3"}),
           {"model.heads", "3"}},
          {"alternative misspelt",
           experiment({"--experiment.alternatives=model.haeds=4"}),
           {"experiment.alternatives", "did you mean 'model.heads'"}},
          {"unknown scheme",
           {"experiment", "tiny.ini", "misspelt.ini"},
           {"misspelt.ini:2", "experiment.schemes", "allibi", "did you mean 'alibi'"}},
          {"one run's heads",
           experiment({"--experiment.schemes=none rotary", "--model.width=18"}),
           {"model.heads", "even"}},
          {"grid before data",
           experiment({"--experiment.seeds=", "--data.folder=prepared/fresh"}),
           {"experiment.seeds"}},
          {"long windows",
           experiment({"--experiment.train_lengths", "16 100000"}),
           {"model.train_length", "100000"}},
          {"long measurement",
           experiment({"--evaluation.lengths", "100000"}),
           {"evaluation.lengths", "100000"}},
          {"below a file", experiment({"--experiment.folder", "tiny.ini/grid"}), {"tiny.ini/grid"}},
      });
}

TEST_CASE("Weights, a vocabulary or tokens of another model are refused", "[app]") {
  const TrainedWorkspace work;
  work.must_run(train({"--run.folder=wide", "--model.width=32"}));
  const auto copy_of = [&](const std::string& name, const std::string& file) {
    fs::copy_file(work / ("wide/" + file), work.copy_of_run(name) / file,
                  fs::copy_options::overwrite_existing);
  };
  copy_of("other-weights", "checkpoint.safetensors");
  copy_of("other-state", "state.safetensors");
  replace_in_file(work / "other-state/run.json", "\"finished\": \"",
                  "\"finished\": null, \"x\": \"");

  // The same options in another folder of tokens: other words there, and other text.
  const auto prepare = [&](const std::string& folder, const Words& options) {
    Words words{"prepare", "tiny.ini", "--data.folder=prepared/" + folder};
    words.insert(words.end(), options.begin(), options.end());
    work.must_run(words);
    replace_in_file(work.copy_of_run(folder) / "config.ini", "folder = prepared/tiny",
                    "folder = prepared/" + folder);
  };
  prepare("words", {"--data.vocabulary=word"});
  replace_in_file(work / "words/config.ini", "vocabulary = byte", "vocabulary = word");
  fs::remove_all(work / "words/vocabulary");
  put_file(work / "text/changed.txt", sample_text(4, 600));
  prepare("changed", {"--data.train=text/changed.txt"});
  replace_in_file(work / "changed/config.ini", "text/train.txt", "text/changed.txt");

  check_all_refused(
      work,
      {
          {"weights",
           {"evaluate", "other-weights"},
           {"other-weights/checkpoint.safetensors", "model.width", "32", "16"}},
          {"state",
           {"train", "other-state/config.ini", "--run.folder", "other-state"},
           {"other-state/state.safetensors", "model.width", "32", "16"}},
          {"vocabulary", {"evaluate", "words"}, {"words", "keeps no vocabulary", "other tokens"}},
          {"tokens to train on",
           {"train", "changed/config.ini", "--run.folder", "changed"},
           {"changed/run.json", "other tokens"}},
      });
}

using Bytes = std::string;

Bytes little_endian(uint64_t value) {
  Bytes bytes(8, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(value & 0xFF);
    value >>= 8;
  }
  return bytes;
}

Bytes with_header(const std::string& header, const Bytes& values = {}) {
  return little_endian(header.size()) + header + values;
}

/// Replaces the JSON of a safetensors file's header, its length with it.
Bytes with_changed_header(const Bytes& file, const std::function<void(nlohmann::json&)>& change) {
  size_t size = 0;
  std::memcpy(&size, file.data(), 8);
  auto header = nlohmann::json::parse(file.substr(8, size));
  change(header);
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return with_header(text, file.substr(8 + size));
}

/// The first tensor's entry that is no metadata.
nlohmann::json& first_tensor(nlohmann::json& header) {
  for (auto& [name, entry] : header.items()) {
    if (name != "__metadata__") return entry;
  }
  throw std::runtime_error("no tensor");
}

struct Forgery {
  std::string what;
  std::function<Bytes(const Bytes&)> forged;
};

std::vector<Forgery> forgeries() {
  const auto header_change = [](const std::function<void(nlohmann::json&)>& change) {
    return [change](const Bytes& file) { return with_changed_header(file, change); };
  };
  return {
      {"empty", [](const Bytes&) { return Bytes(); }},
      {"cut in the header's length", [](const Bytes& file) { return file.substr(0, 5); }},
      {"cut in the header", [](const Bytes& file) { return file.substr(0, 40); }},
      {"cut in the values", [](const Bytes& file) { return file.substr(0, file.size() - 1); }},
      {"a byte too many", [](const Bytes& file) { return file + '\0'; }},
      {"a header of 2^64 - 1 bytes",
       [](const Bytes& file) { return little_endian(~uint64_t{0}) + file.substr(8); }},
      {"a header of 99 MB",
       [](const Bytes& file) { return little_endian(99'000'000) + file.substr(8); }},
      {"no JSON", [](const Bytes&) { return with_header("tensors!"); }},
      {"deep JSON", [](const Bytes&) { return with_header(std::string(1'000'000, '[')); }},
      {"no tensors", [](const Bytes&) { return with_header("{}      "); }},
      {"2^40 rows", header_change([](nlohmann::json& header) {
         first_tensor(header)["shape"] = {int64_t{1} << 40, 1024};
       })},
      {"a size that overflows", header_change([](nlohmann::json& header) {
         first_tensor(header)["shape"] = {int64_t{1} << 62, int64_t{1} << 62};
       })},
      {"a negative shape", header_change([](nlohmann::json& header) {
         first_tensor(header)["shape"] = {-1, 16};
       })},
      {"values beyond the end", header_change([](nlohmann::json& header) {
         first_tensor(header)["data_offsets"] = {int64_t{1} << 60, (int64_t{1} << 60) + 64};
       })},
      {"an unknown type",
       header_change([](nlohmann::json& header) { first_tensor(header)["dtype"] = "F8"; })},
  };
}

/// Every forgery in place of the file is refused by the command, naming the file.
void check_forgeries(
    const Workspace& work, const std::string& name, const Words& command,
    const std::function<void()>& after_forging = [] {}) {
  const Bytes genuine = file_text(work / name);
  for (const Forgery& forgery : forgeries()) {
    put_file(work / name, forgery.forged(genuine));
    after_forging();
    check_refused(work, {name + ": " + forgery.what, command, {name}});
  }
  put_file(work / name, genuine);
  after_forging();
}

TEST_CASE("A truncated or forged checkpoint is refused without a crash or a large allocation",
          "[app]") {
  const TrainedWorkspace work;
  fs::remove(work / "run/evaluation.jsonl");  // or nothing would have to be measured
  check_forgeries(work, "run/checkpoint.safetensors", {"evaluate", "run"});
  work.must_run({"evaluate", "run"});
}

TEST_CASE("A truncated or forged state is refused and left as it is", "[app]") {
  const TrainedWorkspace work;
  const Words resume{"train", "run/config.ini", "--run.folder", "run"};
  replace_in_file(work / "run/run.json", "\"finished\": \"", "\"finished\": null, \"x\": \"");
  check_forgeries(work, "run/state.safetensors", resume);

  const Bytes genuine = file_text(work / "run/state.safetensors");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double step : {-1.0, 0.5, 13.0, 1e300, infinity, infinity - infinity}) {
    const SafetensorsFile file(work / "run/state.safetensors");
    auto arrays = file.arrays();
    const std::vector<double> place{step, 0.0, 0.0, infinity};
    REQUIRE(arrays.contains("place"));
    arrays["place"] = array_view(place);
    write_safetensors(work / "run/state.safetensors", arrays, file.metadata());
    check_refused(work,
                  {"step " + std::to_string(step), resume, {"run/state.safetensors", "step"}});
    put_file(work / "run/state.safetensors", genuine);
  }
  work.must_run(resume);
}

TEST_CASE("A truncated or forged token file is refused, also where its digest was forged too",
          "[app]") {
  const PreparedWorkspace work;
  const std::string tokens = "prepared/tiny/train.safetensors";
  const Bytes genuine = file_text(work / tokens);
  put_file(work / tokens, genuine.substr(0, genuine.size() - 2));
  check_refused(work, {"cut short", train({}), {tokens, "prepared"}});
  put_file(work / tokens, genuine);

  std::string digest = sha256_of_file(work / tokens);
  check_forgeries(work, tokens, train({}), [&] {
    const std::string forged = sha256_of_file(work / tokens);
    replace_in_file(work / "prepared/tiny/manifest.json", digest, forged);
    digest = forged;
  });

  const SafetensorsFile file(work / tokens);
  auto arrays = file.arrays();
  std::vector<uint16_t> beyond(file.values<uint16_t>("tokens").begin(),
                               file.values<uint16_t>("tokens").end());
  beyond[5] = 256;
  arrays["tokens"] = array_view(beyond);
  write_safetensors(work / tokens, arrays, file.metadata());
  replace_in_file(work / "prepared/tiny/manifest.json", digest, sha256_of_file(work / tokens));
  check_refused(work, {"a token beyond the vocabulary", train({}), {tokens, "256"}});

  put_file(work / "prepared/tiny/manifest.json", "{\"format\": ");
  check_refused(work, {"half a manifest", train({}), {"prepared/tiny/manifest.json"}});
}

TEST_CASE("A broken record or log of a run is named with its line", "[app]") {
  const TrainedWorkspace work;
  put_file(work.copy_of_run("no-record") / "run.json", "{\"program\": ");
  put_file(work.copy_of_run("no-line") / "evaluation.jsonl", "{\"split\": 3}\n");
  put_file(work.copy_of_run("no-option") / "config.ini", "[model]\nwidth = 16\nwings = 2\n");
  fs::remove_all(work.copy_of_run("no-values") / "evaluation");
  check_all_refused(
      work, {
                {"record", {"compare", "no-record"}, {"no-record/run.json"}},
                {"measurement", {"compare", "no-line"}, {"no-line/evaluation.jsonl:1", "split"}},
                {"option", {"evaluate", "no-option"}, {"no-option/config.ini:3", "model.wings"}},
                {"values", {"compare", "no-values"}, {"no-values/evaluation/"}},
            });
}

TEST_CASE("A full disk is one line, loses nothing, and the run goes on when there is room",
          "[app]") {
  const PreparedWorkspace work;
  Limits full;
  full.file_bytes = 60'000;  // room for the weights, not for the state
  const Words command = train({"--run.folder", "run"});
  Outcome outcome = work.run(command, full);
  // What the training said of its steps stands before the one line.
  while (outcome.errors.starts_with("step ")) {
    outcome.errors.erase(0, outcome.errors.find('\n') + 1);
  }
  check_one_line(outcome, {"run/state.safetensors", "cannot be written"});
  CHECK(!fs::exists(work / "run/state.safetensors"));
  for (const auto& [name, bytes] : contents(work.path())) CHECK(!contains(name, ".partial"));

  work.must_run(command);
  work.must_run(train({"--run.folder", "apart"}));
  check_same_bytes(work / "run/checkpoint.safetensors", work / "apart/checkpoint.safetensors");
  check_same_bytes(work / "run/state.safetensors", work / "apart/state.safetensors");

  // With a state there: nothing of it goes.
  const auto before = contents(work.path());
  full.file_bytes = 1'000;
  check_one_line(work.run({"evaluate", "run"}, full), {"run/evaluation/", "cannot be written"});
  auto after = contents(work.path());
  after.erase("run/evaluation");
  CHECK(difference(before, after) == "");
}

TEST_CASE("A full disk while preparing leaves no half-made tokens", "[app]") {
  const Workspace work;
  Limits full;
  full.file_bytes = 1'000;
  const Outcome outcome = work.run({"prepare", "tiny.ini"}, full);
  CHECK(outcome.exit_code == 2);
  CHECK(contains(lines_of(outcome.errors).back(), "cannot be written"));
  auto after = contents(work / "prepared");
  CHECK(after == std::map<std::string, std::string>{{".tiny.lock", ""}});
  work.must_run({"prepare", "tiny.ini"});
}

TEST_CASE("A second process is turned away from a run at work and does not disturb it", "[app]") {
  const PreparedWorkspace work;
  const Words long_run = train({"--run.folder=run", "--training.steps=1000000",
                                "--training.log_every=1", "--training.checkpoint_every=1"});
  Program first(long_run, work.path());
  while (first.running() && !fs::exists(work / "run/state.safetensors")) ::usleep(5'000);
  REQUIRE(first.running());
  check_one_line(work.run(long_run), {"run", "another process"});
  check_one_line(work.run({"evaluate", "run"}), {"run", "another process"});
  first.send(SIGTERM);
  const Outcome outcome = first.wait();
  INFO(outcome.errors);
  CHECK(outcome.exit_code == 1);
  CHECK(!contains(outcome.errors, "lengthwise: "));
}

}  // namespace
}  // namespace lengthwise
