#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "report/figures/chart.h"

namespace lengthwise {

/// What a page says, apart from how it looks. All text is plain; rendering escapes it.
struct PageCell {
  std::string text;
  bool strong = false;
};

/// The first column holds names, the others numbers (to the right) unless `of_words`.
struct PageTable {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<std::vector<PageCell>> rows;
  std::vector<std::string> notes;
  bool of_words = false;
};

struct PageKeyValues {
  std::vector<std::pair<std::string, std::string>> entries;
};

/// Shown as it stands: a command, a file.
struct PageCode {
  std::string text;
};

using PagePart = std::variant<PageTable, PageKeyValues, PageCode, LineChart, HeatMap>;

/// Parts behind a line that opens them.
struct PageFold {
  std::string summary;
  std::vector<PagePart> parts;
};

struct PageSection {
  std::string title;
  std::vector<PagePart> parts;
  std::vector<PageFold> folds;  // below the parts
};

struct Page {
  std::string title;
  std::string lead;  // a sentence or two below the title
  std::vector<PageSection> sections;
  std::string footer;
};

/// One HTML file that needs no other and no network. Every view of every figure is in it as SVG
/// (page/view_drawings.h); without JavaScript the first of each figure shows, with it buttons
/// choose views, axes and curves, and the pointer and the arrow keys read values. Charts without a
/// point are left out.
std::string render_page(const Page& page);

}  // namespace lengthwise
