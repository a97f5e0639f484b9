#pragma once

#include <string>
#include <vector>

#include "report/records/records.h"

namespace lengthwise {

/// For each run the shortest end of its folder's path that no other folder has:
/// "alibi-L64-seed1", or "grid/alibi-L64-seed1" where another grid has such a run.
std::vector<std::string> folder_names(const std::vector<RunRecord>& runs);

}  // namespace lengthwise
