#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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

/// The texts that an option such as data.train names, one document a file: the file itself, or the
/// documents below a folder (data/text/document_names.h) in the order of their names, none of them
/// in a folder whose name begins with a dot. Links to folders are not followed.
struct SourceTexts {
  fs::path root;  // a file or a folder
  std::vector<SourceFile> files;
  std::vector<SourceFile> left_out;  // what the folder holds besides, but for hidden files

  fs::path path_of(const SourceFile& file) const;
  std::vector<fs::path> paths() const;
  /// Both lists as one: what was a document before files were left out.
  std::vector<SourceFile> all_files() const;
};

/// A document's text, without the byte order mark that may stand before it: that is part of no
/// word.
class DocumentText {
 public:
  explicit DocumentText(const fs::path& path) : file_(path) {}
  std::string_view text() const;

 private:
  MappedFile file_;
};

/// Reads no more than the files' first bytes. UserError, naming `option`, for what is missing,
/// unreadable, an empty file, a link to nowhere, or a folder without documents.
SourceTexts list_source_texts(const std::string& option, const fs::path& root);

/// A path whose last component is a name, so that files can lie beside it.
fs::path with_file_name(const fs::path& path);

/// What a text is called: wikitext-2/wiki.train.tokens and novels/train, of the split "train", are
/// named for the folder they lie in, books.txt for itself.
std::string text_name(const std::string& split, const fs::path& path);

/// UserError naming the file, and the byte, where text is no UTF-8 or holds none; a warning where
/// its line ends are of a kind that nothing here reads as such.
void require_utf8(const fs::path& path);

}  // namespace lengthwise
