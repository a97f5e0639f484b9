#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace lengthwise {

class OptionGroup;
class PositionScheme;
struct PositionOptions;

/// What a scheme needs to know of the model it stands in.
struct ModelShape {
  int64_t width, heads, layers, train_length;
  int64_t given_head_width = 0;  // 0: width / heads

  int64_t head_width() const { return given_head_width > 0 ? given_head_width : width / heads; }
  /// What an option of a length says, of which 0 is the train length.
  int64_t or_train_length(int64_t given) const { return given > 0 ? given : train_length; }
};

/// All that the program knows of a scheme. Its own file defines it, as
///
///   constinit const SchemeEntry kAlibi{.name = "alibi", ..., .make = make_alibi};
///
/// and registry.cpp lists it. It is a constant, so that the list is whole before anything asks.
struct SchemeEntry {
  std::string_view name;
  /// Other names in use, small letters with underscores: an error that meets one says ours.
  std::array<std::string_view, 6> aliases{};
  std::string_view summary;
  std::string_view paper;
  std::string_view length = "any";  // or what limits it
  /// Groups of [position] that it reads: make_group<AlibiOptions> of position/options.h.
  std::array<std::unique_ptr<OptionGroup> (*)(), 2> groups{};
  /// The scheme at work inside it, whose groups it reads too; null: none.
  std::string_view (*inside)(const PositionOptions&) = nullptr;
  /// Schemes of one family act the same way over the same parameters: a checkpoint of one can be
  /// measured under the others. Empty: it has none.
  std::string_view family{};
  bool learned = false;  // has parameters of its own
  bool relative = true;  // a window answers alike wherever in the text it stands
  /// Positions are drawn: results are means over draws, and windows are measured one by one.
  bool draws_positions = false;
  /// Its options say where training begins and how large it is: afterwards they change nothing.
  bool options_begin_training = false;
  /// Its paper has it compare a window with train_length.
  bool reads_train_length = false;
  /// Its parameters have kinks closer than a float32 loss resolves; its own tests take smaller
  /// steps in float64.
  bool has_kinks = false;
  /// Tokens behind a window that what a token says still reaches: later ones read its input before
  /// attention.
  int64_t reach_behind_window = 0;
  std::shared_ptr<PositionScheme> (*make)(const PositionOptions&, const ModelShape&);
  /// UserError where the options do not fit the shape; may be null.
  void (*validate)(const PositionOptions&, const ModelShape&) = nullptr;
};

}  // namespace lengthwise
