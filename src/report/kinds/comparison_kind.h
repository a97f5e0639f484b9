#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/comparison/comparison.h"
#include "report/page/page.h"

namespace lengthwise {

/// Files of a results folder by name.
using ResultFiles = std::map<std::string, std::string>;

/// What is particular to comparisons of perplexity on text and to those of accuracy on a task: what
/// is computed from the stored values, and how it is told. All else is shared.
class ComparisonKind {
 public:
  virtual ~ComparisonKind() = default;

  /// Adds what the runs' stored values say; `published` are files of published numbers.
  virtual void complete(Comparison& comparison,
                        const std::vector<std::string>& published) const = 0;

  /// What every number is.
  virtual std::string title_line(const Comparison& comparison) const = 0;
  virtual std::string terminal_text(const Comparison& comparison) const = 0;
  /// Tables, and the figure where it is among the files that are written.
  virtual std::string markdown_text(const Comparison& comparison,
                                    const ResultFiles& files) const = 0;
  /// The first sections of the page.
  virtual std::vector<PageSection> sections(const Comparison& comparison) const = 0;
  /// Adds tables and figures; -> what had to be left out, with what would mend it, or nothing.
  virtual std::string add_files(ResultFiles& files, const Comparison& comparison) const = 0;
};

/// The one place that asks which kind it is.
const ComparisonKind& kind_of(const Comparison& comparison);

/// The runs on the measurement that is asked for, with all that their stored values say.
Comparison full_comparison(const std::vector<RunRecord>& runs, const ComparisonRequest& request,
                           const std::vector<std::string>& published);

// The kinds.
const ComparisonKind& text_kind();
const ComparisonKind& task_kind();

/// The table of a kind for the page.
struct TableCell;
PageTable main_table(const std::string& caption, const std::vector<std::vector<TableCell>>& cells,
                     const std::vector<std::string>& explanations, const Comparison& comparison);

}  // namespace lengthwise
