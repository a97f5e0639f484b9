#pragma once

#include <string>
#include <vector>

#include "report/records/records.h"

namespace lengthwise {

/// How each run was trained, apart from train length and seed, as rows of tables say it: "alibi",
/// "alibi (model.heads=8)".
std::vector<std::string> trained_labels(const std::vector<RunRecord>& runs);

/// For each run the shortest end of its folder's path that no other folder has:
/// "alibi-L64-seed1", or "grid/alibi-L64-seed1" where another grid has such a run.
std::vector<std::string> folder_names(const std::vector<RunRecord>& runs);

}  // namespace lengthwise
