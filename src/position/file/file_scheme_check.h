#pragma once

#include "position/file/file_scheme.h"

namespace lengthwise {

/// Holds a file's functions, before anything is written, against what training and measuring rest
/// on; UserError names the function's line. What they return is finite, of the right shape and no
/// different with what comes later in the text, nor with how attention cuts its blocks; gradients
/// reach every parameter and are finite. `lengthwise scheme check` asks more.
void check_file_scheme(const FileScheme& scheme, const ModelShape& shape);

}  // namespace lengthwise
