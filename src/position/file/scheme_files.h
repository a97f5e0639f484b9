#pragma once

#include <memory>
#include <string>

#include "position/file/scheme_program.h"

namespace lengthwise {

/// Scheme files as they were when this process first read them: a run does not change because a
/// file does. UserError as of read_scheme_source and SchemeProgram.
const SchemeSource& scheme_source(const std::string& path);
std::shared_ptr<const SchemeProgram> scheme_program(const std::string& path);

}  // namespace lengthwise
