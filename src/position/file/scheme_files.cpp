#include "position/file/scheme_files.h"

#include <map>
#include <mutex>

#include "position/file/scheme_hooks.h"

namespace lengthwise {
namespace {

struct File {
  SchemeSource source;
  std::shared_ptr<const SchemeProgram> program;  // null until it is asked for
};

std::mutex mutex;

File& file_at(const std::string& path) {
  static std::map<std::string, File> files;
  const auto found = files.find(path);
  return found != files.end()
             ? found->second
             : files.emplace(path, File{read_scheme_source(path), {}}).first->second;
}

}  // namespace

const SchemeSource& scheme_source(const std::string& path) {
  const std::lock_guard lock(mutex);
  return file_at(path).source;
}

std::shared_ptr<const SchemeProgram> scheme_program(const std::string& path) {
  const std::lock_guard lock(mutex);
  File& file = file_at(path);
  if (!file.program) {
    file.program = std::make_shared<SchemeProgram>(file.source, scheme_hooks());
  }
  return file.program;
}

}  // namespace lengthwise
