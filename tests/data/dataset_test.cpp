#include "data/dataset.h"

#include <numeric>

#include "base/options.h"
#include "data/corpora/ideal_reader_corpus.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

int64_t sum(const TokenStream& stream) {
  int64_t total = 0;
  for (int64_t i = 0; i < stream.size(); ++i) total += stream[i];
  return total;
}

DataOptions text_options(const TemporaryFolder& folder) {
  fs::create_directories(folder / "train");
  write_file(folder / "train/a.txt", "one two\n");
  write_file(folder / "train/b.txt", "three\n");
  write_file(folder / "test.txt", "two\n");
  DataOptions options;
  options.corpus = "text";
  options.train = folder / "train";
  options.test = folder / "test.txt";
  options.vocabulary = "char";
  options.folder = folder / "prepared";
  return options;
}

/// What validate() says of a change to valid options of text, or of the built-in corpus.
template <class Change>
std::string validation(const std::string& corpus, Change change) {
  DataOptions options;
  options.corpus = corpus;
  if (corpus == "text") options.train = "train.txt";
  change(options);
  return user_error_text([&] { options.validate(); });
}

}  // namespace

TEST_CASE("The ideal-reader dataset holds the corpus of the design page", "[data]") {
  const Dataset dataset = open_dataset({});
  CHECK(dataset.name == "ideal_reader");
  CHECK(dataset.hash.substr(0, 16) == "093541d828e72e1d");  // as in the results already measured
  CHECK(dataset.vocabulary_size == 108);
  CHECK_FALSE(dataset.start_token);
  CHECK(dataset.train.size() == 512 * 2050);
  CHECK(sum(dataset.train) == 27901934);

  // Held out, each document goes without its last token: 2048 targets.
  CHECK(dataset.test.documents().size() == 32);
  CHECK(dataset.valid.documents().size() == 16);
  for (const TokenStream* split : {&dataset.test, &dataset.valid}) {
    for (const Document& document : split->documents()) CHECK(document.size() == 2049);
  }
  const TokenStream whole = generate_ideal_reader(standard_law(), 2, 32, 1025);
  CHECK(sum(whole) == 1739649);
  int64_t last_tokens = 0;
  for (const Document& document : whole.documents()) last_tokens += whole[document.end - 1];
  CHECK(sum(dataset.test) == 1739649 - last_tokens);
  CHECK(dataset.test[2049] == whole[2050]);
}

TEST_CASE("The ideal reader of the dataset reaches the design page's nats on the test split",
          "[data]") {
  const Dataset dataset = open_dataset({});
  double nats = 0;
  int64_t targets = 0;
  for (const Document& document : dataset.test.documents()) {
    std::vector<int64_t> window;
    for (int64_t i = document.begin; i < document.end; ++i) window.push_back(dataset.test[i]);
    const std::vector<double> losses = dataset.ideal_nats(window);
    nats += std::accumulate(losses.begin(), losses.end(), 0.0);
    targets += static_cast<int64_t>(losses.size());
  }
  CHECK(targets == 65536);
  CHECK(nats / static_cast<double>(targets) == Approx(1.334380).margin(1e-6));
}

TEST_CASE("The long-reach dataset has windows of 65,536 tokens and their ideal reader", "[data]") {
  DataOptions options;
  options.corpus = "long_reach";
  options.validate();
  const Dataset dataset = open_dataset(options);
  CHECK(dataset.name == "long_reach");
  CHECK(dataset.vocabulary_size == 651);
  CHECK(dataset.hash != open_dataset({}).hash);
  CHECK(dataset.train.documents().size() == 512);
  CHECK(dataset.test.documents().size() == 32);
  for (const Document& document : dataset.test.documents()) CHECK(document.size() == 65'537);
  for (const Document& document : dataset.valid.documents()) CHECK(document.size() == 8193);

  std::vector<int64_t> window;
  for (int64_t i = 0; i < 65'537; ++i) window.push_back(dataset.test[i]);
  const std::vector<double> nats = dataset.ideal_nats(window);
  // As tests/reference has it.
  CHECK(std::accumulate(nats.begin(), nats.end(), 0.0) / 65'536 ==
        Approx(1.8478288146).margin(1e-9));
}

TEST_CASE("A text dataset opens what it prepares", "[data]") {
  const TemporaryFolder folder;
  DataOptions options = text_options(folder);
  const Dataset dataset = open_dataset(options);
  CHECK(dataset.name == "prepared");
  CHECK(dataset.vocabulary_size == 10);  // <unk>, newline, space, and e h n o r t w
  CHECK(dataset.train.documents().size() == 2);
  CHECK(dataset.train.size() == 14);
  CHECK(dataset.valid.size() == 0);
  CHECK_FALSE(dataset.ideal_nats);

  options.documents = "joined";
  const Dataset joined = open_dataset(options);
  REQUIRE(joined.train.documents().size() == 1);
  CHECK(joined.train.documents()[0].bytes == 14);
  CHECK(joined.train.documents()[0].words == 3);
  CHECK(joined.hash != dataset.hash);
}

TEST_CASE("Datasets of equal tokens have equal hashes wherever they lie", "[data]") {
  const TemporaryFolder here, there;
  const std::string hash = open_dataset(text_options(here)).hash;
  CHECK(hash.size() == 64);
  CHECK(open_dataset(text_options(there)).hash == hash);

  const TemporaryFolder elsewhere;
  DataOptions other = text_options(elsewhere);
  write_file(elsewhere / "test.txt", "one\n");
  CHECK(open_dataset(other).hash != hash);
}

TEST_CASE("A token file that changed after its preparation is refused", "[data]") {
  const TemporaryFolder folder;
  const DataOptions options = text_options(folder);
  open_dataset(options);
  std::string bytes = read_file(folder / "prepared/test.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(folder / "prepared/test.safetensors", bytes);
  CHECK(contains(user_error_text([&] { open_dataset(options); }),
                 "test.safetensors: is not the file that was prepared"));
}

TEST_CASE("A split is found by name, and its absence names the option", "[data]") {
  const TemporaryFolder folder;
  const Dataset dataset = open_dataset(text_options(folder));
  CHECK(&dataset.split("train") == &dataset.train);
  CHECK(&dataset.split("test") == &dataset.test);
  CHECK(contains(user_error_text([&] { dataset.split("valid"); }), "data.valid: is empty"));
  CHECK(contains(user_error_text([&] { dataset.split("tset"); }), "did you mean 'test'?"));
}

TEST_CASE("Data options that contradict each other are refused by name", "[data]") {
  const auto keep = [](DataOptions&) {};
  CHECK(validation("ideal_reader", keep).empty());
  CHECK(validation("text", keep).empty());

  CHECK(
      contains(validation("ideal_reader", [](DataOptions& o) { o.train = "a"; }), "data.train: "));
  CHECK(contains(validation("ideal_reader", [](DataOptions& o) { o.folder = "a"; }),
                 "data.folder: "));
  CHECK(contains(validation("ideal_reader", [](DataOptions& o) { o.vocabulary = "word"; }),
                 "data.vocabulary: "));
  CHECK(contains(validation("ideal_reader", [](DataOptions& o) { o.documents = "joined"; }),
                 "data.documents: "));
  CHECK(contains(validation("long_reach", [](DataOptions& o) { o.test = "a"; }),
                 "data.test: is set, but data.corpus is long_reach"));
  CHECK(contains(validation("long_reach", [](DataOptions& o) { o.documents = "joined"; }),
                 "data.corpus long_reach"));
  CHECK(contains(validation("text", [](DataOptions& o) { o.train = ""; }), "data.train: is empty"));
  CHECK(contains(validation("text", [](DataOptions& o) { o.train = "", o.test = "t"; }),
                 "data.test: is 't' while data.train is empty"));
  CHECK(validation("text", [](DataOptions& o) { o.train = "", o.folder = "f"; }).empty());

  const auto sized = [](const std::string& vocabulary, int64_t size) {
    return validation("text", [&](DataOptions& o) {
      o.vocabulary = vocabulary;
      o.vocabulary_size = size;
    });
  };
  CHECK(contains(sized("bpe", 0), "data.vocabulary_size: is 0"));
  CHECK(contains(sized("bpe", 257), "at least 258"));
  CHECK(sized("bpe", 258).empty());
  CHECK(contains(sized("word", 1), "data.vocabulary_size: is 1"));
  CHECK(sized("word", 2).empty());
  CHECK(contains(sized("byte", 256), "leave it 0"));
  CHECK(contains(sized("char", 100), "leave it 0"));
}

TEST_CASE("Data options are read by name and refuse what is not offered", "[data]") {
  DataOptions options;
  OptionSet set;
  options.declare(set);
  set.read_command_line({"--data.corpus", "text", "--data.train=x", "--data.documents", "joined"});
  CHECK(options.corpus == "text");
  CHECK(options.train == "x");
  CHECK(options.documents == "joined");
  const auto refused = [&](const std::string& argument) {
    return user_error_text([&] { set.read_command_line({argument}); });
  };
  CHECK(contains(refused("--data.vocabulary=wrod"), "word"));
  CHECK(contains(refused("--data.corpus=books"), "data.corpus"));
  CHECK(contains(refused("--data.documents=apart"), "data.documents"));
  CHECK(contains(refused("--data.vocabulary_size=-1"), "data.vocabulary_size"));
}

}  // namespace lengthwise
