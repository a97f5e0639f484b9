#include "position/query_factors/log_n.h"

#include <cmath>

#include "base/options.h"
#include "position/layer_parameters.h"
#include "position/options.h"
#include "position/query_factor.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

/// Where the logarithm of 1, which is 0, would be divided by.
double logarithm_of_length(double length) {
  return std::log(std::max(2.0, length));
}

class LogN final : public QueryFactor {
 public:
  LogN(double length, double least) : divisor_(logarithm_of_length(length)), least_(least) {}

  torch::Tensor at(const torch::Tensor& keys, int64_t) const override {
    return (keys.log() / divisor_).clamp_min(least_);
  }

 private:
  double divisor_, least_;
};

/// s ln n / divisor with s a head and layer.
class LearnedLogN final : public QueryFactor {
 public:
  LearnedLogN(const ModelShape& shape, double initial, double divisor)
      : scales_(register_layer_parameters(*this, shape.layers, "scale", {shape.heads})),
        divisor_(divisor) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& each : scales_) each.fill_(initial);
  }

  torch::Tensor at(const torch::Tensor& keys, int64_t layer) const override {
    const auto& scale = scales_.at(static_cast<size_t>(layer));
    return torch::outer(scale.to(torch::kFloat64), keys.log() / divisor_);
  }

 private:
  std::vector<torch::Tensor> scales_;  // a layer: [H]
  double divisor_;
};

class LogA final : public QueryFactor {
 public:
  explicit LogA(double a) : a_(std::max(2.0, a)) {}

  torch::Tensor at(const torch::Tensor& keys, int64_t) const override {
    const auto places = torch::arange(keys.size(0), keys.options());
    return (places + a_).log() / std::log(a_);
  }

 private:
  double a_;
};

std::shared_ptr<QueryFactor> make_log_n(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<LogN>(
      static_cast<double>(shape.or_train_length(options.group<LogNOptions>().length)), 0);
}

std::shared_ptr<QueryFactor> make_log_n_beyond(const PositionOptions& options,
                                               const ModelShape& shape) {
  return std::make_shared<LogN>(
      static_cast<double>(shape.or_train_length(options.group<LogNOptions>().length)), 1);
}

std::shared_ptr<QueryFactor> make_log_n_learned(const PositionOptions& options,
                                                const ModelShape& shape) {
  return std::make_shared<LearnedLogN>(
      shape, options.group<LogNLearnedOptions>().initial,
      logarithm_of_length(static_cast<double>(shape.train_length)));
}

std::shared_ptr<QueryFactor> make_ssmax(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<LearnedLogN>(shape, options.group<SsmaxOptions>().initial, 1.0);
}

std::shared_ptr<QueryFactor> make_log_a(const PositionOptions& options, const ModelShape& shape) {
  return std::make_shared<LogA>(
      static_cast<double>(shape.or_train_length(options.group<LogAOptions>().a)));
}

}  // namespace

constinit const QueryFactorEntry kLogN{
    .name = "log_n",
    .aliases = {"logn", "log_length", "entropy_scaling"},
    .summary = "ln n / ln L of the n keys a query sees",
    .paper = "Chiang and Cholak 2022, 2202.12172",
    .groups = {make_group<LogNOptions>},
    .make = make_log_n,
};

constinit const QueryFactorEntry kLogNBeyond{
    .name = "log_n_beyond",
    .aliases = {"logn_test", "log_n_max_1"},
    .summary = "log_n beyond L keys and 1 up to them",
    .paper = "Chiang and Cholak 2022, 2202.12172",
    .groups = {make_group<LogNOptions>},
    .make = make_log_n_beyond,
};

constinit const QueryFactorEntry kLogNLearned{
    .name = "log_n_learned",
    .aliases = {"logn_learned", "learned_log_n"},
    .summary = "s ln n / ln L, s learned for each head of each layer",
    .paper = "2505.17083",
    .groups = {make_group<LogNLearnedOptions>},
    .learned = true,
    .make = make_log_n_learned,
};

constinit const QueryFactorEntry kSsmax{
    .name = "ssmax",
    .aliases = {"scalable_softmax"},
    .summary = "s ln n, s learned for each head of each layer",
    .paper = "Nakanishi 2025, 2501.19399",
    .groups = {make_group<SsmaxOptions>},
    .learned = true,
    .make = make_ssmax,
};

constinit const QueryFactorEntry kLogA{
    .name = "log_a",
    .aliases = {"hypenet", "swan"},
    .summary = "log_a(i + a) of the place i",
    .paper = "2601.22156",
    .groups = {make_group<LogAOptions>},
    .make = make_log_a,
};

void LogNOptions::declare(OptionSet& options) {
  options.add("position.log_n.length", length,
              "log_n, log_n_beyond: L, where the factor is 1; 0: model.train_length", AtLeast{0});
}

void LogNLearnedOptions::declare(OptionSet& options) {
  options.add("position.log_n_learned.initial", initial, "log_n_learned: where s begins",
              AtLeast{0.0});
}

void SsmaxOptions::declare(OptionSet& options) {
  options.add("position.ssmax.initial", initial, "ssmax: where s begins", AtLeast{0.0});
}

void LogAOptions::declare(OptionSet& options) {
  options.add("position.log_a.a", a, "log_a: the base a, at least 2; 0: model.train_length",
              AtLeast{0});
}

}  // namespace lengthwise
