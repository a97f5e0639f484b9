#include <fmt/format.h>

#include "app/command.h"
#include "base/error.h"
#include "data/dataset.h"

namespace lengthwise {

int run_generate(const Words& arguments) {
  Config config;
  const Words folders = read_options(config, arguments);
  if (folders.size() != 1) fail("generate: names {} folders; it takes one", folders.size());
  const Dataset dataset = open_dataset(DataOptions{});
  const fs::path folder = folders[0];
  make_folder(folder);
  for (const char* split : {"train", "valid", "test"}) {
    const fs::path path = folder / (std::string(split) + ".safetensors");
    if (fs::exists(path)) fail("{}: exists; choose another folder", path.string());
    dataset.split(split).save(path);
    fmt::print("{}: {} tokens in {} documents\n", path.string(), dataset.split(split).size(),
               dataset.split(split).documents().size());
  }
  return 0;
}

}  // namespace lengthwise
