#pragma once

namespace lengthwise {

struct SchemeEntry;

/// Context-aware biases for length extrapolation (CABLE), Veisi et al. 2025 (2503.08067): each
/// token says how far it pushes what lies before it away, and a bias is the sum over what lies
/// between. With x_k [D] the layer's (normalised) input,
///   s_k = softplus(W x_k + c) [H],   logit_ij = q_i k_j / sqrt(K) - sum_{k=j+1..i} s_k,
/// so that with W = 0 it is ALiBi of the learned slope softplus(c). Handed on as the running sum of
/// s at each key: what is the query's own cancels in the softmax. The sum is float64.
///
/// The authors' stored repository (axiomlab/Cable) agrees on the bias but not on the logits, which
/// it does not scale in training and divides by the root of the whole width in an earlier file; the
/// scale here is attention's. As there, a layer has its own `position.layers.<l>.weight` [H, D],
/// drawn from N(0, 0.02), and `position.layers.<l>.bias` [H], which begins at 0.
extern const SchemeEntry kCable;

}  // namespace lengthwise
