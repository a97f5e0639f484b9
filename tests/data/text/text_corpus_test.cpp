#include "data/text/text_corpus.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "data/text/vocabulary.h"
#include "data/token_stream.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// A small text of three splits on the disk, and options that name it.
struct Text {
  Text() {
    write_file(folder / "train.txt", "one two two\n\nthree\n");
    write_file(folder / "valid.txt", "two  four\n");
    write_file(folder / "test.txt", "three");
    options.corpus = "text";
    options.train = folder / "train.txt";
    options.valid = folder / "valid.txt";
    options.test = folder / "test.txt";
    options.vocabulary = "word";
    options.folder = folder / "prepared";
  }

  fs::path prepared_path() const { return options.folder; }
  Manifest prepare() const { return prepare_text(options, prepared_path()); }
  std::string error() const {
    return user_error_text([&] { prepare(); });
  }
  TokenStream open(const std::string& split) const {
    return TokenStream::open(prepared_path() / (split + ".safetensors"));
  }

  TemporaryFolder folder;
  DataOptions options;
};

std::vector<int64_t> tokens_of(const TokenStream& stream) {
  std::vector<int64_t> tokens;
  for (int64_t i = 0; i < stream.size(); ++i) tokens.push_back(stream[i]);
  return tokens;
}

/// A process that prepares the text and does nothing else.
pid_t start_preparing(const Text& text) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    text.prepare();
    ::_exit(0);
  } catch (...) {
    ::_exit(1);
  }
}

int exit_status(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("Prepared text holds tokens, words and bytes as counted by hand", "[data]") {
  const Text text;
  const Manifest manifest = text.prepare();
  // <unk> 0, <eos> 1, two 2, one 3, three 4; nothing of "four", which training does not hold.
  CHECK(manifest.vocabulary_size == 5);
  CHECK(manifest.start_token == 1);
  CHECK(tokens_of(text.open("train")) == std::vector<int64_t>{3, 2, 2, 1, 1, 4, 1});
  CHECK(tokens_of(text.open("valid")) == std::vector<int64_t>{2, 0, 1});
  CHECK(tokens_of(text.open("test")) == std::vector<int64_t>{4, 1});

  const PreparedSplit& train = *manifest.split("train");
  CHECK(train.tokens == 7);
  CHECK(train.words == 4);
  CHECK(train.bytes == 19);
  CHECK(train.documents == 1);
  REQUIRE(train.sources.size() == 1);
  CHECK(train.sources[0].name == "train.txt");
  CHECK(train.sources[0].bytes == 19);
  CHECK(train.sources[0].sha256 == sha256_of_file(text.folder / "train.txt"));
  CHECK(train.file.sha256 == sha256_of_file(text.prepared_path() / "train.safetensors"));
  CHECK(manifest.vocabulary_file.sha256 ==
        sha256_of_file(text.prepared_path() / "vocabulary.json"));
  const Document document = text.open("train").documents().at(0);
  CHECK(document.bytes == 19);
  CHECK(document.words == 4);
  CHECK(document.first_token_bytes == 3);
}

TEST_CASE("The manifest counts the words that the vocabulary lacks", "[data]") {
  const Text text;
  text.prepare();
  const Manifest manifest = read_manifest(text.prepared_path());
  CHECK(manifest.split("train")->unknown_tokens() == 0);
  REQUIRE(manifest.split("valid")->unknown);
  REQUIRE(manifest.split("valid")->unknown->size() == 1);
  CHECK(manifest.split("valid")->unknown_tokens() == 1);
  // one, two, three: 257 + 14 symbols, 2 of o, 1 of r, 3 ends and no f or u.
  CHECK(manifest.split("valid")->unknown->at(0).nats ==
        Approx(5 * std::log(271.0) - std::log(3.0) - std::log(2.0) - std::log(4.0)));
}

TEST_CASE("Numbers in a manifest that cannot be are refused", "[data]") {
  const Text text;
  text.prepare();
  const std::string manifest = read_file(text.prepared_path() / "manifest.json");
  for (const std::string value : {"-1", "1e300", "1.5", "18446744073709551615", "null", "\"7\""}) {
    for (const std::string key : {"\"start_token\": ", "\"tokens\": ", "\"vocabulary_size\": "}) {
      if (key == "\"start_token\": " && value == "null") continue;
      std::string forged = manifest;
      const size_t at = forged.find(key) + key.size();
      forged.replace(at, forged.find_first_of(",\n", at) - at, value);
      write_file(text.prepared_path() / "manifest.json", forged);
      CHECK(contains(text.error(), "corrupted"));
    }
  }
  write_file(text.prepared_path() / "manifest.json", std::string(100'000, '['));
  CHECK(contains(text.error(), "is no manifest"));
}

TEST_CASE("A folder's files are documents in the order of their names, hidden ones left out",
          "[data]") {
  Text text;
  fs::create_directories(text.folder / "books/b/.git");
  write_file(text.folder / "books/c.txt", "CC");
  write_file(text.folder / "books/a.txt", "A");
  write_file(text.folder / "books/b/x.txt", "BBB");
  write_file(text.folder / "books/.hidden", "H");
  write_file(text.folder / "books/b/.git/config", "G");
  text.options.train = text.folder / "books/";
  text.options.valid.clear();
  text.options.test.clear();
  text.options.vocabulary = "byte";
  const Manifest manifest = text.prepare();

  CHECK(tokens_of(text.open("train")) == std::vector<int64_t>{'A', 'B', 'B', 'B', 'C', 'C'});
  CHECK(text.open("train").documents().size() == 3);
  REQUIRE(manifest.splits.size() == 1);
  CHECK(manifest.splits[0].sources[1].name == "b/x.txt");
  CHECK(manifest.split("test") == nullptr);
  CHECK(prepared(text.options, text.prepared_path()));

  write_file(text.folder / "books/d.txt", "D");
  CHECK(contains(text.error(), "from 3 files of data.train, which has 4 now"));
}

TEST_CASE("Of a folder only texts are documents", "[data]") {
  Text text;
  text.options.valid.clear();
  text.options.test.clear();
  text.options.vocabulary = "char";
  text.options.train = text.folder / "books";
  fs::create_directories(text.folder / "books/b");
  const auto add = [&](const std::string& name, const std::string& content) {
    write_file(text.folder / ("books/" + name), content);
  };
  add("a.TXT", "a");
  add("b/License to read.txt", "b");
  for (const char* name : {"README.md", "README.txt", "LICENSE", "b/copying.txt", "a.txt~",
                           "a.txt.bak", "#a.txt#", "notes.csv"}) {
    add(name, "no document");
  }
  add("cover.txt", std::string("\x89PNG\0\0\0\rIHDR", 12));
  const SourceTexts texts = list_source_texts("data.train", text.options.train);
  REQUIRE(texts.files.size() == 2);
  CHECK(texts.files[0].name == "a.TXT");
  CHECK(texts.left_out.size() == 9);
  CHECK(text.prepare().splits[0].documents == 2);

  SECTION("all valid texts where none is named as one") {
    fs::remove_all(text.folder / "books");
    fs::create_directories(text.folder / "books");
    add("one.md", "a");
    add("two", "b");
    add("README", "c");
    add("three.png", std::string("\x89PNG\0\0", 6));
    CHECK(list_source_texts("data.train", text.options.train).files.size() == 2);
  }
  SECTION("nothing that is one") {
    fs::remove_all(text.folder / "books");
    fs::create_directories(text.folder / "books");
    add("README.md", "c");
    fs::remove_all(text.prepared_path());
    CHECK(contains(text.error(), "books: is a folder without texts; it holds README.md"));
  }
}

TEST_CASE("A folder prepared when every file was a document is still what it was", "[data]") {
  Text text;
  fs::create_directories(text.folder / "books");
  write_file(text.folder / "books/a.txt", "a");
  write_file(text.folder / "books/notes.txt", "b");
  text.options.train = text.folder / "books";
  text.options.valid.clear();
  text.options.test.clear();
  text.prepare();
  // As an older version has it: both names are documents, under any name.
  fs::rename(text.folder / "books/notes.txt", text.folder / "books/a.txt~");
  const fs::path path = text.prepared_path() / "manifest.json";
  std::string manifest = read_file(path);
  manifest.replace(manifest.find("notes.txt"), 9, "a.txt~");
  write_file(path, manifest);
  CHECK(prepared(text.options, text.prepared_path()));
  write_file(text.folder / "books/a.txt~", "c");
  CHECK(contains(text.error(), "from another a.txt~"));
}

TEST_CASE("A link to nowhere is named by its own path", "[data]") {
  Text text;
  fs::create_directories(text.folder / "books");
  write_file(text.folder / "books/a.txt", "a");
  fs::create_symlink("nowhere", text.folder / "books/b.txt");
  text.options.train = text.folder / "books";
  CHECK(contains(text.error(), "books/b.txt: is a link to nowhere, which is not there"));
}

TEST_CASE("A text that is trained on and tested on stands in the manifest", "[data]") {
  Text text;
  write_file(text.folder / "valid.txt", read_file(text.folder / "train.txt"));
  const Manifest manifest = text.prepare();
  CHECK(manifest.split("valid")->also_in_train == std::vector<std::string>{"valid.txt"});
  CHECK(manifest.split("test")->also_in_train.empty());
  CHECK(read_manifest(text.prepared_path()).split("valid")->also_in_train.size() == 1);
}

TEST_CASE("A byte order mark is part of no word, and bytes are bytes", "[data]") {
  Text text;
  write_file(text.folder / "train.txt", "\xEF\xBB\xBFone two two\n\nthree\n");
  const Manifest manifest = text.prepare();
  CHECK(manifest.vocabulary_size == 5);
  CHECK(manifest.split("train")->bytes == 19);
  CHECK(tokens_of(text.open("train")) == std::vector<int64_t>{3, 2, 2, 1, 1, 4, 1});
  for (const std::string vocabulary : {"char", "byte"}) {
    text.options.folder = text.folder / vocabulary;
    text.options.vocabulary = vocabulary;
    CHECK(text.prepare().split("train")->tokens == (vocabulary == "char" ? 19 : 22));
  }
}

TEST_CASE("Text in UTF-16 is refused by that name", "[data]") {
  Text text;
  for (const std::string& utf16 :
       {std::string("\xFF\xFEo\0n\0e\0", 8), std::string("o\0n\0e\0\n\0", 8)}) {
    write_file(text.folder / "valid.txt", utf16);
    CHECK(contains(text.error(), "valid.txt: is UTF-16; save it as UTF-8"));
  }
  write_file(text.folder / "valid.txt", "\xEF\xBB\xBF");
  CHECK(contains(text.error(), "valid.txt: is empty but for a byte order mark"));
}

TEST_CASE("Text that is prepared is not prepared again", "[data]") {
  const Text text;
  CHECK_FALSE(prepared(text.options, text.prepared_path()));
  text.prepare();
  CHECK(prepared(text.options, text.prepared_path()));

  const fs::path manifest = text.prepared_path() / "manifest.json";
  const auto written = fs::last_write_time(manifest);
  // Another time on the same content is no change.
  fs::last_write_time(text.folder / "train.txt",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  text.prepare();
  CHECK(fs::last_write_time(manifest) == written);
}

TEST_CASE("A prepared folder is enough where the text is gone", "[data]") {
  Text text;
  text.prepare();
  fs::remove(text.folder / "train.txt");
  CHECK(text.prepare().splits.size() == 3);
  text.options.train.clear();
  text.options.valid.clear();
  text.options.test.clear();
  CHECK(text.prepare().splits.size() == 3);

  text.options.vocabulary = "byte";
  CHECK(contains(text.error(), "data.vocabulary: is byte, but"));
  CHECK(contains(text.error(), "set data.vocabulary = word"));
}

TEST_CASE("A folder prepared from something else is refused and kept", "[data]") {
  Text text;
  text.prepare();
  const std::string manifest = read_file(text.prepared_path() / "manifest.json");

  SECTION("another vocabulary") {
    text.options.vocabulary = "char";
    CHECK(contains(text.error(), "was prepared with word"));
  }
  SECTION("another vocabulary size") {
    text.options.vocabulary_size = 4;
    CHECK(contains(text.error(), "data.vocabulary_size: is 4"));
  }
  SECTION("changed text of the same size") {
    write_file(text.folder / "valid.txt", "two  five\n");
    CHECK(contains(text.error(), "from another valid.txt"));
  }
  SECTION("text of another name") {
    fs::rename(text.folder / "test.txt", text.folder / "other.txt");
    text.options.test = text.folder / "other.txt";
    CHECK(contains(text.error(), "from another test.txt"));
  }
  SECTION("a split less") {
    text.options.test.clear();
    CHECK(contains(text.error(), "data.test"));
  }
  SECTION("a damaged manifest") {
    write_file(text.prepared_path() / "manifest.json", manifest.substr(0, manifest.size() / 2));
    CHECK(contains(text.error(), "manifest.json"));
  }
  SECTION("a manifest whose file names lead elsewhere") {
    std::string forged = manifest;
    forged.replace(forged.find("train.safetensors"), 17, "../train.txt");
    write_file(text.prepared_path() / "manifest.json", forged);
    CHECK(contains(text.error(), "corrupted"));
  }
  SECTION("a manifest of a later version") {
    std::string later = manifest;
    later.replace(later.find("\"format_version\": 1"), 19, "\"format_version\": 2");
    write_file(text.prepared_path() / "manifest.json", later);
    CHECK(contains(text.error(), "format version 2"));
  }
  SECTION("a split more") {
    fs::remove_all(text.prepared_path());
    text.options.test.clear();
    text.prepare();
    text.options.test = text.folder / "test.txt";
    CHECK(contains(text.error(), "was prepared without data.test"));
  }
  CHECK(fs::exists(text.prepared_path() / "train.safetensors"));
}

TEST_CASE("A folder that is not ours is refused, an empty one taken", "[data]") {
  const Text text;
  fs::create_directory(text.prepared_path());
  SECTION("empty") {
    CHECK(text.prepare().vocabulary_size == 5);
  }
  SECTION("with a file of the user's") {
    write_file(text.prepared_path() / "thesis.tex", "years of work");
    CHECK(contains(text.error(), "neither empty nor prepared"));
    CHECK(read_file(text.prepared_path() / "thesis.tex") == "years of work");
  }
  SECTION("with a manifest of something else") {
    write_file(text.prepared_path() / "manifest.json", "{\"name\": \"a web page\"}");
    CHECK(contains(text.error(), "is no manifest of prepared text"));
    CHECK(fs::exists(text.prepared_path() / "manifest.json"));
  }
  SECTION("a file") {
    fs::remove(text.prepared_path());
    write_file(text.prepared_path(), "");
    CHECK(contains(text.error(), "is no folder"));
  }
}

TEST_CASE("Text that cannot be read is refused by name, and nothing is left behind", "[data]") {
  Text text;
  SECTION("missing") {
    text.options.valid = text.folder / "none.txt";
    CHECK(contains(text.error(), "data.valid: " + text.options.valid));
  }
  SECTION("empty") {
    write_file(text.folder / "test.txt", "");
    CHECK(contains(text.error(), "test.txt: is empty"));
  }
  SECTION("no UTF-8") {
    write_file(text.folder / "valid.txt", "two \xC3(");
    CHECK(contains(text.error(), "valid.txt: is no UTF-8 at byte 4"));
  }
  SECTION("a folder without files") {
    fs::create_directories(text.folder / "books/.hidden");
    text.options.train = text.folder / "books";
    CHECK(contains(text.error(), "books: is a folder without files"));
  }
  SECTION("a vocabulary that cannot be trained") {
    text.options.vocabulary = "bpe";
    text.options.vocabulary_size = 5000;
    CHECK(contains(text.error(), "data.vocabulary_size"));
  }
  SECTION("nothing to prepare from") {
    text.options.train.clear();
    CHECK(contains(text.error(), "is not prepared"));
  }
  CHECK_FALSE(fs::exists(text.prepared_path()));
  CHECK_FALSE(fs::exists(text.folder / ".prepared.partial"));
}

TEST_CASE("Bytes need no UTF-8", "[data]") {
  Text text;
  write_file(text.folder / "valid.txt", "\xC3(");
  text.options.vocabulary = "byte";
  text.prepare();
  CHECK(tokens_of(text.open("valid")) == std::vector<int64_t>{0xC3, '('});
}

TEST_CASE("A folder that cannot be made is refused", "[data]") {
  Text text;
  text.options.folder = text.folder / "train.txt" / "prepared";
  CHECK(contains(text.error(), "train.txt"));
}

TEST_CASE("A killed preparation leaves no folder or a whole one", "[data]") {
  const Text text;
  // Large enough that kills fall into the midst of it.
  std::string line = "the quick brown fox jumps over the lazy dog\n", long_text;
  for (int i = 0; i < 20000; ++i) long_text += line;
  write_file(text.folder / "train.txt", long_text);
  int killed = 0;
  for (useconds_t delay_us = 500; killed < 8 && delay_us < 60'000; delay_us += 1500) {
    fs::remove_all(text.prepared_path());
    const pid_t child = start_preparing(text);
    ::usleep(delay_us);
    ::kill(child, SIGKILL);
    if (WIFSIGNALED(exit_status(child))) ++killed;
    if (fs::exists(text.prepared_path())) CHECK(prepared(text.options, text.prepared_path()));
  }
  CHECK(killed > 0);
  CHECK(text.prepare().split("train")->tokens == 20000 * 10);
  CHECK_FALSE(fs::exists(text.folder / ".prepared.partial"));
}

TEST_CASE("What a killed preparation left does not get into the next one", "[data]") {
  const Text text;
  fs::create_directory(text.folder / ".prepared.partial");
  write_file(text.folder / ".prepared.partial/train.safetensors", "half a");
  write_file(text.folder / ".prepared.partial/vocabulary.model", "half a model");
  text.prepare();
  CHECK(text.open("train").size() == 7);
  CHECK_FALSE(fs::exists(text.prepared_path() / "vocabulary.model"));
}

TEST_CASE("Several processes may prepare the same folder at once", "[data]") {
  const Text text;
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) children.push_back(start_preparing(text));
  for (const pid_t child : children) CHECK(exit_status(child) == 0);
  CHECK(text.prepare().split("train")->tokens == 7);
}

TEST_CASE("A prepared folder has a name that tells text, vocabulary and size", "[data]") {
  DataOptions options;
  options.corpus = "text";
  options.vocabulary = "bpe";
  options.vocabulary_size = 4096;
  const auto name = [&](const std::string& train) {
    options.train = train;
    return prepared_folder(options).string();
  };
  CHECK(name("data/novels/train").rfind("prepared/novels-bpe-4096-", 0) == 0);
  CHECK(name("data/novels/train/").rfind("prepared/novels-bpe-4096-", 0) == 0);
  CHECK(name("wikitext-2/wiki.train.tokens").rfind("prepared/wikitext-2-bpe-4096-", 0) == 0);
  CHECK(name("data/books.txt").rfind("prepared/books-bpe-4096-", 0) == 0);
  CHECK(name("../train.txt").rfind("prepared/train-bpe-4096-", 0) == 0);
  CHECK(name("train.txt").size() == std::string("prepared/train-bpe-4096-").size() + 8);

  const std::string without_test = name("a.txt");
  options.test = "b.txt";
  CHECK(name("a.txt") != without_test);

  options.folder = "somewhere/else/";
  CHECK(prepared_folder(options) == "somewhere/else");
}

}  // namespace lengthwise
