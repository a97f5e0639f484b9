#include "position/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "position/query_factor.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "position/sink_logit.h"

namespace lengthwise {
namespace {

bool names(const auto& entry, MakeGroup group) {
  return std::ranges::find(entry.groups, group) != entry.groups.end();
}

std::vector<std::string_view> readers_of(MakeGroup group, const auto& entries) {
  std::vector<std::string_view> readers;
  for (const auto& entry : entries) {
    if (names(entry.get(), group)) readers.push_back(entry.get().name);
  }
  return readers;
}

/// "position.scheme = alibi, alibi_learned or alibi_scaled"
std::string condition(MakeGroup group) {
  std::string_view option = "position.scheme";
  std::vector<std::string_view> readers = readers_of(group, scheme_entries());
  if (readers.empty()) {
    option = "position.query_factor";
    readers = readers_of(group, query_factor_entries());
  }
  const std::string_view last = readers.back();
  readers.pop_back();
  return fmt::format("{} = {}{}{}", option, fmt::join(readers, ", "), readers.empty() ? "" : " or ",
                     last);
}

}  // namespace

PositionOptions::PositionOptions() {
  const auto add = [&](const auto& entry) {
    for (const MakeGroup make : entry.groups) {
      if (!make || std::ranges::find(groups_, make, &Group::make) != groups_.end()) continue;
      groups_.push_back({make, make()});
    }
  };
  for (const SchemeEntry& entry : scheme_entries()) add(entry);
  for (const QueryFactorEntry& entry : query_factor_entries()) add(entry);
}

PositionOptions::PositionOptions(const PositionOptions& other)
    : scheme(other.scheme), query_factor(other.query_factor), sink_logit(other.sink_logit) {
  for (const Group& group : other.groups_) groups_.push_back({group.make, group.held->copy()});
}

PositionOptions& PositionOptions::operator=(const PositionOptions& other) {
  scheme = other.scheme;
  query_factor = other.query_factor;
  sink_logit = other.sink_logit;
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i].held->assign(*other.groups_[i].held);
  return *this;
}

void PositionOptions::declare(OptionSet& options) {
  options.role(OptionRole::test_time);
  options
      .add("position.scheme", scheme,
           "positional scheme; `lengthwise schemes` lists them. Or your own: a file NAME.py",
           scheme_or_file_choice())
      .along("experiment.schemes");
  Option& named = options.find("position.scheme");
  named.content_hash = [this] { return scheme_hash(scheme); };
  named.found_from = schemes_found_from;
  options.add("position.query_factor", query_factor,
              "factor on q k' by the query's place, beside any scheme: log_n, ssmax, ...; none",
              query_factor_choice());
  options
      .add("position.sink_logit", sink_logit,
           "a logit of each head that takes a part of the softmax and gives nothing for it: none, "
           "learned",
           OneOf{{std::string(kNoSinkLogit), std::string(kLearnedSinkLogit)}})
      .as(OptionRole::weights);
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
  other.query_factor = kNoQueryFactor;
  other.sink_logit = kNoSinkLogit;
  return other;
}

std::vector<const SchemeEntry*> PositionOptions::at_work() const {
  std::vector<const SchemeEntry*> entries{&scheme_entry(scheme)};
  while (entries.back()->inside) entries.push_back(&scheme_entry(entries.back()->inside(*this)));
  return entries;
}

bool PositionOptions::is_read(MakeGroup make) const {
  if (query_factor != kNoQueryFactor && names(query_factor_entry(query_factor), make)) return true;
  return std::ranges::any_of(at_work(),
                             [&](const SchemeEntry* entry) { return names(*entry, make); });
}

bool PositionOptions::begins_training(MakeGroup make) const {
  for (const QueryFactorEntry& entry : query_factor_entries()) {
    if (names(entry, make)) return entry.learned;
  }
  return std::ranges::none_of(at_work(), [&](const SchemeEntry* entry) {
    return names(*entry, make) && !entry->options_begin_training;
  });
}

}  // namespace lengthwise
