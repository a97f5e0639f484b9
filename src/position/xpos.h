#pragma once

namespace lengthwise {

class OptionSet;
struct SchemeEntry;

struct XposOptions {
  double scale_base = 512;  // tokens
  double gamma = 0.4;

  void declare(OptionSet& options);
};

/// xPos, Sun et al. 2022 (2212.10554), algorithm 1: rotary embeddings whose pairs also fade with
/// distance. Pair i of a query at p is turned and multiplied by zeta_i^(p/b), of a key divided by
/// it, where
///   zeta_i = (i/(R/2) + gamma)/(1 + gamma),   i = 0 ... R/2-1,   gamma = 0.4,   b = scale_base
///   512;
/// a score then depends on p_q - p_k alone, its pair i times zeta_i^((p_q - p_k)/b): fast pairs,
/// which cannot tell long distances apart, fade first. Base, pairing and fraction of the rotation
/// are position.rotary's; dimensions that are not turned do not fade.
///
/// p/b is counted from the middle of the window, (p - T/2)/b, as in the authors' later code: scores
/// are the same and the powers stay in float32 twice as far. It suits whole windows; keys kept from
/// a shorter one would have another middle. Where the powers of a window leave 1e-34 ... 1e34
/// (T = 64,000 at scale_base 512) float32 cannot hold them: UserError.
///
/// The paper's numbers beyond the training length are with blockwise attention on top, which is a
/// matter of model.window and not of this scheme.
/// gamma must be positive, and the head width suit position.rotary: UserError.
extern const SchemeEntry kXpos;

}  // namespace lengthwise
