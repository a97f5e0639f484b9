#pragma once

namespace lengthwise {

/// Prints a table: for every scheme of the registry that stands by default, training steps of the
/// model and batches of experiments/quickstart.ini: tokens a second (the median of rounds in which
/// all schemes take turns), their ratio to the scheme "none", and the memory a step needs beyond
/// model and optimiser.
void run_training_benchmark();

}  // namespace lengthwise
