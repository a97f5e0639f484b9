#include "data/text/source_files.h"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "data/text/document_names.h"

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
  fs::path latest = root;
  fs::recursive_directory_iterator entry(root, error);
  while (!error && entry != fs::recursive_directory_iterator()) {
    latest = entry->path();
    if (latest.filename().string().starts_with('.')) {
      entry.disable_recursion_pending();
    } else if (entry->is_symlink() && !fs::exists(latest)) {
      fail("{}: {}: is a link to {}, which is not there; mend it or take it away", option,
           latest.string(), fs::read_symlink(latest).string());
    } else if (entry->is_regular_file(error)) {
      names.push_back(latest.lexically_relative(root).generic_string());
    }
    if (!error) entry.increment(error);
  }
  if (error) fail_to_read(option, latest, error);
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
  return file;
}

SourceFile describe_document(const std::string& option, const fs::path& path, std::string name) {
  SourceFile file = describe(option, path, std::move(name));
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

std::vector<SourceFile> SourceTexts::all_files() const {
  std::vector<SourceFile> all = files;
  all.insert(all.end(), left_out.begin(), left_out.end());
  std::ranges::sort(all, {}, &SourceFile::name);
  return all;
}

std::string_view DocumentText::text() const {
  return without_byte_order_mark(file_.text());
}

SourceTexts list_source_texts(const std::string& option, const fs::path& root) {
  std::error_code error;
  const fs::file_status status = fs::status(root, error);
  if (!fs::exists(status)) {
    fail("{}: {}: cannot be read: {}; {}", option, root.string(),
         error ? error.message() : "no such file or folder", advice_for_missing(root));
  }
  SourceTexts texts{root, {}, {}};
  if (fs::is_regular_file(status)) {
    texts.files.push_back(describe_document(option, root, root.filename().string()));
    return texts;
  }
  if (!fs::is_directory(status)) {
    fail("{}: {}: is neither a plain file nor a folder", option, root.string());
  }
  const FolderDocuments chosen = choose_documents(root, names_below(option, root));
  if (chosen.documents.empty()) {
    fail("{}: {}: is a folder without {}", option, root.string(),
         chosen.left_out.empty()
             ? "files"
             : fmt::format("texts; it holds {}", fmt::join(chosen.left_out, ", ")));
  }
  for (const std::string& name : chosen.documents) {
    texts.files.push_back(describe_document(option, root / name, name));
  }
  for (const std::string& name : chosen.left_out) {
    texts.left_out.push_back(describe(option, root / name, name));
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
  const DocumentText document(path);
  const std::string_view text = document.text();
  if (looks_like_utf16(text)) {
    fail(
        "{}: is UTF-16; save it as UTF-8 (iconv -f UTF-16 -t UTF-8), or set data.vocabulary = byte",
        path.string());
  }
  if (const auto at = first_invalid_utf8(text)) {
    const size_t mark = MappedFile(path).bytes().size() - text.size();
    fail("{}: is no UTF-8 at byte {}; convert it, or set data.vocabulary = byte", path.string(),
         *at + mark);
  }
  if (text.empty()) {
    fail("{}: is empty but for a byte order mark; a document needs text", path.string());
  }
  if (text.find('\r') != text.npos && text.find('\n') == text.npos) {
    spdlog::warn(
        "{}: its lines end in CR alone, so that it is read as one line; tr '\\r' '\\n' makes lines "
        "of "
        "it",
        path.string());
  }
}

}  // namespace lengthwise
