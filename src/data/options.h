#pragma once

#include <cstdint>
#include <string>

namespace lengthwise {

class OptionSet;

/// [data]: what is read, and into which tokens.
struct DataOptions {
  std::string corpus = "ideal_reader";  // or another built-in one, "text" or "task"
  std::string task;                     // data/tasks/task.h
  std::string train, valid, test;       // files, or folders of files: one document a file
  std::string vocabulary = "byte";
  int64_t vocabulary_size = 0;  // BPE: the size to train; word: the most frequent; 0: all
  std::string folder;           // where the prepared token files lie
  std::string documents = "separate";

  void declare(OptionSet& options);
  void validate() const;
};

}  // namespace lengthwise
