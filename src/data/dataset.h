#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/options.h"
#include "data/text/other_text.h"
#include "data/token_stream.h"

namespace lengthwise {

struct Task;

/// Nats of window[1 ...], given only the window.
using WindowReader = std::function<std::vector<double>(std::span<const int64_t> window)>;

/// What a run trains on and is measured on: the splits, and what is known of the tokens.
struct Dataset {
  std::string name;  // as tables show it: "ideal_reader", "wikitext-2-word"
  std::string hash;  // SHA-256 over everything that decides the tokens: equal hash, equal tokens
  std::string training_hash;  // the same of what training alone reads
  TokenStream train, valid, test;
  int64_t vocabulary_size = 0;
  /// SHA-256 over what decides what a token stands for: equal hash, and weights trained on one
  /// dataset can be measured on the other.
  std::string vocabulary_hash;
  fs::path vocabulary_folder;  // of text: where the vocabulary's file lies (find_vocabulary)
  std::optional<int64_t> start_token;  // stands before a document's first token where there is one

  /// Set where examples of a task, drawn as they are needed, stand in place of the splits.
  const Task* task = nullptr;

  /// The exact Bayes-optimal reader, where the corpus has one: nats of tokens[1 ...] of one window,
  /// given only the window. Empty otherwise.
  WindowReader ideal_nats;

  /// "train", "valid" or "test"; UserError for another name, or a split that was not given.
  const TokenStream& split(const std::string& name) const;
};

/// Opens what [data] names; text that has not been prepared yet is prepared first.
Dataset open_dataset(const DataOptions& options);

/// Another text by an existing vocabulary: a dataset with that split alone. `documents` as
/// data.documents. UserError as prepare_other_text has it.
Dataset open_other_text(const StoredVocabulary& vocabulary, const OtherText& text,
                        const std::string& documents);

}  // namespace lengthwise
