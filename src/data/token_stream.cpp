#include "data/token_stream.h"

#include <algorithm>
#include <stdexcept>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr int64_t kDocumentColumns = 4;  // end, bytes, words, first_token_bytes
constexpr int64_t kNarrowVocabulary = 1 << 16;
constexpr int64_t kLargestVocabulary = int64_t{1} << 32;

template <class Token>
int64_t largest_token(std::span<const Token> tokens) {
  return tokens.empty() ? -1 : static_cast<int64_t>(*std::ranges::max_element(tokens));
}

bool follow_one_another(const std::vector<Document>& documents, int64_t tokens) {
  int64_t begin = 0;
  for (const Document& document : documents) {
    if (document.begin != begin || document.end <= begin) return false;
    begin = document.end;
  }
  return begin == tokens;
}

const ArrayView& array_of(const SafetensorsFile& file, const std::string& name, size_t rank) {
  const auto found = file.arrays().find(name);
  if (found == file.arrays().end()) fail("{}: lacks the tensor '{}'", file.path().string(), name);
  if (found->second.shape.size() != rank) {
    fail("{}: tensor '{}' has {} dimensions, not {}", file.path().string(), name,
         found->second.shape.size(), rank);
  }
  return found->second;
}

int64_t read_vocabulary_size(const SafetensorsFile& file) {
  const std::string& text = file.metadata("vocabulary_size");
  const auto size = parse_integer(text);
  if (!size || *size < 1 || *size > kLargestVocabulary) {
    fail("{}: corrupted: vocabulary_size '{}' is no whole number from 1 to 2^32",
         file.path().string(), text);
  }
  return *size;
}

/// The rows of `documents`, each checked: any number in a file may be forged.
std::vector<Document> read_documents(const SafetensorsFile& file, int64_t tokens) {
  if (array_of(file, "documents", 2).shape[1] != kDocumentColumns) {
    fail("{}: corrupted: a row of 'documents' has {} numbers, not {}", file.path().string(),
         array_of(file, "documents", 2).shape[1], kDocumentColumns);
  }
  const auto values = file.values<int64_t>("documents");
  std::vector<Document> documents;
  int64_t begin = 0;
  for (size_t i = 0; i < values.size(); i += kDocumentColumns) {
    const Document document{begin,         values[i],     values[i + 1],
                            values[i + 2], values[i + 3], std::nullopt};
    if (document.end <= begin || document.end > tokens) {
      fail("{}: corrupted: document {} ends at token {}, after {} of {}", file.path().string(),
           documents.size(), document.end, begin, tokens);
    }
    if (document.bytes < 0 || document.words < 0 || document.first_token_bytes < 0 ||
        document.first_token_bytes > document.bytes) {
      fail("{}: corrupted: document {} has impossible counts of bytes or words",
           file.path().string(), documents.size());
    }
    documents.push_back(document);
    begin = document.end;
  }
  if (documents.empty()) fail("{}: holds no document", file.path().string());
  if (begin != tokens) {
    fail("{}: corrupted: its documents end at token {} of {}", file.path().string(), begin, tokens);
  }
  return documents;
}

}  // namespace

TokenStream TokenStream::from_tokens(std::vector<uint32_t> tokens, std::vector<Document> documents,
                                     int64_t vocabulary_size) {
  if (!follow_one_another(documents, static_cast<int64_t>(tokens.size()))) {
    throw std::invalid_argument(
        "documents must follow one another from the first token to the last");
  }
  if (largest_token<uint32_t>(tokens) >= vocabulary_size) {
    throw std::invalid_argument("a token lies beyond the vocabulary");
  }
  const auto owner = std::make_shared<const std::vector<uint32_t>>(std::move(tokens));
  TokenStream stream;
  stream.wide_ = *owner;
  stream.owner_ = owner;
  stream.documents_ = std::move(documents);
  stream.vocabulary_size_ = vocabulary_size;
  return stream;
}

TokenStream TokenStream::open(const fs::path& path) {
  const auto file = std::make_shared<const SafetensorsFile>(path);
  TokenStream stream;
  if (array_of(*file, "tokens", 1).dtype == Dtype::U16) {
    stream.narrow_ = file->values<uint16_t>("tokens");
  } else {
    stream.wide_ = file->values<uint32_t>("tokens");
  }
  stream.owner_ = file;
  stream.vocabulary_size_ = read_vocabulary_size(*file);
  stream.documents_ = read_documents(*file, stream.size());
  const int64_t largest = std::max(largest_token(stream.narrow_), largest_token(stream.wide_));
  if (largest >= stream.vocabulary_size_) {
    fail("{}: corrupted: holds token {} of a vocabulary of {}", path.string(), largest,
         stream.vocabulary_size_);
  }
  return stream;
}

void TokenStream::save(const fs::path& path, std::map<std::string, ArrayView> arrays,
                       std::map<std::string, std::string> metadata) const {
  std::vector<int64_t> rows;
  for (const Document& document : documents_) {
    rows.insert(rows.end(),
                {document.end, document.bytes, document.words, document.first_token_bytes});
  }
  arrays.emplace("documents",
                 array_view(std::span<const int64_t>(rows),
                            {static_cast<int64_t>(documents_.size()), kDocumentColumns}));
  std::vector<uint16_t> narrowed;
  if (!narrow_.empty()) {
    arrays.emplace("tokens", array_view(narrow_, {size()}));
  } else if (vocabulary_size_ <= kNarrowVocabulary) {
    narrowed.assign(wide_.begin(), wide_.end());
    arrays.emplace("tokens", array_view(narrowed));
  } else {
    arrays.emplace("tokens", array_view(wide_, {size()}));
  }
  metadata.emplace("vocabulary_size", std::to_string(vocabulary_size_));
  write_safetensors(path, arrays, metadata);
}

std::string TokenStream::hash() const {
  std::vector<uint32_t> words{static_cast<uint32_t>(documents_.size())};
  for (const Document& document : documents_) {
    words.push_back(static_cast<uint32_t>(document.size()));
  }
  for (int64_t i = 0; i < size(); ++i) words.push_back(static_cast<uint32_t>((*this)[i]));
  return sha256(std::as_bytes(std::span<const uint32_t>(words)));
}

TokenStream TokenStream::with_unknown(
    const std::vector<std::optional<UnknownTokens>>& unknown) const {
  if (unknown.size() != documents_.size()) {
    throw std::invalid_argument("unknown tokens are known of each document or of none");
  }
  TokenStream stream = *this;
  for (size_t i = 0; i < unknown.size(); ++i) stream.documents_[i].unknown = unknown[i];
  return stream;
}

TokenStream TokenStream::joined() const {
  TokenStream stream = *this;
  if (documents_.empty()) return stream;
  Document all{0, size(), 0, 0, documents_.front().first_token_bytes};
  if (documents_.front().unknown) {
    all.unknown->first_token_nats = documents_.front().unknown->first_token_nats;
  }
  for (const Document& document : documents_) {
    if (all.unknown && document.unknown) {
      all.unknown->tokens += document.unknown->tokens;
      all.unknown->nats += document.unknown->nats;
    } else {
      all.unknown.reset();
    }
    all.bytes += document.bytes;
    all.words += document.words;
  }
  stream.documents_ = {all};
  return stream;
}

}  // namespace lengthwise
