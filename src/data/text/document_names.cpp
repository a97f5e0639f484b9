#include "data/text/document_names.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace lengthwise {
namespace {

constexpr std::array kTextEndings = {".txt", ".text", ".tokens", ".raw"};
constexpr std::array kBackupEndings = {"~", ".bak", ".orig", ".swp", ".swo", ".tmp"};
constexpr std::array kAboutFiles = {"license", "licence", "copying"};
constexpr size_t kLookedAt = 8192;

std::string lowered(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool ends_in(const std::string& name, const auto& endings) {
  return std::ranges::any_of(endings, [&](const char* ending) { return name.ends_with(ending); });
}

bool lies_beside_texts(const std::string& name) {
  const bool unsaved = name.starts_with('#') && name.ends_with('#');
  const std::string stem = name.substr(0, name.find('.'));
  return unsaved || ends_in(name, kBackupEndings) || name.starts_with("readme") ||
         std::ranges::find(kAboutFiles, stem) != kAboutFiles.end();
}

bool is_binary(const fs::path& path) {
  const MappedFile file(path);
  const std::string_view begin = file.text().substr(0, kLookedAt);
  return begin.find('\0') != begin.npos && !looks_like_utf16(begin);
}

}  // namespace

FolderDocuments choose_documents(const fs::path& root, std::vector<std::string> names) {
  std::ranges::sort(names);
  FolderDocuments chosen;
  std::vector<std::string> others;
  for (std::string& name : names) {
    const std::string own = lowered(fs::path(name).filename().string());
    if (lies_beside_texts(own) || is_binary(root / name)) {
      chosen.left_out.push_back(std::move(name));
    } else if (ends_in(own, kTextEndings)) {
      chosen.documents.push_back(std::move(name));
    } else {
      others.push_back(std::move(name));
    }
  }
  if (chosen.documents.empty()) std::swap(chosen.documents, others);
  chosen.left_out.insert(chosen.left_out.end(), others.begin(), others.end());
  std::ranges::sort(chosen.left_out);
  return chosen;
}

}  // namespace lengthwise
