#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/reading_order.h"
#include "evaluation/windows.h"
#include "model/transformer.h"

namespace lengthwise {

/// What one pass over a split found, a value a scored token, in the order of the stream.
struct TokenLosses {
  std::vector<float> nats;  // -ln p of each scored token
  std::vector<float>
      ideal_nats;  // of the exact reader on the same windows; empty where there is none
  std::vector<std::array<int64_t, 2>> position_runs;  // scored stream positions: first, count
  int64_t forward_tokens = 0;
  double seconds = 0;  // of the model alone
};

/// Runs the model over the windows, several of one size at a time, up to `batch_tokens` inputs
/// together. Leaves the model's training mode as it was. A scheme that draws its positions does so
/// `draws` times, for all windows alike, and a token's nats are the mean.
TokenLosses measure_windows(Transformer& model, const Dataset& dataset, const ReadingOrder& reading,
                            const std::vector<Window>& windows, int64_t batch_tokens,
                            int64_t draws = 1);

/// The mean of the values, summed in float64.
double mean_of(const std::vector<float>& values);

}  // namespace lengthwise
