#include "data/text_corpus.h"

#include <spdlog/spdlog.h>

#include <array>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "data/token_stream.h"
#include "data/vocabulary.h"
#include "data/word_vocabulary.h"

namespace lengthwise {
namespace {

/// A split as the options name it.
struct SplitOption {
  std::string name, path;
  std::string option() const { return "data." + name; }
};

std::array<SplitOption, 3> split_options(const DataOptions& options) {
  return {{{"train", options.train}, {"valid", options.valid}, {"test", options.test}}};
}

std::string hex_digest(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

std::string without_trailing_slash(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  return end == std::string::npos ? path : path.substr(0, end + 1);
}

/// A path whose last component is a name, so that files can lie beside it.
fs::path with_file_name(const fs::path& path) {
  const fs::path plain = without_trailing_slash(path.lexically_normal().string());
  const bool is_name = plain.has_filename() && plain.filename() != "." && plain.filename() != "..";
  if (is_name) return plain;
  std::error_code ignored;
  return fs::weakly_canonical(plain, ignored);
}

[[noreturn]] void fail_with_difference(const fs::path& folder, const std::string& difference) {
  fail("data.folder: {}: {}; name another data.folder, or delete that one to prepare it again",
       folder.string(), difference);
}

void require_same_option(const fs::path& folder, const std::string& option, const auto& then,
                         const auto& now) {
  if (then == now) return;
  fail("{}: is {}, but {} was prepared with {}; set {} = {}, or name another data.folder", option,
       now, folder.string(), then, option, then);
}

void require_same_options(const Manifest& manifest, const DataOptions& options,
                          const fs::path& folder) {
  require_same_option(folder, "data.vocabulary", manifest.vocabulary, options.vocabulary);
  require_same_option(folder, "data.vocabulary_size", manifest.vocabulary_size_asked,
                      options.vocabulary_size);
}

bool is_unchanged(const SourceFile& now, const SourceFile& then, const fs::path& path) {
  if (now.name != then.name || now.bytes != then.bytes) return false;
  return now.modified_ns == then.modified_ns || sha256_of_file(path) == then.sha256;
}

void require_same_sources(const SplitOption& given, const PreparedSplit* split,
                          const fs::path& folder) {
  if (given.path.empty() && split == nullptr) return;
  if (split == nullptr) {
    fail_with_difference(folder, fmt::format("was prepared without {}", given.option()));
  }
  if (given.path.empty()) {
    fail_with_difference(folder, fmt::format("was prepared with {} = {}, which is empty now",
                                             given.option(), split->path));
  }
  const SourceTexts texts = list_source_texts(given.option(), given.path);
  if (texts.files.size() != split->sources.size()) {
    fail_with_difference(folder,
                         fmt::format("was prepared from {} files of {}, which has {} now",
                                     split->sources.size(), given.option(), texts.files.size()));
  }
  for (size_t i = 0; i < texts.files.size(); ++i) {
    const fs::path path = texts.path_of(texts.files[i]);
    if (!is_unchanged(texts.files[i], split->sources[i], path)) {
      fail_with_difference(folder, fmt::format("was prepared from another {} than {} is now",
                                               split->sources[i].name, path.string()));
    }
  }
}

/// A folder that takes its name by `commit`, and is gone without it. What a killed process left
/// under the same name goes first: the caller holds the lock.
class AtomicFolder {
 public:
  explicit AtomicFolder(fs::path path) : path_(std::move(path)) {
    aside_ = path_.parent_path() / ("." + path_.filename().string() + ".partial");
    fs::remove_all(aside_);
    make_folder(aside_);
  }
  ~AtomicFolder() {
    std::error_code ignored;
    fs::remove_all(aside_, ignored);
  }
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const fs::path& aside() const { return aside_; }

  void commit() {
    std::error_code error;
    fs::rename(aside_, path_, error);  // onto nothing, or an empty folder
    if (error) fail("{}: cannot be written: {}", path_.string(), error.message());
  }

 private:
  fs::path path_, aside_;
};

void hash_sources(SourceTexts& texts, bool needs_utf8) {
  for (SourceFile& file : texts.files) {
    const fs::path path = texts.path_of(file);
    if (needs_utf8) require_utf8(path);
    file.sha256 = sha256_of_file(path);
  }
}

/// Appends a document's tokens; gives back what they stand for.
Document encode_document(const fs::path& path, const Vocabulary& vocabulary,
                         std::vector<uint32_t>& tokens) {
  const MappedFile file(path);
  Document document{};
  document.begin = static_cast<int64_t>(tokens.size());
  vocabulary.encode(file.text(), tokens);
  document.end = static_cast<int64_t>(tokens.size());
  document.bytes = static_cast<int64_t>(file.text().size());
  document.words = count_words(file.text());
  document.first_token_bytes = vocabulary.first_token_bytes(file.text());
  return document;
}

PreparedSplit write_split(const SplitOption& given, const SourceTexts& texts,
                          const Vocabulary& vocabulary, const fs::path& folder) {
  PreparedSplit split;
  split.name = given.name;
  split.path = given.path;
  split.sources = texts.files;
  std::vector<uint32_t> tokens;
  std::vector<Document> documents;
  for (const fs::path& path : texts.paths()) {
    documents.push_back(encode_document(path, vocabulary, tokens));
    split.bytes += documents.back().bytes;
    split.words += documents.back().words;
  }
  split.tokens = static_cast<int64_t>(tokens.size());
  split.documents = static_cast<int64_t>(documents.size());
  split.file.name = given.name + ".safetensors";
  TokenStream::from_tokens(std::move(tokens), std::move(documents), vocabulary.size())
      .save(folder / split.file.name);
  split.file.sha256 = sha256_of_file(folder / split.file.name);
  return split;
}

/// Saves the vocabulary into a folder that is still empty: the file there is then its own.
PreparedFile write_vocabulary(const Vocabulary& vocabulary, const fs::path& folder) {
  vocabulary.save(folder);
  const fs::path path = fs::directory_iterator(folder)->path();
  return {path.filename().string(), sha256_of_file(path)};
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void prepare_into(const DataOptions& options, const fs::path& folder) {
  const VocabularyKind& kind = vocabulary_kind(options.vocabulary);
  // All of the text is looked at before anything slow begins.
  std::vector<std::pair<SplitOption, SourceTexts>> sources;
  for (const SplitOption& given : split_options(options)) {
    if (given.path.empty()) continue;
    sources.emplace_back(given, list_source_texts(given.option(), given.path));
    hash_sources(sources.back().second, kind.needs_utf8);
  }
  auto start = std::chrono::steady_clock::now();
  const auto vocabulary = kind.train(sources.front().second.paths(), options.vocabulary_size);
  spdlog::info("data: {} vocabulary of {} tokens ({})", kind.name, vocabulary->size(),
               format_duration(seconds_since(start)));

  Manifest manifest;
  manifest.vocabulary = options.vocabulary;
  manifest.vocabulary_size_asked = options.vocabulary_size;
  manifest.vocabulary_size = vocabulary->size();
  manifest.start_token = vocabulary->start_token();
  manifest.vocabulary_file = write_vocabulary(*vocabulary, folder);
  for (const auto& [given, texts] : sources) {
    start = std::chrono::steady_clock::now();
    manifest.splits.push_back(write_split(given, texts, *vocabulary, folder));
    const PreparedSplit& split = manifest.splits.back();
    spdlog::info("data: {}: {} documents, {} tokens, {} bytes, {} words ({})", split.name,
                 split.documents, split.tokens, split.bytes, split.words,
                 format_duration(seconds_since(start)));
  }
  write_manifest(folder, manifest);
}

/// wikitext-2/wiki.train.tokens and novels/train are named for the folder they lie in, books.txt
/// for itself.
std::string text_name(const fs::path& train) {
  const std::string own = train.stem().string();
  const std::string parent = train.parent_path().filename().string();
  const bool named = !parent.empty() && parent != "." && parent != "..";
  return named && own.find("train") != std::string::npos ? parent : own;
}

Manifest prepare_or_read(const DataOptions& options, const fs::path& folder) {
  // Most calls find the work done, perhaps where nothing can be written: no lock for those.
  if (prepared(options, folder)) return read_manifest(folder);
  if (options.train.empty()) {
    fail("data.folder: {}: is not prepared; set data.train to prepare it", folder.string());
  }
  if (folder.has_parent_path()) make_folder(folder.parent_path());
  FileLock lock(folder.parent_path() / ("." + folder.filename().string() + ".lock"));
  if (!lock.try_hold()) {
    spdlog::info("data: another process prepares {}; waiting for it", folder.string());
    lock.wait();
  }
  if (!prepared(options, folder)) {
    AtomicFolder fresh(folder);
    prepare_into(options, fresh.aside());
    fresh.commit();
  }
  return read_manifest(folder);
}

}  // namespace

fs::path prepared_folder(const DataOptions& options) {
  if (!options.folder.empty()) return with_file_name(options.folder);
  const std::string size =
      options.vocabulary_size > 0 ? fmt::format("-{}", options.vocabulary_size) : "";
  const std::string decisive =
      fmt::format("{}\n{}\n{}\n{}\n{}", options.vocabulary, options.vocabulary_size, options.train,
                  options.valid, options.test);
  return fs::path("prepared") / fmt::format("{}-{}{}-{}", text_name(with_file_name(options.train)),
                                            options.vocabulary, size,
                                            hex_digest(decisive).substr(0, 8));
}

bool prepared(const DataOptions& options, const fs::path& folder) {
  if (!fs::exists(folder)) return false;
  if (!fs::is_directory(folder)) fail("data.folder: {}: is no folder", folder.string());
  if (fs::is_empty(folder)) return false;
  if (!fs::exists(folder / kManifestFile)) {
    fail("data.folder: {}: is neither empty nor prepared; name a folder that is not there yet",
         folder.string());
  }
  const Manifest manifest = read_manifest(folder);
  require_same_options(manifest, options, folder);
  if (options.train.empty()) return true;  // the folder is all there is
  for (const SplitOption& given : split_options(options)) {
    require_same_sources(given, manifest.split(given.name), folder);
  }
  return true;
}

Manifest prepare_text(const DataOptions& options, const fs::path& folder) {
  try {
    return prepare_or_read(options, folder);
  } catch (const fs::filesystem_error& error) {
    fail("{}: {}", error.path1().string(), error.code().message());
  }
}

}  // namespace lengthwise
