#pragma once

#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace lengthwise {

class OptionSet;
struct ModelShape;
struct SchemeEntry;

/// A scheme's struct of options, held by those who need not know which it is.
class OptionGroup {
 public:
  virtual ~OptionGroup() = default;
  virtual void declare(OptionSet& options) = 0;
  virtual std::unique_ptr<OptionGroup> copy() const = 0;
  /// Takes the values of a group of the same type; fields stay where they are.
  virtual void assign(const OptionGroup& other) = 0;
};

template <class Options>
class GroupOf final : public OptionGroup {
 public:
  void declare(OptionSet& options) override { values.declare(options); }
  std::unique_ptr<OptionGroup> copy() const override { return std::make_unique<GroupOf>(*this); }
  void assign(const OptionGroup& other) override {
    values = dynamic_cast<const GroupOf&>(other).values;
  }

  Options values;
};

using MakeGroup = std::unique_ptr<OptionGroup> (*)();
template <class Options>
std::unique_ptr<OptionGroup> make_group() {
  return std::make_unique<GroupOf<Options>>();
}

/// [position]: the scheme, the factor on queries and the sink, and every group of options that a
/// scheme of the registry or a factor reads, in that order. Groups are found by type,
/// group<RotaryOptions>(), and declared beside their scheme. A copy has values of its own.
struct PositionOptions {
  PositionOptions();
  PositionOptions(const PositionOptions& other);
  PositionOptions(PositionOptions&& other) noexcept = default;
  PositionOptions& operator=(const PositionOptions& other);
  ~PositionOptions() = default;

  std::string scheme = "alibi";
  std::string query_factor = "none";
  std::string sink_logit = "none";

  template <class Options>
  Options& group() {
    for (const Group& each : groups_) {
      if (auto* found = dynamic_cast<GroupOf<Options>*>(each.held.get())) return found->values;
    }
    throw std::invalid_argument("no scheme reads this group of options");
  }
  template <class Options>
  const Options& group() const {
    return const_cast<PositionOptions*>(this)->group<Options>();
  }

  void declare(OptionSet& options);
  /// UserError where the scheme cannot stand in a model of this shape, or not reach train_length.
  void validate(const ModelShape& shape) const;

  /// These options with another scheme, no factor and no sink: of one that works inside another.
  PositionOptions with_scheme(std::string_view name) const;

 private:
  struct Group {
    MakeGroup make;
    std::unique_ptr<OptionGroup> held;
  };

  /// The scheme, and those at work inside it.
  std::vector<const SchemeEntry*> at_work() const;
  /// The groups of those, and the factor's.
  bool is_read(MakeGroup make) const;
  bool begins_training(MakeGroup make) const;

  std::vector<Group> groups_;
};

}  // namespace lengthwise
