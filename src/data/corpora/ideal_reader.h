#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "data/corpora/ideal_reader_corpus.h"

namespace lengthwise {

/// The exact Bayes-optimal reader of one window of consecutive tokens of ONE document of the
/// ideal-reader corpus. The window may start anywhere, on an answer too. With c the habit's
/// pseudo-count, n counts over the window and A the answers a cue:
///
///   P(next is cue k)              = z_k                               fewer than 2 records begun
///                                 = z_k/2 + [k = cue two back]/2      otherwise
///   P(next is (k,a) | cue k last) = (n[k][a] + c) / (n[k] + c A)
///
/// It is exact for every start because cues are stationary and habits do not depend on them:
/// summing over all that lies outside the window leaves the prior over habits. A window that
/// crosses a document boundary is outside the law, and nothing here can notice.
///
/// With `memory_tokens` m > 0 (even, at least 4) it is the optimal reader that sees only the last m
/// tokens: the same formulas with counts over the last m/2 records.
class IdealReader {
 public:
  /// std::invalid_argument for a memory that is neither 0 nor even and at least 4.
  explicit IdealReader(IdealReaderLaw law, int64_t memory_tokens = 0);

  /// That the next token is this one, given what has been read; 0 for one that cannot come next. Of
  /// a first token: given whether it is a cue (z_k) or an answer (z_k / A).
  double probability(int64_t token) const;
  /// In O(1). std::invalid_argument for a token that cannot come next.
  void read(int64_t token);

 private:
  enum class Next { Anything, Cue, Answer };

  bool can_come_next(int64_t token) const;
  double cue_probability(int64_t cue) const;
  double answer_probability(int64_t answer) const;
  void begin_record(int64_t cue);
  void count_answer(int64_t answer, int64_t change);

  IdealReaderLaw law_;
  double cue_weight_sum_;
  size_t memory_records_;  // 0: all
  Next next_ = Next::Anything;
  std::vector<int64_t> recent_cues_;     // of at most the last two records begun, oldest first
  std::deque<int64_t> counted_answers_;  // oldest first; empty where memory is unlimited
  std::vector<int64_t> cue_counts_;      // [K], of answered records
  std::vector<int64_t> answer_counts_;   // [vocabulary], by token
};

/// Nats of window[1 ...], each given only the tokens of the window before it (and of those only the
/// last `memory_tokens`, where that is not 0): one value fewer than the window has tokens.
/// std::invalid_argument as above.
std::vector<double> ideal_nats(const IdealReaderLaw& law, std::span<const int64_t> window,
                               int64_t memory_tokens = 0);

}  // namespace lengthwise
