#pragma once

#include <string>
#include <vector>

#include "base/files.h"
#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// Adds the numbers of a file like results/published/press2021.csv that were measured as the
/// comparison was: the same data set (known by `datasets.csv` beside the file: the number of
/// training tokens and of scored ones), split, protocol and stride, at one of its train and eval
/// lengths. Where there are none, never those of other data, but a note that says why. UserError
/// for a file that is missing or is no such table.
void add_published(TextComparison& comparison, const fs::path& csv);

/// Our mean loss less the published one in nats a token; empty where either is not there, or where
/// no row is of that scheme and train length.
std::vector<std::optional<double>> gap_to_published(const TextComparison& comparison,
                                                    const PublishedRow& published);

/// The published rows below each other, and below each our loss less theirs; empty where there are
/// none. TextGrid: base/text_grid.h.
std::vector<std::vector<std::string>> published_grid(const TextComparison& comparison);
/// A line a number.
std::string published_csv(const TextComparison& comparison);

}  // namespace lengthwise
