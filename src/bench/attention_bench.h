#pragma once

namespace lengthwise {

/// Registers attention/SCHEME/LENGTH/{forward,backward} for every scheme of the registry, for
/// windows, and for what they are compared with: plain causal attention and each scheme's dense
/// form. B = 1, H = 8, K = 32, float32; "backward" is a forward and a backward pass. Each reports
/// seconds and the memory it needed beyond its inputs.
void register_attention_benchmarks();

}  // namespace lengthwise
