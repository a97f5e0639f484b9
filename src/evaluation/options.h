#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/windows.h"

namespace lengthwise {

class OptionSet;

/// [evaluation]: what is measured on a finished run.
struct EvaluationOptions {
  std::string split = "test";
  std::string protocol = "non_overlapping";
  /// "same": documents as data.documents says. "paper": as Press et al. (2021) count, whose code
  /// knows no documents: the split is one stream, cut with no regard to them, read from an
  /// end-of-line token where the vocabulary has one; every token of it is scored, the last, short
  /// window's too.
  std::string counting = "same";
  std::vector<int64_t> lengths = {64, 128, 256, 512, 1024, 2048};
  int64_t stride = 0;
  int64_t last = 0;
  std::string first_token = "vocabulary";  // see data/reading_order.h
  int64_t max_tokens = 0;
  int64_t examples = 256;  // of a task, at each length
  int64_t batch_tokens = 8192;
  int64_t draws = 1;
  std::string checkpoint = "last";
  std::string text;  // read by `compare` alone: a corpus's name, or how the hash of its text begins

  void declare(OptionSet& options);
  void validate() const;
  /// The protocol as records name it, its counting included: the two never share a table.
  std::string protocol_label() const;
  /// How windows lie at this length under the protocol.
  WindowLayout layout_at(int64_t length) const;
};

}  // namespace lengthwise
