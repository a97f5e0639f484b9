#pragma once

#include "position/bias.h"
#include "position/file/file_scheme.h"

namespace lengthwise {

/// One layer's attention under a scheme, from what the layer is handed to what it passes on.
struct LayerInputs {
  torch::Tensor embeddings, queries, keys, values;  // [1, T, D], [1, H, T, K]

  LayerInputs to(torch::ScalarType type) const;
  /// Leaves of a graph of their own.
  LayerInputs leaves() const;
};
LayerInputs draw_layer_inputs(const ModelShape& shape, int64_t length);

/// The scheme with every parameter moved off where it begins, so that none acts on nothing.
std::shared_ptr<FileScheme> scheme_off_its_beginning(const std::string& file,
                                                     const ModelShape& shape);
std::shared_ptr<PositionScheme> scheme_off_its_beginning(const PositionOptions& options,
                                                         const ModelShape& shape);

/// The way that training takes: [1, H, Q, K] of the last `rows` places, float32. Where a scheme
/// changes embeddings, all numbers of that one after another, and then of the embeddings.
torch::Tensor attended(const PositionScheme& scheme, const LayerInputs& inputs,
                       const Positions& positions, int64_t rows);

/// The textbook's: over all pairs at once, in float64, with the file's own functions called in
/// float64. Shares with `attended` nothing but these. `parameters` are in place of the scheme's.
torch::Tensor attended_in_float64(const FileScheme& scheme, const LayerInputs& inputs,
                                  const Positions& positions, at::TensorList parameters);

Positions counted_positions(int64_t length, double first = 0);

}  // namespace lengthwise
