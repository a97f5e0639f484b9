#include "data/corpora/ideal_reader_corpus.h"

#include <numeric>
#include <utility>

#include "base/random.h"

namespace lengthwise {
namespace {

class DocumentWriter {
 public:
  DocumentWriter(const IdealReaderLaw& law, SplitMix64 random)
      : law_(law),
        random_(random),
        cue_weight_sum_(law.cue_weight_sum()),
        cue_counts_(static_cast<size_t>(law.cues())),
        answer_counts_(static_cast<size_t>(law.vocabulary_size())) {}

  void write_record(std::vector<uint32_t>& tokens) {
    const int64_t cue = draw_cue();
    const int64_t answer = draw_answer(cue);
    cues_.push_back(cue);
    ++cue_counts_[static_cast<size_t>(cue)];
    ++answer_counts_[static_cast<size_t>(answer)];
    tokens.push_back(static_cast<uint32_t>(cue));
    tokens.push_back(static_cast<uint32_t>(answer));
  }

 private:
  // The order of the draws decides the tokens, so it is part of the corpus and must stay.
  int64_t draw_cue() {
    const size_t written = cues_.size();
    if (written >= kCopyLag && below(2) == 0) return cues_[written - kCopyLag];
    int64_t rest = below(cue_weight_sum_);
    int64_t cue = 0;
    while (rest >= law_.cue_weights[static_cast<size_t>(cue)]) {
      rest -= law_.cue_weights[static_cast<size_t>(cue++)];
    }
    return cue;
  }

  int64_t draw_answer(int64_t cue) {
    int64_t rest = below(law_.habit_denominator * cue_counts_[static_cast<size_t>(cue)] +
                         law_.habit_numerator * law_.answers_per_cue);
    int64_t answer = law_.answer(cue, 0);
    while (rest >= urn_weight(answer)) rest -= urn_weight(answer++);
    return answer;
  }

  int64_t urn_weight(int64_t answer) const {
    return law_.habit_denominator * answer_counts_[static_cast<size_t>(answer)] +
           law_.habit_numerator;
  }

  int64_t below(int64_t n) { return static_cast<int64_t>(random_.below(static_cast<uint64_t>(n))); }

  const IdealReaderLaw& law_;
  SplitMix64 random_;
  int64_t cue_weight_sum_;
  std::vector<int64_t> cues_;           // of the records written
  std::vector<int64_t> cue_counts_;     // [K]
  std::vector<int64_t> answer_counts_;  // [vocabulary], by token
};

/// Octave g holds 2^g cues of weight 2^(octaves - 1 - g): every octave has the same total weight.
std::vector<int64_t> cues_in_octaves(int octaves) {
  std::vector<int64_t> weights;
  for (int octave = 0; octave < octaves; ++octave) {
    weights.insert(weights.end(), size_t{1} << octave, int64_t{1} << (octaves - 1 - octave));
  }
  return weights;
}

}  // namespace

int64_t IdealReaderLaw::cue_weight_sum() const {
  return std::accumulate(cue_weights.begin(), cue_weights.end(), int64_t{0});
}

const IdealReaderLaw& standard_law() {
  static const IdealReaderLaw law{{11, 8, 7, 6, 5, 5, 4, 4, 4, 4, 3, 3}, 8, 1, 8};
  return law;
}

const IdealReaderLaw& long_reach_law() {
  static const IdealReaderLaw law{cues_in_octaves(5), 20, 1, 8};
  return law;
}

TokenStream generate_ideal_reader(const IdealReaderLaw& law, uint64_t seed, int64_t documents,
                                  int64_t records) {
  std::vector<uint32_t> tokens;
  tokens.reserve(static_cast<size_t>(documents * records * 2));
  std::vector<Document> boundaries;
  for (int64_t d = 0; d < documents; ++d) {
    const auto begin = static_cast<int64_t>(tokens.size());
    DocumentWriter writer(law, split_stream(seed, static_cast<uint64_t>(d)));
    for (int64_t t = 0; t < records; ++t) writer.write_record(tokens);
    boundaries.push_back({begin, static_cast<int64_t>(tokens.size()), 0, 0, 0});
  }
  return TokenStream::from_tokens(std::move(tokens), std::move(boundaries), law.vocabulary_size());
}

}  // namespace lengthwise
