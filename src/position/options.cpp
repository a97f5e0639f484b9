#include "position/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

bool names(const SchemeEntry& entry, MakeGroup group) {
  return std::ranges::find(entry.groups, group) != entry.groups.end();
}

/// "position.scheme = alibi, alibi_learned or alibi_scaled"
std::string condition(MakeGroup group) {
  std::vector<std::string_view> readers;
  for (const SchemeEntry& entry : scheme_entries()) {
    if (names(entry, group)) readers.push_back(entry.name);
  }
  const std::string_view last = readers.back();
  readers.pop_back();
  return fmt::format("position.scheme = {}{}{}", fmt::join(readers, ", "),
                     readers.empty() ? "" : " or ", last);
}

}  // namespace

PositionOptions::PositionOptions() {
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const MakeGroup make : entry.groups) {
      if (!make || std::ranges::find(groups_, make, &Group::make) != groups_.end()) continue;
      groups_.push_back({make, make()});
    }
  }
}

PositionOptions::PositionOptions(const PositionOptions& other) : scheme(other.scheme) {
  for (const Group& group : other.groups_) groups_.push_back({group.make, group.held->copy()});
}

PositionOptions& PositionOptions::operator=(const PositionOptions& other) {
  scheme = other.scheme;
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i].held->assign(*other.groups_[i].held);
  return *this;
}

void PositionOptions::declare(OptionSet& options) {
  options.role(OptionRole::test_time);
  options
      .add("position.scheme", scheme, "positional scheme; `lengthwise schemes` lists them",
           scheme_choice())
      .along("experiment.schemes");
  for (const Group& group : groups_) {
    const size_t first = options.all().size();
    options.role(OptionRole::test_time);
    group.held->declare(options);
    for (Option& option : options.from(first)) {
      option.read_when([this, make = group.make] { return is_read(make); }, condition(group.make));
      option.begins_training_when([this, make = group.make] { return begins_training(make); });
    }
  }
}

void PositionOptions::validate(const ModelShape& shape) const {
  const SchemeEntry& entry = scheme_entry(scheme);
  if (entry.validate) entry.validate(*this, shape);
  const auto limit = make_scheme(*this, shape)->max_length();
  if (limit && *limit < shape.train_length) {
    fail("model.train_length: {} is beyond the {} tokens that {} reaches", shape.train_length,
         *limit, scheme);
  }
}

PositionOptions PositionOptions::with_scheme(std::string_view name) const {
  PositionOptions other = *this;
  other.scheme = name;
  return other;
}

std::vector<const SchemeEntry*> PositionOptions::at_work() const {
  std::vector<const SchemeEntry*> entries{&scheme_entry(scheme)};
  while (entries.back()->inside) entries.push_back(&scheme_entry(entries.back()->inside(*this)));
  return entries;
}

bool PositionOptions::is_read(MakeGroup make) const {
  return std::ranges::any_of(at_work(),
                             [&](const SchemeEntry* entry) { return names(*entry, make); });
}

bool PositionOptions::begins_training(MakeGroup make) const {
  return std::ranges::none_of(at_work(), [&](const SchemeEntry* entry) {
    return names(*entry, make) && !entry->options_begin_training;
  });
}

}  // namespace lengthwise
