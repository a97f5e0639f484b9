#include "data/text/bpe_vocabulary.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "data/text/source_files.h"

namespace lengthwise {
namespace {

// SentencePiece writes a space as U+2581, and gives U+2585, tab and NUL meanings of their own: text
// that holds them is cut there and they are spelt in bytes, as newlines are.
constexpr std::string_view kSpaceMark = "\xE2\x96\x81";
constexpr std::string_view kUnknownMark = "\xE2\x96\x85";

// Longer lines are cut before a space, where no token can reach across: SentencePiece needs some
// hundred bytes of memory for each byte of a line.
constexpr size_t kLongRun = 1 << 16;

// Longer words (DNA, base64, a script without spaces) are cut between two characters: the trainer
// has 16 bits for a place in a word and ends the process, or reads beyond the word, where they do
// not do.
constexpr size_t kLongWord = 32'000;

bool is_reserved_character(std::string_view text) {
  return text.front() == '\n' || text.front() == '\t' || text.front() == '\0' ||
         text.starts_with(kSpaceMark) || text.starts_with(kUnknownMark);
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

struct Piece {
  std::string_view text;
  bool spelt_in_bytes;
};

/// Takes the next piece off the front of text that is not empty.
Piece take_piece(std::string_view& text) {
  size_t size = 0;
  bool spelt = false;
  if (is_reserved_character(text)) {
    size = text.front() == '\xE2' ? kSpaceMark.size() : 1;
    spelt = true;
  } else {
    size_t word = 0;  // bytes since the last space
    do {
      word = text[size] == ' ' ? 0 : word + 1;
      ++size;
    } while (size < text.size() && !is_reserved_character(text.substr(size)) &&
             !(size >= kLongRun && text[size] == ' ') &&
             !(word >= kLongWord && begins_character(text[size])));
  }
  const Piece piece{text.substr(0, size), spelt};
  text.remove_prefix(size);
  return piece;
}

/// The pieces of all documents that SentencePiece may see, one after another.
class TrainingText : public sentencepiece::SentenceIterator {
 public:
  explicit TrainingText(const std::vector<fs::path>& documents) : documents_(documents) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    for (;;) {
      if (rest_.empty() && !open_next_document()) break;
      if (rest_.empty()) continue;
      const Piece piece = take_piece(rest_);
      if (piece.spelt_in_bytes) continue;
      value_ = piece.text;
      return;
    }
    done_ = true;
  }

 private:
  bool open_next_document() {
    if (next_document_ == documents_.size()) return false;
    file_ = std::make_unique<DocumentText>(documents_[next_document_++]);
    rest_ = file_->text();
    return true;
  }

  const std::vector<fs::path>& documents_;
  size_t next_document_ = 0;
  std::unique_ptr<DocumentText> file_;
  std::string_view rest_;
  std::string value_;
  bool done_ = false;
};

/// What SentencePiece's messages are about, told without its words and places in its source.
std::string in_our_words(const std::string& message) {
  const auto number_after = [&](std::string_view words) -> std::optional<int64_t> {
    const size_t at = message.find(words);
    if (at == std::string::npos) return std::nullopt;
    const std::string_view rest = std::string_view(message).substr(at + words.size());
    return parse_integer(rest.substr(0, rest.find_first_not_of("0123456789")));
  };
  if (const auto most = number_after("set it to a value <= ")) {
    return fmt::format("the text is too short or too uniform; at most {}", *most);
  }
  if (message.find("required_chars") != std::string::npos) {
    if (const auto least = number_after(" vs ")) {
      return fmt::format("256 bytes, <unk> and each character of the text are tokens; at least {}",
                         *least);
    }
  }
  if (message.find("sentences_.empty()") != std::string::npos) {
    return "the text holds nothing but line ends, tabs and other marks that are no part of words; "
           "name another text in data.train, or set data.vocabulary = byte";
  }
  return "set another size, or data.vocabulary = byte";
}

std::unordered_map<std::string, std::string> trainer_options(int64_t size) {
  // SentencePiece counts up to the size before it says that the text is too short for it.
  constexpr int64_t kMost = 100'000'000;
  return {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(std::min(size, kMost))},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"unk_id", "0"},
      {"bos_id", "-1"},
      {"eos_id", "-1"},
      {"pad_id", "-1"},
      {"input_sentence_size", "0"},           // all of them, in order
      {"max_sentence_length", "1000000000"},  // nothing is left out in silence
      {"num_threads", "1"},
      {"minloglevel", "2"},  // errors alone
  };
}

class BpeVocabulary : public Vocabulary {
 public:
  /// `origin` names the model in errors.
  BpeVocabulary(const std::string& model, const std::string& origin) {
    if (!processor_.LoadFromSerializedProto(model).ok()) {
      fail("{}: corrupted: no SentencePiece model", origin);
    }
    for (int id = 0; id < processor_.GetPieceSize(); ++id) add_token(id);
    for (int byte = 0; byte < 256; ++byte) {
      const std::string name = fmt::format("<0x{:02X}>", byte);
      const int id = processor_.PieceToId(name);
      if (!processor_.IsByte(id))
        fail("{}: is a SentencePiece model without byte fallback", origin);
      byte_ids_[static_cast<size_t>(byte)] = static_cast<uint32_t>(id);
      texts_[static_cast<size_t>(id)] = std::string(1, static_cast<char>(byte));
    }
  }

  int64_t size() const override { return static_cast<int64_t>(texts_.size()); }

  void encode(std::string_view text, std::vector<uint32_t>& tokens) const override {
    while (!text.empty()) append(take_piece(text), tokens);
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    for (const uint32_t token : tokens) text += texts_[token];
    return text;
  }

  int64_t first_token_bytes(std::string_view text) const override {
    std::vector<uint32_t> tokens;
    if (!text.empty()) append(take_piece(text), tokens);
    return tokens.empty() ? 0 : static_cast<int64_t>(texts_[tokens.front()].size());
  }

  void save(const fs::path& folder) const override {
    write_file(folder / kBpeModelFile, processor_.serialized_model_proto());
  }

 private:
  void add_token(int id) {
    std::string text = processor_.IdToPiece(id);
    for (size_t at; (at = text.find(kSpaceMark)) != std::string::npos;) {
      text.replace(at, kSpaceMark.size(), " ");
    }
    texts_.push_back(std::move(text));
  }

  /// Whether a space comes next that the vocabulary lacks, as training text without spaces leaves
  /// it: SentencePiece spells its mark in bytes then. Marks of the text itself never get there.
  bool is_spelt_space(std::span<const int> ids) const {
    if (ids.size() < kSpaceMark.size()) return false;
    for (size_t i = 0; i < kSpaceMark.size(); ++i) {
      const auto byte = static_cast<unsigned char>(kSpaceMark[i]);
      if (static_cast<uint32_t>(ids[i]) != byte_ids_[byte]) return false;
    }
    return true;
  }

  void append(const Piece& piece, std::vector<uint32_t>& tokens) const {
    if (piece.spelt_in_bytes) {
      for (const char byte : piece.text) {
        tokens.push_back(byte_ids_[static_cast<unsigned char>(byte)]);
      }
      return;
    }
    std::vector<int> ids;
    const auto status = processor_.Encode({piece.text.data(), piece.text.size()}, &ids);
    if (!status.ok()) throw std::runtime_error("the bpe vocabulary cannot encode this text");
    for (size_t i = 0; i < ids.size(); ++i) {
      const bool spelt_space = is_spelt_space(std::span(ids).subspan(i));
      tokens.push_back(spelt_space ? byte_ids_[' '] : static_cast<uint32_t>(ids[i]));
      if (spelt_space) i += kSpaceMark.size() - 1;
    }
  }

  sentencepiece::SentencePieceProcessor processor_;
  std::vector<std::string> texts_;  // [id], what the token stands for
  std::array<uint32_t, 256> byte_ids_{};
};

}  // namespace

std::unique_ptr<Vocabulary> train_bpe_vocabulary(const std::vector<fs::path>& documents,
                                                 int64_t size) {
  TrainingText text(documents);
  std::string model;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train(trainer_options(size), &text, &model);
  if (!status.ok()) {
    fail("data.vocabulary_size: a bpe vocabulary of {} tokens cannot be trained on this text: {}",
         size, in_our_words(status.message()));
  }
  return std::make_unique<BpeVocabulary>(model, "the trained vocabulary");
}

std::unique_ptr<Vocabulary> load_bpe_vocabulary(const fs::path& folder) {
  const fs::path path = folder / kBpeModelFile;
  return std::make_unique<BpeVocabulary>(read_file(path), path.string());
}

}  // namespace lengthwise
