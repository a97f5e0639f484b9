#include "position/rotary_scaling.h"
#include "fused/turn.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "base/options.h"
#include "position/longrope_factors.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// Rotary with frequencies that hang on the window's length and nothing else.
class ScaledRotary : public PositionScheme {
 public:
  ScaledRotary(const RotaryOptions& options, double attention_factor)
      : pairing_(options.pairing), attention_factor_(attention_factor) {}

  std::vector<Tensor> tables(const Positions& positions) const final {
    return rotary_tables(positions.values, frequencies_at(positions.reach), attention_factor_);
  }

  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const final {
    return {turned(pair.queries, context.tables), turned(pair.keys, context.tables)};
  }

 private:
  /// -> [R/2] float64
  virtual Tensor frequencies_at(double length) const = 0;

  Tensor turned(const Tensor& x, const std::vector<Tensor>& tables) const {
    return turn_pairs(x, tables[0], tables[1], pairing_, attention_factor_);
  }

  std::string pairing_;
  double attention_factor_;  // of q and of k
};

/// One list of frequencies up to a length, another beyond it.
class TwoFrequencies final : public ScaledRotary {
 public:
  TwoFrequencies(const RotaryOptions& options, double attention_factor, Tensor near, Tensor far,
                 double last_near)
      : ScaledRotary(options, attention_factor),
        near_(register_buffer("near", std::move(near))),
        far_(register_buffer("far", std::move(far))),
        last_near_(last_near) {}

 private:
  Tensor frequencies_at(double length) const override { return length > last_near_ ? far_ : near_; }

  Tensor near_, far_;  // [R/2] float64
  double last_near_;
};

/// The same frequencies at every length.
std::shared_ptr<PositionScheme> make_scaled(const PositionOptions& options,
                                            const Tensor& frequencies,
                                            double attention_factor = 1) {
  return std::make_shared<TwoFrequencies>(options.group<RotaryOptions>(), attention_factor,
                                          frequencies, frequencies.clone(),
                                          std::numeric_limits<double>::infinity());
}

int64_t turned_width(const PositionOptions& options, const ModelShape& shape) {
  return rotary_width(options.group<RotaryOptions>(), shape.head_width());
}

double original_length(int64_t given, const ModelShape& shape) {
  return static_cast<double>(shape.or_train_length(given));
}

/// By how much the base grows for a context grown by `scale`: scale^(R/(R-2)). The exponent
/// -(R-2)/R of the slowest pair then makes its frequency 1/scale of what it was.
double ntk_growth(int64_t width, double scale) {
  const auto r = static_cast<double>(width);
  return std::pow(scale, r / (r - 2));
}

class DynamicNtk final : public ScaledRotary {
 public:
  DynamicNtk(const RotaryOptions& options, int64_t width, double factor, double original)
      : ScaledRotary(options, 1),
        base_(options.base),
        width_(width),
        factor_(factor),
        original_(original),
        exponents_(register_buffer("exponents", rotary_exponents(width))) {}

 private:
  Tensor frequencies_at(double length) const override {
    const double scale = factor_ * std::max(1.0, length / original_) - (factor_ - 1);
    return torch::pow(base_ * ntk_growth(width_, scale), exponents_);
  }

  double base_;
  int64_t width_;
  double factor_, original_;
  Tensor exponents_;  // [R/2] float64
};

void check_ntk_width(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  const int64_t width = turned_width(options, shape);
  if (width >= 4) return;
  fail(
      "model.heads: {} heads of width {} (position.rotary.fraction {}) turn {} dimensions each; {} "
      "raises the base to the power R/(R - 2) and needs at least 4",
      shape.heads, shape.head_width(), options.group<RotaryOptions>().fraction, width,
      options.scheme);
}

/// The part of each frequency that stays: 0 for pairs that turn `slow` times or less within the
/// length, 1 from `fast` times on, linear in the number of turns between.
Tensor kept_by_rotations(const Tensor& frequencies, double length, double slow, double fast) {
  const auto rotations = frequencies * (length / (2 * std::numbers::pi));
  return ((rotations - slow) / (fast - slow)).clamp(0, 1);
}

/// The same, linear in the pair's number i.
Tensor kept_by_dimensions(int64_t width, double base, double length, double slow, double fast,
                          bool truncate) {
  const auto pair_that_turns = [&](double times) {
    return static_cast<double>(width) * std::log(length / (2 * std::numbers::pi * times)) /
           (2 * std::log(base));
  };
  double first = pair_that_turns(fast), last = pair_that_turns(slow);
  if (truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  // The authors' bound is the last dimension, R - 1, and not the last pair, R/2 - 1.
  first = std::max(first, 0.0);
  last = std::min(last, static_cast<double>(width - 1));
  if (last <= first) last = first + 0.001;
  const auto pairs = torch::arange(width / 2, torch::kFloat64);
  return 1 - ((pairs - first) / (last - first)).clamp(0, 1);
}

Tensor partly_interpolated(const Tensor& frequencies, const Tensor& kept, double factor) {
  return frequencies * (kept + (1 - kept) / factor);
}

Option& declare_factor(OptionSet& options, const std::string& scheme, double& factor) {
  return options.add("position." + scheme + ".factor", factor, scheme + ": growth s of the context",
                     AtLeast{1.0});
}

void declare_original_length(OptionSet& options, const std::string& scheme, int64_t& length) {
  options.add("position." + scheme + ".original_length", length,
              scheme + ": length L the scaling starts from; 0: model.train_length", AtLeast{0});
}

void declare_attention_factor(OptionSet& options, const std::string& scheme, double& factor) {
  options.add("position." + scheme + ".attention_factor", factor,
              scheme + ": multiplies queries and keys; 0: by the formula", AtLeast{0.0});
}

void check_rising(const std::string& name, double value, const std::string& lower_name,
                  double lower) {
  if (value > lower) return;
  fail("{}: {} is not above {} {}", name, value, lower_name, lower);
}

std::shared_ptr<PositionScheme> make_rotary_interpolated(const PositionOptions& options,
                                                         const ModelShape& shape) {
  return make_scaled(options, plain_frequencies(options, shape) /
                                  options.group<RotaryInterpolatedOptions>().factor);
}

std::shared_ptr<PositionScheme> make_rotary_ntk(const PositionOptions& options,
                                                const ModelShape& shape) {
  const int64_t width = turned_width(options, shape);
  const double growth = ntk_growth(width, options.group<RotaryNtkOptions>().factor);
  return make_scaled(options,
                     rotary_frequencies(width, options.group<RotaryOptions>().base * growth));
}

std::shared_ptr<PositionScheme> make_rotary_dynamic_ntk(const PositionOptions& options,
                                                        const ModelShape& shape) {
  const RotaryDynamicNtkOptions& ntk = options.group<RotaryDynamicNtkOptions>();
  return std::make_shared<DynamicNtk>(options.group<RotaryOptions>(), turned_width(options, shape),
                                      ntk.factor, original_length(ntk.original_length, shape));
}

void validate_rotary_yarn(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  const RotaryYarnOptions& yarn = options.group<RotaryYarnOptions>();
  check_rising("position.rotary_yarn.beta_fast", yarn.beta_fast, "position.rotary_yarn.beta_slow",
               yarn.beta_slow);
  if (yarn.ramp != "rotations" && options.group<RotaryOptions>().base <= 1) {
    fail(
        "position.rotary.base: {} gives all pairs one frequency; position.rotary_yarn.ramp {} "
        "needs a base above 1",
        options.group<RotaryOptions>().base, yarn.ramp);
  }
}

std::shared_ptr<PositionScheme> make_rotary_yarn(const PositionOptions& options,
                                                 const ModelShape& shape) {
  const RotaryYarnOptions& yarn = options.group<RotaryYarnOptions>();
  const auto frequencies = plain_frequencies(options, shape);
  const double length = original_length(yarn.original_length, shape);
  const auto kept =
      yarn.ramp == "rotations"
          ? kept_by_rotations(frequencies, length, yarn.beta_slow, yarn.beta_fast)
          : kept_by_dimensions(turned_width(options, shape), options.group<RotaryOptions>().base,
                               length, yarn.beta_slow, yarn.beta_fast,
                               yarn.ramp == "dimensions_truncated");
  return make_scaled(
      options, partly_interpolated(frequencies, kept, yarn.factor),
      yarn.attention_factor > 0 ? yarn.attention_factor : 0.1 * std::log(yarn.factor) + 1);
}

void validate_rotary_longrope(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  const RotaryLongropeOptions& longrope = options.group<RotaryLongropeOptions>();
  if (longrope.factors.empty()) {
    fail(
        "position.rotary_longrope.factors: no file is given; LongRoPE's factors are searched for "
        "each model and read from JSON or text with short_factor and long_factor");
  }
  read_longrope_factors(longrope.factors, turned_width(options, shape) / 2);
  if (longrope.attention_factor == 0 && original_length(longrope.original_length, shape) < 2) {
    fail(
        "position.rotary_longrope.original_length: 1 has no logarithm to divide by; at least 2, or "
        "give position.rotary_longrope.attention_factor");
  }
}

std::shared_ptr<PositionScheme> make_rotary_longrope(const PositionOptions& options,
                                                     const ModelShape& shape) {
  const RotaryLongropeOptions& longrope = options.group<RotaryLongropeOptions>();
  const auto frequencies = plain_frequencies(options, shape);
  const auto factors = read_longrope_factors(longrope.factors, frequencies.size(0));
  const double original = original_length(longrope.original_length, shape);
  const double attention_factor =
      longrope.attention_factor > 0 ? longrope.attention_factor
                                    : std::sqrt(1 + std::log(longrope.factor) / std::log(original));
  return std::make_shared<TwoFrequencies>(
      options.group<RotaryOptions>(), attention_factor,
      frequencies / torch::tensor(factors.short_factors, torch::kFloat64),
      frequencies / torch::tensor(factors.long_factors, torch::kFloat64), original);
}

void validate_rotary_llama3(const PositionOptions& options, const ModelShape& shape) {
  validate_rotary(options, shape);
  const RotaryLlama3Options& llama3 = options.group<RotaryLlama3Options>();
  check_rising("position.rotary_llama3.high_frequency_factor", llama3.high_frequency_factor,
               "position.rotary_llama3.low_frequency_factor", llama3.low_frequency_factor);
}

std::shared_ptr<PositionScheme> make_rotary_llama3(const PositionOptions& options,
                                                   const ModelShape& shape) {
  const RotaryLlama3Options& llama3 = options.group<RotaryLlama3Options>();
  const auto frequencies = plain_frequencies(options, shape);
  const auto kept = kept_by_rotations(frequencies, original_length(llama3.original_length, shape),
                                      llama3.low_frequency_factor, llama3.high_frequency_factor);
  return make_scaled(options, partly_interpolated(frequencies, kept, llama3.factor));
}

}  // namespace

constinit const SchemeEntry kRotaryInterpolated{
    .name = "rotary_interpolated",
    .aliases = {"pi", "linear", "interpolated", "position_interpolation", "rope_pi"},
    .summary = "rotary at positions divided by a factor",
    .paper = "Chen et al. 2023, 2306.15595",
    .groups = {make_group<RotaryOptions>, make_group<RotaryInterpolatedOptions>},
    .family = kRotaryFamily,
    .make = make_rotary_interpolated,
    .validate = validate_rotary,
};

constinit const SchemeEntry kRotaryNtk{
    .name = "rotary_ntk",
    .aliases = {"ntk", "ntk_aware", "rope_ntk", "ntk_rope"},
    .summary = "rotary with a base raised by a fixed factor",
    .paper = "Peng et al. 2023, 2309.00071",
    .groups = {make_group<RotaryOptions>, make_group<RotaryNtkOptions>},
    .family = kRotaryFamily,
    .make = make_rotary_ntk,
    .validate = check_ntk_width,
};

constinit const SchemeEntry kRotaryDynamicNtk{
    .name = "rotary_dynamic_ntk",
    .aliases = {"dynamic", "dynamic_ntk", "ntk_dynamic", "rope_dynamic_ntk"},
    .summary = "rotary with a base raised as windows exceed train_length",
    .paper = "Peng et al. 2023, 2309.00071",
    .groups = {make_group<RotaryOptions>, make_group<RotaryDynamicNtkOptions>},
    .family = kRotaryFamily,
    .reads_train_length = true,
    .make = make_rotary_dynamic_ntk,
    .validate = check_ntk_width,
};

constinit const SchemeEntry kRotaryYarn{
    .name = "rotary_yarn",
    .aliases = {"yarn", "rope_yarn", "yarn_rope"},
    .summary = "rotary, slow pairs interpolated and scores sharpened",
    .paper = "Peng et al. 2023, 2309.00071",
    .groups = {make_group<RotaryOptions>, make_group<RotaryYarnOptions>},
    .family = kRotaryFamily,
    .reads_train_length = true,
    .make = make_rotary_yarn,
    .validate = validate_rotary_yarn,
};

constinit const SchemeEntry kRotaryLongrope{
    .name = "rotary_longrope",
    .aliases = {"longrope", "su", "long_rope", "rope_longrope", "phi3"},
    .summary = "rotary, each pair divided by a searched factor from a file",
    .paper = "Ding et al. 2024, 2402.13753",
    .groups = {make_group<RotaryOptions>, make_group<RotaryLongropeOptions>},
    .family = kRotaryFamily,
    .reads_train_length = true,
    .make = make_rotary_longrope,
    .validate = validate_rotary_longrope,
};

constinit const SchemeEntry kRotaryLlama3{
    .name = "rotary_llama3",
    .aliases = {"llama3", "llama_3", "llama3.1", "rope_llama3"},
    .summary = "rotary, slow pairs interpolated as in Llama 3.1",
    .paper = "Dubey et al. 2024, 2407.21783",
    .groups = {make_group<RotaryOptions>, make_group<RotaryLlama3Options>},
    .family = kRotaryFamily,
    .reads_train_length = true,
    .make = make_rotary_llama3,
    .validate = validate_rotary_llama3,
};

void RotaryInterpolatedOptions::declare(OptionSet& options) {
  declare_factor(options, "rotary_interpolated", factor);
}

void RotaryNtkOptions::declare(OptionSet& options) {
  declare_factor(options, "rotary_ntk", factor);
}

void RotaryDynamicNtkOptions::declare(OptionSet& options) {
  options.add("position.rotary_dynamic_ntk.factor", factor,
              "rotary_dynamic_ntk: s of the scale s T/L - (s - 1) beyond L; 1: T/L", AtLeast{1.0});
  declare_original_length(options, "rotary_dynamic_ntk", original_length);
}

void RotaryYarnOptions::declare(OptionSet& options) {
  declare_factor(options, "rotary_yarn", factor);
  declare_original_length(options, "rotary_yarn", original_length);
  options.add("position.rotary_yarn.beta_fast", beta_fast,
              "rotary_yarn: pairs that turn this often within L keep their frequency",
              AtLeast{0.0});
  options.add("position.rotary_yarn.beta_slow", beta_slow,
              "rotary_yarn: pairs that turn no more often within L are divided by s", AtLeast{0.0});
  options.add("position.rotary_yarn.ramp", ramp,
              "rotary_yarn: between the two linear in rotations, as in the paper, or in dimensions,"
              " or in dimensions_truncated, ends rounded outwards, as in its code",
              OneOf{{"rotations", "dimensions", "dimensions_truncated"}});
  declare_attention_factor(options, "rotary_yarn", attention_factor);
}

void RotaryLongropeOptions::declare(OptionSet& options) {
  options
      .add("position.rotary_longrope.factors", factors,
           "rotary_longrope: file of the factors, JSON or text, short_factor and long_factor")
      .as_file();
  declare_factor(options, "rotary_longrope", factor)
      .read_when([this] { return attention_factor == 0; },
                 "position.rotary_longrope.attention_factor = 0");
  declare_original_length(options, "rotary_longrope", original_length);
  declare_attention_factor(options, "rotary_longrope", attention_factor);
}

void RotaryLlama3Options::declare(OptionSet& options) {
  declare_factor(options, "rotary_llama3", factor);
  declare_original_length(options, "rotary_llama3", original_length);
  options.add("position.rotary_llama3.low_frequency_factor", low_frequency_factor,
              "rotary_llama3: pairs that turn no more often within L are divided by s",
              AtLeast{0.0});
  options.add("position.rotary_llama3.high_frequency_factor", high_frequency_factor,
              "rotary_llama3: pairs that turn this often within L keep their frequency",
              AtLeast{0.0});
}

}  // namespace lengthwise
