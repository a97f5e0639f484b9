#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/token_stream.h"
#include "data/training_windows.h"

namespace lengthwise {

/// Training windows side by side: each document is cut every `length` tokens, at the same places in
/// every epoch, and each epoch has every block once, in an order of its own (as fairseq with
/// --sample-break-mode none, where data.documents = joined). What is left at a document's end is
/// not read. Window number `index` depends on (seed, index) alone. UserError where no document
/// holds length + 1 tokens.
class BlockSampler final : public TrainingWindows {
 public:
  BlockSampler(const TokenStream& stream, int64_t length, uint64_t seed);

  void draw(int64_t index, std::span<int64_t> inputs, std::span<int64_t> targets) const override;

  /// Blocks of an epoch.
  int64_t blocks() const { return static_cast<int64_t>(starts_.size()); }

 private:
  /// The blocks as the epoch has them, kept until another is asked for.
  const std::vector<int64_t>& order_of(int64_t epoch) const;

  TokenStream stream_;
  int64_t length_;
  uint64_t seed_;
  std::vector<int64_t> starts_;  // of each block, in the stream
  mutable int64_t epoch_ = -1;
  mutable std::vector<int64_t> order_;
};

}  // namespace lengthwise
