#include "position/query_factor.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/options.h"
#include "position/query_factors/llama4.h"
#include "position/query_factors/log_n.h"

namespace lengthwise {
namespace {

constexpr std::reference_wrapper<const QueryFactorEntry> kFactors[] = {
    kLogN, kLogNBeyond, kLogNLearned, kSsmax, kLogA, kLlama4, kMinistral,
};

}  // namespace

std::span<const std::reference_wrapper<const QueryFactorEntry>> query_factor_entries() {
  return kFactors;
}

const QueryFactorEntry& query_factor_entry(std::string_view name) {
  for (const QueryFactorEntry& entry : kFactors) {
    if (entry.name == name) return entry;
  }
  fail("position.query_factor: '{}' {}", name,
       name_violation(std::string(name), query_factor_choice()));
}

OneOf query_factor_choice() {
  OneOf choice{{std::string(kNoQueryFactor)}};
  for (const QueryFactorEntry& entry : kFactors) {
    choice.names.emplace_back(entry.name);
    for (const std::string_view alias : entry.aliases) {
      if (!alias.empty()) choice.aliases.emplace(alias, entry.name);
    }
  }
  return choice;
}

void check_test_time_query_factor(const std::string& trained, const std::string& measured) {
  if (measured == trained || measured == kNoQueryFactor) return;
  if (!query_factor_entry(measured).learned) return;
  std::vector<std::string_view> others{kNoQueryFactor};
  for (const QueryFactorEntry& entry : kFactors) {
    if (!entry.learned) others.push_back(entry.name);
  }
  fail("position.query_factor: {} is learned, and this run was trained with {}; it takes {}",
       measured, trained, fmt::join(others, ", "));
}

torch::Tensor keys_seen(int64_t length, const Visibility& visibility, torch::Device device) {
  const auto before =
      torch::arange(1, length + 1, torch::TensorOptions(torch::kFloat64).device(device));
  if (visibility.window == 0) return before;
  const auto window = static_cast<double>(visibility.window);
  const auto sinks = static_cast<double>(visibility.sinks);
  return before.clamp_max(window) + (before - window).clamp(0, sinks);
}

}  // namespace lengthwise
