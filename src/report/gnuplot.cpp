#include "report/gnuplot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

extern char** environ;

namespace lengthwise {
namespace {

/// A file without a name that is gone when closed: nothing to clean up after a kill, and no pipe
/// that could fill up.
class NamelessFile {
 public:
  NamelessFile() : file_(std::tmpfile()) {
    if (file_ == nullptr) fail("no temporary file for gnuplot: {}", std::strerror(errno));
  }
  ~NamelessFile() { std::fclose(file_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  int descriptor() const { return ::fileno(file_); }

  void write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0) {
      fail("no temporary file for gnuplot: {}", std::strerror(errno));
    }
    ::lseek(descriptor(), 0, SEEK_SET);
  }

  std::string read() {
    std::string text;
    std::array<char, 1 << 16> piece{};
    std::rewind(file_);
    for (size_t count; (count = std::fread(piece.data(), 1, piece.size(), file_)) > 0;) {
      text.append(piece.data(), count);
    }
    return text;
  }

 private:
  std::FILE* file_;
};

/// The exit status as waitpid gives it.
int run(const NamelessFile& in, const NamelessFile& out, const NamelessFile& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);

  std::string program = "gnuplot", defaults = "--default-settings", from_stdin = "-";
  std::array<char*, 4> arguments{program.data(), defaults.data(), from_stdin.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) fail("gnuplot is missing: install gnuplot-nox");
  if (error != 0) fail("gnuplot cannot be started: {}", std::strerror(error));

  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw RunFailure(fmt::format("gnuplot: {}", std::strerror(errno)));
  }
  return status;
}

std::string one_line(std::string_view text) {
  return fmt::format("{}", fmt::join(split(text, " \t\r\n"), " "));
}

}  // namespace

std::string run_gnuplot(std::string_view script) {
  NamelessFile in, out, errors;
  in.write(script);
  const int status = run(in, out, errors);
  std::string result = out.read();
  if (status != 0 || result.empty()) {
    throw RunFailure(fmt::format("gnuplot failed (status {}): {}",
                                 WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                 one_line(errors.read())));
  }
  return result;
}

std::string gnuplot_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (c == '\'') quoted += '\'';
    quoted += control ? ' ' : c;
  }
  return quoted + "'";
}

}  // namespace lengthwise
