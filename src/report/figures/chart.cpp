#include "report/figures/chart.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace lengthwise {
namespace {

constexpr size_t kColours = 8;  // in assets/chart.css
// Each round through the palette begins elsewhere, so that the schemes most often compared (rotary
// 4, alibi 12, t5_bias 15, kerple_log 16) differ in colour.
constexpr std::array<size_t, 3> kColourShifts = {0, 7, 5};
// Neighbours differ most; the first is what most lines have.
constexpr std::array kDashes = {"", "8 4", "2 3", "10 3 2 3", "16 4", "6 2 2 2 2 2", "4 6"};
constexpr size_t kDashesAPlace = 3;  // schemes of one colour: 24 schemes over 8 colours
constexpr std::array kMarkers = {
    "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0z",          // circle
    "M-.9 -.9h1.8v1.8h-1.8z",                       // square
    "M0 -1.2L1.1 .8H-1.1z",                         // triangle
    "M0 1.2L1.1 -.8H-1.1z",                         // triangle on its tip
    "M0 -1.3L1.3 0L0 1.3L-1.3 0z",                  // diamond
    "M0 -1.15L1.09 -.36L.68 .93H-.68L-1.09 -.36z",  // pentagon
};

}  // namespace

Look scheme_look(int64_t scheme_order, size_t place) {
  const auto order = static_cast<size_t>(scheme_order);
  const size_t round = order / kColours;
  return {static_cast<int>((order + kColourShifts[round % kColourShifts.size()]) % kColours),
          static_cast<int>((order + round) % kMarkers.size()),
          static_cast<int>((round + kDashesAPlace * place) % kDashes.size())};
}

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
