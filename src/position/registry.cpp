
#include "position/registry.h"
#include <fmt/ranges.h>
#include <algorithm>
#include "base/error.h"
#include "base/options.h"
#include "base/text.h"
#include "position/alibi.h"
#include "position/cable.h"
#include "position/content_bias.h"
#include "position/cope.h"
#include "position/dape.h"
#include "position/file/file_scheme.h"
#include "position/file/scheme_files.h"
#include "position/fire.h"
#include "position/forgetting.h"
#include "position/fourier.h"
#include "position/fox_rotary.h"
#include "position/grape.h"
#include "position/kerple.h"
#include "position/learned.h"
#include "position/none.h"
#include "position/options.h"
#include "position/path.h"
#include "position/polar.h"
#include "position/query_factor.h"
#include "position/randomized.h"
#include "position/rotary.h"
#include "position/rotary_masks.h"
#include "position/rotary_scaling.h"
#include "position/sandwich.h"
#include "position/scale_invariant.h"
#include "position/scheme.h"
#include "position/selective_rotary.h"
#include "position/sink_logit.h"
#include "position/sinusoidal.h"
#include "position/stick_breaking.h"
#include "position/t5_bias.h"
#include "position/wall.h"
#include "position/xpos.h"

namespace lengthwise {
namespace {

constexpr std::reference_wrapper<const SchemeEntry> kSchemes[] = {
    kNone,
    kSinusoidal,
    kLearned,
    kRandomized,
    kRotary,
    kRotaryInterpolated,
    kRotaryNtk,
    kRotaryDynamicNtk,
    kRotaryYarn,
    kRotaryLongrope,
    kRotaryLlama3,
    kRotaryP,
    kRotaryClipped,
    kRotaryResonance,
    kXpos,
    kFope,
    kSelectiveRotary,
    kPope,
    kAlibi,
    kAlibiLearned,
    kAlibiScaled,
    kT5Bias,
    kKerpleLog,
    kKerplePower,
    kSandwich,
    kFire,
    kContentBias,
    kCope,
    kDape,
    kCable,
    kFox,
    kFoxRotary,
    kFoxConstant,
    kFoxFixed,
    kScaleInvariant,
    kGrapeA,
    kStickBreaking,
    kWall,
    kPath,
    kPathFox,
};

}  // namespace

std::span<const std::reference_wrapper<const SchemeEntry>> scheme_entries() {
  return kSchemes;
}

const SchemeEntry& scheme_entry(std::string_view name) {
  if (names_scheme_file(name)) return kSchemeFile;
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

OneOf scheme_or_file_choice() {
  OneOf choice = scheme_choice();
  choice.file_ending = kSchemeFileEnding;
  return choice;
}

std::string scheme_name(const std::string& scheme) {
  if (!names_scheme_file(scheme)) return scheme;
  std::string name = scheme_file_name(scheme);
  const auto built_in = scheme_names();
  if (std::ranges::find(built_in, name) != built_in.end()) {
    fail("position.scheme: {} has the name of a built-in scheme; call the file otherwise", scheme);
  }
  return name;
}

std::string scheme_summary(const std::string& scheme) {
  return std::string(names_scheme_file(scheme) ? std::string_view(scheme_source(scheme).summary)
                                               : scheme_entry(scheme).summary);
}

std::string scheme_hash(const std::string& scheme) {
  return names_scheme_file(scheme) ? scheme_source(scheme).hash : "";
}

std::string scheme_text(const std::string& scheme) {
  return names_scheme_file(scheme) ? scheme_source(scheme).text : "";
}

std::string schemes_found_from(std::string_view schemes, const fs::path& folder) {
  if (schemes.find(kSchemeFileEnding) == std::string_view::npos) return std::string(schemes);
  std::vector<std::string> found;
  for (const std::string& scheme : split(schemes)) {
    const bool beside = names_scheme_file(scheme) && fs::is_regular_file(folder / scheme);
    found.push_back(beside ? (folder / scheme).string() : scheme);
  }
  return fmt::format("{}", fmt::join(found, " "));
}

void check_test_time_scheme(const std::string& trained, const std::string& measured) {
  if (measured == trained || measured == kNone.name) return;
  if (names_scheme_file(trained) && names_scheme_file(measured)) {
    if (scheme_hash(trained) == scheme_hash(measured)) return;
    fail(
        "position.scheme: {} is another text than {}, with which the run was trained; it is "
        "measured with its own, or under none",
        measured, trained);
  }
  const std::string_view family = scheme_entry(trained).family;
  std::vector<std::string_view> others;
  for (const SchemeEntry& entry : kSchemes) {
    if (family.empty() || entry.family != family || entry.name == trained) continue;
    if (entry.name == measured) return;
    others.push_back(entry.name);
  }
  if (trained != kNone.name) others.push_back(kNone.name);
  fail("position.scheme: a run trained with {} cannot be measured under {}; it takes {}",
       scheme_name(trained), scheme_name(measured),
       others.empty() ? "no other" : fmt::format("{}", fmt::join(others, ", ")));
}

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape) {
  auto scheme = scheme_entry(options.scheme).make(options, shape);
  if (options.query_factor != kNoQueryFactor) {
    scheme->set_query_factor(query_factor_entry(options.query_factor).make(options, shape));
  }
  if (options.sink_logit != kNoSinkLogit) {
    scheme->set_sink_logit(std::make_shared<SinkLogit>(shape));
  }
  return scheme;
}

}  // namespace lengthwise
