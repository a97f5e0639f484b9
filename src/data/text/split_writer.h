#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "data/text/manifest.h"
#include "data/text/source_files.h"
#include "data/text/vocabulary.h"

namespace lengthwise {

/// Makes a folder by `make`, which fills one beside it, unless `made` says that it is there. A kill
/// at any moment leaves no half-made folder under its name; of several processes one makes it and
/// the others wait.
void make_folder_once(const fs::path& folder, const std::function<bool()>& made,
                      const std::function<void(const fs::path& aside)>& make);

/// Fills in the SHA-256 of each file; UserError where text that must be UTF-8 is none.
void hash_sources(SourceTexts& texts, bool needs_utf8);

/// "data.train: 3 documents; left out: README.md, a.txt~", where anything is left out.
void say_what_is_left_out(const std::string& option, const SourceTexts& texts);

/// Which split, and from where the user has it.
struct SplitName {
  std::string name, path;
  bool is_utf8;  // else every byte counts, a byte order mark's too
};

/// Writes <name>.safetensors into a folder: the tokens of the texts, a document a file.
PreparedSplit write_split(const SplitName& given, const SourceTexts& texts,
                          const Vocabulary& vocabulary, const fs::path& folder);

/// "3 min 20 s"
std::string duration_since(std::chrono::steady_clock::time_point start);

}  // namespace lengthwise
