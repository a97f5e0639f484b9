#pragma once

#include <cstdint>
#include <vector>

#include "data/token_stream.h"

namespace lengthwise {

/// A synthetic corpus whose best possible reader is known exactly (data/ideal_reader.h). A document
/// is a sequence of records, a record two tokens: a cue and then one of the answers that belong to
/// that cue alone. With K cues, A answers a cue and z_k = cue_weights[k] / their sum:
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

/// The law of the built-in corpus: 12 cues with 8 answers each (108 tokens), habits
/// Dirichlet(1/8, ..., 1/8).
const IdealReaderLaw& standard_law();

/// The built-in splits. A document of 1025 records (2050 tokens) holds 2048 inputs and targets.
inline constexpr uint64_t kTrainSeed = 1;
inline constexpr int64_t kTrainDocuments = 512;
inline constexpr uint64_t kHeldOutSeed = 2;
inline constexpr int64_t kHeldOutDocuments = 32;
inline constexpr int64_t kRecords = 1025;

/// `documents` documents of `records` records (2 * records tokens) each. Only integers are drawn,
/// so the tokens are the same on every machine: an answer comes from the Polya urn, which
/// integrates the habit out (Blackwell and MacQueen 1973), and document d from a stream of its own,
/// so that it depends on neither the number of documents nor the ones before it.
TokenStream generate_ideal_reader(const IdealReaderLaw& law, uint64_t seed, int64_t documents,
                                  int64_t records);

}  // namespace lengthwise
