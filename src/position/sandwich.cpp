#include "position/sandwich.h"

#include <cmath>

#include "base/error.h"
#include "base/options.h"
#include "position/distance_bias.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

constexpr double kBase = 10000;
constexpr double kLargestCompression = 8;

class Sandwich final : public FixedDistanceBias {
 public:
  Sandwich(int64_t width, int64_t heads)
      : width_(width),
        strengths_(register_buffer(
            "strengths",
            static_cast<double>(heads) /
                (kLargestCompression * torch::arange(1, heads + 1, torch::kFloat64)))) {}

 private:
  BiasAt bias_in(int64_t) const override {
    return
        [width = width_, strengths = strengths_](const torch::Tensor& distances, at::TensorList) {
          // Frequency by frequency: all at once would take width / 2 times the memory.
          auto sum = torch::full_like(distances, -static_cast<double>(width / 2));
          for (int64_t i = 0; i < width / 2; ++i) {
            const double exponent = 2 * static_cast<double>(i) / static_cast<double>(width);
            sum.add_(torch::cos(distances * std::pow(kBase, -exponent)));
          }
          return torch::tensordot(strengths.unsqueeze(1), sum.unsqueeze(0), {1}, {0});
        };
  }

  int64_t width_;
  torch::Tensor strengths_;  // [H] float64, 1 / c_h
};

void validate_sandwich(const PositionOptions& options, const ModelShape&) {
  if (options.group<SandwichOptions>().width % 2 != 0) {
    fail("position.sandwich.width: {} is odd; sines and cosines come in pairs, so it must be even",
         options.group<SandwichOptions>().width);
  }
}

std::shared_ptr<PositionScheme> make_sandwich(const PositionOptions& options,
                                              const ModelShape& shape) {
  return std::make_shared<Sandwich>(options.group<SandwichOptions>().width, shape.heads);
}

}  // namespace

constinit const SchemeEntry kSandwich{
    .name = "sandwich",
    .aliases = {"sandwich_bias"},
    .summary = "a bias from inner products of sinusoidal embeddings",
    .paper = "Chi et al. 2023, 2212.10356",
    .groups = {make_group<SandwichOptions>},
    .make = make_sandwich,
    .validate = validate_sandwich,
};

void SandwichOptions::declare(OptionSet& options) {
  options.add("position.sandwich.width", width,
              "sandwich: of the sinusoidal embeddings whose inner products are the bias; even",
              AtLeast{2});
}

}  // namespace lengthwise
