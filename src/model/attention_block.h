#pragma once

#include "position/scheme.h"

namespace lengthwise {

/// Which keys a query sees beside the causal rule: itself and window - 1 before it, and the first
/// `sinks` of the text. window 0: all.
struct Visibility {
  int64_t window = 0;
  int64_t sinks = 0;
};

/// The rectangle of logits over query rows [begin, end), its rows from the last to the first.
LogitBlock make_block(int64_t begin, int64_t end, const Visibility& visibility);

/// The columns of a block out of a tensor whose dimension `dim` is the keys.
torch::Tensor block_columns(const torch::Tensor& all, int64_t dim, const LogitBlock& block);
/// Adds a block's columns back to where they came from.
void add_block_columns(torch::Tensor& all, int64_t dim, const LogitBlock& block,
                       const torch::Tensor& part);
/// The rows of a block out of [B, H, T, ...], from the last to the first.
torch::Tensor block_rows(const torch::Tensor& all, const LogitBlock& block);

/// A bias by distance is a Toeplitz matrix, one vector a head. A view cannot have a negative
/// stride, so rows are taken from the last: row i' of a block that ends at `end` is query end-1-i',
/// its distance to key j is end-1-(i'+j), and the entry depends on i' + j alone: a view with
/// strides (1, 1) of one vector is the whole matrix. The vector ends in minus infinity, which is
/// the causal rule, and begins with it where a window ends.
class HankelVector {
 public:
  /// value [H, T]; rows: the most a block will have.
  HankelVector(const torch::Tensor& value, int64_t rows, const Visibility& visibility);

  /// Whether the block's mask is such a view: sinks are counted from the text's start, not from the
  /// query.
  static bool fits(const LogitBlock& block, const Visibility& visibility);
  torch::Tensor mask(const LogitBlock& block) const;  // [1, H, Q, C]

 private:
  int64_t length_;
  torch::Tensor falling_;  // [H, T + rows]
};

/// std::visit with a function a kind.
template <class... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};
template <class... Kinds>
Overloaded(Kinds...) -> Overloaded<Kinds...>;

/// A bias's tensors, in the order in which its blocks read them.
std::vector<torch::Tensor> bias_inputs(const AttentionBias& bias);

/// The bias of a block as a tensor of its own, [1 or B, H, Q or 1, C] float32, not masked;
/// undefined where the kind adds nothing to logits.
torch::Tensor block_bias(const AttentionBias& bias, const LogitBlock& block, at::TensorList inputs);

}  // namespace lengthwise
