#pragma once

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct ScaleInvariantOptions {
  double tau = 10;

  void declare(OptionSet& options);
};

/// Scale-invariant attention, Anson et al. 2025 (2505.17083): a factor and a bias by distance,
///   logit_ij = a_t q_i k_j / sqrt(K) + m_t,   t = p_i - p_j,
///   a_t = sqrt(1 + 2 ln(1 + t/tau)),   m_t = -2 ln(1 + t/tau),
/// which give every decade of distance about as much attention in all, as sparse within it as
/// another. a_0 = 1, m_0 = 0; tau = 10 was best of 0.01 ... 100. Nothing is learned. The paper uses
/// it with normalised queries and keys and beside p-RoPE, which no scheme here does yet; beside
/// rotary on all pairs it works badly there. m_t alone is KERPLE-log with r1 = 2 and r2 = 1/tau.
extern const SchemeEntry kScaleInvariant;

}  // namespace lengthwise
