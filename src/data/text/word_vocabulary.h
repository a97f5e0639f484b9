#pragma once

#include "data/text/vocabulary.h"

namespace lengthwise {

/// Words as the word-level language-modelling corpora have them: what ASCII white space separates,
/// with one <eos> at each line's end (a blank line is <eos> alone; a last line without a newline
/// counts as a line). <unk> is 0 and <eos> is 1, then words by falling count in the training text,
/// ties in byte order. A word that is not among them is <unk>; <unk> written in the text is that
/// token. A document that holds unknown words pays for the spelling of every <unk> of it, a written
/// one as the empty spelling; one that holds none pays nothing. `size` > 0 keeps that many tokens.
/// The start token is <eos>, as in Press et al. 2021 (after Baevski and Auli 2019). `decode` writes
/// one space between words, so layout is lost. Text must be UTF-8.
std::unique_ptr<Vocabulary> train_word_vocabulary(const std::vector<fs::path>& documents,
                                                  int64_t size);
std::unique_ptr<Vocabulary> load_word_vocabulary(const fs::path& folder);

/// Words of a text in this sense, without any <eos>.
int64_t count_words(std::string_view text);

}  // namespace lengthwise
