#include "data/text/vocabulary.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "data/text/bpe_vocabulary.h"
#include "data/text/byte_vocabulary.h"
#include "data/text/char_vocabulary.h"
#include "data/text/sentencepiece_vocabulary.h"
#include "data/text/token_list.h"
#include "data/text/tokenizer_json_vocabulary.h"
#include "data/text/word_vocabulary.h"

namespace lengthwise {
namespace {

constexpr bool kTrained = false, kImported = true;

std::unique_ptr<Vocabulary> refuse_to_train(const std::vector<fs::path>&, int64_t) {
  fail(
      "data.vocabulary: sentencepiece and tokenizer_json come with an imported checkpoint; train "
      "with byte, char, word or bpe");
}

constexpr std::array kKinds = {
    VocabularyKind{"byte", "the 256 bytes; nothing is unknown", /*has_unknown=*/false,
                   /*needs_utf8=*/false, kTrained, kTokenListFile, train_byte_vocabulary,
                   load_byte_vocabulary},
    VocabularyKind{"char", "the Unicode code points of the training text", /*has_unknown=*/true,
                   /*needs_utf8=*/true, kTrained, kTokenListFile, train_char_vocabulary,
                   load_char_vocabulary},
    VocabularyKind{"word", "what white space separates, and <eos> at each line's end",
                   /*has_unknown=*/true, /*needs_utf8=*/true, kTrained, kTokenListFile,
                   train_word_vocabulary, load_word_vocabulary},
    VocabularyKind{"bpe", "byte-pair encoding (SentencePiece); rare characters become bytes",
                   /*has_unknown=*/false, /*needs_utf8=*/true, kTrained, kBpeModelFile,
                   train_bpe_vocabulary, load_bpe_vocabulary},
    VocabularyKind{"sentencepiece", "an imported checkpoint's SentencePiece model",
                   /*has_unknown=*/false, /*needs_utf8=*/true, kImported, kSentencePieceFile,
                   refuse_to_train, load_sentencepiece_vocabulary},
    VocabularyKind{"tokenizer_json",
                   "an imported checkpoint's tokenizer.json, run by "
                   "scripts/tokenize",
                   /*has_unknown=*/false, /*needs_utf8=*/true, kImported, kTokenizerJsonFile,
                   refuse_to_train, load_tokenizer_json_vocabulary},
};

}  // namespace

std::span<const VocabularyKind> vocabulary_kinds() {
  return kKinds;
}

const VocabularyKind& vocabulary_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &VocabularyKind::name);
  if (found == kKinds.end()) {
    fail("data.vocabulary: unknown vocabulary '{}'{}", name,
         known_names_hint(name, vocabulary_names()));
  }
  return *found;
}

std::vector<std::string> vocabulary_names() {
  std::vector<std::string> names;
  for (const VocabularyKind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

}  // namespace lengthwise
