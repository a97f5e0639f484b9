#pragma once

#include <string_view>

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct ForgettingOptions {
  double shortest = 2, longest = 128;  // tokens

  void declare(OptionSet& options);
};

/// The Forgetting Transformer (FoX), Lin et al. 2025 (2503.02130): a gate f at each token says how
/// much of what lies before it is kept. With x_l [D] the layer's (normalised) input,
///   f_l = sigmoid(W x_l + b) [H],   c_i = sum_{l <= i} ln f_l,   logit_ij = q_i k_j / sqrt(K) +
///   c_i - c_j,
/// so that the factor covers keys j+1 ... i and the diagonal has no decay. No other positions;
/// with rotary beside it it is fox_rotary (fox_rotary.h). Handed on as -c at each key, float64:
/// what is the query's own cancels in the softmax. A layer has its own `position.layers.<l>.weight`
/// [H, D], drawn from N(0, 0.02), and `position.layers.<l>.bias` [H], which begins at 0: gates
/// begin near 1/2.
///
/// -ln sigmoid(z) = softplus(-z): with the signs of W and b turned it is CABLE (cable.h) as it
/// stands here. The paper's "Pro" block (output gate, norms, token shift) is no part of it.
extern const SchemeEntry kFox;

/// FoX whose gates do not look at the text: ln f_h = -softplus(-b_h), learned for each head of each
/// layer. A gate with b = -ln(exp(1/T) - 1) forgets by 1/e in T tokens; T begins log-spaced over
/// the heads from position.fox.shortest to position.fox.longest (the paper's values of these were
/// not found; those here are this program's).
extern const SchemeEntry kFoxConstant;
/// The same with gates that stay: ALiBi with the slopes 1/T.
extern const SchemeEntry kFoxFixed;

}  // namespace lengthwise
