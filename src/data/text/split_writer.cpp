#include "data/text/split_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/text.h"
#include "data/text/word_vocabulary.h"
#include "data/token_stream.h"

namespace lengthwise {
namespace {

/// Appends a document's tokens; gives back what they stand for.
Document encode_document(std::string_view text, const Vocabulary& vocabulary,
                         std::vector<uint32_t>& tokens) {
  Document document{};
  document.begin = static_cast<int64_t>(tokens.size());
  vocabulary.encode(text, tokens);
  document.end = static_cast<int64_t>(tokens.size());
  document.bytes = static_cast<int64_t>(text.size());
  document.words = count_words(text);
  document.first_token_bytes = vocabulary.first_token_bytes(text);
  document.unknown = vocabulary.unknown_tokens(text);
  return document;
}

}  // namespace

void make_folder_once(const fs::path& folder, const std::function<bool()>& made,
                      const std::function<void(const fs::path& aside)>& make) {
  if (folder.has_parent_path()) make_folder(folder.parent_path());
  FileLock lock(folder.parent_path() / ("." + folder.filename().string() + ".lock"));
  if (!lock.try_hold()) {
    spdlog::info("data: another process prepares {}; waiting for it", folder.string());
    lock.wait();
  }
  if (made()) return;
  AtomicFolder fresh(folder);
  make(fresh.aside());
  fresh.commit();
}

void say_what_is_left_out(const std::string& option, const SourceTexts& texts) {
  if (texts.left_out.empty()) return;
  constexpr size_t kNamed = 8;
  std::string names;
  for (size_t i = 0; i < std::min(kNamed, texts.left_out.size()); ++i) {
    names += (i == 0 ? "" : ", ") + texts.left_out[i].name;
  }
  if (texts.left_out.size() > kNamed) {
    names += fmt::format(" and {} more", texts.left_out.size() - kNamed);
  }
  spdlog::info("{}: {} documents; left out: {}", option, texts.files.size(), names);
}

void hash_sources(SourceTexts& texts, bool needs_utf8) {
  for (SourceFile& file : texts.files) {
    const fs::path path = texts.path_of(file);
    if (needs_utf8) require_utf8(path);
    file.sha256 = sha256_of_file(path);
  }
}

PreparedSplit write_split(const SplitName& given, const SourceTexts& texts,
                          const Vocabulary& vocabulary, const fs::path& folder) {
  const auto start = std::chrono::steady_clock::now();
  PreparedSplit split;
  split.name = given.name;
  split.path = given.path;
  split.sources = texts.files;
  std::vector<uint32_t> tokens;
  std::vector<Document> documents;
  std::vector<UnknownTokens> unknown;
  for (const fs::path& path : texts.paths()) {
    const MappedFile file(path);
    documents.push_back(encode_document(
        given.is_utf8 ? without_byte_order_mark(file.text()) : file.text(), vocabulary, tokens));
    unknown.push_back(*documents.back().unknown);
    split.bytes += documents.back().bytes;
    split.words += documents.back().words;
  }
  split.unknown = std::move(unknown);
  split.tokens = static_cast<int64_t>(tokens.size());
  split.documents = static_cast<int64_t>(documents.size());
  split.file.name = given.name + ".safetensors";
  TokenStream::from_tokens(std::move(tokens), std::move(documents), vocabulary.size())
      .save(folder / split.file.name);
  split.file.sha256 = sha256_of_file(folder / split.file.name);
  const int64_t lacking = split.unknown_tokens();
  spdlog::info("data: {}: {} documents, {} tokens{}, {} bytes, {} words ({})", split.name,
               split.documents, split.tokens,
               lacking > 0 ? fmt::format(" ({} <unk>, {:.2f} %)", lacking,
                                         100.0 * static_cast<double>(lacking) /
                                             static_cast<double>(split.tokens))
                           : "",
               split.bytes, split.words, duration_since(start));
  return split;
}

std::string duration_since(std::chrono::steady_clock::time_point start) {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return format_duration(seconds.count());
}

}  // namespace lengthwise
