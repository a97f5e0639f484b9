#include "data/text/vocabulary.h"

#include <cmath>
#include <set>

#include "base/random.h"
#include "data/text/bpe_vocabulary.h"
#include "data/text/byte_vocabulary.h"
#include "data/text/char_vocabulary.h"
#include "data/text/spelling_model.h"
#include "data/text/word_vocabulary.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

using Tokens = std::vector<uint32_t>;

Tokens encode(const Vocabulary& vocabulary, std::string_view text) {
  Tokens tokens;
  vocabulary.encode(text, tokens);
  return tokens;
}

std::unique_ptr<Vocabulary> train(const std::string& kind, const std::vector<std::string>& texts,
                                  int64_t size = 0) {
  const TemporaryFolder folder;
  std::vector<fs::path> paths;
  for (const std::string& text : texts) {
    paths.push_back(folder / std::to_string(paths.size()));
    write_file(paths.back(), text);
  }
  return vocabulary_kind(kind).train(paths, size);
}

/// Enough words for a BPE vocabulary of some hundred tokens, made of few syllables.
std::string syllable_text() {
  const std::vector<std::string> syllables = {"ba", "ko", "li", "mu", "ne", "ra", "sto", "tu"};
  SplitMix64 random(4);
  std::string text;
  for (int word = 0; word < 3000; ++word) {
    for (uint64_t i = 0; i < 1 + random.below(4); ++i) text += syllables[random.below(8)];
    text += word % 12 == 11 ? "\n" : " ";
  }
  return text;
}

/// Those that text is trained into; the others come with a checkpoint.
std::vector<std::string> trained_kinds() {
  std::vector<std::string> names;
  for (const VocabularyKind& kind : vocabulary_kinds()) {
    if (!kind.comes_with_checkpoints) names.emplace_back(kind.name);
  }
  return names;
}

std::unique_ptr<Vocabulary> train_any(const std::string& kind) {
  return train(kind, {syllable_text()}, kind == "bpe" ? 300 : 0);
}

std::string utf8(char32_t point) {
  const auto continuation = [](char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | (point >> 6)), continuation(point)};
  if (point < 0x10000) {
    return {static_cast<char>(0xE0 | (point >> 12)), continuation(point >> 6), continuation(point)};
  }
  return {static_cast<char>(0xF0 | (point >> 18)), continuation(point >> 12),
          continuation(point >> 6), continuation(point)};
}

/// Random code points with many spaces, line ends and characters SentencePiece takes for its own.
std::string wild_text(uint64_t seed) {
  const std::vector<std::string> often = {" ",      "  ",       "\n",      "\r\n",   "\t",
                                          "ba",     "koli",     "\u2581",  "\u2585", "\ufeff",
                                          "<unk>",  "a",        "e\u0301", "\u00e9", "<0x0A>",
                                          "\u2047", " \u2047 ", "\ufffd",  "</s>"};
  SplitMix64 random(seed);
  std::string text;
  for (int i = 0; i < 200; ++i) {
    const uint64_t choice = random.below(often.size() + 8);
    const auto point = static_cast<char32_t>(random.below(choice % 2 == 0 ? 0x10FFFF : 0x300));
    const bool surrogate = point >= 0xD800 && point < 0xE000;
    text += choice < often.size() || surrogate ? often[choice % often.size()] : utf8(point);
  }
  return text;
}

}  // namespace

TEST_CASE("Byte tokens are the bytes", "[data]") {
  const auto vocabulary = train("byte", {"x"});
  CHECK(vocabulary->size() == 256);
  CHECK(encode(*vocabulary, std::string_view("A\0\xFF\n", 4)) == Tokens{65, 0, 255, 10});
  CHECK(vocabulary->decode(Tokens{255, 0, 65}) == std::string("\xFF\0A", 3));
  CHECK(vocabulary->first_token_bytes("\u00e9") == 1);
  CHECK_FALSE(vocabulary->start_token());
}

TEST_CASE("Char tokens are the code points of the training text in rising order", "[data]") {
  const auto vocabulary = train("char", {"b\u00e9a\U0001F600", "a\nb"});
  CHECK(vocabulary->size() == 6);  // <unk>, newline, a, b, U+00E9, U+1F600
  CHECK(encode(*vocabulary, "\U0001F600\u00e9ab\nc\u20ac") == Tokens{5, 4, 2, 3, 1, 0, 0});
  CHECK(vocabulary->decode(Tokens{4, 3, 5, 0}) == "\u00e9b\U0001F600\ufffd");
  CHECK(vocabulary->first_token_bytes("\u00e9a") == 2);
  CHECK(vocabulary->first_token_bytes("\u20aca") == 3);
  CHECK(vocabulary->first_token_bytes("\U0001F600a") == 4);
  CHECK_FALSE(vocabulary->start_token());
}

TEST_CASE("Word tokens end each line with <eos> and order words by falling count", "[data]") {
  const auto vocabulary = train("word", {"b  a b\tc\n\n d a", " <unk> b \r\n"});
  // <unk> <eos> b(3) a(2) c(1) d(1)
  CHECK(vocabulary->size() == 6);
  CHECK(vocabulary->start_token() == 1);
  CHECK(encode(*vocabulary, "a b") == Tokens{3, 2, 1});
  CHECK(encode(*vocabulary, "a b\n") == Tokens{3, 2, 1});
  CHECK(encode(*vocabulary, "c\n\n \nd\n") == Tokens{4, 1, 1, 1, 5, 1});
  CHECK(encode(*vocabulary, "a e <unk>\r\nb") == Tokens{3, 0, 0, 1, 2, 1});
  CHECK(encode(*vocabulary, "").empty());
  CHECK(vocabulary->decode(Tokens{3, 2, 1, 1, 0, 1}) == "a b\n\n<unk>\n");
}

TEST_CASE("The first word token stands for the white space before it too", "[data]") {
  const auto vocabulary = train("word", {"a"});
  CHECK(vocabulary->first_token_bytes("  abc d\n") == 5);
  CHECK(vocabulary->first_token_bytes(" \nabc") == 2);
  CHECK(vocabulary->first_token_bytes("") == 0);
}

TEST_CASE("A word vocabulary of a size keeps the most frequent words", "[data]") {
  const auto vocabulary = train("word", {"z z z y y x x w\n"}, 4);
  CHECK(vocabulary->size() == 4);  // <unk> <eos> z x: x and y tie, x comes first in byte order
  CHECK(encode(*vocabulary, "x y z w") == Tokens{3, 0, 2, 0, 1});
}

TEST_CASE("Words are counted as white space separates them, without line ends", "[data]") {
  CHECK(count_words(" one two\n\n\tthree  \n") == 3);
  CHECK(count_words("<eos> <unk>") == 2);
  CHECK(count_words(" \n") == 0);
  CHECK(count_words("") == 0);
}

TEST_CASE("BPE gives back any text exactly, and no token is unknown", "[data]") {
  const auto vocabulary = train_any("bpe");
  CHECK(vocabulary->size() == 300);
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string text = wild_text(seed);
    const Tokens tokens = encode(*vocabulary, text);
    INFO("seed " << seed);
    CHECK(vocabulary->decode(tokens) == text);
    CHECK(std::set<uint32_t>(tokens.begin(), tokens.end()).count(0) == 0);  // <unk> is 0
  }
}

TEST_CASE("BPE learns more than single characters, and its vocabulary repeats", "[data]") {
  const std::string text = syllable_text();
  const auto first = train("bpe", {text}, 300), second = train("bpe", {text}, 300);
  const Tokens tokens = encode(*first, text);
  // 8 syllables of 2 or 3 letters are merged first, then pairs of them: 2 letters a token at least.
  CHECK(tokens.size() * 2 < text.size());
  CHECK(tokens == encode(*second, text));
}

TEST_CASE("BPE keeps a newline a token of its own", "[data]") {
  const auto vocabulary = train_any("bpe");
  const Tokens newline = encode(*vocabulary, "\n");
  REQUIRE(newline.size() == 1);
  Tokens expected = encode(*vocabulary, "bako");
  expected.insert(expected.end(), {newline[0], newline[0]});
  for (const uint32_t token : encode(*vocabulary, "limu")) expected.push_back(token);
  CHECK(encode(*vocabulary, "bako\n\nlimu") == expected);
}

TEST_CASE("BPE tokens of a very long line are those of its words", "[data]") {
  const auto vocabulary = train_any("bpe");
  std::string line;
  Tokens expected;
  for (int i = 0; i < 20000; ++i) {
    const std::string word = i % 3 == 0 ? " stoba" : " raneko";
    line += word;
    for (const uint32_t token : encode(*vocabulary, word)) expected.push_back(token);
  }
  CHECK(encode(*vocabulary, line) == expected);
}

TEST_CASE("BPE that the text cannot fill is refused with the option's name", "[data]") {
  const auto error = user_error_text([] { train("bpe", {"only these words\n"}, 5000); });
  CHECK(contains(error, "data.vocabulary_size: a bpe vocabulary of 5000 tokens"));
  CHECK_FALSE(contains(error, "\n"));
}

TEST_CASE("Every vocabulary tells the bytes of its first token", "[data]") {
  for (const std::string kind : {"byte", "char", "bpe"}) {
    INFO(kind);
    const auto vocabulary = train_any(kind);
    for (const std::string text : {"bako li\n", " ba", "\nba", "mu"}) {
      const Tokens first{encode(*vocabulary, text).front()};
      CHECK(vocabulary->first_token_bytes(text) ==
            static_cast<int64_t>(vocabulary->decode(first).size()));
    }
    CHECK(vocabulary->first_token_bytes("") == 0);
  }
}

TEST_CASE("Every vocabulary is the same after saving and loading", "[data]") {
  for (const std::string& kind : trained_kinds()) {
    INFO(kind);
    const TemporaryFolder folder;
    const auto vocabulary = train_any(kind);
    vocabulary->save(folder.path());
    const auto loaded = vocabulary_kind(kind).load(folder.path());
    const std::string text = "stoba <unk> zebra\n\u00e9 \u4e2d\n\nraneko";
    CHECK(loaded->size() == vocabulary->size());
    CHECK(loaded->start_token() == vocabulary->start_token());
    CHECK(encode(*loaded, text) == encode(*vocabulary, text));
    for (const uint32_t token : encode(*loaded, text)) CHECK(token < loaded->size());
  }
}

TEST_CASE("Every vocabulary refuses a damaged file and another kind's", "[data]") {
  for (const std::string& kind : trained_kinds()) {
    const std::string file = kind == "bpe" ? "vocabulary.model" : "vocabulary.json";
    for (const std::string text :
         {"", "{", "[]", "{\"kind\": 3}", "{\"kind\": \"other\", \"tokens\": []}",
          "{\"kind\": \"word\", \"tokens\": [\"<unk>\"]}",
          "{\"kind\": \"word\", \"tokens\": [\"<unk>\", \"<eos>\", \"a\", \"a\"]}",
          "{\"kind\": \"char\", \"tokens\": [\"<unk>\", \"ab\"]}",
          "{\"kind\": \"char\", \"tokens\": [\"<unk>\", \"\"]}",
          "{\"kind\": \"char\", \"tokens\": [1]}"}) {
      const TemporaryFolder folder;
      write_file(folder / file, text);
      INFO(kind << ": " << text);
      CHECK(contains(user_error_text([&] { vocabulary_kind(kind).load(folder.path()); }), file));
    }
    const TemporaryFolder empty;
    CHECK(contains(user_error_text([&] { vocabulary_kind(kind).load(empty.path()); }), file));
  }
}

TEST_CASE("An unknown vocabulary is refused with the nearest name", "[data]") {
  CHECK(contains(user_error_text([] { vocabulary_kind("bytes"); }), "did you mean 'byte'?"));
  CHECK(trained_kinds() == std::vector<std::string>{"byte", "char", "word", "bpe"});
}

TEST_CASE("A checkpoint's SentencePiece model encodes text as SentencePiece does", "[data]") {
  const TemporaryFolder folder;
  const auto bpe = train_any("bpe");
  bpe->save(folder.path());
  fs::rename(folder / "vocabulary.model", folder / "tokenizer.model");
  const auto vocabulary = vocabulary_kind("sentencepiece").load(folder.path());
  CHECK(vocabulary->size() == bpe->size());
  CHECK_FALSE(vocabulary->start_token());  // the model has no <s>
  const std::string text = "stoba raneko mulitu \u00e9 \u4e2d";
  CHECK(encode(*vocabulary, text) == encode(*bpe, text));
  CHECK(vocabulary->decode(encode(*vocabulary, text)) == text);
  CHECK(vocabulary->first_token_bytes(text) == bpe->first_token_bytes(text));

  write_file(folder / "tokenizer.model", "no model");
  CHECK(contains(user_error_text([&] { vocabulary_kind("sentencepiece").load(folder.path()); }),
                 "tokenizer.model: corrupted"));
}

TEST_CASE("Vocabularies of checkpoints are not trained, and a tokenizer.json not run", "[data]") {
  for (const std::string kind : {"sentencepiece", "tokenizer_json"}) {
    CHECK(contains(user_error_text([&] { train(kind, {"text"}); }), "data.vocabulary"));
  }
  CHECK(contains(user_error_text([] { vocabulary_kind("tokenizer_json").load("folder"); }),
                 "scripts/tokenize folder/tokenizer.json"));
}

TEST_CASE("Words of any length go through bpe and back", "[data]") {
  const TemporaryFolder folder;
  SplitMix64 random(2);
  std::string letters;
  for (int i = 0; i < 70'000; ++i) letters += "ACGT"[random.below(4)];
  std::string wide;
  for (int i = 0; i < 40'000; ++i) wide += random.below(3) == 0 ? "é" : "中";
  for (const std::string& word : {letters, wide}) {
    const std::string text = "ab cd ef gh " + word + "\nab cd " + word + word;
    write_file(folder / "long.txt", text);
    const auto vocabulary = train_bpe_vocabulary({folder / "long.txt"}, 275);
    std::vector<uint32_t> tokens;
    vocabulary->encode(text, tokens);
    CHECK((vocabulary->decode(tokens) == text));  // of 140,000 letters none is to be printed
    CHECK(tokens.size() < text.size());
  }
}

TEST_CASE("Spaces come back from a bpe vocabulary that saw none", "[data]") {
  const auto vocabulary = train("bpe", {std::string(500, 'a')}, 262);
  const Tokens tokens = encode(*vocabulary, "a aa  \xE2\x96\x81 b");
  CHECK(vocabulary->decode(tokens) == "a aa  \xE2\x96\x81 b");
  CHECK(vocabulary->first_token_bytes(" a") == 1);
}

TEST_CASE("What bpe cannot be trained on is said in our words, and its advice works", "[data]") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text, int64_t size) {
    write_file(folder / "text.txt", text);
    return user_error_text([&] { train_bpe_vocabulary({folder / "text.txt"}, size); });
  };
  for (const std::string& text : {std::string(50, '\n'), std::string(50, '\t'),
                                  std::string(50, '\0'), std::string("\xE2\x96\x81\xE2\x96\x81")}) {
    CHECK(contains(error(text, 300), "holds nothing but line ends"));
  }
  for (const std::string& text : {std::string(500, 'a'), std::string(500, ' '), std::string("x"),
                                  std::string("the cat sat on the mat\n")}) {
    for (const int64_t size : {int64_t{300}, int64_t{5'000'000'000}}) {
      const std::string refusal = error(text, size);
      CHECK_FALSE(contains(refusal, ".cc"));
      const size_t at = refusal.find("at most ");
      REQUIRE(at != std::string::npos);
      CHECK(error(text, std::stoll(refusal.substr(at + 8))) == "");
    }
  }
  std::string wide;
  for (char c = 'a'; c <= 'z'; ++c) wide += std::string(3, c) + ' ';
  const std::string refusal = error(wide, 258);
  const size_t at = refusal.find("at least ");
  REQUIRE(at != std::string::npos);
  CHECK(error(wide, std::stoll(refusal.substr(at + 9))) == "");
}

TEST_CASE("Spellings are priced by the bytes of what a vocabulary knows", "[data]") {
  const std::vector<std::string> known = {"ab", "b"};
  const SpellingModel model(known);
  // 257 symbols, and a, b, b and two ends on top of them.
  CHECK(model.nats("") == Approx(std::log(262.0 / 3)));
  CHECK(model.nats("b") == Approx(std::log(262.0 / 3) * 2));
  CHECK(model.nats("za") == Approx(std::log(262.0) + std::log(262.0 / 2) + std::log(262.0 / 3)));
}

TEST_CASE("A word or character that is not known costs its spelling", "[data]") {
  const TemporaryFolder folder;
  write_file(folder / "train.txt", "ab b b\n");
  const double end = std::log(262.0 / 3), b = std::log(262.0 / 3), z = std::log(262.0);
  const auto words = train_word_vocabulary({folder / "train.txt"}, 0);
  CHECK(words->unknown_tokens("ab b\n").tokens == 0);
  CHECK(words->unknown_tokens("ab b\n").nats == 0);
  const UnknownTokens unknown = words->unknown_tokens("zb ab z\n");
  CHECK(unknown.tokens == 2);
  CHECK(unknown.nats == Approx(z + b + end + z + end));
  CHECK(unknown.first_token_nats == Approx(z + b + end));
  // A written <unk> is free among words that are known, and must be told from others elsewhere.
  CHECK(words->unknown_tokens("ab <unk> b\n").nats == 0);
  CHECK(words->unknown_tokens("<unk> z\n").tokens == 1);
  CHECK(words->unknown_tokens("<unk> z\n").nats == Approx(end + z + end));

  write_file(folder / "train.txt", "ab");
  const auto characters = train_char_vocabulary({folder / "train.txt"}, 0);
  const double n = 257 + 4;
  CHECK(characters->unknown_tokens("abba").tokens == 0);
  CHECK(characters->unknown_tokens("aéa").tokens == 1);
  CHECK(characters->unknown_tokens("aéa").nats == Approx(2 * std::log(n) + std::log(n / 3)));
  CHECK(characters->unknown_tokens("aéa").first_token_nats == 0);
  CHECK(train_byte_vocabulary({}, 0)->unknown_tokens("aé\xFF").tokens == 0);
}

}  // namespace lengthwise
