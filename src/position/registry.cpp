#include "position/registry.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "position/alibi.h"
#include "position/cable.h"
#include "position/cope.h"
#include "position/dape.h"
#include "position/fire.h"
#include "position/kerple.h"
#include "position/learned.h"
#include "position/none.h"
#include "position/options.h"
#include "position/randomized.h"
#include "position/rotary.h"
#include "position/rotary_scaling.h"
#include "position/sandwich.h"
#include "position/scheme.h"
#include "position/sinusoidal.h"
#include "position/t5_bias.h"
#include "position/xpos.h"

namespace lengthwise {
namespace {

// clang-format off
const SchemeEntry kSchemes[] = {
    {"none", "no positions: order only through the causal mask", "Haviv et al. 2022, 2203.16634", "any", "", false, true, make_none},
    {"sinusoidal", "sines and cosines added to the embeddings", "Vaswani et al. 2017, 1706.03762", "any", "sinusoidal", false, false, make_sinusoidal, validate_sinusoidal},
    {"learned", "a learned vector a position added to the embeddings", "Gehring et al. 2017, 1705.03122", "train_length", "", true, false, make_learned},
    {"randomized", "another scheme at positions drawn from a longer range", "Ruoss et al. 2023, 2305.16843", "range", "*", false, true, make_randomized, validate_randomized},
    {"rotary", "queries and keys rotated by angles that grow with position", "Su et al. 2021, 2104.09864", "any", "rotary", false, true, make_rotary, validate_rotary},
    {"rotary_interpolated", "rotary at positions divided by a factor", "Chen et al. 2023, 2306.15595", "any", "rotary rotary_interpolated", false, true, make_rotary_interpolated, validate_rotary_interpolated},
    {"rotary_ntk", "rotary with a base raised by a fixed factor", "Peng et al. 2023, 2309.00071", "any", "rotary rotary_ntk", false, true, make_rotary_ntk, validate_rotary_ntk},
    {"rotary_dynamic_ntk", "rotary with a base raised as windows exceed train_length", "Peng et al. 2023, 2309.00071", "any", "rotary rotary_dynamic_ntk", false, true, make_rotary_dynamic_ntk, validate_rotary_dynamic_ntk},
    {"rotary_yarn", "rotary, slow pairs interpolated and scores sharpened", "Peng et al. 2023, 2309.00071", "any", "rotary rotary_yarn", false, true, make_rotary_yarn, validate_rotary_yarn},
    {"rotary_longrope", "rotary, each pair divided by a searched factor from a file", "Ding et al. 2024, 2402.13753", "any", "rotary rotary_longrope", false, true, make_rotary_longrope, validate_rotary_longrope},
    {"rotary_llama3", "rotary, slow pairs interpolated as in Llama 3.1", "Dubey et al. 2024, 2407.21783", "any", "rotary rotary_llama3", false, true, make_rotary_llama3, validate_rotary_llama3},
    {"xpos", "rotary whose fast pairs fade with distance", "Sun et al. 2022, 2212.10554", "scale_base", "rotary xpos", false, true, make_xpos, validate_xpos},
    {"alibi", "scores penalised linearly with distance", "Press et al. 2022, 2108.12409", "any", "alibi", false, true, make_alibi},
    {"alibi_learned", "ALiBi with slopes learned for each head of each layer", "Press et al. 2022, 2108.12409", "any", "alibi", true, true, make_alibi_learned},
    {"alibi_scaled", "ALiBi with slopes reduced in windows beyond train_length", "Al-Khateeb et al. 2023, 2310.13017", "any", "alibi", false, true, make_alibi_scaled},
    {"t5_bias", "a learned bias for each bucket of distances, shared by layers", "Raffel et al. 2020, 1910.10683", "any", "t5_bias", true, true, make_t5_bias, validate_t5_bias},
    {"kerple_log", "scores penalised by a learned logarithm of distance", "Chi et al. 2022, 2205.09921", "any", "", true, true, make_kerple_log},
    {"kerple_power", "scores penalised by a learned power of distance", "Chi et al. 2022, 2205.09921", "any", "", true, true, make_kerple_power},
    {"sandwich", "a bias from inner products of sinusoidal embeddings", "Chi et al. 2023, 2212.10356", "any", "sandwich", false, true, make_sandwich, validate_sandwich},
    {"fire", "a learned function of distance as a part of the position", "Li et al. 2024, 2310.04418", "any", "fire", true, false, make_fire},
    {"cope", "positions counted by gates of queries on keys", "Golovneva et al. 2024, 2405.18719", "any", "cope", true, true, make_cope},
    {"dape", "a bias by distance that a small network corrects from the logits", "Zheng et al. 2024, 2405.14722", "any", "*", true, true, make_dape},
    {"cable", "scores penalised by sums over the tokens between, learned from each", "Veisi et al. 2025, 2503.08067", "any", "", true, true, make_cable},
};

/// Schemes that act the same way over the same parameters: a checkpoint of one can be measured under
/// the others.
const std::vector<std::vector<std::string>> kFamilies = {
    {"rotary", "rotary_interpolated", "rotary_ntk", "rotary_dynamic_ntk", "rotary_yarn", "rotary_longrope", "rotary_llama3"},
    {"alibi", "alibi_scaled"},
};
// clang-format on

}  // namespace

std::span<const SchemeEntry> scheme_entries() {
  return kSchemes;
}

const SchemeEntry& scheme_entry(std::string_view name) {
  const auto entry = std::ranges::find(kSchemes, name, &SchemeEntry::name);
  if (entry == std::end(kSchemes)) {
    fail("position.scheme: '{}' is unknown{}", name, known_names_hint(name, scheme_names()));
  }
  return *entry;
}

int64_t scheme_order(std::string_view name) {
  return &scheme_entry(name) - kSchemes;
}

std::vector<std::string> scheme_names() {
  std::vector<std::string> names;
  for (const SchemeEntry& entry : kSchemes) names.emplace_back(entry.name);
  return names;
}

void check_test_time_scheme(const std::string& trained, const std::string& measured) {
  if (measured == trained || measured == kSchemes[0].name) return;
  std::vector<std::string> others;
  for (const auto& family : kFamilies) {
    if (std::ranges::find(family, trained) != family.end()) others = family;
  }
  if (std::ranges::find(others, measured) != others.end()) return;
  others.emplace_back(kSchemes[0].name);
  std::erase(others, trained);
  fail("position.scheme: a run trained with {} cannot be measured under {}; it takes {}", trained,
       measured, fmt::join(others, ", "));
}

bool reads_option(const SchemeEntry& entry, std::string_view option) {
  if (entry.options == "*") return true;
  const auto parts = split(option, ".");  // position, group, knob
  const auto groups = split(entry.options);
  return parts.size() < 3 || std::ranges::find(groups, parts[1]) != groups.end();
}

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape) {
  return scheme_entry(options.scheme).make(options, shape);
}

}  // namespace lengthwise
