#include "report/figures/svg_legend.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/plain_text.h"
#include "report/figures/markup.h"

namespace lengthwise {
namespace {

constexpr size_t kMostCharacters = 30;  // of a line of a label
constexpr double kCharacter = 6.6, kLineHeight = 14, kEntryGap = 4;
constexpr double kSample = 26, kSampleGap = 7;

double height_of(const LegendEntry& entry) {
  return static_cast<double>(entry.lines.size()) * kLineHeight + kEntryGap;
}

/// The centres of entries that were sorted by where they are wanted: pushed down from above, then
/// up from below.
std::vector<double> spread(const std::vector<LegendEntry>& entries, double top, double bottom) {
  std::vector<double> centres;
  double edge = top - kLineHeight / 2;
  for (const LegendEntry& entry : entries) {
    const double half = height_of(entry) / 2;
    centres.push_back(std::max(entry.wanted.value_or(bottom), edge + half));
    edge = centres.back() + half;
  }
  edge = bottom + kLineHeight / 2;
  for (size_t i = entries.size(); i-- > 0;) {
    const double half = height_of(entries[i]) / 2;
    centres[i] = std::min(centres[i], edge - half);
    edge = centres[i] - half;
  }
  return centres;
}

std::string drawn(const LegendEntry& entry, double left, double centre) {
  std::string svg = fmt::format("<g class=\"entry {}\">\n", colour_class(entry.look));
  svg += fmt::format("<path class=\"line\" {}d=\"M{:.1f} {:.1f}h{}\"/>\n",
                     dash_attribute(entry.look), left, centre, kSample);
  if (const std::string outline = marker_path(entry.look); !outline.empty()) {
    svg += fmt::format(
        "<path class=\"marker\" transform=\"translate({:.1f} {:.1f}) scale(3.2)\" d=\"{}\"/>\n",
        left + kSample / 2, centre, outline);
  }
  double y = centre - static_cast<double>(entry.lines.size() - 1) * kLineHeight / 2 + 4;
  for (const std::string& line : entry.lines) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"name\">{}</text>\n",
                       left + kSample + kSampleGap, y, escaped(line));
    y += kLineHeight;
  }
  return svg + "</g>\n";
}

}  // namespace

LegendEntry legend_entry(const Series& series) {
  return {series.look, wrapped(series.label, kMostCharacters), std::nullopt};
}

double legend_width(const std::vector<LegendEntry>& entries) {
  size_t longest = 0;
  for (const LegendEntry& entry : entries) {
    for (const std::string& line : entry.lines) longest = std::max(longest, character_count(line));
  }
  return kSample + kSampleGap + static_cast<double>(longest) * kCharacter + 6;
}

double legend_height(const std::vector<LegendEntry>& entries) {
  double height = 0;
  for (const LegendEntry& entry : entries) height += height_of(entry);
  return std::max(0.0, height - kLineHeight);  // half a line stands out at either end
}

std::string svg_legend(std::vector<LegendEntry> entries, double left, double top, double bottom) {
  std::ranges::stable_sort(entries, {}, [&](const LegendEntry& entry) {
    return entry.wanted.value_or(bottom + 1);  // those wanted nowhere last
  });
  const std::vector<double> centres = spread(entries, top, bottom);
  std::string svg = "<g class=\"legend\">\n";
  for (size_t i = 0; i < entries.size(); ++i) svg += drawn(entries[i], left, centres[i]);
  return svg + "</g>\n";
}

std::string colour_class(const Look& look) {
  return look.colour == Look::kInk ? "ink" : fmt::format("c{}", look.colour);
}

std::string dash_attribute(const Look& look) {
  const std::string dash = dash_text(look);
  return dash.empty() ? "" : fmt::format("stroke-dasharray=\"{}\" ", dash);
}

}  // namespace lengthwise
