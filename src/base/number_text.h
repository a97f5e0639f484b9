#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lengthwise {

/// A perplexity with four significant digits, and two decimals at least under 100.
std::string format_perplexity(double perplexity);
/// The decimals it is given, under 1e6.
int perplexity_decimals(double perplexity);
/// 65536 as "65,536".
std::string format_count(int64_t count);
/// With all its digits, so that it reads back as the same number; empty for none.
std::string format_exactly(std::optional<double> value);

}  // namespace lengthwise
