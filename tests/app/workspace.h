#pragma once

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/program.h"
#include "base/files.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {

/// Words after one another by a simple rule, in lines: something small to learn.
inline std::string sample_text(unsigned seed, int words) {
  const std::vector<std::string> known = {"the", "cat", "sat",  "on",  "a",   "mat",
                                          "and", "dog", "runs", "far", "née", "away"};
  std::string text;
  for (int i = 0; i < words; ++i) {
    seed = seed * 1664525u + 1013904223u;
    text += known[(seed >> 16) % known.size()] + (i % 8 == 7 ? "\n" : " ");
  }
  return text;
}

inline std::string file_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void put_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  REQUIRE(file.flush());
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A folder to run the program in: a few kilobytes of text and a config that trains on them in a
/// moment.
class Workspace {
 public:
  Workspace() {
    put_file(folder_ / "text/train.txt", sample_text(1, 600));
    put_file(folder_ / "text/valid.txt", sample_text(2, 120));
    put_file(folder_ / "text/test.txt", sample_text(3, 120));
    put_file(folder_ / "tiny.ini",
             "[data]\ncorpus = text\ntrain = text/train.txt\nvalid = text/valid.txt\n"
             "test = text/test.txt\nvocabulary = byte\nfolder = prepared/tiny\n\n"
             "[model]\nwidth = 16\nlayers = 1\nheads = 2\nfeedforward = 16\ntrain_length = 16\n\n"
             "[training]\nsteps = 12\nbatch_windows = 4\nwarmup_steps = 2\nlog_every = 4\n"
             "checkpoint_every = 5\n\n"
             "[evaluation]\nlengths = 16 32\n");
  }

  const fs::path& path() const { return folder_.path(); }
  fs::path operator/(const std::string& name) const { return folder_.path() / name; }

  Outcome run(const Words& arguments, const Limits& limits = {}) const {
    return run_program(arguments, folder_.path(), limits);
  }
  /// Runs what must come through.
  Outcome must_run(const Words& arguments) const {
    Outcome outcome = run(arguments);
    INFO(outcome.output << outcome.errors);
    REQUIRE(outcome.exit_code == 0);
    return outcome;
  }

 private:
  TemporaryFolder folder_;
};

/// Every file below a folder with its bytes, and every folder with none.
inline std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder).string();
    found[name] = entry.is_regular_file() ? file_text(entry.path()) : "";
  }
  return found;
}

/// The names that stand in one of two listings alone, or with other bytes.
inline std::string difference(const std::map<std::string, std::string>& before,
                              const std::map<std::string, std::string>& after) {
  std::string names;
  for (const auto& [name, bytes] : before) {
    const auto found = after.find(name);
    if (found == after.end()) names += " lost " + name;
    if (found != after.end() && found->second != bytes) names += " changed " + name;
  }
  for (const auto& [name, bytes] : after) {
    if (!before.contains(name)) names += " new " + name;
  }
  return names;
}

inline void check_same_bytes(const fs::path& a, const fs::path& b) {
  INFO(a << " and " << b);
  CHECK(file_text(a) == file_text(b));
}

/// The file of the values that a run's newest line of this length names.
inline fs::path values_file(const fs::path& run, int64_t length) {
  fs::path file;
  for (const std::string& line : lines_of(file_text(run / "evaluation.jsonl"))) {
    const auto json = nlohmann::json::parse(line);
    if (json["length"] == length) file = run / json["file"].get<std::string>();
  }
  INFO(run << " at " << length);
  REQUIRE(!file.empty());
  return file;
}

/// The lines of a train.jsonl but for what the clock and the machine decide.
inline std::vector<nlohmann::json> log_without_speed(const fs::path& path) {
  std::vector<nlohmann::json> lines;
  for (const std::string& line : lines_of(file_text(path))) {
    lines.push_back(nlohmann::json::parse(line));
    CHECK(lines.back().erase("tokens_per_second") == 1);
    CHECK(lines.back().erase("peak_memory_mib") == 1);
  }
  return lines;
}

}  // namespace lengthwise
