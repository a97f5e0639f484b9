#include "checkpoints/family.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "base/error.h"
#include "checkpoints/bloom.h"
#include "checkpoints/llama.h"
#include "checkpoints/mistral.h"
#include "checkpoints/mpt.h"

namespace lengthwise {
namespace {

constexpr std::reference_wrapper<const FamilyEntry> kFamilies[] = {kBloom, kMpt, kLlama, kMistral};

std::vector<std::string_view> family_names() {
  std::vector<std::string_view> names;
  for (const FamilyEntry& family : kFamilies) names.push_back(family.name);
  return names;
}

std::string with_layer(std::string_view prefix, int64_t layer) {
  std::string text(prefix);
  return text.replace(text.find('N'), 1, std::to_string(layer));
}

NamedTensor named(const TensorRow& row, const std::string& our_prefix,
                  const std::string& their_prefix) {
  NamedTensor tensor{our_prefix + std::string(row.ours), {}, row.order};
  for (const std::string_view each : row.theirs) {
    if (!each.empty()) tensor.theirs.push_back(their_prefix + std::string(each));
  }
  return tensor;
}

}  // namespace

std::span<const std::reference_wrapper<const FamilyEntry>> families() {
  return kFamilies;
}

const FamilyEntry& family_of(ConfigReader& config) {
  const std::string type = config.text("model_type", "");
  for (const FamilyEntry& family : kFamilies) {
    if (family.name == type) return family;
  }
  config.refuse("model_type", fmt::format("is '{}'; this program reads {}", type,
                                          fmt::join(family_names(), ", ")));
}

const FamilyEntry& family_named(std::string_view name) {
  for (const FamilyEntry& family : kFamilies) {
    if (family.name == name) return family;
  }
  fail("checkpoints of '{}' are not known; this program reads {}", name,
       fmt::join(family_names(), ", "));
}

std::vector<NamedTensor> tensors_of(const FamilyEntry& family, int64_t layers) {
  std::vector<NamedTensor> tensors;
  for (const TensorRow& row : family.outside) tensors.push_back(named(row, "", ""));
  for (int64_t layer = 0; layer < layers; ++layer) {
    for (const TensorRow& row : family.block) {
      tensors.push_back(
          named(row, with_layer("blocks.N.", layer), with_layer(family.block_prefix, layer)));
    }
  }
  return tensors;
}

}  // namespace lengthwise
