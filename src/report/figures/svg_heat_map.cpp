#include "report/figures/svg_heat_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/plain_text.h"
#include "report/figures/markup.h"

namespace lengthwise {
namespace {

constexpr double kMostWidth = 760, kCellHeight = 24, kMostCellWidth = 52, kLeastCellWidth = 12;
constexpr double kCharacter = 6.6, kTextWidth = 30;  // cells as wide as that carry their value
constexpr double kAxisHeight = 20;

struct Rgb {
  double red, green, blue;
};
// Viridis (Smith and van der Walt, 2015) at 0, 1/4, 1/2, 3/4 and 1.
constexpr std::array<Rgb, 5> kShades = {
    {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};

Rgb shade(double value) {
  const double at = std::clamp(value, 0.0, 1.0) * (kShades.size() - 1);
  const size_t below = std::min(static_cast<size_t>(at), kShades.size() - 2);
  const double part = at - static_cast<double>(below);
  const Rgb &from = kShades[below], &to = kShades[below + 1];
  return {from.red + part * (to.red - from.red), from.green + part * (to.green - from.green),
          from.blue + part * (to.blue - from.blue)};
}

std::string hex(const Rgb& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", std::lround(colour.red), std::lround(colour.green),
                     std::lround(colour.blue));
}

size_t longest(const std::vector<std::string>& labels) {
  size_t most = 0;
  for (const std::string& label : labels) most = std::max(most, character_count(label));
  return most;
}

struct Layout {
  double left, top, cell_width, width, height;
  bool upright;  // column labels that are wider than their cells
};

Layout layout_of(const HeatMap& map) {
  const auto columns = static_cast<double>(map.column_labels.size());
  const size_t widest = std::max(longest(map.row_labels), character_count(map.row_axis));
  const double left = static_cast<double>(widest) * kCharacter + 14;
  const double cell = std::clamp((kMostWidth - left) / columns, kLeastCellWidth, kMostCellWidth);
  const double label = static_cast<double>(longest(map.column_labels)) * kCharacter;
  const bool upright = label + 4 > cell;
  const double top = kAxisHeight + (upright ? label : 14) + 8;
  const double bottom = top + static_cast<double>(map.row_labels.size()) * kCellHeight;
  return {left, top, cell, std::max(left + columns * cell + 8, 340.0), bottom + 46, upright};
}

std::string cell(const HeatMap& map, const Layout& layout, size_t row, size_t column) {
  const double value = map.values[row][column];
  const double x = layout.left + static_cast<double>(column) * layout.cell_width;
  const double y = layout.top + static_cast<double>(row) * kCellHeight;
  const bool known = std::isfinite(value);
  const std::string tooltip =
      fmt::format("{}, {}: {}", map.row_labels[row], map.column_labels[column],
                  known ? fmt::format("{:.4g}", value) : "not measured");
  std::string svg = fmt::format(
      "<g class=\"cell\"><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
      "height=\"{:.1f}\" {}/>",
      escaped(tooltip), x + 0.5, y + 0.5, layout.cell_width - 1, kCellHeight - 1,
      known ? fmt::format("fill=\"{}\"", hex(shade(value))) : "class=\"blank\"");
  if (known && layout.cell_width >= kTextWidth) {
    svg += svg_text(x + layout.cell_width / 2, y + kCellHeight / 2 + 4, "middle",
                    value > 0.6 ? "on-light" : "on-dark", fmt::format("{:.2f}", value));
  }
  return svg + "</g>\n";
}

std::string column_label(const HeatMap& map, const Layout& layout, size_t column) {
  const double x = layout.left + (static_cast<double>(column) + 0.5) * layout.cell_width;
  const double y = layout.top - 7;
  if (!layout.upright) return svg_text(x, y, "middle", "tick", map.column_labels[column]);
  return svg_text(x + 4, y, "start", "tick", map.column_labels[column],
                  fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x + 4, y));
}

/// A strip of shades from 0 to 1.
std::string scale(const Layout& layout, double y) {
  constexpr int kSteps = 40;
  constexpr double kStep = 4;
  std::string svg = svg_text(layout.left - 7, y + 9, "end", "tick", "0");
  for (int i = 0; i < kSteps; ++i) {
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"10\" fill=\"{}\"/>\n",
                       layout.left + i * kStep, y, kStep + 0.5, hex(shade((i + 0.5) / kSteps)));
  }
  return svg + svg_text(layout.left + kSteps * kStep + 7, y + 9, "start", "tick", "1");
}

}  // namespace

std::string svg_heat_map(const HeatMap& map) {
  const Layout layout = layout_of(map);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart heat\" role=\"img\" "
      "aria-label=\"{2}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" height=\"{1:.0f}\">\n",
      layout.width, layout.height, escaped(map.title));
  const double axis_at = 12;
  svg += svg_text(layout.left, axis_at, "start", "label", map.column_axis);
  svg += svg_text(layout.left - 7, axis_at, "end", "label", map.row_axis);
  for (size_t column = 0; column < map.column_labels.size(); ++column) {
    svg += column_label(map, layout, column);
  }
  for (size_t row = 0; row < map.row_labels.size(); ++row) {
    const double y = layout.top + (static_cast<double>(row) + 0.5) * kCellHeight + 4;
    svg += svg_text(layout.left - 7, y, "end", "name", map.row_labels[row]);
    for (size_t column = 0; column < map.column_labels.size(); ++column) {
      svg += cell(map, layout, row, column);
    }
  }
  return svg + scale(layout, layout.height - 26) + "</svg>\n";
}

}  // namespace lengthwise
