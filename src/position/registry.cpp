#include "position/registry.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "position/alibi.h"
#include "position/cable.h"
#include "position/cope.h"
#include "position/dape.h"
#include "position/fire.h"
#include "position/forgetting.h"
#include "position/kerple.h"
#include "position/learned.h"
#include "position/none.h"
#include "position/options.h"
#include "position/query_factor.h"
#include "position/randomized.h"
#include "position/rotary.h"
#include "position/rotary_masks.h"
#include "position/rotary_scaling.h"
#include "position/sandwich.h"
#include "position/scale_invariant.h"
#include "position/scheme.h"
#include "position/sinusoidal.h"
#include "position/t5_bias.h"
#include "position/xpos.h"

namespace lengthwise {
namespace {

constexpr std::reference_wrapper<const SchemeEntry> kSchemes[] = {
    kNone,          kSinusoidal,
    kLearned,       kRandomized,
    kRotary,        kRotaryInterpolated,
    kRotaryNtk,     kRotaryDynamicNtk,
    kRotaryYarn,    kRotaryLongrope,
    kRotaryLlama3,  kRotaryP,
    kRotaryClipped, kRotaryResonance,
    kXpos,          kAlibi,
    kAlibiLearned,  kAlibiScaled,
    kT5Bias,        kKerpleLog,
    kKerplePower,   kSandwich,
    kFire,          kCope,
    kDape,          kCable,
    kFox,           kFoxConstant,
    kFoxFixed,      kScaleInvariant,
};

}  // namespace

std::span<const std::reference_wrapper<const SchemeEntry>> scheme_entries() {
  return kSchemes;
}

const SchemeEntry& scheme_entry(std::string_view name) {
  for (const SchemeEntry& entry : kSchemes) {
    if (entry.name == name) return entry;
  }
  fail("position.scheme: '{}' {}", name, name_violation(std::string(name), scheme_choice()));
}

std::vector<std::string> scheme_names() {
  return scheme_choice().names;
}

OneOf scheme_choice(std::string_view except) {
  OneOf choice;
  for (const SchemeEntry& entry : kSchemes) {
    if (entry.name == except) continue;
    choice.names.emplace_back(entry.name);
    for (const std::string_view alias : entry.aliases) {
      if (!alias.empty()) choice.aliases.emplace(alias, entry.name);
    }
  }
  return choice;
}

void check_test_time_scheme(const std::string& trained, const std::string& measured) {
  if (measured == trained || measured == kNone.name) return;
  const std::string_view family = scheme_entry(trained).family;
  std::vector<std::string_view> others;
  for (const SchemeEntry& entry : kSchemes) {
    if (family.empty() || entry.family != family || entry.name == trained) continue;
    if (entry.name == measured) return;
    others.push_back(entry.name);
  }
  if (trained != kNone.name) others.push_back(kNone.name);
  fail("position.scheme: a run trained with {} cannot be measured under {}; it takes {}", trained,
       measured, others.empty() ? "no other" : fmt::format("{}", fmt::join(others, ", ")));
}

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape) {
  auto scheme = scheme_entry(options.scheme).make(options, shape);
  if (options.query_factor != kNoQueryFactor) {
    scheme->set_query_factor(query_factor_entry(options.query_factor).make(options, shape));
  }
  return scheme;
}

}  // namespace lengthwise
