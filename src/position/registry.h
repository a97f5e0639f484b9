#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/files.h"
#include "position/scheme_entry.h"

namespace lengthwise {

struct OneOf;

/// Every scheme, in the order of `lengthwise schemes`, of error lines, tables and legends. Runs
/// keep a scheme's name, never its place.
std::span<const std::reference_wrapper<const SchemeEntry>> scheme_entries();
/// UserError where there is none of this name. A name that ends with ".py" is a scheme file's
/// (docs/scheme-files.md): they share an entry, and PositionOptions::scheme says which it is.
const SchemeEntry& scheme_entry(std::string_view name);
std::vector<std::string> scheme_names();
/// What an option that names schemes takes: their names, `except` left out.
OneOf scheme_choice(std::string_view except = {});
/// Those, or a scheme file.
OneOf scheme_or_file_choice();

/// What tables, legends and folders call it: a scheme file without its folder and ending.
std::string scheme_name(const std::string& scheme);
std::string scheme_summary(const std::string& scheme);
/// SHA-256 of a scheme file's text, and the text as it was when it was first read; empty where the
/// scheme is built in.
std::string scheme_hash(const std::string& scheme);
std::string scheme_text(const std::string& scheme);
/// Schemes that a config file names: a scheme file stands beside it, or else where the program was
/// started.
std::string schemes_found_from(std::string_view schemes, const fs::path& folder);

/// Whether a model trained with one scheme can be measured under another: they are of one family,
/// or the positions are dropped. UserError says what it can take.
void check_test_time_scheme(const std::string& trained, const std::string& measured);

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape);

}  // namespace lengthwise
