#include "data/corpora/ideal_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace lengthwise {

IdealReader::IdealReader(IdealReaderLaw law, int64_t memory_tokens)
    : law_(std::move(law)),
      cue_weight_sum_(static_cast<double>(law_.cue_weight_sum())),
      memory_records_(static_cast<size_t>(memory_tokens) / 2),
      cue_counts_(static_cast<size_t>(law_.cues())),
      answer_counts_(static_cast<size_t>(law_.vocabulary_size())) {
  // Below 4 tokens the copied cue is out of sight; an odd memory would split a record.
  if (memory_tokens != 0 && (memory_tokens < 4 || memory_tokens % 2 != 0)) {
    throw std::invalid_argument(fmt::format(
        "ideal reader: a memory of {} tokens; 0, or even and at least 4", memory_tokens));
  }
}

bool IdealReader::can_come_next(int64_t token) const {
  if (token < 0 || token >= law_.vocabulary_size()) return false;
  switch (next_) {
    case Next::Anything:
      return true;
    case Next::Cue:
      return law_.is_cue(token);
    case Next::Answer:
      return !law_.is_cue(token) && law_.cue_of(token) == recent_cues_.back();
  }
  return false;
}

double IdealReader::probability(int64_t token) const {
  if (!can_come_next(token)) return 0;
  if (law_.is_cue(token)) return cue_probability(token);
  if (next_ == Next::Anything) {
    return cue_probability(law_.cue_of(token)) / static_cast<double>(law_.answers_per_cue);
  }
  return answer_probability(token);
}

double IdealReader::cue_probability(int64_t cue) const {
  const double fresh =
      static_cast<double>(law_.cue_weights[static_cast<size_t>(cue)]) / cue_weight_sum_;
  if (recent_cues_.size() < kCopyLag) return fresh;
  return (fresh + (cue == recent_cues_.front() ? 1 : 0)) / 2;
}

double IdealReader::answer_probability(int64_t answer) const {
  const int64_t cue_count = cue_counts_[static_cast<size_t>(law_.cue_of(answer))];
  const int64_t answer_count = answer_counts_[static_cast<size_t>(answer)];
  return static_cast<double>(law_.habit_denominator * answer_count + law_.habit_numerator) /
         static_cast<double>(law_.habit_denominator * cue_count +
                             law_.habit_numerator * law_.answers_per_cue);
}

void IdealReader::read(int64_t token) {
  if (!can_come_next(token)) {
    throw std::invalid_argument(
        fmt::format("ideal reader: token {} cannot follow what was read", token));
  }
  if (law_.is_cue(token)) {
    begin_record(token);
    next_ = Next::Answer;
    return;
  }
  if (next_ == Next::Anything) begin_record(law_.cue_of(token));
  next_ = Next::Cue;
  count_answer(token, +1);
  if (memory_records_ == 0) return;
  counted_answers_.push_back(token);
  if (counted_answers_.size() > memory_records_) {
    count_answer(counted_answers_.front(), -1);
    counted_answers_.pop_front();
  }
}

void IdealReader::begin_record(int64_t cue) {
  if (recent_cues_.size() == kCopyLag) recent_cues_.erase(recent_cues_.begin());
  recent_cues_.push_back(cue);
}

void IdealReader::count_answer(int64_t answer, int64_t change) {
  answer_counts_[static_cast<size_t>(answer)] += change;
  cue_counts_[static_cast<size_t>(law_.cue_of(answer))] += change;
}

std::vector<double> ideal_nats(const IdealReaderLaw& law, std::span<const int64_t> window,
                               int64_t memory_tokens) {
  IdealReader reader(law, memory_tokens);
  std::vector<double> nats;
  for (size_t i = 0; i < window.size(); ++i) {
    // An impossible token is refused by `read`, not scored as infinite.
    if (i > 0) nats.push_back(-std::log(reader.probability(window[i])));
    reader.read(window[i]);
  }
  return nats;
}

}  // namespace lengthwise
