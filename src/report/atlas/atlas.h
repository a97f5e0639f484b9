#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lengthwise {

/// What one results folder says of its schemes at one length, all trained at one length too.
struct AtlasColumn {
  struct Cell {
    double value, lo, hi;           // perplexity, or the share of examples right; 95 % interval
    int64_t first_rank, last_rank;  // between which its rank is not told apart
  };

  std::string folder, question;  // "results/tasks/copy", "copy"
  int64_t train_length, eval_length;
  bool is_accuracy;                   // more is better; perplexity else
  std::map<std::string, Cell> cells;  // by scheme
};

/// What training a scheme took, beside the others of its folder.
struct AtlasCost {
  std::optional<double> tokens_per_second, peak_memory_mib;
};

/// Every scheme that the folders know with its options as they are, side by side.
struct Atlas {
  std::vector<std::string> schemes;  // in the order in which the folders have them
  std::vector<AtlasColumn> columns;  // two a folder: at the train length, at the longest measured
  std::map<std::string, AtlasCost> costs;  // of the first folder that has the scheme
  std::vector<std::string> left_out;       // rows trained or measured with other options
};

/// Ranks by what the folders' files hold: of perplexities the paired differences in
/// differences.csv, of accuracies their intervals. A scheme's first rank is one more than those
/// surely better, its last leaves room for those surely worse. UserError where a folder holds no
/// comparison.
Atlas read_atlas(const std::vector<std::filesystem::path>& folders);

std::string atlas_page(const Atlas& atlas, const std::string& command);

}  // namespace lengthwise
