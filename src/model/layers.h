#pragma once

#include <vector>

#include "base/torch.h"
#include "fused/linear.h"
#include "fused/norm.h"

namespace lengthwise {

struct ModelOptions;

/// activation(x W' (+ b)), in the type of x. The weight is [out, in], a parameter; or it is held as
/// others' files have it, and put together anew each time it is read.
struct LinearImpl : torch::nn::Module {
  LinearImpl(int64_t in, int64_t out, bool with_bias);

  /// Weights from N(0, gain / sqrt(in)), bias 0.
  void reset(double gain);
  /// Weights and bias uniform within 1 / sqrt(in), as PyTorch has it where nothing is said.
  void reset_uniform();
  torch::Tensor forward(const torch::Tensor& x, Activation activation = Activation::none) const;

  /// Takes these in place of the weight, one below the other: any strides and type, [.., in] each.
  /// They follow the module to its device and are no parameters.
  void hold(const std::vector<torch::Tensor>& pieces);
  /// The weight [out, in]; of what is held, in `type`.
  torch::Tensor matrix(torch::ScalarType type) const;

  torch::Tensor weight, bias;

 private:
  std::vector<torch::Tensor> pieces_;
};
TORCH_MODULE(Linear);

/// Uniform within gain sqrt(6 / (in + out)) (Glorot and Bengio 2010, equation 16). weight [out,
/// in].
void xavier_uniform(const torch::Tensor& weight, double gain = 1);

/// "layer": LayerNorm (Ba et al. 2016); "rms": RMSNorm (Zhang and Sennrich 2019). Over the last
/// axis of a residual stream, to which the branch that comes before is added on the way.
struct NormImpl : torch::nn::Module {
  NormImpl(int64_t width, const ModelOptions& options);

  /// x + branch (undefined: x alone) and its norm as `type`.
  Normed forward(const torch::Tensor& x, const torch::Tensor& branch, torch::ScalarType type) const;

  torch::Tensor weight, bias;  // bias undefined for RMSNorm; of a LayerNorm without one, zeros
  double epsilon;
};
TORCH_MODULE(Norm);

}  // namespace lengthwise
