#include "report/records/split_tokens.h"

#include "report/contains_text.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

TokenStream stream_of(std::vector<uint32_t> tokens, int64_t vocabulary_size) {
  const auto size = static_cast<int64_t>(tokens.size());
  return TokenStream::from_tokens(std::move(tokens), {{0, 2, 7, 2, 3}, {2, size, 9, 1, 4}},
                                  vocabulary_size);
}

void store(const fs::path& folder, const std::string& hash, std::vector<uint32_t> tokens) {
  store_split_tokens(folder, {stream_of(std::move(tokens), 5),
                              token_counts(stream_of({3, 1, 3, 3}, 5)), 4, "test", "words", hash});
}

}  // namespace

TEST_CASE("A split's tokens come back with documents, counts and origin", "[report]") {
  const TemporaryFolder folder;
  store(folder.path(), "c0ffee", {0, 1, 2, 3, 4});
  const SplitTokens tokens = read_split_tokens(folder / "evaluation/test.tokens.safetensors");
  REQUIRE(tokens.stream.size() == 5);
  for (int64_t i = 0; i < 5; ++i) CHECK(tokens.stream[i] == i);
  REQUIRE(tokens.stream.documents().size() == 2);
  CHECK(tokens.stream.documents()[1].begin == 2);
  CHECK(tokens.stream.documents()[1].bytes == 9);
  CHECK(tokens.train_counts == std::vector<int64_t>{0, 1, 0, 3, 0});
  CHECK(tokens.start_token == 4);
  CHECK(tokens.split == "test");
  CHECK(tokens.corpus == "words");
  CHECK(tokens.corpus_hash == "c0ffee");
}

TEST_CASE("Tokens are written once, in a second file for other data, and again over a damaged one",
          "[report]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "evaluation/test.tokens.safetensors";
  const auto second = [&] { return read_split_tokens(file).stream[1]; };
  store(folder.path(), "c0ffee", {0, 1, 2});
  store(folder.path(), "c0ffee", {0, 2, 2});
  CHECK(second() == 1);
  store(folder.path(), "decade", {0, 2, 2});
  CHECK(second() == 1);
  CHECK(read_split_tokens(folder / "evaluation/test-decade.tokens.safetensors").stream[1] == 2);
  fs::resize_file(file, 40);
  store(folder.path(), "decade", {0, 3, 2});
  CHECK(second() == 3);
}

TEST_CASE("Damaged tokens are refused with the file's name", "[report]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "evaluation/test.tokens.safetensors";
  store(folder.path(), "c0ffee", {0, 1, 2});
  const auto size = static_cast<int64_t>(fs::file_size(file));
  for (int64_t cut = 0; cut < size; cut += 11) {
    store(folder.path(), "c0ffee", {0, 1, 2});
    fs::resize_file(file, static_cast<uintmax_t>(cut));
    CHECK_THAT(user_error_text([&] { read_split_tokens(file); }),
               contains_text("test.tokens.safetensors"));
  }
  const auto write = [&](std::vector<int64_t> counts, const std::string& start) {
    stream_of({0, 1, 2}, 5)
        .save(file, {{"train_counts", array_view(counts)}},
              {{"split", "test"},
               {"corpus", "words"},
               {"corpus_hash", "c0ffee"},
               {"start_token", start}});
    return user_error_text([&] { read_split_tokens(file); });
  };
  CHECK(write({1, 1, 1, 1, 1}, "") == "");
  CHECK_THAT(write({1, 1, 1, 1}, ""), contains_text("counts 4 token types of a vocabulary of 5"));
  CHECK_THAT(write({1, 1, 1, 1, -1}, ""), contains_text("below 0"));
  CHECK_THAT(write({1, 1, 1, 1, 1}, "5"), contains_text("'start_token' is '5'"));
}

TEST_CASE("Unknown tokens are kept with a split's tokens, and not made up for older files",
          "[report]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "evaluation/test.tokens.safetensors";
  const TokenStream stream = stream_of({0, 1, 2}, 5);
  const auto store_known = [&] {
    store_split_tokens(folder.path(),
                       {stream.with_unknown({UnknownTokens{1, 4.5, 4.5}, UnknownTokens{}}),
                        token_counts(stream), 4, "test", "words", "c0ffee"});
  };
  const auto store_as_before = [&](std::vector<uint32_t> tokens) {
    fs::remove(file);
    store_split_tokens(folder.path(),
                       {stream_of(std::move(tokens), 5).with_unknown({std::nullopt, std::nullopt}),
                        token_counts(stream), 4, "test", "words", "c0ffee"});
  };
  const auto unknown = [&] { return read_split_tokens(file).stream.documents()[0].unknown; };
  store_known();
  REQUIRE(unknown());
  CHECK(unknown()->tokens == 1);
  CHECK(unknown()->nats == 4.5);
  CHECK(unknown()->first_token_nats == 4.5);

  store_as_before({0, 1, 2});
  CHECK_FALSE(unknown());
  store_as_before({3, 1, 2});
  CHECK(unknown()->tokens == 0);
  store_as_before({0, 1, 2});
  write_file(folder / "config.ini", "[data]\nvocabulary = byte\n");
  CHECK(unknown()->tokens == 0);
  write_file(folder / "config.ini", "[data]\nvocabulary = word\n");
  CHECK_FALSE(unknown());
  // Measured again, they are known.
  store_known();
  CHECK(unknown()->tokens == 1);
}
