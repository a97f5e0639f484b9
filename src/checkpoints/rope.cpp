#include "checkpoints/rope.h"

#include <fmt/format.h>

#include <cmath>

#include "position/rotary.h"
#include "position/rotary_scaling.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

struct Rope {
  ConfigReader parameters;
  double max_length;       // max_position_embeddings
  double original_length;  // where that is not given: max_length
};

double positive(ConfigReader& from, const std::string& key, double fallback) {
  const double value = from.real(key, fallback);
  if (value <= 0) from.refuse(key, "is not above 0");
  return value;
}

/// The growth of the context; null, as some files have it: that from the original length.
double growth(Rope& rope) {
  const double factor = rope.parameters.real("factor", rope.max_length / rope.original_length);
  if (factor < 1) rope.parameters.refuse("factor", fmt::format("is {}, not at least 1", factor));
  return factor;
}

void read_default(Rope&, CheckpointModel& read) {
  read.position.scheme = kRotary.name;
}

void read_linear(Rope& rope, CheckpointModel& read) {
  read.position.scheme = kRotaryInterpolated.name;
  read.position.group<RotaryInterpolatedOptions>().factor = growth(rope);
}

void read_dynamic(Rope& rope, CheckpointModel& read) {
  read.position.scheme = kRotaryDynamicNtk.name;
  auto& ntk = read.position.group<RotaryDynamicNtkOptions>();
  ntk.factor = growth(rope);
  ntk.original_length = static_cast<int64_t>(rope.max_length);
}

/// 0.1 m ln s + 1 (DeepSeek's), of which YaRN's own is m = 1.
double sharpening(double growth, double m) {
  return growth <= 1 ? 1 : 0.1 * m * std::log(growth) + 1;
}

void read_yarn(Rope& rope, CheckpointModel& read) {
  ConfigReader& from = rope.parameters;
  read.position.scheme = kRotaryYarn.name;
  auto& yarn = read.position.group<RotaryYarnOptions>();
  yarn.factor = growth(rope);
  yarn.original_length = static_cast<int64_t>(rope.original_length);
  yarn.beta_fast = positive(from, "beta_fast", 32);
  yarn.beta_slow = positive(from, "beta_slow", 1);
  yarn.ramp = from.truth("truncate", true) ? "dimensions_truncated" : "dimensions";
  const double above = from.real("mscale", 0), below = from.real("mscale_all_dim", 0);
  const double by_formula = above != 0 && below != 0
                                ? sharpening(yarn.factor, above) / sharpening(yarn.factor, below)
                                : sharpening(yarn.factor, 1);
  yarn.attention_factor = positive(from, "attention_factor", by_formula);
}

void read_longrope(Rope& rope, CheckpointModel& read) {
  ConfigReader& from = rope.parameters;
  read.position.scheme = kRotaryLongrope.name;
  auto& longrope = read.position.group<RotaryLongropeOptions>();
  longrope.factor = growth(rope);
  longrope.original_length = static_cast<int64_t>(rope.original_length);
  const double by_formula =
      longrope.factor <= 1
          ? 1
          : std::sqrt(1 + std::log(longrope.factor) / std::log(rope.original_length));
  longrope.attention_factor = positive(from, "attention_factor", by_formula);
  read.short_factors = from.reals("short_factor");
  read.long_factors = from.reals("long_factor");
}

void read_llama3(Rope& rope, CheckpointModel& read) {
  read.position.scheme = kRotaryLlama3.name;
  auto& llama3 = read.position.group<RotaryLlama3Options>();
  llama3.factor = growth(rope);
  llama3.original_length = static_cast<int64_t>(rope.original_length);
  llama3.low_frequency_factor = positive(rope.parameters, "low_freq_factor", 1);
  llama3.high_frequency_factor = positive(rope.parameters, "high_freq_factor", 4);
}

struct Kind {
  std::string_view rope_type;
  void (*read)(Rope& rope, CheckpointModel& read);
};

constexpr Kind kKinds[] = {
    {"default", read_default}, {"linear", read_linear},     {"dynamic", read_dynamic},
    {"yarn", read_yarn},       {"longrope", read_longrope}, {"llama3", read_llama3},
};

const Kind& kind_of(ConfigReader& parameters) {
  const std::string key = parameters.has("rope_type") ? "rope_type" : "type";
  const std::string name = parameters.text(key, "default");
  for (const Kind& kind : kKinds) {
    if (kind.rope_type == name) return kind;
  }
  parameters.refuse(key, fmt::format("is '{}', which this program does not implement; it takes "
                                     "default, linear, dynamic, yarn, longrope, llama3",
                                     name));
}

}  // namespace

void read_rope(ConfigReader& config, CheckpointModel& read) {
  ConfigReader current = config.object("rope_parameters"), legacy = config.object("rope_scaling");
  ConfigReader from = legacy.is_empty() ? current : legacy;
  const double base = positive(config, "rope_theta", 10000);
  if (from.has("full_attention") || from.has("sliding_attention")) {
    config.refuse("rope_parameters", "differ by layer, which this program does not implement");
  }
  const auto max_length = static_cast<double>(read.model.train_length);
  Rope rope{from, max_length, max_length};
  rope.original_length = positive(rope.parameters, "original_max_position_embeddings", max_length);
  rope.original_length = positive(config, "original_max_position_embeddings", rope.original_length);
  read.position.group<RotaryOptions>().base = positive(rope.parameters, "rope_theta", base);
  read.position.group<RotaryOptions>().pairing = "half";
  rope.parameters.ignore({"type"});
  rope.parameters.expect("partial_rotary_factor", "1.0");
  config.expect("partial_rotary_factor", "1.0");
  kind_of(rope.parameters).read(rope, read);
  rope.parameters.refuse_unread();
}

void write_rope(const CheckpointModel& from, nlohmann::ordered_json& config) {
  nlohmann::ordered_json& parameters = config["rope_parameters"];
  parameters["rope_type"] = "default";
  parameters["rope_theta"] = from.position.group<RotaryOptions>().base;
  if (from.position.scheme == kRotaryInterpolated.name) {
    parameters["rope_type"] = "linear";
    parameters["factor"] = from.position.group<RotaryInterpolatedOptions>().factor;
  }
  if (from.position.scheme == kRotaryLlama3.name) {
    const auto& llama3 = from.position.group<RotaryLlama3Options>();
    parameters["rope_type"] = "llama3";
    parameters["factor"] = llama3.factor;
    parameters["low_freq_factor"] = llama3.low_frequency_factor;
    parameters["high_freq_factor"] = llama3.high_frequency_factor;
    parameters["original_max_position_embeddings"] =
        llama3.original_length > 0 ? llama3.original_length : from.model.train_length;
  }
}

}  // namespace lengthwise
