#include "data/text/other_text.h"

#include "data/dataset.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// Works in a folder of its own: what is prepared under no name of the user's lies below it.
class InFolder {
 public:
  InFolder() : before_(fs::current_path()) { fs::current_path(folder_ / ""); }
  ~InFolder() { fs::current_path(before_); }

 private:
  TemporaryFolder folder_;
  fs::path before_;
};

/// A text whose vocabulary others are measured by.
DataOptions training_text(const std::string& vocabulary) {
  write_file("train.txt", "one two two\n\nthree\n");
  DataOptions options;
  options.corpus = "text";
  options.train = "train.txt";
  options.vocabulary = vocabulary;
  options.folder = "prepared/own-" + vocabulary;
  return options;
}

std::vector<int64_t> tokens_of(const TokenStream& stream) {
  std::vector<int64_t> tokens;
  for (int64_t i = 0; i < stream.size(); ++i) tokens.push_back(stream[i]);
  return tokens;
}

Dataset open(const std::string& folder, const OtherText& text) {
  return open_other_text(find_vocabulary(folder), text, "separate");
}

}  // namespace

TEST_CASE("Another text becomes tokens of the vocabulary that is there", "[data]") {
  const InFolder here;
  const Dataset own = open_dataset(training_text("word"));
  write_file("novel.txt", "three two\nfour one\n");
  const Dataset other = open("prepared/own-word", {"test", "novel.txt", ""});
  // <unk> 0, <eos> 1, two 2, one 3, three 4.
  CHECK(tokens_of(other.test) == std::vector<int64_t>{4, 2, 1, 0, 3, 1});
  CHECK(other.train.size() == 0);
  CHECK(other.vocabulary_hash == own.vocabulary_hash);
  CHECK(other.vocabulary_size == own.vocabulary_size);
  CHECK(other.start_token == own.start_token);
  CHECK(other.hash != own.hash);
  CHECK(other.name.starts_with("novel-word-"));
  CHECK(fs::exists("prepared/" + other.name + "/manifest.json"));
}

TEST_CASE("Tokens of another text are kept by content, and opened by their folder", "[data]") {
  const InFolder here;
  open_dataset(training_text("char"));
  write_file("novel.txt", "two one");
  const Dataset first = open("prepared/own-char", {"test", "novel.txt", ""});
  const auto written = fs::last_write_time("prepared/" + first.name + "/manifest.json");
  CHECK(open("prepared/own-char", {"test", "./novel.txt", ""}).name == first.name);
  CHECK(fs::last_write_time("prepared/" + first.name + "/manifest.json") == written);

  write_file("novel.txt", "one two");
  CHECK(open("prepared/own-char", {"test", "novel.txt", ""}).name != first.name);

  fs::remove("novel.txt");
  const Dataset ready = open("prepared/own-char", {"test", "", "prepared/" + first.name});
  CHECK(ready.hash == first.hash);
  CHECK(tokens_of(ready.test) == tokens_of(first.test));
}

TEST_CASE("A copy of the vocabulary is as good as the folder it comes from", "[data]") {
  const InFolder here;
  for (const std::string vocabulary : {"byte", "char", "word", "bpe"}) {
    DataOptions options = training_text(vocabulary);
    if (vocabulary == "bpe") {
      write_file("train.txt", "the cat sat on the mat while the dog ran over the hill\n");
      options.vocabulary_size = 280;
    }
    const Dataset own = open_dataset(options);
    const std::string copy = "run/" + vocabulary;
    copy_vocabulary(find_vocabulary(own.vocabulary_folder), copy);
    fs::remove_all("prepared");
    fs::remove("train.txt");
    write_file("novel.txt", "two one\n");
    CHECK(find_vocabulary(copy).kind == vocabulary);
    CHECK(open(copy, {"test", "novel.txt", ""}).vocabulary_hash == own.vocabulary_hash);
  }
}

TEST_CASE("The bytes of all texts are one vocabulary, the characters of two are two", "[data]") {
  const InFolder here;
  const auto hash = [](const std::string& vocabulary, const std::string& text) {
    DataOptions options = training_text(vocabulary);
    write_file("train.txt", text);
    options.folder = "prepared/" + vocabulary + text;
    return open_dataset(options).vocabulary_hash;
  };
  CHECK(hash("byte", "ab") == hash("byte", "cd"));
  CHECK(hash("char", "ab") != hash("char", "cd"));
  CHECK(hash("char", "ab") == hash("char", "ba"));
  CHECK(hash("word", "a") != hash("char", "a"));
  DataOptions reach;
  reach.corpus = "long_reach";
  CHECK(open_dataset({}).vocabulary_hash != open_dataset(reach).vocabulary_hash);
}

TEST_CASE("Prepared tokens of another vocabulary are refused, naming both", "[data]") {
  const InFolder here;
  open_dataset(training_text("word"));
  open_dataset(training_text("char"));
  const std::string error = user_error_text([] {
    open("prepared/own-word", {"train", "", "prepared/own-char"});
  });
  CHECK(contains(error, "data.folder: prepared/own-char: was prepared with the char vocabulary"));
  CHECK(contains(error, "the weights belong to the word vocabulary"));
  CHECK(contains(user_error_text([] {
                   open("prepared/own-word", {"test", "", "prepared/own-word"});
                 }),
                 "without a test split; it has: train"));
  CHECK(contains(user_error_text([] {
                   open("prepared/own-word", {"test", "", "nowhere"});
                 }),
                 "nowhere: holds no manifest.json"));
}

TEST_CASE("A relative path that is not there says where it was looked for", "[data]") {
  const InFolder here;
  open_dataset(training_text("word"));
  CHECK(contains(user_error_text([] {
                   open("prepared/own-word", {"test", "gone.txt", ""});
                 }),
                 "looked for in " + fs::current_path().string()));
}

TEST_CASE("Text for a measurement alone is no text to train on", "[data]") {
  const InFolder here;
  open_dataset(training_text("word"));
  write_file("novel.txt", "two one\n");
  DataOptions options;
  options.corpus = "text";
  options.vocabulary = "word";
  options.folder = "prepared/" + open("prepared/own-word", {"test", "novel.txt", ""}).name;
  CHECK(contains(user_error_text([&] { open_dataset(options); }), "without a train split"));
}

}  // namespace lengthwise
