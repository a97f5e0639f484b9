#pragma once

#include <map>
#include <set>
#include <string>

#include "report/comparison/comparison.h"
#include "report/figures/chart.h"

namespace lengthwise {

/// The exact reader's line in every figure.
inline constexpr const char* kIdealLabel = "ideal reader (exact)";
inline constexpr Look kIdealLook = {Look::kInk, Look::kNoMarker, 1};

/// What the curves of a comparison are called and how they look, in every figure of it, and which
/// stand aside where there are too many to be read at once: of the rows those are shown that are
/// best at the train length, worst at the longest length and best there, eight in all; of published
/// rows as many as make twelve.
class ComparisonCurves {
 public:
  explicit ComparisonCurves(const Comparison& comparison);

  /// Without points yet. A row may be one as trained of which only variants were measured.
  Series of(const Row& row) const;
  Series of(const PublishedRow& row) const;
  static Series ideal();

  /// Says what stands aside and where to find it; empty where nothing does.
  const std::string& note() const { return note_; }

 private:
  Series named(const std::string& label) const;
  std::string label(const PublishedRow& row) const;

  const Comparison& comparison_;
  std::map<std::string, Look> looks_;  // by label
  std::set<std::string> shown_;        // labels
  bool crowded_ = false;
  std::string note_;
};

}  // namespace lengthwise
