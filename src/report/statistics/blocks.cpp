#include "report/statistics/blocks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number_text.h"

namespace lengthwise {
namespace {

constexpr size_t kLeastBlocks = 20, kMostBlocks = 64;
constexpr size_t kLeastTokens = 2000;

/// Where each document's scored tokens end.
std::vector<size_t> document_ends(std::span<const int64_t> documents) {
  std::vector<size_t> ends;
  for (size_t i = 0; i < documents.size(); ++i) {
    if (i + 1 == documents.size() || documents[i + 1] != documents[i]) ends.push_back(i + 1);
  }
  return ends;
}

double effective_number(const std::vector<size_t>& ends) {
  double sum = 0, squares = 0;
  size_t begin = 0;
  for (const size_t end : ends) {
    const auto tokens = static_cast<double>(end - begin);
    sum += tokens;
    squares += tokens * tokens;
    begin = end;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

/// Documents put together with their neighbours into about kMostBlocks blocks of much the same
/// size.
std::vector<size_t> gathered(const std::vector<size_t>& ends) {
  std::vector<size_t> kept;
  const double all = static_cast<double>(ends.back());
  for (const size_t end : ends) {
    const double wanted = all * static_cast<double>(kept.size() + 1) / kMostBlocks;
    if (static_cast<double>(end) >= wanted || end == ends.back()) kept.push_back(end);
  }
  return kept;
}

std::vector<size_t> equal_ends(size_t tokens, size_t blocks) {
  std::vector<size_t> ends;
  for (size_t b = 1; b <= blocks; ++b) ends.push_back(tokens * b / blocks);
  return ends;
}

void assign(Blocks& blocks, const std::vector<size_t>& ends) {
  blocks.of_token.resize(ends.back());
  size_t begin = 0;
  for (size_t b = 0; b < ends.size(); ++b) {
    std::fill(blocks.of_token.begin() + static_cast<std::ptrdiff_t>(begin),
              blocks.of_token.begin() + static_cast<std::ptrdiff_t>(ends[b]),
              static_cast<uint16_t>(b));
    blocks.tokens.push_back(static_cast<double>(ends[b] - begin));
    begin = ends[b];
  }
}

}  // namespace

Blocks plan_blocks(std::span<const int64_t> documents, int64_t longest_length) {
  Blocks blocks;
  if (documents.size() < kLeastTokens) {
    blocks.of_token.resize(documents.size());
    blocks.description = fmt::format("no intervals: {} scored tokens are fewer than {}",
                                     format_count(static_cast<int64_t>(documents.size())),
                                     format_count(kLeastTokens));
    return blocks;
  }
  const std::vector<size_t> ends = document_ends(documents);
  if (effective_number(ends) >= kLeastBlocks) {
    assign(blocks, ends.size() > kMostBlocks ? gathered(ends) : ends);
    const auto count = static_cast<int64_t>(ends.size());
    blocks.description = ends.size() > kMostBlocks
                             ? fmt::format("{} groups of neighbouring documents, {} in all",
                                           blocks.tokens.size(), format_count(count))
                             : fmt::format("{} documents", count);
    return blocks;
  }
  const size_t whole = documents.size() / static_cast<size_t>(longest_length);
  assign(blocks, equal_ends(documents.size(), std::clamp(whole, kLeastBlocks, kMostBlocks)));
  const auto size = static_cast<int64_t>(documents.size() / blocks.tokens.size());
  blocks.description =
      fmt::format("{} stretches of about {} tokens", blocks.tokens.size(), format_count(size));
  if (whole < kLeastBlocks) {
    blocks.warning = fmt::format(
        "a stretch is shorter than the longest window, {} tokens, so neighbours share context and "
        "intervals at lengths above {} may be too narrow",
        format_count(longest_length), format_count(size));
  }
  return blocks;
}

}  // namespace lengthwise
