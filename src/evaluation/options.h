#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lengthwise {

class OptionSet;

/// [evaluation]: what is measured on a finished run.
struct EvaluationOptions {
  std::string split = "test";
  std::string protocol = "non_overlapping";
  std::vector<int64_t> lengths = {64, 128, 256, 512, 1024, 2048};
  int64_t stride = 0;
  int64_t max_tokens = 0;
  int64_t batch_tokens = 8192;
  int64_t draws = 1;
  std::string checkpoint = "last";

  void declare(OptionSet& options);
  void validate() const;
  /// Targets a window scores at this length under the protocol.
  int64_t stride_at(int64_t length) const;
};

}  // namespace lengthwise
