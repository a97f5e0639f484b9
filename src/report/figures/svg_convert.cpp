#include "report/figures/svg_convert.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/plain_text.h"

extern char** environ;

namespace lengthwise {
namespace {

/// A file without a name that is gone when closed: nothing to clean up after a kill, and no pipe
/// that could fill up.
class NamelessFile {
 public:
  NamelessFile() : file_(std::tmpfile()) {
    if (file_ == nullptr) fail("no temporary file for rsvg-convert: {}", std::strerror(errno));
  }
  ~NamelessFile() { std::fclose(file_); }
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  int descriptor() const { return ::fileno(file_); }

  void write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0) {
      fail("no temporary file for rsvg-convert: {}", std::strerror(errno));
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
int run(const std::vector<std::string>& options, const NamelessFile& in, const NamelessFile& out,
        const NamelessFile& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.descriptor(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.descriptor(), STDERR_FILENO);

  std::vector<std::string> words{"rsvg-convert"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, "rsvg-convert", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT) fail("rsvg-convert is missing: install librsvg2-bin");
  if (error != 0) fail("rsvg-convert cannot be started: {}", std::strerror(error));

  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw RunFailure(fmt::format("rsvg-convert: {}", std::strerror(errno)));
  }
  return status;
}

std::string converted(std::string_view svg, const std::vector<std::string>& options) {
  NamelessFile in, out, errors;
  in.write(svg);
  const int status = run(options, in, out, errors);
  std::string result = out.read();
  if (status != 0 || result.empty()) {
    throw RunFailure(fmt::format("rsvg-convert failed (status {}): {}",
                                 WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                 one_line(errors.read())));
  }
  return result;
}

}  // namespace

std::string svg_to_png(std::string_view svg) {
  return converted(svg, {"--format=png", "--zoom=2"});
}

std::string svg_to_pdf(std::string_view svg) {
  return converted(svg, {"--format=pdf"});
}

}  // namespace lengthwise
