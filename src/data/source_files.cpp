#include "data/source_files.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

[[noreturn]] void fail_to_read(const std::string& option, const fs::path& path,
                               const std::error_code& error) {
  fail("{}: {}: cannot be read: {}", option, path.string(), error.message());
}

/// The names of all plain files below `root`, in no order.
std::vector<std::string> names_below(const std::string& option, const fs::path& root) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    if (entry->path().filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error)) {
      names.push_back(entry->path().lexically_relative(root).generic_string());
    }
    if (!error) entry.increment(error);
  }
  if (error) fail_to_read(option, root, error);
  return names;
}

std::string advice_for_missing(const fs::path& root) {
  std::error_code ignored;
  const std::string where =
      root.is_absolute() ? ""
                         : fmt::format(" (looked for in {})", fs::current_path(ignored).string());
  return fmt::format(
      "it should be a text file or a folder of text files{}; where its tokens lie prepared, their "
      "folder in data.folder is enough",
      where);
}

SourceFile describe(const std::string& option, const fs::path& path, std::string name) {
  SourceFile file;
  file.name = std::move(name);
  std::error_code error;
  file.bytes = static_cast<int64_t>(fs::file_size(path, error));
  if (error) fail_to_read(option, path, error);
  const auto modified = fs::last_write_time(path, error).time_since_epoch();
  if (error) fail_to_read(option, path, error);
  file.modified_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(modified).count();
  if (file.bytes == 0) fail("{}: {}: is empty; a document needs text", option, path.string());
  return file;
}

std::string without_trailing_slash(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  return end == std::string::npos ? path : path.substr(0, end + 1);
}

}  // namespace

fs::path SourceTexts::path_of(const SourceFile& file) const {
  return fs::is_directory(root) ? root / file.name : root;
}

std::vector<fs::path> SourceTexts::paths() const {
  std::vector<fs::path> paths;
  for (const SourceFile& file : files) paths.push_back(path_of(file));
  return paths;
}

SourceTexts list_source_texts(const std::string& option, const fs::path& root) {
  std::error_code error;
  const fs::file_status status = fs::status(root, error);
  if (!fs::exists(status)) {
    fail("{}: {}: cannot be read: {}; {}", option, root.string(),
         error ? error.message() : "no such file or folder", advice_for_missing(root));
  }
  SourceTexts texts{root, {}};
  if (fs::is_regular_file(status)) {
    texts.files.push_back(describe(option, root, root.filename().string()));
    return texts;
  }
  if (!fs::is_directory(status)) {
    fail("{}: {}: is neither a plain file nor a folder", option, root.string());
  }
  std::vector<std::string> names = names_below(option, root);
  if (names.empty()) fail("{}: {}: is a folder without files", option, root.string());
  std::ranges::sort(names);
  for (std::string& name : names) {
    texts.files.push_back(describe(option, root / name, std::move(name)));
  }
  return texts;
}

fs::path with_file_name(const fs::path& path) {
  const fs::path plain = without_trailing_slash(path.lexically_normal().string());
  const bool is_name = plain.has_filename() && plain.filename() != "." && plain.filename() != "..";
  if (is_name) return plain;
  std::error_code ignored;
  return fs::weakly_canonical(plain, ignored);
}

std::string text_name(const std::string& split, const fs::path& path) {
  const fs::path plain = with_file_name(path);
  const std::string own = plain.stem().string();
  const std::string parent = plain.parent_path().filename().string();
  const bool named = !parent.empty() && parent != "." && parent != "..";
  return named && own.find(split) != std::string::npos ? parent : own;
}

void require_utf8(const fs::path& path) {
  const MappedFile file(path);
  if (const auto at = first_invalid_utf8(file.text())) {
    fail("{}: is no UTF-8 at byte {}; convert it, or set data.vocabulary = byte", path.string(),
         *at);
  }
}

}  // namespace lengthwise
