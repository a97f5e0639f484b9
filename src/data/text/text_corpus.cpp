#include "data/text/text_corpus.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "data/text/split_writer.h"
#include "data/text/vocabulary.h"

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
  if (!fs::exists(given.path)) {
    // The prepared files are checked by hashes of their own, so the text is not needed.
    spdlog::info("{}: {}: is not there; its tokens lie prepared in {}", given.option(), given.path,
                 folder.string());
    return;
  }
  const SourceTexts texts = list_source_texts(given.option(), given.path);
  // Prepared when all files of a folder were documents, it holds those left out today.
  const std::vector<SourceFile> files =
      texts.files.size() == split->sources.size() ? texts.files : texts.all_files();
  if (files.size() != split->sources.size()) {
    fail_with_difference(folder,
                         fmt::format("was prepared from {} files of {}, which has {} now",
                                     split->sources.size(), given.option(), texts.files.size()));
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const fs::path path = texts.path_of(files[i]);
    if (!is_unchanged(files[i], split->sources[i], path)) {
      fail_with_difference(folder, fmt::format("was prepared from another {} than {} is now",
                                               split->sources[i].name, path.string()));
    }
  }
}

/// The split's texts that are also texts of the training split, by content.
std::vector<std::string> names_in_train(const Manifest& manifest, const PreparedSplit& split) {
  std::vector<std::string> names;
  if (split.name == "train") return names;
  const std::vector<SourceFile>& train = manifest.split("train")->sources;
  for (const SourceFile& source : split.sources) {
    if (std::ranges::find(train, source.sha256, &SourceFile::sha256) != train.end()) {
      names.push_back(source.name);
    }
  }
  return names;
}

void warn_of_training_text(const Manifest& manifest) {
  for (const PreparedSplit& split : manifest.splits) {
    if (split.also_in_train.empty()) continue;
    spdlog::warn("data.{}: {} is also in data.train: its loss is that of text that was trained on",
                 split.name, fmt::join(split.also_in_train, ", "));
  }
}

void prepare_into(const DataOptions& options, const fs::path& folder) {
  const VocabularyKind& kind = vocabulary_kind(options.vocabulary);
  // All of the text is looked at before anything slow begins.
  std::vector<std::pair<SplitOption, SourceTexts>> sources;
  for (const SplitOption& given : split_options(options)) {
    if (given.path.empty()) continue;
    sources.emplace_back(given, list_source_texts(given.option(), given.path));
    say_what_is_left_out(given.option(), sources.back().second);
    hash_sources(sources.back().second, kind.needs_utf8);
  }
  const auto start = std::chrono::steady_clock::now();
  const auto vocabulary = kind.train(sources.front().second.paths(), options.vocabulary_size);
  spdlog::info("data: {} vocabulary of {} tokens ({})", kind.name, vocabulary->size(),
               duration_since(start));

  Manifest manifest;
  manifest.vocabulary = options.vocabulary;
  manifest.vocabulary_size_asked = options.vocabulary_size;
  manifest.vocabulary_size = vocabulary->size();
  manifest.start_token = vocabulary->start_token();
  vocabulary->save(folder);
  manifest.vocabulary_file = {std::string(kind.file), sha256_of_file(folder / kind.file)};
  for (const auto& [given, texts] : sources) {
    manifest.splits.push_back(
        write_split({given.name, given.path, kind.needs_utf8}, texts, *vocabulary, folder));
    manifest.splits.back().also_in_train = names_in_train(manifest, manifest.splits.back());
  }
  write_manifest(folder, manifest);
}

Manifest prepare_or_read(const DataOptions& options, const fs::path& folder) {
  // Most calls find the work done, perhaps where nothing can be written: no lock for those.
  if (prepared(options, folder)) return read_manifest(folder);
  if (options.train.empty()) {
    fail("data.folder: {}: is not prepared; set data.train to prepare it", folder.string());
  }
  make_folder_once(
      folder, [&] { return prepared(options, folder); },
      [&](const fs::path& aside) { prepare_into(options, aside); });
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
  return fs::path("prepared") / fmt::format("{}-{}{}-{}", text_name("train", options.train),
                                            options.vocabulary, size,
                                            sha256_of_text(decisive).substr(0, 8));
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
    Manifest manifest = prepare_or_read(options, folder);
    warn_of_training_text(manifest);
    return manifest;
  } catch (const fs::filesystem_error& error) {
    fail("{}: {}", error.path1().string(), error.code().message());
  }
}

}  // namespace lengthwise
