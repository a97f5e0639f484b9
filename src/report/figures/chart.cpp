#include "report/figures/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lengthwise {
namespace {

// Neighbours differ most; the first is what most lines have.
constexpr std::array<const char*, Look::kDashes> kDashes = {
    "", "8 4", "2 3", "10 3 2 3", "16 4", "4 6", "6 2 2 2 2 2", "16 4 2 4 2 4", "12 10", "1 6"};
constexpr std::array<const char*, Look::kMarkers> kMarkers = {
    "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0z",                          // circle
    "M-.9 -.9h1.8v1.8h-1.8z",                                       // square
    "M0 -1.2L1.1 .8H-1.1z",                                         // triangle
    "M0 1.2L1.1 -.8H-1.1z",                                         // triangle on its tip
    "M0 -1.3L1.3 0L0 1.3L-1.3 0z",                                  // diamond
    "M0 -1.15L1.09 -.36L.68 .93H-.68L-1.09 -.36z",                  // pentagon
    "M-.4 -1.2h.8v.8h.8v.8h-.8v.8h-.8v-.8h-.8v-.8h.8z",             // plus
    "M-1.2 0L.8 -1.1V1.1z",                                         // triangle to the left
    "M1.2 0L-.8 -1.1V1.1z",                                         // triangle to the right
    "M-1.1 -1.1L0 -.4L1.1 -1.1L.4 0L1.1 1.1L0 .4L-1.1 1.1L-.4 0z",  // star of four
};

}  // namespace

std::string dash_text(const Look& look) {
  return kDashes[static_cast<size_t>(look.dash)];
}

std::string marker_path(const Look& look) {
  return look.marker == Look::kNoMarker ? "" : kMarkers[static_cast<size_t>(look.marker)];
}

bool LineChart::has_points() const {
  for (const View& view : views) {
    for (const Series& series : view.series) {
      if (std::ranges::any_of(series.y, [](double y) { return std::isfinite(y); })) return true;
    }
  }
  return false;
}

}  // namespace lengthwise
