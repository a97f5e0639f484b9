#include <fmt/format.h>

#include "app/command.h"
#include "base/error.h"
#include "base/folder_mark.h"
#include "base/plain_text.h"
#include "data/corpora/built_in_corpora.h"
#include "data/dataset.h"

namespace lengthwise {
namespace {

constexpr const char* kSplits[] = {"train", "valid", "test"};

}  // namespace

int run_generate(const Words& arguments) {
  Config config;
  const Words folders = read_options(config, arguments).rest;
  if (folders.size() != 1) fail("generate: names {} folders; it takes one", folders.size());
  const fs::path folder = folders[0];
  const auto path_of = [&](const char* split) {
    return folder / (std::string(split) + ".safetensors");
  };
  for (const char* split : kSplits) {
    if (fs::exists(path_of(split)))
      fail("{}: exists; choose another folder", path_of(split).string());
  }
  check_writable_folder("generate", folder);
  if (holds_files(folder)) {
    fail("generate: {} holds files; name a folder that is not there yet, or an empty one",
         folder.string());
  }
  if (find_built_in_corpus(config.data.corpus) == nullptr) {
    fail("data.corpus: is {}; generate writes a built-in corpus: leave it out, or name one",
         config.data.corpus);
  }
  const Dataset dataset = open_dataset(config.data);
  make_folder(folder);
  for (const char* split : kSplits) {
    const fs::path path = path_of(split);
    dataset.split(split).save(path);
    fmt::print("{}: {} tokens in {} documents\n", one_line(path.string()),
               dataset.split(split).size(), dataset.split(split).documents().size());
  }
  return 0;
}

}  // namespace lengthwise
