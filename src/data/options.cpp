#include "data/options.h"

#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/options.h"
#include "data/corpora/built_in_corpora.h"
#include "data/tasks/task.h"
#include "data/text/vocabulary.h"

namespace lengthwise {
namespace {

// Below the 256 single bytes, <unk> and one merge there is nothing to train.
constexpr int64_t kSmallestBpe = 258;

void refuse_text_options(const DataOptions& options) {
  const std::pair<const char*, bool> set[] = {
      {"data.train", !options.train.empty()},
      {"data.valid", !options.valid.empty()},
      {"data.test", !options.test.empty()},
      {"data.folder", !options.folder.empty()},
      {"data.vocabulary", options.vocabulary != DataOptions().vocabulary},
      {"data.vocabulary_size", options.vocabulary_size != 0},
  };
  for (const auto& [name, is_set] : set) {
    if (is_set) {
      fail(
          "{}: is set, but data.corpus is {}, which makes its own tokens; set data.corpus = text "
          "or leave {} out",
          name, options.corpus, name);
    }
  }
  // The exact reader's probabilities hold within one document alone.
  if (options.documents == "joined") {
    fail(
        "data.documents: 'joined' does not fit data.corpus {}, whose documents follow laws of "
        "their own; set data.documents = separate",
        options.corpus);
  }
}

void require_text_sources(const DataOptions& options) {
  // An imported model has its vocabulary, and is measured on what `evaluate` names.
  if (!options.train.empty() || vocabulary_kind(options.vocabulary).comes_with_checkpoints) return;
  for (const auto& [name, path] :
       {std::pair{"data.valid", &options.valid}, std::pair{"data.test", &options.test}}) {
    if (!path->empty()) {
      fail(
          "{}: is '{}' while data.train is empty; set data.train too: the vocabulary comes from it",
          name, *path);
    }
  }
  if (options.folder.empty()) {
    fail(
        "data.train: is empty; data.corpus text needs a file or a folder of files there, or a "
        "prepared folder in data.folder");
  }
}

void require_fitting_size(const DataOptions& options) {
  const int64_t size = options.vocabulary_size;
  if (options.vocabulary == "bpe" && size < kSmallestBpe) {
    fail(
        "data.vocabulary_size: is {}; a bpe vocabulary holds at least {} tokens: 256 bytes, <unk> "
        "and one merge",
        size, kSmallestBpe);
  }
  if (options.vocabulary == "word" && size == 1) {
    fail(
        "data.vocabulary_size: is 1; a word vocabulary holds at least <unk> and <eos>, or all "
        "words with 0");
  }
  if ((options.vocabulary == "byte" || options.vocabulary == "char") && size != 0) {
    fail("data.vocabulary_size: is {}; a {} vocabulary takes all there are: leave it 0", size,
         options.vocabulary);
  }
}

std::vector<std::string> corpus_names() {
  std::vector<std::string> names = built_in_corpus_names();
  names.insert(names.end(), {"text", "task"});
  return names;
}

std::string task_names() {
  std::string names;
  for (const Task& task : tasks()) {
    if (!names.empty()) names += ", ";
    names += task.name;
  }
  return names;
}

}  // namespace

void DataOptions::declare(OptionSet& options) {
  options.role(OptionRole::tokens);
  options.add("data.corpus", corpus, "a built-in corpus, text, or a task", OneOf{corpus_names()});
  const auto is_text = [this] { return corpus == "text"; };
  const std::string if_text = "data.corpus = text";
  options.add("data.task", task, "of data.corpus task: " + task_names())
      .read_when([this] { return corpus == "task"; }, "data.corpus = task");
  for (const auto& [name, path, help] :
       {std::tuple{
            "data.train", &train,
            "text to train on: a file, or a folder with one document a file, those that end in "
            ".txt, .text, .tokens or .raw"},
        std::tuple{"data.valid", &valid, "text to choose by, as data.train; may be left out"},
        std::tuple{"data.test", &test, "text to report on, as data.train; may be left out"}}) {
    options.add(name, *path, help).as(OptionRole::text).read_when(is_text, if_text);
  }
  options.add("data.vocabulary", vocabulary, "what a token is", OneOf{vocabulary_names()})
      .read_when(is_text, if_text);
  options
      .add("data.vocabulary_size", vocabulary_size,
           "bpe: tokens to train; word: the most frequent to keep; 0: all", AtLeast<int64_t>{0})
      .read_when(is_text, if_text)
      .read_when([this] { return vocabulary == "bpe" || vocabulary == "word"; },
                 "data.vocabulary = bpe or word");
  options
      .add("data.folder", folder,
           "where the prepared tokens lie; empty: under prepared/, named for text and vocabulary")
      .as(OptionRole::text)
      .read_when(is_text, if_text);
  options
      .add("data.documents", documents,
           "separate: no window crosses a document's end; joined: a split is one stream",
           OneOf{{"separate", "joined"}})
      .read_when(is_text, if_text);
}

void DataOptions::validate() const {
  if (corpus == "task") {
    find_task(task);
  } else if (!task.empty()) {
    fail("data.task: is '{}', but data.corpus is {}; set data.corpus = task or leave it out", task,
         corpus);
  }
  if (corpus != "text") {
    refuse_text_options(*this);
  } else {
    require_text_sources(*this);
    require_fitting_size(*this);
  }
}

}  // namespace lengthwise
