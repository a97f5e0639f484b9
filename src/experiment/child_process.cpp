#include "experiment/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"

extern char** environ;

namespace lengthwise {
namespace {

std::vector<std::string> environment_with_threads(int64_t threads) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("OMP_NUM_THREADS=")) environment.emplace_back(*entry);
  }
  environment.push_back("OMP_NUM_THREADS=" + std::to_string(threads));
  return environment;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

int open_or_fail(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor < 0) fail("{}: cannot be opened: {}", path.string(), std::strerror(errno));
  return descriptor;
}

/// Between fork and exec: system calls alone, as the parent may have held any lock. A parent that
/// is killed takes the child along, or the run folder would stay locked when the experiment is
/// started again; a run goes on from a kill bit for bit.
[[noreturn]] void become_child(pid_t parent, int input, int output, char* const* arguments,
                               char* const* environment) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  const bool orphan = ::getppid() != parent;  // killed before the line above
  if (!orphan && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(output, STDERR_FILENO) >= 0) {
    ::execve("/proc/self/exe", arguments, environment);
  }
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& arguments, const fs::path& log,
                           int64_t threads) {
  std::vector<std::string> words{"lengthwise"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto environment = environment_with_threads(threads);

  const auto argument_pointers = pointers(words), environment_pointers = pointers(environment);
  const int output = open_or_fail(log, O_WRONLY | O_CREAT | O_APPEND);
  const int input = open_or_fail("/dev/null", O_RDONLY);
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ == 0) {
    become_child(parent, input, output, argument_pointers.data(), environment_pointers.data());
  }
  ::close(input);
  ::close(output);
  if (id_ < 0) fail("{}: a run cannot be started: {}", log.string(), std::strerror(errno));
}

ChildProcess::~ChildProcess() {
  if (exit_status()) return;
  stop();
  while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::optional<int> ChildProcess::exit_status() {
  if (status_) return status_;
  int status = 0;
  if (::waitpid(id_, &status, WNOHANG) == id_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

void ChildProcess::stop() const {
  if (!status_) ::kill(id_, SIGTERM);
}

}  // namespace lengthwise
