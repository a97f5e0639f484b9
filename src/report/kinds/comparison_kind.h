#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "report/comparison/task_comparison.h"
#include "report/comparison/text_comparison.h"
#include "report/page/page.h"

namespace lengthwise {

/// Files of a results folder by name.
using ResultFiles = std::map<std::string, std::string>;

/// What is particular to comparisons of perplexity on text and to those of accuracy on a task: how
/// each is told. All else is shared.
class ComparisonKind {
 public:
  virtual ~ComparisonKind() = default;

  /// What every number is.
  virtual std::string title_line() const = 0;
  virtual std::string terminal_text() const = 0;
  /// Tables, and the figure where it is among the files that are written.
  virtual std::string markdown_text(const ResultFiles& files) const = 0;
  /// The first sections of the page.
  virtual std::vector<PageSection> sections() const = 0;
  /// Adds tables and figures; -> what had to be left out, with what would mend it, or nothing.
  virtual std::string add_files(ResultFiles& files) const = 0;
};

/// A comparison of either kind; here alone is asked which.
using AnyComparison = std::variant<TextComparison, TaskComparison>;

const Comparison& shared_part(const AnyComparison& comparison);
/// It refers to the comparison.
std::unique_ptr<const ComparisonKind> kind_of(const AnyComparison& comparison);

/// The runs on the measurement that is asked for, with all that their stored values say and, of a
/// text, the files of published numbers. UserError as compare_runs and these say.
AnyComparison full_comparison(std::vector<RunRecord> runs, const ComparisonRequest& request,
                              const std::vector<std::string>& published);

// The kinds.
std::unique_ptr<const ComparisonKind> make_kind(const TextComparison& comparison);
std::unique_ptr<const ComparisonKind> make_kind(const TaskComparison& comparison);

/// The table of a kind for the page.
struct TableCell;
PageTable main_table(const std::string& caption, const std::vector<std::vector<TableCell>>& cells,
                     const std::vector<std::string>& explanations, const Comparison& comparison);

}  // namespace lengthwise
