#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

class PositionScheme;
struct PositionOptions;

/// What a scheme needs to know of the model it stands in.
struct ModelShape {
  int64_t width, heads, layers, train_length;

  int64_t head_width() const { return width / heads; }
};

/// A positional scheme's line in the table of registry.cpp. Its place there is its place in
/// `lengthwise schemes`, in error lines, in tables and in legends; runs store it, so new lines go
/// last.
struct SchemeEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view paper;
  std::string_view length;   // "any", or what limits it
  std::string_view options;  // groups of [position] that it reads; "*": any, by a scheme inside it
  bool learned;              // has parameters of its own
  bool relative;             // a window answers alike wherever in the text it stands
  std::shared_ptr<PositionScheme> (*make)(const PositionOptions&, const ModelShape&);
  /// UserError where the options do not fit the shape; may be null.
  void (*validate)(const PositionOptions&, const ModelShape&) = nullptr;
};

std::span<const SchemeEntry> scheme_entries();
/// The entry of a name that `validate` has let through.
const SchemeEntry& scheme_entry(std::string_view name);
int64_t scheme_order(std::string_view name);
std::vector<std::string> scheme_names();

/// Whether a model trained with one scheme can be measured under another: they turn or bias the
/// same way over the same parameters, or the positions are dropped. UserError says what it can
/// take.
void check_test_time_scheme(const std::string& trained, const std::string& measured);

/// Whether the scheme reads an option like "position.rotary.base".
bool reads_option(const SchemeEntry& entry, std::string_view option);

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape);

}  // namespace lengthwise
