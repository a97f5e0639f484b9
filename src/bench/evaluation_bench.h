#pragma once

namespace lengthwise {

/// Times measure_windows against forward passes that leave nothing out, and prints a line a
/// comparison with both times, their ratio and the largest difference between the two's nats:
///
///   sliding by 1   2,000 targets at length 512 with a vocabulary of 8192, against one full forward
///                  pass a target, batch 1, each with the logits of all its places
///   ten lengths    of one split of 65,536 tokens, against the bare forward passes and their logits
///                  over the same windows in the same batches
void run_evaluation_benchmark();

}  // namespace lengthwise
