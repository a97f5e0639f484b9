#include "position/registry.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "position/alibi.h"
#include "position/learned.h"
#include "position/none.h"
#include "position/options.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/sinusoidal.h"

namespace lengthwise {
namespace {

// clang-format off
const SchemeEntry kSchemes[] = {
    {"none", "no positions: order only through the causal mask", "Haviv et al. 2022, 2203.16634", "any", false, make_none},
    {"sinusoidal", "sines and cosines added to the embeddings", "Vaswani et al. 2017, 1706.03762", "any", false, make_sinusoidal, validate_sinusoidal},
    {"learned", "a learned vector a position added to the embeddings", "Gehring et al. 2017, 1705.03122", "train_length", true, make_learned},
    {"rotary", "queries and keys rotated by angles that grow with position", "Su et al. 2021, 2104.09864", "any", false, make_rotary, validate_rotary},
    {"alibi", "scores penalised linearly with distance", "Press et al. 2022, 2108.12409", "any", false, make_alibi},
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

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape) {
  return scheme_entry(options.scheme).make(options, shape);
}

}  // namespace lengthwise
