// Our rotary family against what public packages compute: reference.safetensors, written by
// make_reference.py from inputs that it holds as well. Where a package has another form, the test
// states the relation that the scheme's header gives.

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/files.h"
#include "parity/parity_check.h"
#include "position/rotary.h"
#include "position/rotary_scaling.h"
#include "position/xpos.h"
#include "temporary_folder.h"

namespace lengthwise {
namespace {

/// Of frequencies, relative: a power of the base in float32.
constexpr double kFrequencyTolerance = 1e-6;

constexpr int64_t kHeads = 2, kHeadWidth = 16, kOriginalLength = 16;  // of make_reference.py

QueriesKeys saved_queries_keys(int64_t length) {
  return {saved("rotary.queries").slice(2, 0, length), saved("rotary.keys").slice(2, 0, length)};
}

void check_same(const QueriesKeys& actual, const std::string& name) {
  CAPTURE(name);
  CHECK(largest_difference(actual.queries, saved(name + ".queries")) < kTolerance);
  CHECK(largest_difference(actual.keys, saved(name + ".keys")) < kTolerance);
}

void check_turned(const PositionOptions& options, int64_t length, const std::string& name) {
  const Placed placed(options, shape_of(kHeads, kHeadWidth, kOriginalLength), length);
  check_same(placed.turned(saved_queries_keys(length)), name);
}

std::string factor_line(const std::string& name, const torch::Tensor& factors) {
  std::string line = name;
  for (int64_t i = 0; i < factors.size(0); ++i) {
    line += fmt::format(" {}", factors[i].item<double>());
  }
  return line + "\n";
}

/// LongRoPE's factors as make_reference.py handed them to the package, in a file.
std::string write_factors(const TemporaryFolder& folder, int64_t pairs) {
  const auto list = [&](const std::string& which) {
    return saved(fmt::format("longrope.{}_pairs.{}_factors", pairs, which));
  };
  const auto path = folder / "factors.txt";
  write_file(path,
             factor_line("short_factor", list("short")) + factor_line("long_factor", list("long")));
  return path.string();
}

PositionOptions yarn_options(const std::string& name) {
  PositionOptions options = with_scheme("rotary_yarn");
  auto& yarn = options.group<RotaryYarnOptions>();
  yarn.factor = name == "yarn_8" ? 8 : 4;
  yarn.ramp = name == "yarn_4_untruncated" ? "dimensions" : "dimensions_truncated";
  if (name == "yarn_4_betas_16_2") {
    yarn.beta_fast = 16;
    yarn.beta_slow = 2;
  }
  if (name == "yarn_4_attention_1") yarn.attention_factor = 1;
  return options;
}

/// Our options for what make_reference.py's rope_parameters() calls by this name.
PositionOptions scaling_options(const std::string& name, const std::string& longrope_factors) {
  if (name.starts_with("yarn")) return yarn_options(name);
  if (name == "linear_4") {
    PositionOptions options = with_scheme("rotary_interpolated");
    options.group<RotaryInterpolatedOptions>().factor = 4;
    return options;
  }
  if (name.starts_with("dynamic")) {
    PositionOptions options = with_scheme("rotary_dynamic_ntk");
    options.group<RotaryDynamicNtkOptions>().factor = name.back() - '0';
    return options;
  }
  if (name == "longrope_8") {
    PositionOptions options = with_scheme("rotary_longrope");
    options.group<RotaryLongropeOptions>().factors = longrope_factors;
    options.group<RotaryLongropeOptions>().factor = 8;
    return options;
  }
  if (name == "llama3_8") {
    PositionOptions options = with_scheme("rotary_llama3");
    options.group<RotaryLlama3Options>().factor = 8;
    return options;
  }
  REQUIRE(name == "default");
  return with_scheme("rotary");
}

struct Turning {
  torch::Tensor frequencies;       // [K/2] float64
  torch::Tensor attention_factor;  // [K/2] float64, the same for all pairs
};

/// What a scheme does to (1, 0) in each pair of a token at position 1 of a window this long. All
/// frequencies are at most 1, so the angle tells them.
Turning turning_in_window(const PositionOptions& options, const ModelShape& shape, int64_t length) {
  const auto last = static_cast<double>(length - 1);
  const Positions positions{torch::tensor({1.0, last}, torch::kFloat64), std::nullopt, last + 1};
  const int64_t pairs = shape.head_width() / 2;
  const auto units = torch::cat({torch::ones({1, 1, 2, pairs}), torch::zeros({1, 1, 2, pairs})}, 3);
  const auto turned = Placed(options, shape, positions).turned({units, units});
  CHECK(torch::equal(turned.queries, turned.keys));
  const auto halves = turned.queries[0][0][0].to(torch::kFloat64).chunk(2);
  return {torch::atan2(halves[1], halves[0]), torch::hypot(halves[0], halves[1])};
}

struct RopeShape {
  std::string name;
  double base;
  int64_t head_width, original_length;
};
const RopeShape kRopeShapes[] = {
    {"base_10000", 10000, 64, 2048}, {"base_500000", 500000, 128, 8192}, {"base_10", 10, 16, 512}};

double largest_relative_difference(const torch::Tensor& actual, const torch::Tensor& expected) {
  return largest_difference(actual / expected, torch::ones_like(actual));
}

void check_frequencies(PositionOptions options, const RopeShape& rope, int64_t length,
                       const std::string& name) {
  CAPTURE(name);
  options.group<RotaryOptions>().base = rope.base;
  // Given, and so not the training length, which the small cases take.
  options.group<RotaryDynamicNtkOptions>().original_length = rope.original_length;
  options.group<RotaryYarnOptions>().original_length = rope.original_length;
  options.group<RotaryLongropeOptions>().original_length = rope.original_length;
  options.group<RotaryLlama3Options>().original_length = rope.original_length;
  const Turning found = turning_in_window(options, shape_of(1, rope.head_width, 7), length);
  const auto factor = saved(name + ".attention_factor").expand({rope.head_width / 2});
  CHECK(largest_difference(found.attention_factor, factor) < 1e-6);
  CHECK(largest_relative_difference(found.frequencies,
                                    saved(name + ".inverse_frequencies").to(torch::kFloat64)) <
        kFrequencyTolerance);
}

}  // namespace

TEST_CASE("Rotary in halves turns queries and keys as Llama and GPT-NeoX do", "[parity]") {
  PositionOptions options = with_scheme("rotary");
  const int64_t length = saved("rotary.queries").size(2);
  check_turned(options, length, fmt::format("transformers.llama.default.{}_tokens", length));

  const Positions drawn = saved_positions();
  const Placed placed(options, shape_of(kHeads, kHeadWidth, kOriginalLength), drawn);
  check_same(placed.turned(saved_queries_keys(drawn.values.size(0))),
             "transformers.llama.default.drawn");

  options.group<RotaryOptions>().fraction = 0.5;
  check_turned(options, length, "transformers.gpt_neox.default");
}

TEST_CASE("Rotary in neighbours turns queries and keys as GPT-J and x-transformers do",
          "[parity]") {
  const int64_t length = saved("rotary.queries").size(2);
  PositionOptions options = with_scheme("rotary");
  options.group<RotaryOptions>().pairing = "interleaved";
  check_turned(options, length, "transformers.gptj");
  check_turned(options, length, "x_transformers.rotary.default");

  options.scheme = "rotary_interpolated";
  options.group<RotaryInterpolatedOptions>().factor = 4;
  check_turned(options, length, "x_transformers.rotary.interpolated_4");

  options.scheme = "rotary_ntk";
  options.group<RotaryNtkOptions>().factor = 4;
  check_turned(options, length, "x_transformers.rotary.ntk_4");

  options.scheme = "rotary";
  options.group<RotaryOptions>().fraction = 0.5;
  check_turned(options, length, "x_transformers.rotary.half_of_each_head");
}

TEST_CASE("Scaled rotary turns queries and keys as the Hugging Face Llama does", "[parity]") {
  const TemporaryFolder folder;
  const std::string factors = write_factors(folder, kHeadWidth / 2);
  const int64_t longest = saved("rotary.queries").size(2);
  const std::map<std::string, std::vector<int64_t>> lengths = {
      {"linear_4", {longest}},
      {"yarn_4", {longest}},
      {"yarn_4_untruncated", {longest}},
      {"llama3_8", {longest}},
      {"longrope_8", {kOriginalLength, kOriginalLength + 1, longest}},
      {"dynamic_1", {8, kOriginalLength, kOriginalLength + 1, longest}},
      {"dynamic_2", {8, kOriginalLength, kOriginalLength + 1, longest}}};
  for (const auto& [name, each] : lengths) {
    for (int64_t length : each) {
      check_turned(scaling_options(name, factors), length,
                   fmt::format("transformers.llama.{}.{}_tokens", name, length));
    }
  }
}

TEST_CASE("Scaled rotary has Hugging Face's frequencies and attention factors at large shapes",
          "[parity]") {
  for (const RopeShape& rope : kRopeShapes) {
    const TemporaryFolder folder;
    const std::string factors = write_factors(folder, rope.head_width / 2);
    for (const std::string name : {"default", "linear_4", "yarn_4", "yarn_8", "yarn_4_betas_16_2",
                                   "yarn_4_untruncated", "yarn_4_attention_1", "llama3_8"}) {
      for (int64_t length : {rope.original_length / 2, rope.original_length * 4}) {
        check_frequencies(scaling_options(name, factors), rope, length,
                          fmt::format("transformers.rope_init.{}.{}", rope.name, name));
      }
    }
    for (const std::string name : {"dynamic_1", "dynamic_4", "longrope_8"}) {
      for (int64_t length : {rope.original_length / 2, rope.original_length,
                             rope.original_length + 1, rope.original_length * 4}) {
        check_frequencies(
            scaling_options(name, factors), rope, length,
            fmt::format("transformers.rope_init.{}.{}.{}_tokens", rope.name, name, length));
      }
    }
  }
}

TEST_CASE("The YaRN ramp of the paper, linear in rotations, is that of Hugging Face's Llama 3",
          "[parity]") {
  for (const RopeShape& rope : kRopeShapes) {
    PositionOptions options = with_scheme("rotary_yarn");
    CHECK(options.group<RotaryYarnOptions>().ramp == "rotations");
    options.group<RotaryYarnOptions>().factor = 8;
    options.group<RotaryYarnOptions>().beta_fast = 4;
    options.group<RotaryYarnOptions>().beta_slow = 1;
    options.group<RotaryYarnOptions>().attention_factor = 1;
    check_frequencies(options, rope, rope.original_length * 4,
                      fmt::format("transformers.rope_init.{}.llama3_8", rope.name));
  }
}

TEST_CASE("YaRN's factor reaches the dimensions that are not turned, in GPT-NeoX it does not",
          "[parity]") {
  PositionOptions options = yarn_options("yarn_4");
  options.group<RotaryOptions>().fraction = 0.5;
  const int64_t length = saved("rotary.queries").size(2);
  const Placed placed(options, shape_of(kHeads, kHeadWidth, kOriginalLength), length);
  auto ours = placed.turned(saved_queries_keys(length));
  const double factor = 0.1 * std::log(4.0) + 1;
  for (torch::Tensor* each : {&ours.queries, &ours.keys}) {
    each->slice(3, kHeadWidth / 2).div_(factor);
  }
  check_same(ours, "transformers.gpt_neox.yarn_4");
}

TEST_CASE("xPos has the scores of x-transformers and of its authors' torchscale", "[parity]") {
  for (const int64_t scale_base : {512, 32}) {
    for (int64_t length : {24, 23}) {
      DYNAMIC_SECTION("scale base " << scale_base << ", " << length << " tokens") {
        PositionOptions options = with_scheme("xpos");
        options.group<XposOptions>().scale_base = static_cast<double>(scale_base);
        options.group<RotaryOptions>().pairing = "interleaved";
        const Placed placed(options, shape_of(kHeads, kHeadWidth, kOriginalLength), length);
        const auto turned = placed.turned(saved_queries_keys(length));
        const auto scores = torch::matmul(turned.queries.to(torch::kFloat64),
                                          turned.keys.to(torch::kFloat64).transpose(2, 3));
        for (const std::string package : {"x_transformers", "torchscale"}) {
          CAPTURE(package);
          CHECK(largest_difference(scores, saved(fmt::format("{}.xpos.base_{}.{}_tokens.scores",
                                                             package, scale_base, length))) <
                kTolerance);
        }
      }
    }
  }
}

}  // namespace lengthwise
