#include <fmt/format.h>

#include "app/command.h"
#include "base/plain_text.h"
#include "data/dataset.h"

namespace lengthwise {
namespace {

void print_split(std::string_view name, const TokenStream& stream) {
  int64_t bytes = 0, words = 0, unknown = 0;
  for (const Document& document : stream.documents()) {
    bytes += document.bytes;
    words += document.words;
    if (document.unknown) unknown += document.unknown->tokens;
  }
  if (stream.size() == 0) return;
  fmt::print("  {:<6}{:>12} tokens {:>12} bytes {:>12} words {:>6} documents", name, stream.size(),
             bytes, words, stream.documents().size());
  if (unknown > 0) {
    fmt::print(" {:>10} <unk> ({:.2f} % of the tokens)", unknown,
               100.0 * static_cast<double>(unknown) / static_cast<double>(stream.size()));
  }
  fmt::print("\n");
}

}  // namespace

int run_prepare(const Words& arguments) {
  Config config;
  read_files_and_options(config, arguments);
  config.data.validate();
  const Dataset dataset = open_dataset(config.data);
  fmt::print("{}: {} types, SHA-256 {}\n", one_line(dataset.name), dataset.vocabulary_size,
             dataset.hash);
  print_split("train", dataset.train);
  print_split("valid", dataset.valid);
  print_split("test", dataset.test);
  return 0;
}

}  // namespace lengthwise
