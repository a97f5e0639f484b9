#pragma once

#include <numeric>
#include <vector>

#include "data/token_stream.h"

namespace lengthwise {

using Tokens = std::vector<int64_t>;

inline Tokens tokens_of(const TokenStream& stream, int64_t begin, int64_t count) {
  Tokens tokens;
  for (int64_t i = begin; i < begin + count; ++i) tokens.push_back(stream[i]);
  return tokens;
}

inline double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

}  // namespace lengthwise
