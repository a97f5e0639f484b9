#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// A file of text as it was when it was read: what must be equal for tokens to be equal.
struct SourceFile {
  std::string name;  // below the path the option gives; of a single file its own name
  int64_t bytes = 0;
  int64_t modified_ns = 0;  // since the clock's epoch; equal size and time stand for equal content
  std::string sha256;       // empty until asked for
};

/// The texts that an option such as data.train names, one document a file: the file itself, or all
/// plain files below a folder in the order of their names, without those whose name, or whose
/// folder's name, begins with a dot. Links to folders are not followed.
struct SourceTexts {
  fs::path root;  // a file or a folder
  std::vector<SourceFile> files;

  fs::path path_of(const SourceFile& file) const;
  std::vector<fs::path> paths() const;
};

/// Lists without reading any content. UserError, naming `option`, for what is missing, unreadable,
/// an empty file, or a folder without files.
SourceTexts list_source_texts(const std::string& option, const fs::path& root);

/// A path whose last component is a name, so that files can lie beside it.
fs::path with_file_name(const fs::path& path);

/// What a text is called: wikitext-2/wiki.train.tokens and novels/train, of the split "train", are
/// named for the folder they lie in, books.txt for itself.
std::string text_name(const std::string& split, const fs::path& path);

/// UserError naming the file and the byte where text is no UTF-8.
void require_utf8(const fs::path& path);

}  // namespace lengthwise
