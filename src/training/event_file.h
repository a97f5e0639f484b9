#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/files.h"

namespace lengthwise {

/// A number of a step, under the name that a dashboard shows.
struct StepScalar {
  std::string_view tag;
  double value;
};

/// A file of events as TensorBoard reads it: records of a length, its CRC-32C, an Event message
/// (wall_time, step, summary) and the CRC-32C of that (tensorflow/core/lib/io/record_writer.h and
/// core/util/event.proto say the format). Nothing of TensorFlow is needed to write it.
class EventFile {
 public:
  explicit EventFile(fs::path path) : path_(std::move(path)) {}

  /// Adds a record; the first makes the file and its folder.
  void append(int64_t step, std::span<const StepScalar> scalars) const;
  /// Records of later steps, and one that a kill cut short, go.
  void keep_to(int64_t step) const;

 private:
  fs::path path_;
};

}  // namespace lengthwise
