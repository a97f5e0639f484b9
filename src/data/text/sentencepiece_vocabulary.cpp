#include "data/text/sentencepiece_vocabulary.h"

#include <sentencepiece_processor.h>

#include "base/error.h"

namespace lengthwise {
namespace {

class SentencePieceVocabulary : public Vocabulary {
 public:
  SentencePieceVocabulary(const std::string& model, const std::string& origin) {
    if (!processor_.LoadFromSerializedProto(model).ok()) {
      fail("{}: corrupted: no SentencePiece model", origin);
    }
    if (!processor_.IsByte(processor_.PieceToId("<0x00>"))) {
      fail("{}: is a SentencePiece model without byte fallback", origin);
    }
  }

  int64_t size() const override { return processor_.GetPieceSize(); }

  void encode(std::string_view text, std::vector<uint32_t>& tokens) const override {
    for (const int id : ids_of(text)) tokens.push_back(static_cast<uint32_t>(id));
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    const auto status = processor_.Decode(std::vector<int>(tokens.begin(), tokens.end()), &text);
    if (!status.ok()) throw std::runtime_error("the SentencePiece model cannot decode this");
    return text;
  }

  int64_t first_token_bytes(std::string_view text) const override {
    // The beginning is enough: no piece is nearly as long.
    const std::string_view beginning = text.substr(0, kBeginning);
    const auto pieces = processor_.EncodeAsImmutableProto({beginning.data(), beginning.size()});
    if (pieces.pieces_size() == 0) return 0;
    return static_cast<int64_t>(pieces.pieces(0).end() - pieces.pieces(0).begin());
  }

  std::optional<int64_t> start_token() const override {
    const int id = processor_.bos_id();
    return id < 0 ? std::nullopt : std::optional<int64_t>(id);
  }

  void save(const fs::path& folder) const override {
    write_file(folder / kSentencePieceFile, processor_.serialized_model_proto());
  }

 private:
  static constexpr size_t kBeginning = 4096;

  std::vector<int> ids_of(std::string_view text) const {
    std::vector<int> ids;
    const auto status = processor_.Encode({text.data(), text.size()}, &ids);
    if (!status.ok()) throw std::runtime_error("the SentencePiece model cannot encode this text");
    return ids;
  }

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace

std::unique_ptr<Vocabulary> load_sentencepiece_vocabulary(const fs::path& folder) {
  const fs::path path = folder / kSentencePieceFile;
  return std::make_unique<SentencePieceVocabulary>(read_file(path), path.string());
}

}  // namespace lengthwise
