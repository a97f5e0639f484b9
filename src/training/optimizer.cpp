#include "training/optimizer.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_sgd.h>

#include <algorithm>

#include "fused/adamw.h"
#include "fused/library.h"
#include "training/options.h"

namespace lengthwise {
namespace {

/// Parameters with weight decay (matrices) and without (norms, biases), as indices into the flat
/// lists. The fused kernels take one decay a call.
struct DecayGroup {
  double weight_decay;
  std::vector<size_t> members;
};

std::vector<DecayGroup> decay_groups(const NamedTensors& parameters, double weight_decay) {
  std::vector<DecayGroup> groups{{weight_decay, {}}, {0.0, {}}};
  size_t index = 0;
  for (const auto& [name, parameter] : parameters) {
    groups[parameter.dim() >= 2 ? 0 : 1].members.push_back(index++);
  }
  std::erase_if(groups, [](const DecayGroup& group) { return group.members.empty(); });
  return groups;
}

std::vector<torch::Tensor> pick(const std::vector<torch::Tensor>& tensors,
                                const std::vector<size_t>& members) {
  std::vector<torch::Tensor> picked;
  for (size_t member : members) picked.push_back(tensors[member]);
  return picked;
}

std::vector<torch::Tensor> values_of(const NamedTensors& tensors) {
  std::vector<torch::Tensor> values;
  for (const auto& [name, tensor] : tensors) values.push_back(tensor);
  return values;
}

/// Loshchilov and Hutter 2019 (1711.05101).
class AdamW final : public Optimizer {
 public:
  AdamW(const TrainingOptions& options, NamedTensors parameters)
      : Optimizer(std::move(parameters)),
        options_(options),
        means_(zeros_like_parameters()),
        squares_(zeros_like_parameters()) {}

  void update(double learning_rate, int64_t step) override {
    const torch::NoGradGuard no_grad;
    const auto values = values_of(parameters_), slopes = gradients();
    for (const DecayGroup& group : decay_groups(parameters_, options_.weight_decay)) {
      adamw({pick(values, group.members), pick(slopes, group.members), pick(means_, group.members),
             pick(squares_, group.members)},
            {learning_rate, options_.beta1, options_.beta2, group.weight_decay, options_.epsilon,
             step + 1},
            clip_factor_);
    }
    clip_factor_.reset();
  }

  bool clips_in_update() const override { return kernels_reach(means_[0]); }

  NamedTensors state() const override {
    auto state = named("mean", means_);
    state.merge(named("square", squares_));
    return state;
  }

 private:
  TrainingOptions options_;
  std::vector<torch::Tensor> means_, squares_;
};

/// Gradient descent with Nesterov momentum (Sutskever et al. 2013) and decoupled weight decay.
class Sgd final : public Optimizer {
 public:
  Sgd(const TrainingOptions& options, NamedTensors parameters)
      : Optimizer(std::move(parameters)), options_(options), velocities_(zeros_like_parameters()) {}

  void update(double learning_rate, int64_t) override {
    const torch::NoGradGuard no_grad;
    const auto values = values_of(parameters_), slopes = gradients();
    for (const DecayGroup& group : decay_groups(parameters_, options_.weight_decay)) {
      const auto weights = pick(values, group.members);
      if (group.weight_decay > 0)
        at::_foreach_mul_(weights, 1 - learning_rate * group.weight_decay);
      // Without momentum the kernel refuses velocities.
      const auto velocities =
          options_.momentum > 0 ? pick(velocities_, group.members) : std::vector<torch::Tensor>();
      at::_fused_sgd_(weights, pick(slopes, group.members), velocities,
                      /*weight_decay=*/0.0, options_.momentum, learning_rate, /*dampening=*/0.0,
                      /*nesterov=*/options_.momentum > 0, /*maximize=*/false,
                      /*is_first_step=*/false);
    }
  }

  NamedTensors state() const override { return named("velocity", velocities_); }

 private:
  TrainingOptions options_;
  std::vector<torch::Tensor> velocities_;
};

/// Nesterov's accelerated gradient as fairseq has it for learning rates that change: with c the
/// rate over that of the update before,
///   p += mu^2 c v - (1 + mu) rate g;  v = mu c v - rate g
/// The velocity holds the rate already, unlike that of Sgd.
class Nag final : public Optimizer {
 public:
  Nag(const TrainingOptions& options, NamedTensors parameters)
      : Optimizer(std::move(parameters)),
        options_(options),
        velocities_(zeros_like_parameters()),
        rate_before_(torch::zeros({}, torch::kFloat64)) {}

  void update(double learning_rate, int64_t) override {
    const torch::NoGradGuard no_grad;
    const auto values = values_of(parameters_), slopes = gradients();
    const double momentum = options_.momentum, before = rate_before_.item<double>();
    // Before the first update velocities are 0, whatever they are multiplied by.
    const double change = before > 0 ? learning_rate / before : 1;
    for (const DecayGroup& group : decay_groups(parameters_, options_.weight_decay)) {
      const auto weights = pick(values, group.members);
      const auto velocities = pick(velocities_, group.members);
      const auto steps = pick(slopes, group.members);
      if (group.weight_decay > 0) {
        at::_foreach_mul_(weights, 1 - learning_rate * group.weight_decay);
      }
      at::_foreach_mul_(velocities, momentum * change);
      at::_foreach_add_(weights, velocities, momentum);
      at::_foreach_add_(weights, steps, -(1 + momentum) * learning_rate);
      at::_foreach_add_(velocities, steps, -learning_rate);
    }
    rate_before_.fill_(learning_rate);
  }

  NamedTensors state() const override {
    auto state = named("velocity", velocities_);
    state["learning_rate"] = rate_before_;
    return state;
  }

 private:
  TrainingOptions options_;
  std::vector<torch::Tensor> velocities_;
  torch::Tensor rate_before_;  // a scalar of the CPU, so that it is saved with the rest
};

template <class Kind>
std::unique_ptr<Optimizer> make(const TrainingOptions& options, NamedTensors parameters) {
  return std::make_unique<Kind>(options, std::move(parameters));
}

struct OptimizerKind {
  std::string name;
  std::unique_ptr<Optimizer> (*make)(const TrainingOptions&, NamedTensors);
};

const OptimizerKind kOptimizers[] = {
    {"adamw", make<AdamW>}, {"sgd", make<Sgd>}, {"nag", make<Nag>}};

}  // namespace

void Optimizer::zero_gradients() {
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

torch::Tensor Optimizer::clip_gradients(double longest) {
  const torch::NoGradGuard no_grad;
  const auto slopes = gradients();
  const auto norm = torch::stack(at::_foreach_norm(slopes)).norm();
  if (longest > 0) {
    // Beyond rounding, as torch.nn.utils.clip_grad_norm_ has it.
    const auto factor = (longest / (norm.to(torch::kFloat64) + 1e-6)).clamp_max_(1.0);
    if (clips_in_update()) {
      clip_factor_ = factor.to(norm.scalar_type());
    } else {
      at::_foreach_mul_(slopes, factor.to(norm.scalar_type()));
    }
  }
  return norm;
}

std::vector<torch::Tensor> Optimizer::gradients() const {
  std::vector<torch::Tensor> gradients;
  for (const auto& [name, parameter] : parameters_) {
    TORCH_CHECK(parameter.grad().defined(), "no gradient reached ", name);
    gradients.push_back(parameter.grad());
  }
  return gradients;
}

std::vector<torch::Tensor> Optimizer::zeros_like_parameters() const {
  std::vector<torch::Tensor> zeros;
  for (const auto& [name, parameter] : parameters_) {
    zeros.push_back(torch::zeros_like(parameter.detach()));
  }
  return zeros;
}

NamedTensors Optimizer::named(const std::string& name,
                              const std::vector<torch::Tensor>& tensors) const {
  NamedTensors result;
  size_t index = 0;
  for (const auto& [parameter, value] : parameters_) {
    result[name + "." + parameter] = tensors[index++];
  }
  return result;
}

std::unique_ptr<Optimizer> make_optimizer(const TrainingOptions& options, NamedTensors parameters) {
  const auto* kind = std::ranges::find(kOptimizers, options.optimizer, &OptimizerKind::name);
  TORCH_CHECK(kind != std::end(kOptimizers), "unknown optimizer ", options.optimizer);
  return kind->make(options, std::move(parameters));
}

std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const OptimizerKind& kind : kOptimizers) names.push_back(kind.name);
  return names;
}

}  // namespace lengthwise
