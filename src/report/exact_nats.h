#pragma once

#include <vector>

#include "data/exact_reader.h"
#include "data/reading_order.h"
#include "evaluation/windows.h"

namespace lengthwise {

/// Nats of every scored token of the windows, in their order, by the corpus's exact reader; with
/// `memory_tokens` > 0 by the one that remembers only the last so many.
std::vector<double> exact_nats(const ExactReader& reader, const ReadingOrder& reading,
                               const std::vector<Window>& windows, int64_t memory_tokens = 0);

/// The memories worth asking about at a length: ExactReader::kLeastMemory doubled as long as it is
/// below the length; at the length and above nothing is forgotten.
std::vector<int64_t> memories_below(int64_t length);

}  // namespace lengthwise
