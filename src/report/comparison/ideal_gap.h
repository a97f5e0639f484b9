#pragma once

#include <cstdint>
#include <vector>

#include "report/comparison/text_comparison.h"
#include "report/statistics/bootstrap.h"

namespace lengthwise {

/// A mean with its value in every resample; these are empty where there are too few blocks.
struct Resampled {
  BlockMean mean;
  std::vector<double> draws;
};

/// The exact reader on the windows of one length, resampled as the rows are.
struct IdealColumn {
  int64_t length = 0;
  Resampled all;
  BlockMean order, memory;
  std::vector<int64_t> memories;   // tokens, ascending, all below the length
  std::vector<Resampled> limited;  // the reader that remembers so many, each
};

/// GapToIdeal's three figures, each with its interval from the same draws.
Estimate used_share(const Resampled& model_at_train_length, const Resampled& model,
                    const Resampled& ideal_at_train_length, const Resampled& ideal);
Estimate beyond_memory(const Resampled& model, const Resampled& remembers_train_length,
                       const Resampled& ideal);
/// Interpolated linearly in log2 of the memory between the readers of `ideal.memories` and the
/// ideal itself at the length; `ideal` has one memory at least.
Estimate equivalent_memory(const Resampled& model, const IdealColumn& ideal);

}  // namespace lengthwise
