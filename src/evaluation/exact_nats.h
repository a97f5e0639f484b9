#pragma once

#include <vector>

#include "data/dataset.h"
#include "data/reading_order.h"
#include "evaluation/windows.h"

namespace lengthwise {

/// Nats of every scored token of the windows, in their order, by a reader that is given one window
/// at a time (Dataset::ideal_nats).
std::vector<double> exact_nats(const WindowReader& reader, const ReadingOrder& reading,
                               const std::vector<Window>& windows);

}  // namespace lengthwise
