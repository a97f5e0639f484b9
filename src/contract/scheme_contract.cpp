#include "contract/scheme_contract.h"

#include <fmt/ranges.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/error.h"
#include "contract/attended.h"
#include "contract/attention_cost.h"
#include "model/transformer.h"
#include "position/file/scheme_hooks.h"
#include "position/options.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kVocabularySize = 11;
constexpr int64_t kFar = 65536;

double largest(const Tensor& x) {
  return x.detach().abs().max().item<double>();
}

/// Of the larger, so that a number says how many digits agree.
double relative(const Tensor& found, const Tensor& expected) {
  const auto exact = expected.detach().to(torch::kFloat64);
  return largest(found.detach().to(torch::kFloat64) - exact) / std::max(largest(exact), 1e-12);
}

class Contract {
 public:
  Contract(std::string file, const ModelOptions& model,
           const std::function<void(const Finding&)>& say)
      : file_(std::move(file)), model_(model), say_(say) {
    position_.scheme = file_;
    position_.validate(model.shape());
    scheme_ = scheme_off_its_beginning(file_, model.shape());
    reach_ = scheme_->max_length();
  }

  void examine() {
    say_functions();
    examine_lengths();
    examine_causality();
    examine_shifts();
    examine_gradients();
    examine_derivatives();
    examine_far_positions();
    examine_cost();
    say_speed_class();
  }

 private:
  int64_t within_limit(int64_t length) const { return std::min(length, reach_.value_or(length)); }

  void say_functions() const {
    std::vector<std::string> defined;
    for (const SchemeHook& hook : scheme_hooks()) {
      if (scheme_->program().defines(hook.name)) defined.push_back(hook.name);
    }
    int64_t numbers = 0;
    for (const Tensor& each : scheme_->parameters()) numbers += each.numel();
    say_({"functions", true,
          fmt::format("It defines {}. In a model of {} layers and {} heads it learns {} numbers{}.",
                      fmt::join(defined, ", "), model_.layers, model_.heads, numbers,
                      numbers == 0
                          ? ""
                          : fmt::format(": {}", fmt::join(scheme_->parameter_names(), ", ")))});
  }

  Transformer model() const {
    Transformer transformer = make_transformer(model_, position_, kVocabularySize);
    transformer->reset_parameters(1);
    transformer->eval();
    return transformer;
  }

  void examine_causality() const {
    const torch::NoGradGuard no_grad;
    Transformer transformer = model();
    for (const int64_t asked : {2, 63, 300, 600}) {
      const int64_t length = within_limit(asked);
      torch::manual_seed(7);
      const auto tokens = torch::randint(kVocabularySize, {1, length}, torch::kInt64);
      const auto before = transformer->forward(tokens);
      for (const int64_t place : {int64_t{1}, length / 2, length - 1}) {
        auto other = tokens.clone();
        other.select(1, place).add_(1).remainder_(kVocabularySize);
        const auto after = transformer->forward(other);
        const auto moved = (after - before).slice(1, 0, place);
        if (moved.numel() == 0 ||
            torch::equal(after.slice(1, 0, place), before.slice(1, 0, place))) {
          continue;
        }
        say_({"causality", false,
              fmt::format("In a window of {} tokens, another token at place {} changes answers "
                          "before it, by up to {:.2g}.",
                          length, place, largest(moved))});
        return;
      }
    }
    say_({"causality", true,
          fmt::format("In windows of 2 to {} tokens, no answer changes by a bit with a token that "
                      "comes after it.",
                      within_limit(600))});
  }

  void examine_lengths() {
    const torch::NoGradGuard no_grad;
    Transformer transformer = model();
    const auto limit = scheme_->max_length();
    const int64_t length = within_limit(4 * model_.train_length);
    torch::manual_seed(7);
    const auto tokens = torch::randint(kVocabularySize, {1, length}, torch::kInt64);
    bool finite = false;
    try {
      finite = transformer->forward(tokens).isfinite().all().item<bool>();
    } catch (const UserError& error) {
      say_(
          {"lengths", false,
           fmt::format("Trained at {} tokens it cannot be asked about {}: {}. Where that is meant, "
                       "let max_length say how far it reaches.",
                       model_.train_length, length, error.what())});
      reach_ = model_.train_length;
      return;
    }
    say_({"lengths", finite,
          fmt::format(
              "{} at {} tokens, trained at {}; {}.",
              finite ? "Its answers are finite" : "Its answers are not finite", length,
              model_.train_length,
              limit ? fmt::format("max_length ends it at {}", *limit) : "it states no limit")});
  }

  void examine_shifts() const {
    const torch::NoGradGuard no_grad;
    constexpr double kSame = 1e-4;
    const int64_t length = within_limit(48);
    const LayerInputs inputs = draw_layer_inputs(model_.shape(), length);
    const auto here = attended(*scheme_, inputs, counted_positions(length), length);
    std::optional<int64_t> first_other;
    double difference = 0, at_other = 0;
    for (const int64_t shift : {1, 16, 256, 4096, 65536}) {
      if (reach_ && length + shift > *reach_) break;
      const auto there =
          attended(*scheme_, inputs, counted_positions(length, static_cast<double>(shift)), length);
      difference = largest(there - here);
      if (difference <= kSame) continue;
      first_other = shift;
      at_other = difference;
      break;
    }
    say_({"shifts", true,
          first_other
              ? fmt::format("A window that stands {} places further in the text answers otherwise, "
                            "by up to {:.2g}: the scheme is absolute, through {}.",
                            *first_other, at_other, absolute_through())
              : fmt::format("A window answers alike wherever it stands, within {:.1e} up to 65,536 "
                            "places on: nothing limits it there.",
                            difference)});
  }

  /// The function that reads where a place stands rather than how far two are apart.
  std::string absolute_through() const {
    const SchemeProgram& program = scheme_->program();
    std::vector<std::string> suspects;
    for (const char* hook :
         {"embed", "key_bias", "pair_bias", "change", "rotate_queries", "rotate_keys", "rotate"}) {
      if (program.defines(hook)) suspects.emplace_back(hook);
    }
    return fmt::format("{}", fmt::join(suspects, " or "));
  }

  /// Values and gradients of blocks in float32 beside those of all pairs in float64.
  void examine_gradients() const {
    constexpr double kAgree = 1e-4;
    const int64_t length = within_limit(100);
    const Positions positions = counted_positions(length);
    const LayerInputs drawn = draw_layer_inputs(model_.shape(), length);
    const LayerInputs single = drawn.leaves(), exact = drawn.to(torch::kFloat64).leaves();
    const auto parameters = scheme_->parameters_of(0);
    std::vector<Tensor> exact_parameters;
    for (const Tensor& each : parameters) {
      exact_parameters.push_back(each.detach().to(torch::kFloat64).requires_grad_());
    }
    const auto found = attended(*scheme_, single, positions, length);
    const auto expected = attended_in_float64(*scheme_, exact, positions, exact_parameters);
    const auto cotangent = torch::randn_like(found);
    scheme_->zero_grad();
    found.backward(cotangent);
    expected.backward(cotangent.to(torch::kFloat64));
    double worst = relative(found, expected);
    std::string where = "the output";
    const auto compare = [&](const Tensor& actual, const Tensor& wanted, const std::string& name) {
      if (!actual.grad().defined() || !wanted.grad().defined()) return;
      const double difference = relative(actual.grad(), wanted.grad());
      if (difference <= worst) return;
      worst = difference;
      where = "the gradient of " + name;
    };
    compare(single.queries, exact.queries, "the queries");
    compare(single.keys, exact.keys, "the keys");
    compare(single.values, exact.values, "the values");
    for (size_t i = 0; i < parameters.size(); ++i) {
      compare(parameters[i], exact_parameters[i], scheme_->parameter_names()[i]);
    }
    say_({"gradients", worst < kAgree,
          fmt::format("Values and gradients agree with a dense form in float64 to {:.1e}, worst in "
                      "{}.",
                      worst, where)});
  }

  /// The gradients themselves against differences: a detach() or a rounding inside has a gradient
  /// that is not its slope.
  void examine_derivatives() const {
    if (scheme_->parameter_names().empty()) return;
    constexpr double kStep = 1e-5, kAgree = 1e-3;
    const int64_t length = within_limit(60);
    const Positions positions = counted_positions(length);
    const LayerInputs inputs = draw_layer_inputs(model_.shape(), length).to(torch::kFloat64);
    std::vector<Tensor> parameters;
    for (const Tensor& each : scheme_->parameters_of(0)) {
      parameters.push_back(each.detach().to(torch::kFloat64).requires_grad_());
    }
    const auto output = attended_in_float64(*scheme_, inputs, positions, parameters);
    const auto cotangent = torch::randn_like(output);
    output.backward(cotangent);
    const torch::NoGradGuard no_grad;
    double worst = 0;
    std::string where;
    for (size_t i = 0; i < parameters.size(); ++i) {
      const auto gradient = parameters[i].grad();
      const double slope = gradient.defined() ? gradient.norm().item<double>() : 0;
      if (slope == 0) continue;
      const auto loss_at = [&](double step) {
        auto moved = parameters;
        moved[i] = parameters[i] + gradient * (step / slope);
        return (attended_in_float64(*scheme_, inputs, positions, moved) * cotangent)
            .sum()
            .item<double>();
      };
      const double difference =
          std::abs((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep) - slope) / slope;
      if (difference < worst) continue;
      worst = difference;
      where = scheme_->parameter_names()[i];
    }
    say_({"derivatives", worst < kAgree,
          worst < kAgree
              ? fmt::format("Gradients of parameters are the slopes that differences in float64 "
                            "show, to {:.1e}.",
                            worst)
              : fmt::format("The gradient of {} is off the slope that differences in float64 show, "
                            "by {:.1e} of it: a step, a round() or a detach() hides a part.",
                            where, worst)});
  }

  void examine_far_positions() const {
    constexpr double kBound = 1.0 / 128;  // bfloat16 tells 1 from 1 + 2^-7
    constexpr int64_t kRows = 8;
    const torch::NoGradGuard no_grad;
    const int64_t length = within_limit(kFar);
    const int64_t rows = std::min(kRows, length);
    const Positions positions = counted_positions(length);
    const LayerInputs rounded = draw_layer_inputs(model_.shape(), length).to(torch::kBFloat16);
    const auto expected = attended(*scheme_, rounded.to(torch::kFloat32), positions, rows);
    const auto found = attended(*scheme_, rounded, positions, rows);
    const bool finite = expected.isfinite().all().item<bool>();
    const double difference = finite ? relative(found, expected) : 0;
    say_({"far positions", finite && difference < kBound,
          finite ? fmt::format("At {} positions its answers are finite, and with activations in "
                               "bfloat16 within {:.1e} of those with the same numbers in float32; "
                               "{:.1e} is allowed.",
                               length, difference, kBound)
                 : fmt::format("At {} positions its answers are not finite.", length)});
  }

  void examine_cost() const {
    const int64_t length = within_limit(1024), twice = within_limit(2 * length);
    constexpr int kRounds = 5;
    const AttentionCost cost = attention_cost(*scheme_, model_.shape(), length, kRounds);
    const int64_t bytes_twice = attention_cost(*scheme_, model_.shape(), twice, 0).bytes;
    const auto mebibytes = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
    const int64_t pairs = model_.heads * twice * twice * static_cast<int64_t>(sizeof(float));
    const bool bounded = twice < 2 * length || bytes_twice < std::max(2 * pairs, 3 * cost.bytes);
    say_({"cost", bounded,
          fmt::format(
              "A layer's attention over {} tokens, forward and backward, takes {:.1f} times "
              "plain attention's time ({:.1f} ms) and holds {:.1f} MiB where that holds "
              "{:.1f}; over {} tokens {:.1f} MiB.",
              length, cost.seconds / cost.plain_seconds, 1e3 * cost.plain_seconds,
              mebibytes(cost.bytes), mebibytes(cost.plain_bytes), twice, mebibytes(bytes_twice))});
  }

  void say_speed_class() const {
    const std::string kind = bias_hook(scheme_->program());
    std::string sentence =
        "It adds nothing to the logits: attention runs as plain attention does, with its fastest "
        "kernels.";
    if (kind == "bias") {
      sentence =
          "Its bias is by distance, the fast path that ALiBi takes: one number a head and "
          "distance, "
          "and on CUDA the kernels that skip what a window hides.";
    } else if (kind == "key_bias") {
      sentence = "Its bias is by key: one number a head and key, added block by block.";
    } else if (kind == "pair_bias") {
      sentence =
          "Its bias is by pair of places: computed block by block, and again in backward. Where it "
          "looks at the distance alone, `bias` is the faster function.";
    } else if (kind == "change") {
      sentence =
          "It changes the logits themselves: the slowest way, block by block without the fused "
          "kernel, and again in backward.";
    }
    say_({"speed class", true, sentence});
  }

  std::string file_;
  ModelOptions model_;
  const std::function<void(const Finding&)>& say_;
  PositionOptions position_;
  std::shared_ptr<FileScheme> scheme_;
  std::optional<int64_t> reach_;  // the longest window it is asked about
};

}  // namespace

void examine_scheme_file(const std::string& file, const ModelOptions& model,
                         const std::function<void(const Finding&)>& say) {
  Contract(file, model, say).examine();
}

}  // namespace lengthwise
