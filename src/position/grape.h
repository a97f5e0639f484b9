#pragma once

namespace lengthwise {

struct SchemeEntry;

/// GRAPE-A, key-gated (2512.07805; named in full Group Representational Position Encoding, the
/// additive kind): a bias by distance whose slope each key sets for itself,
///   logit_ij = q_i k_j / sqrt(K) - (p_i - p_j) m_h softplus(omega_h) softplus(u_h k_j / sqrt(K)),
/// m_h the slopes of ALiBi (alibi.h, and its position.alibi.bias_max), u_h of unit length. A key
/// that says nothing to u_h falls off by ln 2 softplus(omega_h) of ALiBi's slope. k_j is the key as
/// attention sees it. From the authors' repository (model-architectures/GRAPE); its query-gated
/// kinds and the rotations of GRAPE-M are not here.
///
/// A layer has its own `position.layers.<l>.omega` [H], which begins at 1, and
/// `position.layers.<l>.direction` [H, K], drawn from N(0, 1): u_h is it over its length.
extern const SchemeEntry kGrapeA;

}  // namespace lengthwise
