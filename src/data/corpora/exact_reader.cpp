#include "data/corpora/exact_reader.h"

#include "data/corpora/built_in_corpora.h"

namespace lengthwise {

std::optional<ExactReader> find_exact_reader(std::string_view corpus) {
  const BuiltInCorpus* built_in = find_built_in_corpus(corpus);
  if (built_in == nullptr) return std::nullopt;
  return ExactReader(built_in->law);
}

}  // namespace lengthwise
