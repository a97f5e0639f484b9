#pragma once

#include <string>

#include "base/files.h"
#include "position/file/file_scheme.h"
#include "position/file/scheme_files.h"
#include "position/options.h"
#include "position/registry.h"
#include "temporary_folder.h"
#include "user_error_text.h"

namespace lengthwise {

constexpr ModelShape kFileShape{.width = 24, .heads = 3, .layers = 2, .train_length = 16};

/// A scheme file of this text, in a folder of its own; a process reads a file once.
inline std::string scheme_file(const std::string& text, const std::string& name = "idea.py") {
  static const TemporaryFolder folder;
  static int count = 0;
  const fs::path path = folder / std::to_string(count++) / name;
  fs::create_directories(path.parent_path());
  write_file(path, text);
  return path.string();
}

inline PositionOptions options_with(const std::string& path) {
  PositionOptions options;
  options.scheme = path;
  return options;
}

/// What is said of the file before anything is trained, without its folder; empty: nothing.
inline std::string refusal_of(const std::string& text, const ModelShape& shape = kFileShape) {
  const std::string path = scheme_file(text);
  std::string line = user_error_text([&] { options_with(path).validate(shape); });
  const size_t at = line.find("idea.py");
  return at == std::string::npos ? line : line.substr(at);
}

/// With parameters as training begins with them.
inline std::shared_ptr<FileScheme> scheme_of_text(const std::string& text,
                                                  const ModelShape& shape = kFileShape) {
  const std::string path = scheme_file(text);
  options_with(path).validate(shape);
  auto scheme = std::make_shared<FileScheme>(scheme_program(path), shape);
  torch::manual_seed(11);
  scheme->reset_parameters();
  return scheme;
}

}  // namespace lengthwise
