#pragma once

#include <string>
#include <vector>

#include "position/file/scheme_program.h"
#include "position/scheme_entry.h"

namespace lengthwise {

/// Every function that a scheme file may define for the program, with all that it may be handed:
/// docs/scheme-files.md has them in words.
const std::vector<SchemeHook>& scheme_hooks();

/// What a hook is handed under the name of a size: heads, width, head_width, layers, train_length.
int64_t size_of(const ModelShape& shape, std::string_view name);

/// Those of which a file may define one: attention takes a bias of one kind.
const std::vector<std::string>& bias_hooks();

/// What one function does alone, `rotate`, or two, `rotate_queries` and `rotate_keys`.
struct RotateHooks {
  std::string queries, keys;  // empty: the file defines none
};

/// UserError where the functions do not make a scheme: none is there, or two that exclude each
/// other.
void check_hooks(const SchemeProgram& program);
RotateHooks rotate_hooks(const SchemeProgram& program);
/// The bias hook that the file defines; empty: none.
std::string bias_hook(const SchemeProgram& program);

}  // namespace lengthwise
