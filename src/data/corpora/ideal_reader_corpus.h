#pragma once

#include <cstdint>
#include <vector>

#include "data/token_stream.h"

namespace lengthwise {

/// A synthetic corpus whose best possible reader is known exactly (data/corpora/ideal_reader.h). A
/// document is a sequence of records, a record two tokens: a cue and then one of the answers that
/// belong to that cue alone. With K cues, A answers a cue and z_k = cue_weights[k] / their sum:
///
///   order   the cue of record t is, for t >= 2 and with probability 1/2, the cue of record t - 2;
///           otherwise it is drawn from z.
///   memory  each document has for each cue a habit theta_k ~ Dirichlet(c, ..., c) of its own, with
///           c = habit_numerator / habit_denominator; answers to cue k are drawn from theta_k.
///
/// Token ids: cue k is k, answer (k, a) is K + k A + a; the vocabulary has K + K A tokens.
struct IdealReaderLaw {
  std::vector<int64_t> cue_weights;  // [K]
  int64_t answers_per_cue;
  int64_t habit_numerator, habit_denominator;

  int64_t cues() const { return static_cast<int64_t>(cue_weights.size()); }
  int64_t cue_weight_sum() const;
  int64_t vocabulary_size() const { return cues() * (1 + answers_per_cue); }

  bool is_cue(int64_t token) const { return token < cues(); }
  int64_t answer(int64_t cue, int64_t index) const {
    return cues() + cue * answers_per_cue + index;
  }
  /// The cue itself, or the cue whose answer the token is.
  int64_t cue_of(int64_t token) const {
    return is_cue(token) ? token : (token - cues()) / answers_per_cue;
  }
};

/// How many records back the cue lies that is copied.
inline constexpr int64_t kCopyLag = 2;

/// The law of the corpus "ideal_reader": 12 cues with 8 answers each (108 tokens), habits
/// Dirichlet(1/8, ..., 1/8). Context is worth having up to some 2048 tokens.
const IdealReaderLaw& standard_law();

/// The law of the corpus "long_reach": five octaves of 1, 2, 4, 8 and 16 cues, each octave of the
/// same total weight, with 20 answers a cue (651 tokens) and habits Dirichlet(1/8, ..., 1/8). A cue
/// comes by anew every 10 to 160 records, and its 20 answers take tens to thousands of its records
/// to be known, so that every doubling of the window is worth having, out to 65,536 tokens. The
/// ideal reader's nats per token on the test split, and what each doubling takes off:
///
///      64     128     256     512    1024    2048    4096    8192   16384   32768   65536
///   2.331   2.261   2.182   2.099   2.017   1.945   1.889   1.848   1.821   1.804   1.794
///           0.071   0.078   0.084   0.081   0.072   0.057   0.040   0.027   0.017   0.010
///
/// One law for both corpora, and not one of rarer cues, for three reasons. Copies bring even a rare
/// cue back within four tokens, so that short training windows teach every cue's habit, and what
/// long windows ask for is the same skill at a longer distance. The vocabulary, and with it the
/// cost of a model, stays small. And the reader is the same, exact for every start.
const IdealReaderLaw& long_reach_law();

/// `documents` documents of `records` records (2 * records tokens) each. Only integers are drawn,
/// so the tokens are the same on every machine: an answer comes from the Polya urn, which
/// integrates the habit out (Blackwell and MacQueen 1973), and document d from a stream of its own,
/// so that it depends on neither the number of documents nor the ones before it.
TokenStream generate_ideal_reader(const IdealReaderLaw& law, uint64_t seed, int64_t documents,
                                  int64_t records);

}  // namespace lengthwise
