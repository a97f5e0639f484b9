#include "data/text/other_text.h"

#include "base/error.h"
#include "data/text/split_writer.h"
#include "data/text/text_corpus.h"

namespace lengthwise {
namespace {

/// Names and contents decide the tokens; where the text lies does not.
std::string digits_of(const StoredVocabulary& vocabulary, const OtherText& text,
                      const SourceTexts& sources) {
  std::string decisive = fmt::format("{}\n{}", vocabulary.hash, text.split);
  for (const SourceFile& file : sources.files) {
    decisive += fmt::format("\n{} {}", file.sha256, file.name);
  }
  return sha256_of_text(decisive).substr(0, 8);
}

void prepare_into(const StoredVocabulary& stored, const OtherText& text, const SourceTexts& sources,
                  const fs::path& folder) {
  const auto vocabulary = stored.load();
  copy_vocabulary(stored, folder);
  Manifest manifest;
  manifest.vocabulary = stored.kind;
  manifest.vocabulary_size = vocabulary->size();
  manifest.start_token = vocabulary->start_token();
  manifest.vocabulary_file = {stored.file().filename().string(), stored.sha256};
  manifest.splits.push_back(
      write_split({text.split, text.path, vocabulary_kind(stored.kind).needs_utf8}, sources,
                  *vocabulary, folder));
  write_manifest(folder, manifest);
}

Manifest read_same_vocabulary(const StoredVocabulary& vocabulary, const OtherText& text) {
  const fs::path folder = text.folder;
  if (!fs::exists(folder / kManifestFile)) {
    fail("data.folder: {}: holds no {}; name a folder of prepared tokens, or a text in data.{}",
         folder.string(), kManifestFile, text.split);
  }
  Manifest manifest = read_manifest(folder);
  if (manifest.vocabulary_hash() != vocabulary.hash) {
    fail(
        "data.folder: {}: was prepared with the {} vocabulary {:.12}, the weights belong to the {} "
        "vocabulary {:.12}; name the text itself in data.{} and leave data.folder out",
        folder.string(), manifest.vocabulary, manifest.vocabulary_file.sha256, vocabulary.kind,
        vocabulary.sha256, text.split);
  }
  if (manifest.split(text.split) == nullptr) {
    fail(
        "data.folder: {}: was prepared without a {} split; it has: {}; set evaluation.split to one "
        "of these, or name a text in data.{}",
        folder.string(), text.split, manifest.split_names(), text.split);
  }
  return manifest;
}

PreparedText prepare(const StoredVocabulary& vocabulary, const OtherText& text) {
  SourceTexts sources = list_source_texts("data." + text.split, text.path);
  hash_sources(sources, vocabulary_kind(vocabulary.kind).needs_utf8);
  const fs::path folder =
      fs::path("prepared") / fmt::format("{}-{}-{}", text_name(text.split, text.path),
                                         vocabulary.kind, digits_of(vocabulary, text, sources));
  const auto made = [&] { return fs::exists(folder / kManifestFile); };
  if (!made()) {
    say_what_is_left_out("data." + text.split, sources);
    make_folder_once(folder, made, [&](const fs::path& aside) {
      prepare_into(vocabulary, text, sources, aside);
    });
  }
  return {folder, read_same_vocabulary(vocabulary, {text.split, text.path, folder.string()})};
}

}  // namespace

PreparedText prepare_other_text(const StoredVocabulary& vocabulary, const OtherText& text) {
  try {
    if (!text.folder.empty()) return {text.folder, read_same_vocabulary(vocabulary, text)};
    return prepare(vocabulary, text);
  } catch (const fs::filesystem_error& error) {
    fail("{}: {}", error.path1().string(), error.code().message());
  }
}

}  // namespace lengthwise
