#include <array>
#include <cstdio>

#include "app/program.h"
#include "base/files.h"
#include "base/text.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

/// What another program says to a script of its language, errors included.
std::string said_by(const std::string& interpreter, const std::string& script) {
  const TemporaryFolder folder;
  write_file(folder / "script", script);
  const std::string command = interpreter + " '" + (folder / "script").string() + "' 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  for (size_t size = 0; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    text.append(buffer.data(), size);
  }
  ::pclose(pipe);
  return text;
}

std::string said(const Words& arguments) {
  const TemporaryFolder folder;
  const Outcome outcome = run_program(arguments, folder.path());
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.errors.empty());
  return outcome.output;
}

/// What bash offers after these words, of which the last is being typed.
Words offered_by_bash(const std::string& words) {
  static const std::string kCompletion = said({"completion", "bash"});
  return split(said_by("bash", kCompletion + "\nCOMP_WORDS=(" + words + ")\n" +
                                   "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_lengthwise\n" +
                                   "echo \"${COMPREPLY[@]}\"\n"),
               " \n");
}

bool holds(const Words& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

TEST_CASE("bash completes commands, the options that a command reads, and their values",
          "[shell]") {
  CHECK(holds(offered_by_bash("lengthwise ''"), "experiment"));
  CHECK(offered_by_bash("lengthwise comple") == Words{"completion"});
  CHECK(offered_by_bash("lengthwise train --position.sch") == Words{"--position.scheme"});
  CHECK(offered_by_bash("lengthwise compare --position.sch").empty());
  CHECK(offered_by_bash("lengthwise train --position.scheme alibi_l") == Words{"alibi_learned"});
  CHECK(offered_by_bash("lengthwise train --position.scheme = alibi_l") == Words{"alibi_learned"});
  CHECK(offered_by_bash("lengthwise train --position.rotary.pairing ''") ==
        Words{"half", "interleaved"});
  CHECK(offered_by_bash("lengthwise completion ''") == Words{"bash", "zsh", "fish"});
  CHECK(offered_by_bash("lengthwise train conf").empty());  // then bash offers files
}

TEST_CASE("fish completes the same, and zsh reads its script", "[shell]") {
  if (is_installed("fish")) {
    const auto offered = [](const std::string& line) {
      return said_by("fish --no-config",
                     said({"completion", "fish"}) + "\ncomplete -C '" + line + "'\n");
    };
    CHECK(contains(offered("lengthwise "), "experiment\ta grid of runs"));
    CHECK(contains(offered("lengthwise train --position.sch"),
                   "--position.scheme\tpositional scheme"));
    CHECK(contains(offered("lengthwise train --position.scheme alibi_l"), "alibi_learned"));
    CHECK_FALSE(contains(offered("lengthwise compare --position.sch"), "--position.scheme"));
  } else {
    WARN("fish is not installed");
  }
  if (is_installed("zsh")) {
    CHECK(said_by("zsh -n", said({"completion", "zsh"})).empty());
  } else {
    WARN("zsh is not installed");
  }
  CHECK(contains(said({"completion", "zsh"}), "'--position.scheme:positional scheme"));
}

TEST_CASE("The manual page names every command and option and is read without a warning",
          "[shell]") {
  const std::string page = said({"manual"});
  for (const char* name : {"\\fBtrain\\fR", "\\fBdoctor\\fR", "\\-\\-position.scheme",
                           "\\-\\-evaluation.lengths", ".SS [model]", ".SH EXIT STATUS"}) {
    CAPTURE(name);
    CHECK(contains(page, name));
  }
  if (is_installed("groff")) {
    CHECK(contains(said_by("groff -man -Tutf8 -ww", page), "LENGTHWISE(1)"));
    CHECK(said_by("groff -man -Tutf8 -ww -z", page).empty());
  } else {
    WARN("groff is not installed");
  }
}

TEST_CASE("doctor says what the machine has and what that means", "[shell]") {
  const std::string report = said({"doctor"});
  for (const char* subject : {"program      lengthwise ", "cores ", "memory ", "vector units ",
                              "bf16 ", "CUDA ", "pictures ", "browser ", "this folder  "}) {
    CAPTURE(subject);
    CHECK(contains(report, subject));
  }
}

TEST_CASE("A shell that is not known, and a word too many, are one line", "[shell]") {
  const TemporaryFolder folder;
  for (const Words& words : {Words{"completion"}, Words{"completion", "tcsh"},
                             Words{"manual", "train"}, Words{"doctor", "--model.heads=4"}}) {
    CAPTURE(words);
    const Outcome outcome = run_program(words, folder.path());
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK(std::ranges::count(outcome.errors, '\n') == 1);
    CHECK(contains(outcome.errors, words[0]));
  }
}

}  // namespace lengthwise
