#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace lengthwise {

/// A model of spellings, for words and characters that a vocabulary lacks: bytes drawn one by one
/// and independently, until an end is drawn. How likely each of these 257 symbols is follows from
/// the spellings that the vocabulary has, each counted once, and one more of every symbol
/// (Laplace):
///
///   p(symbol) = (1 + times the symbol occurs) / (257 + all symbols that occur)
///
/// The probabilities of all spellings sum to 1, and the vocabulary's file is all it takes. It is
/// simple on purpose: what a vocabulary leaves out is never cheaper than a real model would have
/// it.
class SpellingModel {
 public:
  /// `spellings` without entries that spell nothing, as <unk> and <eos>.
  explicit SpellingModel(std::span<const std::string> spellings);

  /// Of the bytes and the end; the empty spelling has its end alone.
  double nats(std::string_view spelling) const;

 private:
  static constexpr size_t kEnd = 256;
  std::array<double, 257> nats_{};  // of a symbol
};

}  // namespace lengthwise
