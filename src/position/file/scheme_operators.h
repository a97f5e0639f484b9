#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lengthwise {

/// Which operators of LibTorch a scheme file may use: a list of what is allowed, so that what is
/// not known to be harmless is refused. Arithmetic, shapes, reductions, indexing by checked
/// indices; nothing that reads or writes files, sees memory that was not filled, starts tasks,
/// prints, or changes a tensor in place.

/// Of "aten::log1p". Operators in place ("aten::add_") are allowed on what the function made
/// itself, which is watched when it runs.
bool is_allowed_operator(std::string_view qualified_name);
/// Whether it draws random numbers: `parameters` alone may.
bool draws_random_numbers(std::string_view qualified_name);
/// The names that follow "torch." and are allowed.
std::vector<std::string> allowed_torch_names();

/// torch.nn.functional and math as far as LibTorch has no operator of the same arguments:
/// functions in the language of scheme files, each named for its module:
/// "functional_softsign", "math_log2".
extern const std::string_view kSchemePrelude;

}  // namespace lengthwise
