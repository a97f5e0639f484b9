#pragma once

#include <memory>
#include <string>
#include <vector>

#include "training/checkpoint.h"

namespace lengthwise {

struct TrainingOptions;

/// An update rule with its state in plain, named tensors, so that a saved state is the whole of it.
/// A kind of optimiser is a line of the table in optimizer.cpp.
class Optimizer {
 public:
  explicit Optimizer(NamedTensors parameters) : parameters_(std::move(parameters)) {}
  virtual ~Optimizer() = default;

  /// One update from the gradients the parameters hold. `step` counts from 0.
  virtual void update(double learning_rate, int64_t step) = 0;
  /// Moments by "<name>.<parameter>", and what is not a parameter's by its name; assigning into
  /// them restores the state.
  virtual NamedTensors state() const = 0;

  void zero_gradients();
  /// Scales all gradients so that their joint norm is at most `longest` (0: any), at once or in the
  /// update that comes next; -> the norm before, a scalar on their device, which nobody waits for
  /// here.
  torch::Tensor clip_gradients(double longest);

 protected:
  /// Whether update multiplies gradients by clip_factor_, so that they are not passed over twice.
  virtual bool clips_in_update() const { return false; }

  std::vector<torch::Tensor> gradients() const;
  /// A tensor of zeros beside each parameter, and the names they are saved under.
  std::vector<torch::Tensor> zeros_like_parameters() const;
  NamedTensors named(const std::string& name, const std::vector<torch::Tensor>& tensors) const;

  NamedTensors parameters_;
  torch::Tensor clip_factor_;  // a scalar, of the next update alone; undefined: 1
};

std::unique_ptr<Optimizer> make_optimizer(const TrainingOptions& options, NamedTensors parameters);

std::vector<std::string> optimizer_names();

}  // namespace lengthwise
