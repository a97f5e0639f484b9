#include "base/options.h"

#include <fstream>

#include "base/error.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

struct Fields {
  int64_t heads = 4;
  double rate = 0.5;
  bool untied = false;
  std::string corpus = "ideal_reader";
  std::string scheme = "none";
  std::vector<int64_t> lengths = {64, 128};
  std::vector<std::string> schemes = {"alibi"};
  double base = 10000;

  void declare(OptionSet& options) {
    options.add("model.heads", heads, "attention heads a block", AtLeast{1});
    options.add("training.rate", rate, "learning rate", Between{0.0, 1.0});
    options.add("model.untied", untied, "a head of its own");
    options.add("data.corpus", corpus, "what is read");
    options.add("position.scheme", scheme, "scheme", OneOf{{"none", "alibi", "rotary"}});
    options.add("evaluation.lengths", lengths, "lengths", AtLeast{2});
    options.add("evaluation.schemes", schemes, "schemes", OneOf{{"none", "alibi", "rotary"}});
    options.add("position.rotary.base", base, "base");
  }
};

/// A command with its options, and a folder for its files.
class Command {
 public:
  Command() { fields.declare(options); }

  std::filesystem::path file(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  void read(const std::string& text) { options.read_file(file("run.ini", text)); }

  Fields fields;
  OptionSet options;

 private:
  TemporaryFolder folder_;
};

/// One option says when another is read.
struct Conditional {
  std::string optimizer = "adamw";
  double momentum = 0.9;
  OptionSet options;

  Conditional() {
    options.add("training.optimizer", optimizer, "optimizer");
    options.add("training.momentum", momentum, "momentum")
        .read_when([this] { return optimizer == "sgd"; }, "training.optimizer = sgd");
  }
};

std::string file_error(const std::string& text) {
  Command command;
  return user_error_text([&] { command.read(text); });
}

std::string command_line_error(const std::vector<std::string>& arguments) {
  Command command;
  return user_error_text([&] { command.options.read_command_line(arguments); });
}

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

TEST_CASE("An option given where nothing reads it is refused with what would", "[base]") {
  Conditional given;
  given.options.read_command_line({"--training.momentum", "0.5"});
  CHECK(user_error_text([&] { given.options.check_given_are_read(); }) ==
        "training.momentum: 0.5 is not read under the options at hand; it is with "
        "training.optimizer = sgd");
  given.options.read_command_line({"--training.momentum", "0.5", "--training.optimizer", "sgd"});
  CHECK(given.options.given() ==
        std::vector<std::string>{"training.momentum", "training.optimizer"});
  CHECK_NOTHROW(given.options.check_given_are_read());
  given.optimizer = "adamw";
  given.options.read_command_line({});  // what a file set is left alone
  CHECK_NOTHROW(given.options.check_given_are_read());
}

TEST_CASE("An option given twice on the command line is refused", "[base]") {
  CHECK(command_line_error({"--model.heads", "4", "--model.heads=8"}) ==
        "model.heads: is given twice");
}

TEST_CASE("Another name of a value is answered with ours", "[base]") {
  std::string scheme = "alibi";
  OptionSet options;
  options.add("scheme", scheme, "scheme", OneOf{{"alibi", "rotary"}, {{"rope", "rotary"}}});
  CHECK(contains(user_error_text([&] {
                   options.read_command_line({"--scheme", "RoPE"});
                 }),
                 "did you mean 'rotary'?"));
}

TEST_CASE("an option keeps its default until a file or the command line sets it", "[base]") {
  Command command;
  command.read("[model]\nheads = 8\n");
  CHECK(command.fields.heads == 8);
  CHECK(command.fields.rate == 0.5);
  CHECK(command.fields.lengths == std::vector<int64_t>{64, 128});
}

TEST_CASE("later files win over earlier ones and the command line over both", "[base]") {
  Command command;
  command.options.read_file(
      command.file("a.ini", "[model]\nheads = 8\nuntied = true\n[training]\nrate = 0.1\n"));
  command.options.read_file(command.file("b.ini", "[model]\nheads = 16\n[training]\nrate = 0.2\n"));
  command.options.read_command_line({"--training.rate", "0.3"});
  CHECK(command.fields.untied);
  CHECK(command.fields.heads == 16);
  CHECK(command.fields.rate == 0.3);
}

TEST_CASE("a list that is set replaces the default list", "[base]") {
  Command command;
  command.read("[evaluation]\nlengths = 256, 512 1024\nschemes = rotary none\n");
  CHECK(command.fields.lengths == std::vector<int64_t>{256, 512, 1024});
  CHECK(command.fields.schemes == std::vector<std::string>{"rotary", "none"});
}

TEST_CASE("an empty value is an empty text or list, and no number", "[base]") {
  Command command;
  command.read("[data]\ncorpus =\n[evaluation]\nlengths =\n");
  CHECK(command.fields.corpus.empty());
  CHECK(command.fields.lengths.empty());
  has(file_error("[model]\nheads =\n"), "run.ini:2: model.heads: '' is no whole number");
  has(file_error("[model]\nuntied =\n"), "run.ini:2: model.untied: '' is neither true nor false");
}

TEST_CASE("comments, blank lines and carriage returns are not part of a file's values", "[base]") {
  Command command;
  command.read("# a run\r\n\r\n[model]  # the model\r\nheads = 2 # few\r\n#heads = 3\r\n");
  CHECK(command.fields.heads == 2);
}

TEST_CASE("a section may hold dots, or its key may, or the key may stand alone", "[base]") {
  for (const std::string text : {"[position.rotary]\nbase = 1\n", "[position]\nrotary.base = 1\n",
                                 "position.rotary.base = 1\n"}) {
    Command command;
    command.read(text);
    CHECK(command.fields.base == 1);
  }
}

TEST_CASE("values may hold equal signs and inner spaces", "[base]") {
  Command command;
  command.read("[data]\ncorpus = a = b c\n");
  CHECK(command.fields.corpus == "a = b c");
  command.options.read_command_line({"--data.corpus=d=e f"});
  CHECK(command.fields.corpus == "d=e f");
}

TEST_CASE("an unknown key in a file is refused with its line and the nearest name", "[base]") {
  const std::string error = file_error("[data]\ncorpus = x\n\n[model]\n# many\nhaeds = 4\n");
  has(error, "run.ini:6: ");
  has(error, "unknown option 'model.haeds'; did you mean 'model.heads'?");
}

TEST_CASE("an unknown section with a known key is refused", "[base]") {
  has(file_error("[modle]\nheads = 4\n"),
      "run.ini:2: unknown option 'modle.heads'; did you mean 'model.heads'?");
}

TEST_CASE("a key set twice in one file is refused at its second line", "[base]") {
  has(file_error("[model]\nheads = 4\nuntied = true\nheads = 4\n"),
      "run.ini:4: model.heads is set twice");
  has(file_error("[position.rotary]\nbase = 1\n[position]\nrotary.base = 2\n"),
      "run.ini:4: position.rotary.base is set twice");
}

TEST_CASE("a line that is neither section, setting nor comment is refused", "[base]") {
  const std::string error = file_error("[model]\nheads 4\n");
  has(error, "run.ini");
  has(error, "heads 4");
}

TEST_CASE("a file of options that is missing is refused by name", "[base]") {
  Command command;
  has(user_error_text([&] { command.options.read_file("no/such/run.ini"); }), "no/such/run.ini");
}

TEST_CASE("values of the wrong type are refused with what would be right", "[base]") {
  has(file_error("[model]\n\nheads = four\n"), "run.ini:3: model.heads: 'four' is no whole number");
  has(file_error("[model]\nheads = 4.5\n"), "'4.5' is no whole number");
  has(file_error("[model]\nheads = 4 8\n"), "'4 8' is no whole number");
  has(file_error("[model]\nheads = 9223372036854775808\n"), "is no whole number");
  has(file_error("[training]\nrate = fast\n"), "training.rate: 'fast' is no number");
  has(file_error("[training]\nrate = nan\n"), "'nan' is no number");
  has(file_error("[training]\nrate = inf\n"), "'inf' is no number");
  has(file_error("[model]\nuntied = yes\n"), "model.untied: 'yes' is neither true nor false");
  has(file_error("[evaluation]\nlengths = 64 x\n"), "'64 x' is no list of whole numbers");
}

TEST_CASE("values out of range are refused with the range", "[base]") {
  has(command_line_error({"--model.heads", "0"}), "model.heads: '0' is out of range: at least 1");
  has(command_line_error({"--training.rate", "1.5"}),
      "training.rate: '1.5' is out of range: 0 to 1");
  has(command_line_error({"--training.rate", "-0.5"}), "'-0.5' is out of range");
  has(command_line_error({"--evaluation.lengths", "64 1 128"}), "is out of range: at least 2");
}

TEST_CASE("the ends of a range are allowed", "[base]") {
  Command command;
  command.options.read_command_line({"--training.rate", "1", "--model.heads", "1"});
  CHECK(command.fields.rate == 1);
  CHECK(command.fields.heads == 1);
  command.options.read_command_line({"--training.rate", "0"});
  CHECK(command.fields.rate == 0);
}

TEST_CASE("a refused value leaves the field as it was", "[base]") {
  Command command;
  CHECK_THROWS_AS(command.options.read_command_line({"--evaluation.lengths", "32 1"}), UserError);
  CHECK(command.fields.lengths == std::vector<int64_t>{64, 128});
}

TEST_CASE("an unknown name among known ones is refused with the nearest and all known", "[base]") {
  has(command_line_error({"--position.scheme", "alibbi"}),
      "position.scheme: 'alibbi' is unknown; did you mean 'alibi'?; known: none, alibi, rotary");
  has(command_line_error({"--evaluation.schemes", "rotary kerple"}),
      "is unknown; known: none, alibi, rotary");
}

TEST_CASE("the command line takes values after a space and after an equal sign", "[base]") {
  Command command;
  const auto rest = command.options.read_command_line(
      {"train", "--model.heads", "8", "run.ini", "--training.rate=0.25", "--model.untied", "true"});
  CHECK(command.fields.heads == 8);
  CHECK(command.fields.rate == 0.25);
  CHECK(command.fields.untied);
  CHECK(rest == std::vector<std::string>{"train", "run.ini"});
}

TEST_CASE("an option given twice on the command line is refused: one value would not be read",
          "[base]") {
  has(command_line_error({"--model.heads=8", "--model.heads", "16"}),
      "model.heads: is given twice");
}

TEST_CASE("negative numbers on the command line are values", "[base]") {
  Command command;
  command.options.read_command_line({"--position.rotary.base", "-3"});
  CHECK(command.fields.base == -3);
  command.options.read_command_line({"--position.rotary.base=-2.5e1"});
  CHECK(command.fields.base == -25);
}

TEST_CASE("the command line can empty a value", "[base]") {
  Command command;
  command.options.read_command_line({"--data.corpus=", "--evaluation.lengths", ""});
  CHECK(command.fields.corpus.empty());
  CHECK(command.fields.lengths.empty());
}

TEST_CASE("an option without its value is refused by name", "[base]") {
  has(command_line_error({"--model.heads"}), "model.heads");
  has(command_line_error({"--data.corpus", "--model.heads", "8"}),
      "data.corpus: a value is missing before '--model.heads'");
}

TEST_CASE("an unknown option on the command line is refused with the nearest name", "[base]") {
  has(command_line_error({"--model.head", "4"}),
      "unknown option 'model.head'; did you mean 'model.heads'?");
  has(command_line_error({"--model", "4"}), "unknown option 'model'");
  has(command_line_error({"-h"}), "unknown option '-h'");
}

TEST_CASE("a value that a file could not hold is refused", "[base]") {
  has(command_line_error({"--data.corpus", "a\nb"}), "line break");
}

TEST_CASE("the file text of options reads back as the same values", "[base]") {
  Command written;
  written.options.read_command_line(
      {"--model.heads", "9007199254740993", "--training.rate", "0.1", "--model.untied", "true",
       "--data.corpus", "a  b=c; \"d\"", "--position.scheme", "rotary", "--evaluation.lengths",
       "2 3 4", "--evaluation.schemes", "", "--position.rotary.base", "1e-300"});
  Command read;
  read.read(written.options.file_text());
  CHECK(read.fields.heads == 9007199254740993);
  CHECK(read.fields.rate == 0.1);
  CHECK(read.fields.untied);
  CHECK(read.fields.corpus == "a  b=c; \"d\"");
  CHECK(read.fields.scheme == "rotary");
  CHECK(read.fields.lengths == std::vector<int64_t>{2, 3, 4});
  CHECK(read.fields.schemes.empty());
  CHECK(read.fields.base == 1e-300);
}

TEST_CASE("the file text holds only the sections asked for", "[base]") {
  const Command command;
  const std::string text = command.options.file_text({"position"});
  CHECK(text == "[position]\nscheme = none\nrotary.base = 10000\n");
}

TEST_CASE("options without a section stand before the first section of the file text", "[base]") {
  int64_t heads = 4, seed = 7;
  OptionSet options;
  options.add("model.heads", heads, "heads");
  options.add("seed", seed, "seed");
  CHECK(options.file_text() == "seed = 7\n\n[model]\nheads = 4\n");
}

TEST_CASE("the help names every option with its default and what it means", "[base]") {
  const Command command;
  const std::string help = command.options.help([](const Option&) { return true; });
  has(help, "--model.heads");
  has(help, "attention heads a block");
  has(help, "64 128");
  has(help, "ideal_reader");
}

}  // namespace
}  // namespace lengthwise
