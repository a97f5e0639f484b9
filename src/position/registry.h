#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "position/scheme_entry.h"

namespace lengthwise {

struct OneOf;

/// Every scheme, in the order of `lengthwise schemes`, of error lines, tables and legends. Runs
/// keep a scheme's name, never its place.
std::span<const std::reference_wrapper<const SchemeEntry>> scheme_entries();
/// UserError where there is none of this name.
const SchemeEntry& scheme_entry(std::string_view name);
std::vector<std::string> scheme_names();
/// What an option that names schemes takes: their names, `except` left out.
OneOf scheme_choice(std::string_view except = {});

/// Whether a model trained with one scheme can be measured under another: they are of one family,
/// or the positions are dropped. UserError says what it can take.
void check_test_time_scheme(const std::string& trained, const std::string& measured);

std::shared_ptr<PositionScheme> make_scheme(const PositionOptions& options,
                                            const ModelShape& shape);

}  // namespace lengthwise
