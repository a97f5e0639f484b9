#include "data/token_stream.h"

#include "base/error.h"
#include "base/safetensors.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

TokenStream small_stream(int64_t vocabulary_size) {
  return TokenStream::from_tokens({7, 0, 3, 9, 1}, {{0, 2, 11, 2, 4}, {2, 5, 20, 5, 6}},
                                  vocabulary_size);
}

std::vector<int64_t> tokens_of(const TokenStream& stream) {
  std::vector<int64_t> tokens;
  for (int64_t i = 0; i < stream.size(); ++i) tokens.push_back(stream[i]);
  return tokens;
}

/// A token file whose every number a test may forge.
struct Forgery {
  std::vector<uint16_t> tokens = {7, 0, 3, 9, 1};
  std::vector<int64_t> rows = {2, 11, 2, 4, 5, 20, 5, 6};
  int64_t columns = 4;
  std::map<std::string, std::string> metadata = {{"vocabulary_size", "10"}};

  fs::path write(const fs::path& path) const {
    const auto documents = static_cast<int64_t>(rows.size()) / columns;
    write_safetensors(path,
                      {{"tokens", array_view(tokens)},
                       {"documents", array_view(std::span(rows), {documents, columns})}},
                      metadata);
    return path;
  }
};

}  // namespace

TEST_CASE("A token stream comes back from its file as it went in", "[data]") {
  const TemporaryFolder folder;
  const int64_t vocabulary_size = GENERATE(10, 65536, 65537);
  small_stream(vocabulary_size).save(folder / "a.safetensors");
  TokenStream::open(folder / "a.safetensors").save(folder / "b.safetensors");
  const TokenStream stream = TokenStream::open(folder / "b.safetensors");

  CHECK(tokens_of(stream) == std::vector<int64_t>{7, 0, 3, 9, 1});
  CHECK(stream.vocabulary_size() == vocabulary_size);
  REQUIRE(stream.documents().size() == 2);
  const Document& second = stream.documents()[1];
  CHECK(second.begin == 2);
  CHECK(second.end == 5);
  CHECK(second.bytes == 20);
  CHECK(second.words == 5);
  CHECK(second.first_token_bytes == 6);
}

TEST_CASE("Tokens take two bytes as long as the vocabulary allows it", "[data]") {
  const TemporaryFolder folder;
  const auto dtype = [&](int64_t vocabulary_size) {
    small_stream(vocabulary_size).save(folder / "a.safetensors");
    return SafetensorsFile(folder / "a.safetensors").arrays().at("tokens").dtype;
  };
  CHECK(dtype(65536) == Dtype::U16);
  CHECK(dtype(65537) == Dtype::U32);
}

TEST_CASE("A joined stream is one document with all bytes and words", "[data]") {
  const TokenStream joined = small_stream(10).joined();
  CHECK(tokens_of(joined) == std::vector<int64_t>{7, 0, 3, 9, 1});
  REQUIRE(joined.documents().size() == 1);
  CHECK(joined.documents()[0].begin == 0);
  CHECK(joined.documents()[0].end == 5);
  CHECK(joined.documents()[0].bytes == 31);
  CHECK(joined.documents()[0].words == 7);
  CHECK(joined.documents()[0].first_token_bytes == 4);
}

TEST_CASE("A token file cut off anywhere is refused", "[data]") {
  const TemporaryFolder folder;
  small_stream(10).save(folder / "whole");
  const std::string whole = read_file(folder / "whole");
  for (size_t size = 0; size < whole.size(); ++size) {
    write_file(folder / "cut", whole.substr(0, size));
    INFO(size << " of " << whole.size() << " bytes");
    CHECK_THROWS_AS(TokenStream::open(folder / "cut"), UserError);
  }
}

TEST_CASE("A token file with an impossible number is refused", "[data]") {
  const TemporaryFolder folder;
  Forgery forgery;
  REQUIRE_NOTHROW(TokenStream::open(forgery.write(folder / "a")));

  SECTION("a token beyond the vocabulary") {
    forgery.metadata["vocabulary_size"] = "9";
  }
  SECTION("a document that ends beyond the tokens") {
    forgery.rows[4] = 6;
  }
  SECTION("documents that end before the tokens do") {
    forgery.rows[4] = 4;
  }
  SECTION("a document that ends before it begins") {
    forgery.rows[0] = 5, forgery.rows[4] = 2;
  }
  SECTION("an empty document") {
    forgery.rows[0] = 0;
  }
  SECTION("a negative end") {
    forgery.rows[0] = -2;
  }
  SECTION("no document") {
    forgery.rows.clear();
  }
  SECTION("no tokens and no document") {
    forgery.rows.clear(), forgery.tokens.clear();
  }
  SECTION("rows of another width") {
    forgery.columns = 2;
  }
  SECTION("negative bytes") {
    forgery.rows[1] = -1;
  }
  SECTION("negative words") {
    forgery.rows[2] = -1;
  }
  SECTION("a first token longer than its document") {
    forgery.rows[3] = 12;
  }
  SECTION("no vocabulary size") {
    forgery.metadata.clear();
  }
  SECTION("a vocabulary size of nothing") {
    forgery.metadata["vocabulary_size"] = "0";
  }
  SECTION("a vocabulary size that is no number") {
    forgery.metadata["vocabulary_size"] = "ten";
  }
  SECTION("a vocabulary size beyond 2^32") {
    forgery.metadata["vocabulary_size"] = "4294967297";
  }

  CHECK_THROWS_AS(TokenStream::open(forgery.write(folder / "a")), UserError);
}

TEST_CASE("A stream cannot be made of documents with gaps or of unknown tokens", "[data]") {
  CHECK_THROWS_AS(TokenStream::from_tokens({1, 2}, {{0, 1, 0, 0, 0}}, 3), std::invalid_argument);
  CHECK_THROWS_AS(TokenStream::from_tokens({1, 2}, {{1, 2, 0, 0, 0}}, 3), std::invalid_argument);
  CHECK_THROWS_AS(TokenStream::from_tokens({1, 2}, {{0, 2, 0, 0, 0}}, 2), std::invalid_argument);
}

}  // namespace lengthwise
