#pragma once

namespace lengthwise {

/// Largest resident memory of this process since it began, or since reset_peak_memory(). Linux
/// only; 0 elsewhere.
double peak_memory_mib();
void reset_peak_memory();

/// Keeps freed blocks in the process instead of giving each back to the system: training steps
/// allocate the same sizes again and again, and page faults cost more than the memory.
void keep_freed_memory();

}  // namespace lengthwise
