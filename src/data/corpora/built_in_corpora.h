#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/corpora/ideal_reader_corpus.h"

namespace lengthwise {

/// Which documents a split of a built-in corpus holds.
struct SplitPlan {
  uint64_t seed;
  int64_t documents;
  int64_t records;  // a document
};

/// A corpus that the program makes itself: the law of its documents, from which its exact reader
/// follows (`ideal_nats` of data/corpora/ideal_reader.h), and the documents of its splits.
struct BuiltInCorpus {
  std::string_view name;  // as data.corpus and measurements have it
  std::string_view summary;
  IdealReaderLaw law;
  SplitPlan train, valid, test;
};

/// A line of the table in built_in_corpora.cpp each.
const std::vector<BuiltInCorpus>& built_in_corpora();
std::vector<std::string> built_in_corpus_names();

/// nullptr where no built-in corpus has this name.
const BuiltInCorpus* find_built_in_corpus(std::string_view name);

/// The tokens of a split, its documents' last tokens kept.
TokenStream generate_split(const BuiltInCorpus& corpus, const SplitPlan& split);

/// Everything that decides the tokens of the corpus, as a line of text: equal lines, equal tokens.
std::string built_in_description(const BuiltInCorpus& corpus);

}  // namespace lengthwise
