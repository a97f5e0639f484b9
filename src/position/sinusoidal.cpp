#include "position/sinusoidal.h"

#include "base/error.h"
#include "base/options.h"
#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class Sinusoidal final : public PositionScheme {
 public:
  Sinusoidal(double base, int64_t width) : base_(base), width_(width) {}

  torch::Tensor apply_to_embeddings(torch::Tensor embeddings,
                                    const Positions& positions) const override {
    return embeddings + sinusoidal_embeddings(positions.values, width_, base_);
  }

 private:
  double base_;
  int64_t width_;
};

void validate_sinusoidal(const PositionOptions&, const ModelShape& shape) {
  if (shape.width % 2 != 0) {
    fail("model.width: {} is odd; sinusoidal embeddings come in pairs of sine and cosine",
         shape.width);
  }
}

std::shared_ptr<PositionScheme> make_sinusoidal(const PositionOptions& options,
                                                const ModelShape& shape) {
  return std::make_shared<Sinusoidal>(options.group<SinusoidalOptions>().base, shape.width);
}

}  // namespace

constinit const SchemeEntry kSinusoidal{
    .name = "sinusoidal",
    .aliases = {"sin", "sine", "absolute", "abs", "vaswani", "fixed"},
    .summary = "sines and cosines added to the embeddings",
    .paper = "Vaswani et al. 2017, 1706.03762",
    .groups = {make_group<SinusoidalOptions>},
    .relative = false,
    .make = make_sinusoidal,
    .validate = validate_sinusoidal,
};

void SinusoidalOptions::declare(OptionSet& options) {
  options.add("position.sinusoidal.base", base, "sinusoidal: wavelengths reach to 2 pi times this",
              AtLeast{1.0});
}

torch::Tensor sinusoidal_embeddings(const torch::Tensor& positions, int64_t width, double base) {
  const auto exponents =
      torch::arange(0, width, 2, positions.options()) / static_cast<double>(width);
  const auto angles = positions.unsqueeze(1) * torch::pow(base, -exponents);  // [T, D/2]
  return torch::stack({angles.sin(), angles.cos()}, -1).flatten(1).to(torch::kFloat32);
}

}  // namespace lengthwise
