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

/// How a model is run over windows or examples.
struct Measuring {
  int64_t batch_tokens = 0;  // inputs a forward pass, in whole windows
  int64_t draws = 1;         // of positions, where the scheme draws them: nats are their mean
  uint64_t seed = 0;         // training's, and
  int64_t length = 0;        // the length measured at: both name the draws
};

/// Runs the model over the windows, several of one size at a time. Leaves the model's training mode
/// as it was. Windows of a scheme that draws its positions run one by one, each under draws of its
/// own, position_draw at the stream position of its first scored token: values depend on neither
/// batch size nor order, and intervals over windows or seeds hold what the draws add.
TokenLosses measure_windows(Transformer& model, const Dataset& dataset, const ReadingOrder& reading,
                            const std::vector<Window>& windows, const Measuring& how);

/// The name of a draw of positions (PositionScheme::positions), by the run's seed and the length
/// measured at, the place of the window in the stream (of a task the example's number), and which
/// of its draws it is: a stream of base/random.h split from each by the next.
uint64_t position_draw(const Measuring& how, int64_t place, int64_t draw);

/// The mean of the values, summed in float64.
double mean_of(const std::vector<float>& values);

}  // namespace lengthwise
