#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace lengthwise {

using Words = std::vector<std::string>;

/// How a process ended and what it said.
struct Outcome {
  int exit_code = -1;  // 128 + signal where a signal ended it
  std::string output, errors;
};

/// What the system refuses the process beyond.
struct Limits {
  rlim_t file_bytes = RLIM_INFINITY;    // a full disk, as a write sees it
  rlim_t memory_bytes = RLIM_INFINITY;  // of address space
};

/// The program under test as a process of its own, without a shell between.
class Program {
 public:
  Program(const Words& arguments, const std::filesystem::path& folder, const Limits& limits = {}) {
    std::vector<std::string> words{LENGTHWISE_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    id_ = ::fork();
    if (id_ == 0) become_program(pointers.data(), folder, limits);
    if (id_ < 0) throw std::runtime_error(std::string("no process: ") + std::strerror(errno));
  }
  ~Program() {
    if (id_ > 0) {
      send(SIGKILL);
      wait();
    }
    std::fclose(output_);
    std::fclose(errors_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const { ::kill(id_, signal); }

  bool running() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  }

  Outcome wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of(output_),
            text_of(errors_)};
  }

 private:
  [[noreturn]] void become_program(char** words, const std::filesystem::path& folder,
                                   const Limits& limits) const {
    const rlimit file{limits.file_bytes, limits.file_bytes};
    const rlimit memory{limits.memory_bytes, limits.memory_bytes};
    const rlimit no_core{0, 0};
    const int input = ::open("/dev/null", O_RDONLY);
    ::setenv("OMP_NUM_THREADS", "1", 1);
    if (::chdir(folder.c_str()) == 0 && ::dup2(input, STDIN_FILENO) >= 0 &&
        ::dup2(::fileno(output_), STDOUT_FILENO) >= 0 &&
        ::dup2(::fileno(errors_), STDERR_FILENO) >= 0 && ::setrlimit(RLIMIT_FSIZE, &file) == 0 &&
        ::setrlimit(RLIMIT_AS, &memory) == 0 && ::setrlimit(RLIMIT_CORE, &no_core) == 0) {
      ::execv(words[0], words);
    }
    ::_exit(126);
  }

  static std::string text_of(FILE* file) {
    std::string text;
    std::rewind(file);
    char buffer[4096];
    for (size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
      text.append(buffer, size);
    }
    return text;
  }

  FILE* output_ = std::tmpfile();
  FILE* errors_ = std::tmpfile();
  pid_t id_ = -1;
};

inline Outcome run_program(const Words& arguments, const std::filesystem::path& folder,
                           const Limits& limits = {}) {
  return Program(arguments, folder, limits).wait();
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace lengthwise
