#include "data/text/byte_vocabulary.h"

#include "data/text/token_list.h"

namespace lengthwise {
namespace {

class ByteVocabulary : public Vocabulary {
 public:
  int64_t size() const override { return 256; }

  void encode(std::string_view text, std::vector<uint32_t>& tokens) const override {
    for (const char byte : text) tokens.push_back(static_cast<unsigned char>(byte));
  }

  std::string decode(std::span<const uint32_t> tokens) const override {
    std::string text;
    for (const uint32_t token : tokens) text += static_cast<char>(token);
    return text;
  }

  int64_t first_token_bytes(std::string_view text) const override { return text.empty() ? 0 : 1; }

  // The list stays empty: the file only says which kind this is.
  void save(const fs::path& folder) const override { save_token_list(folder, "byte", {}); }
};

}  // namespace

std::unique_ptr<Vocabulary> train_byte_vocabulary(const std::vector<fs::path>&, int64_t) {
  return std::make_unique<ByteVocabulary>();
}

std::unique_ptr<Vocabulary> load_byte_vocabulary(const fs::path& folder) {
  load_token_list(folder, "byte");
  return std::make_unique<ByteVocabulary>();
}

}  // namespace lengthwise
