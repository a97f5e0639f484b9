#include "data/text/stored_vocabulary.h"

#include "base/error.h"
#include "data/text/bpe_vocabulary.h"
#include "data/text/token_list.h"

namespace lengthwise {
namespace {

std::string kind_in(const fs::path& folder) {
  if (fs::exists(folder / kBpeModelFile)) return "bpe";
  if (fs::exists(folder / kTokenListFile)) return kind_of_token_list(folder);
  for (const VocabularyKind& kind : vocabulary_kinds()) {
    if (kind.comes_with_checkpoints && fs::exists(folder / kind.file)) {
      return std::string(kind.name);
    }
  }
  fail("{}: holds no vocabulary: neither {} nor {}", folder.string(), kTokenListFile,
       kBpeModelFile);
}

}  // namespace

StoredVocabulary find_vocabulary(const fs::path& folder) {
  return stored_vocabulary(folder, kind_in(folder));
}

StoredVocabulary stored_vocabulary(const fs::path& folder, const std::string& kind) {
  StoredVocabulary vocabulary{folder, kind, {}, {}};
  vocabulary.sha256 = sha256_of_file(vocabulary.file());
  vocabulary.hash = stored_vocabulary_hash(vocabulary.kind, vocabulary.sha256);
  return vocabulary;
}

void copy_vocabulary(const StoredVocabulary& vocabulary, const fs::path& folder) {
  const fs::path copy = folder / vocabulary.file().filename();
  if (fs::exists(copy) && sha256_of_file(copy) == vocabulary.sha256) return;
  make_folder(folder);
  write_file(copy, read_file(vocabulary.file()));
}

std::string stored_vocabulary_hash(std::string_view kind, std::string_view file_sha256) {
  return sha256_of_text(fmt::format("vocabulary {} {}", kind, file_sha256));
}

}  // namespace lengthwise
