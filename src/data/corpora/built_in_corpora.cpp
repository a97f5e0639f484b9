#include "data/corpora/built_in_corpora.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace lengthwise {
namespace {

// Part of what decides the tokens; it changes with anything else that does.
constexpr int kVersion = 1;

}  // namespace

const std::vector<BuiltInCorpus>& built_in_corpora() {
  // A document of n + 1 records holds 2 n inputs and targets, and one token more.
  static const std::vector<BuiltInCorpus> corpora = {
      {"ideal_reader",
       "context is worth having up to some 2048 tokens",
       standard_law(),
       {.seed = 1, .documents = 512, .records = 1025},
       {.seed = 3, .documents = 16, .records = 1025},
       {.seed = 2, .documents = 32, .records = 1025}},
      {"long_reach",
       "context is worth having out to 65,536 tokens",
       long_reach_law(),
       {.seed = 1, .documents = 512, .records = 4097},
       {.seed = 3, .documents = 16, .records = 4097},
       {.seed = 2, .documents = 32, .records = 32769}},
  };
  return corpora;
}

std::vector<std::string> built_in_corpus_names() {
  std::vector<std::string> names;
  for (const BuiltInCorpus& corpus : built_in_corpora()) names.emplace_back(corpus.name);
  return names;
}

const BuiltInCorpus* find_built_in_corpus(std::string_view name) {
  const auto& corpora = built_in_corpora();
  const auto found = std::ranges::find(corpora, name, &BuiltInCorpus::name);
  return found == corpora.end() ? nullptr : &*found;
}

TokenStream generate_split(const BuiltInCorpus& corpus, const SplitPlan& split) {
  return generate_ideal_reader(corpus.law, split.seed, split.documents, split.records);
}

std::string built_in_description(const BuiltInCorpus& corpus) {
  const IdealReaderLaw& law = corpus.law;
  // What only a later corpus has comes last and only there, so that the first keeps its line.
  std::string more;
  if (corpus.test.records != corpus.train.records || corpus.valid.records != corpus.train.records) {
    more += fmt::format("; records valid {}, test {}", corpus.valid.records, corpus.test.records);
  }
  return fmt::format(
      "{} {}; cue weights {}; answers {}; habits {}/{}; copy lag {}; records {}; "
      "train {} x {}; valid {} x {}; test {} x {}{}",
      corpus.name, kVersion, fmt::join(law.cue_weights, " "), law.answers_per_cue,
      law.habit_numerator, law.habit_denominator, kCopyLag, corpus.train.records, corpus.train.seed,
      corpus.train.documents, corpus.valid.seed, corpus.valid.documents, corpus.test.seed,
      corpus.test.documents, more);
}

}  // namespace lengthwise
