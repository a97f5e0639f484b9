#pragma once

#include "position/bias.h"

namespace lengthwise {

/// Dropout of attention probabilities; the mask is a function of the seed and the place.
struct AttentionDropout {
  double probability = 0;
  uint64_t seed = 0;
};

/// Everything of a call of attention but its tensors, for forward and backward alike.
struct Walk : torch::CustomClassHolder {
  // Their tensors are replaced by the inputs handed to each function: the bias's, then the
  // product's, then the sink.
  AttentionBias bias;
  AttentionParts parts;
  double scale = 1;
  Visibility visibility;
  AttentionDropout dropout;
  int64_t rows = 0;        // a block, where its logits are computed here
  int64_t fused_rows = 0;  // a block, where the fused kernel computes them

  /// The fused kernel adds a mask, and does nothing else to logits or weights.
  bool fits_fused_kernel() const {
    return dropout.probability == 0 && !parts.product && !std::holds_alternative<LogitChange>(bias);
  }
  /// Whether a row's weights sum to one, with the sink's.
  bool normalised() const {
    const auto* change = std::get_if<LogitChange>(&bias);
    return change == nullptr || change->normalised;
  }

  size_t product_begin = 0, sink_begin = 0;  // in the inputs, set by all_inputs
  std::vector<torch::Tensor> all_inputs();
  at::TensorList of_bias(at::TensorList inputs) const { return inputs.slice(0, product_begin); }
  at::TensorList of_product(at::TensorList inputs) const {
    return inputs.slice(product_begin, sink_begin - product_begin);
  }
};

/// The rectangle of logits over query rows [begin, end), its rows from the last to the first; its
/// indices on the device.
LogitBlock make_block(int64_t begin, int64_t end, const Visibility& visibility,
                      torch::Device device = torch::kCPU);

/// The columns of a block out of a tensor whose dimension `dim` is the keys.
torch::Tensor block_columns(const torch::Tensor& all, int64_t dim, const LogitBlock& block);
/// Adds a block's columns back to where they came from.
void add_block_columns(torch::Tensor& all, int64_t dim, const LogitBlock& block,
                       const torch::Tensor& part);
/// The rows of a block out of [B, H, Q, ...], from the last to the first; row 0 is query `offset`.
torch::Tensor block_rows(const torch::Tensor& all, const LogitBlock& block, int64_t offset);

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

/// A bias of the kinds that add to logits, block by block.
class BlockBias {
 public:
  /// keys [B, H, T, K]; rows: the most a block will have. Keeps references.
  BlockBias(const Walk& walk, const torch::Tensor& keys, int64_t rows, at::TensorList inputs);

  /// What is added to the block's logits, minus infinity where a key is not seen: [B, H, Q, C]
  /// float32, a view of one vector where that is possible.
  torch::Tensor mask(const LogitBlock& block, int64_t batch) const;

  /// scale q k', or what stands in its place: [B, H, Q, C] float32.
  torch::Tensor products(const LogitBlock& block, const torch::Tensor& queries,
                         const torch::Tensor& keys) const;
  /// Those, which it may overwrite, with their bias or change; what is not seen is not masked, or
  /// is minus infinity.
  torch::Tensor logits(const LogitBlock& block, torch::Tensor products,
                       const torch::Tensor& queries) const;

  /// The sink's logit as those of the block's rows count [1 or B, H, Q] float32; undefined: there
  /// is none.
  torch::Tensor sink(const LogitBlock& block) const;

 private:
  /// Of a bias by key, what the block's are taken relative to, so that it is rounded after:
  /// [1 or B, H, 1] float64. A later origin would leak through the rounding.
  torch::Tensor origin(const LogitBlock& block) const;
  /// [1 or B, H, Q or 1, C] float32, not masked; undefined where nothing is added.
  torch::Tensor values(const LogitBlock& block) const;

  const Walk& walk_;
  int64_t heads_;
  torch::TensorOptions float32_;  // where the keys are
  at::TensorList inputs_;
  std::optional<HankelVector> hankel_;
};

/// a b in the type of a, as float32: what a walk adds up and exponentiates is float32.
torch::Tensor product(const torch::Tensor& a, const torch::Tensor& b);

/// Fills what a query of the block may not see, in place.
void hide(torch::Tensor& logits, const LogitBlock& block, double with);

/// [sizes] bool, where the block's indices are: the weights that dropout keeps.
torch::Tensor keep_mask(const AttentionDropout& dropout, const LogitBlock& block,
                        at::IntArrayRef sizes);

}  // namespace lengthwise
