#include "data/text/tokenizer_json_vocabulary.h"

#include "base/error.h"

namespace lengthwise {

std::unique_ptr<Vocabulary> load_tokenizer_json_vocabulary(const fs::path& folder) {
  fail(
      "{}: this program does not run a tokenizer.json; write the text's tokens with "
      "`scripts/tokenize {} TEXT FOLDER` and name that FOLDER in data.folder",
      (folder / kTokenizerJsonFile).string(), (folder / kTokenizerJsonFile).string());
}

}  // namespace lengthwise
