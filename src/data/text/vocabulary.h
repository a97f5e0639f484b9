#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "data/unknown_tokens.h"

namespace lengthwise {

/// Text to tokens and back. Made from the training split alone, saved beside the token files.
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;

  virtual int64_t size() const = 0;
  /// Tokens of one document, appended.
  virtual void encode(std::string_view text, std::vector<uint32_t>& tokens) const = 0;
  virtual std::string decode(std::span<const uint32_t> tokens) const = 0;
  /// Bytes of text that the first token of an encoded document stands for.
  virtual int64_t first_token_bytes(std::string_view text) const = 0;
  /// What `encode` makes <unk> of.
  virtual UnknownTokens unknown_tokens(std::string_view) const { return {}; }
  /// The token that stands before a document's first one, so that the first is predicted too;
  /// nullopt where the vocabulary has no such token and the first one is only read.
  virtual std::optional<int64_t> start_token() const { return std::nullopt; }
  /// Writes the kind's file into the folder.
  virtual void save(const fs::path& folder) const = 0;
};

/// A kind of vocabulary: a line of the table in vocabulary.cpp.
struct VocabularyKind {
  std::string_view name;
  std::string_view summary;
  bool has_unknown;             // what it lacks becomes <unk>, token 0
  bool needs_utf8;              // encode and train may then rely on well-formed text
  bool comes_with_checkpoints;  // is imported with a model and trained on no text
  std::string_view file;        // that `save` writes
  /// From the documents of the training split; `size` is what [data] vocabulary_size says.
  std::unique_ptr<Vocabulary> (*train)(const std::vector<fs::path>& documents, int64_t size);
  std::unique_ptr<Vocabulary> (*load)(const fs::path& folder);
};

std::span<const VocabularyKind> vocabulary_kinds();
/// UserError for an unknown name.
const VocabularyKind& vocabulary_kind(std::string_view name);
std::vector<std::string> vocabulary_names();

}  // namespace lengthwise
