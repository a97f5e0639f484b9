#pragma once

#include <string>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// Which files of a folder are documents, each told by its path below the folder. Never: hidden
/// files, an editor's backups (a.txt~, #a.txt#, .bak, .orig, .swp, .tmp), README*, LICENSE and
/// COPYING, and files with a NUL in their first 8 KiB that are no UTF-16 (pictures, archives). Of
/// the others: those that end in .txt, .text, .tokens or .raw, or all of them where none does.
struct FolderDocuments {
  std::vector<std::string> documents;  // in the order of their names
  std::vector<std::string> left_out;   // likewise, without hidden ones
};

FolderDocuments choose_documents(const fs::path& root, std::vector<std::string> names);

}  // namespace lengthwise
