#include "report/curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "report/gnuplot.h"
#include "report/table.h"

namespace lengthwise {
namespace {

// Okabe and Ito (2008), told apart with any colour vision. Black is the ideal reader's; their
// yellow is last and darkened, too pale for a line on white.
constexpr std::array kColours = {"#7F7F7F", "#E69F00", "#56B4E9", "#009E73",
                                 "#D55E00", "#0072B2", "#CC79A7", "#C9B800"};
// gnuplot's filled circle, square, triangle, inverted triangle, diamond, pentagon: in grey print
// too.
constexpr std::array kPoints = {7, 5, 9, 11, 13, 15};
constexpr std::array kDashes = {"solid", "(7,4)", "(3,3)", "(9,3,3,3)"};  // one a train length

constexpr double kShownMultiple = 4;
constexpr double kDrawable = 1e30;  // perplexities beyond it leave the plot as well from here
constexpr double kWidth = 760, kLeastHeight = 470;     // pixels of the SVG
constexpr double kLeft = 64, kTop = 80, kBottom = 82;  // margins
constexpr double kCharacter = 6.6;                     // mean width of one at the labels' size

/// What depends on how much there is to say, in pixels.
struct Layout {
  double height, right_margin;
};

struct Point {
  double length, mean, least, greatest;  // perplexities over seeds
};

struct Series {
  std::string name, colour, label, style;
  std::vector<Point> points;
  bool band = false;
};

std::string colour_of(int64_t scheme_order) {
  return kColours[static_cast<size_t>(scheme_order) % kColours.size()];
}

std::set<int64_t> train_lengths(const Comparison& comparison) {
  std::set<int64_t> lengths;
  for (const Row& row : comparison.rows) lengths.insert(row.train_length);
  return lengths;
}

std::string label_of(const Row& row, bool with_train_length) {
  std::string label = row.label();
  if (with_train_length) label += fmt::format(", train {}", row.train_length);
  for (const Cell& cell : row.cells) {
    if (cell.measured() || !cell.beyond_max_length) continue;
    return label + fmt::format(" (limit {})", *cell.beyond_max_length);
  }
  return label;
}

/// Variants of one run share its colour and differ in their points.
std::string style_of(const Comparison& comparison, size_t index, const std::set<int64_t>& lengths) {
  const Row& row = comparison.rows[index];
  const auto before = std::ranges::count_if(
      comparison.rows.begin(), comparison.rows.begin() + static_cast<std::ptrdiff_t>(index),
      [&](const Row& other) {
        return other.scheme == row.scheme && other.train_length == row.train_length;
      });
  const auto place =
      static_cast<size_t>(std::distance(lengths.begin(), lengths.find(row.train_length)));
  // A point alone has no line to find it by and may lie under others.
  const bool alone = std::ranges::count_if(row.cells, &Cell::measured) == 1;
  return fmt::format("with linespoints lw 2 dt {} pt {} ps {} lc rgb '{}'",
                     kDashes[place % kDashes.size()],
                     kPoints[static_cast<size_t>(row.scheme_order + before) % kPoints.size()],
                     alone ? 1.2 : 0.7, colour_of(row.scheme_order));
}

Series series_of(const Comparison& comparison, size_t index) {
  const Row& row = comparison.rows[index];
  const std::set<int64_t> lengths = train_lengths(comparison);
  Series series{fmt::format("$row{}", index),
                colour_of(row.scheme_order),
                label_of(row, lengths.size() > 1),
                style_of(comparison, index, lengths),
                {}};
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const Cell& cell = row.cells[i];
    if (!cell.measured()) continue;
    series.points.push_back({static_cast<double>(comparison.eval_lengths[i]),
                             std::min(cell.mean_perplexity(), kDrawable),
                             std::min(cell.least_perplexity(), kDrawable),
                             std::min(cell.greatest_perplexity(), kDrawable)});
    series.band = series.band || cell.nats_per_token.size() > 1;
  }
  return series;
}

Series ideal_series(const Comparison& comparison) {
  Series series{
      "$ideal", "black", "ideal reader (exact)", "with lines lw 2 dt (7,5) lc rgb 'black'", {}};
  for (size_t i = 0; i < comparison.eval_lengths.size(); ++i) {
    if (!comparison.ideal_nats[i]) continue;
    const double perplexity = std::exp(*comparison.ideal_nats[i]);
    series.points.push_back(
        {static_cast<double>(comparison.eval_lengths[i]), perplexity, perplexity, perplexity});
  }
  return series;
}

/// Every line of the plot, in the order of the table. A row without a number is in the legend too.
std::vector<Series> all_series(const Comparison& comparison) {
  std::vector<Series> all;
  for (size_t i = 0; i < comparison.rows.size(); ++i) all.push_back(series_of(comparison, i));
  if (comparison.has_ideal()) all.push_back(ideal_series(comparison));
  return all;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// A row's perplexity at its train length, or at the measured length nearest to it.
std::optional<double> perplexity_at_train_length(const Row& row, const Comparison& comparison) {
  std::optional<double> perplexity;
  double nearest = 0;
  for (size_t i = 0; i < row.cells.size(); ++i) {
    if (!row.cells[i].measured()) continue;
    const double octaves = std::abs(std::log2(static_cast<double>(comparison.eval_lengths[i]) /
                                              static_cast<double>(row.train_length)));
    if (perplexity && octaves >= nearest) continue;
    nearest = octaves;
    perplexity = row.cells[i].mean_perplexity();
  }
  return perplexity;
}

/// Through decimal text, so that 3.8 is the very number written 3.8.
double round_to_digits(double value, int digits) {
  return *parse_real(fmt::format("{:.{}g}", value, digits));
}

/// The lengths that get a label: those too near to the one before keep only their tick.
std::string length_ticks(const std::vector<int64_t>& lengths, double pixels_per_octave) {
  std::string ticks;
  double last_end = -1e9;
  for (const int64_t length : lengths) {
    const std::string text = fmt::format("{}", length);
    const double half = static_cast<double>(text.size()) * kCharacter / 2 + 4;
    const double at = std::log2(static_cast<double>(length)) * pixels_per_octave;
    const bool fits = at - half > last_end;
    if (fits) last_end = at + half;
    ticks += fmt::format("{}'{}' {}", ticks.empty() ? "" : ", ", fits ? text : "", length);
  }
  return ticks;
}

std::string perplexity_ticks(const PerplexityRange& range) {
  std::string ticks;
  for (const double tick : logarithmic_ticks(range.least, range.most)) {
    ticks += fmt::format("{0}'{1:.6g}' {1:.6g}", ticks.empty() ? "" : ", ", tick);
  }
  return ticks;
}

/// "Leaving the plot: none (34.10 at 2048), rotary (45.12 at 2048)" in lines that fit under the
/// plot.
std::vector<std::string> off_scale_lines(const Comparison& comparison,
                                         const PerplexityRange& range) {
  constexpr size_t kMost = 112;  // characters in a line
  std::vector<std::string> lines;
  const bool several = train_lengths(comparison).size() > 1;
  for (const Row& row : comparison.rows) {
    double worst = range.most;
    std::string text;
    for (size_t i = 0; i < row.cells.size(); ++i) {
      if (!row.cells[i].measured() || row.cells[i].mean_perplexity() <= worst) continue;
      worst = row.cells[i].mean_perplexity();
      text = fmt::format("{}{} ({} at {})", row.label(),
                         several ? fmt::format(", train {}", row.train_length) : "",
                         format_perplexity(worst), comparison.eval_lengths[i]);
    }
    if (text.empty()) continue;
    if (lines.empty()) {
      lines.push_back("Leaving the plot: " + text);
    } else if (lines.back().size() + text.size() + 2 <= kMost) {
      lines.back() += "; " + text;
    } else if (lines.size() == 1) {
      lines.back() += ";";
      lines.push_back(text);
    } else {  // there is room for two lines
      lines.back() += "; …";
      break;
    }
  }
  return lines;
}

/// Text at pixels from the left and top edges.
std::string text_at(const Layout& layout, double x, double y, std::string_view text,
                    std::string_view style) {
  return fmt::format("set label {} at screen {:.4f},{:.4f} left {}\n", gnuplot_quoted(text),
                     x / kWidth, 1 - y / layout.height, style);
}

/// The legend's rows decide the height, its longest label the right margin.
Layout layout_of(const std::vector<Series>& all) {
  size_t longest = 0;
  for (const Series& series : all) longest = std::max(longest, series.label.size());
  const double legend = 22 * static_cast<double>(all.size());
  return {std::max(kLeastHeight, kTop + legend + kBottom),
          static_cast<double>(longest) * kCharacter + 70};
}

std::string subtitle(const Comparison& comparison) {
  std::string text = fmt::format("{}, {} scored tokens", describe(comparison.measurement),
                                 format_count(comparison.tokens));
  const auto [fewest, most] = std::ranges::minmax(comparison.rows, {}, &Row::seeds);
  if (most.seeds == 1) return text;
  const std::string seeds = fewest.seeds == most.seeds
                                ? fmt::format("{}", most.seeds)
                                : fmt::format("{} to {}", fewest.seeds, most.seeds);
  return text + fmt::format("; mean of {} seeds, shaded from min to max", seeds);
}

std::string train_length_marks(const Comparison& comparison) {
  const std::set<int64_t> lengths = train_lengths(comparison);
  std::string script;
  for (const int64_t length : lengths) {
    script += fmt::format(
        "set arrow from {0}, graph 0 to {0}, graph 1 nohead back lw 1 dt (5,4) lc rgb '#666666'\n"
        "set label '{1} {0}' at {0}, graph 1.035 center font ',10' tc rgb '#555555'\n",
        length, lengths.size() > 1 ? "train" : "trained at");
  }
  return script;
}

std::string axes(const Comparison& comparison, const PerplexityRange& range, const Layout& layout) {
  const auto lengths = train_lengths(comparison);
  const double least =
      static_cast<double>(std::min(comparison.eval_lengths.front(), *lengths.begin()));
  const double most =
      static_cast<double>(std::max(comparison.eval_lengths.back(), *lengths.rbegin()));
  const double room = 0.05 * std::max(1.0, std::log2(most / least));  // octaves at either side
  const double octaves = std::log2(most / least) + 2 * room;
  return fmt::format(
      "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
      "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n"
      "set logscale x 2\nset logscale y 10\n"
      "set xrange [{:.6g}:{:.6g}]\nset yrange [{:.9g}:{:.9g}]\n"
      "set xtics nomirror out scale 0.6 ({})\nset ytics nomirror out scale 0.6 ({})\n"
      "set border 3 lw 1 lc rgb '#444444'\n"
      "set grid ytics back lt 1 lw 0.75 dt solid lc rgb '#D8D8D8'\n"
      "set xlabel 'evaluation length (tokens)' offset 0,0.2\n"
      "set label 'perplexity' at screen 0.027,{:.4f} center rotate\n",
      kLeft / kWidth, 1 - layout.right_margin / kWidth, 1 - kTop / layout.height,
      kBottom / layout.height, least * std::exp2(-room), most * std::exp2(room), range.least,
      range.most,
      length_ticks(comparison.eval_lengths, (kWidth - kLeft - layout.right_margin) / octaves),
      perplexity_ticks(range), (kBottom + layout.height - kTop) / 2 / layout.height);
}

/// The band cut off at the top of the plot; gnuplot's own clipping of areas spills. Between points
/// the plot is straight in the logarithms.
std::vector<Point> clipped_band(const std::vector<Point>& points, double most) {
  std::vector<Point> band;
  const auto between = [](double a, double b, double t) { return a * std::pow(b / a, t); };
  const auto add = [&](double length, double least, double greatest) {
    band.push_back({length, 0, std::min(least, most), std::min(greatest, most)});
  };
  for (size_t i = 0; i < points.size(); ++i) {
    const Point& to = points[i];
    if (i > 0) {
      const Point& from = points[i - 1];
      std::set<double> crossings;
      for (const auto edge : {&Point::least, &Point::greatest}) {
        if ((from.*edge < most) == (to.*edge < most)) continue;
        crossings.insert(std::log(most / from.*edge) / std::log(to.*edge / from.*edge));
      }
      for (const double t : crossings) {
        add(between(from.length, to.length, t), between(from.least, to.least, t),
            between(from.greatest, to.greatest, t));
      }
    }
    add(to.length, to.least, to.greatest);
  }
  return band;
}

std::string data_blocks(const std::vector<Series>& all, double most) {
  std::string script;
  for (const Series& series : all) {
    script += series.name + " << END\n";
    for (const Point& point : series.points) {
      script += fmt::format("{:.0f} {:.9g}\n", point.length, point.mean);
    }
    // A row beyond its limit everywhere still has its place in the legend.
    if (series.points.empty()) script += "NaN NaN\n";
    script += "END\n";
    if (!series.band) continue;
    script += series.name + "_band << END\n";
    for (const Point& point : clipped_band(series.points, most)) {
      script += fmt::format("{:.9g} {:.9g} {:.9g}\n", point.length, point.least, point.greatest);
    }
    script += "END\n";
  }
  return script;
}

std::string plot_command(const std::vector<Series>& all) {
  std::string script;
  const auto add = [&](const std::string& element) {
    script += (script.empty() ? "plot " : ", \\\n     ") + element;
  };
  for (const Series& series : all) {
    if (!series.band) continue;
    add(
        fmt::format("{}_band using 1:2:3 with filledcurves fs transparent solid 0.2 noborder "
                    "fc rgb '{}' notitle",
                    series.name, series.colour));
  }
  for (const Series& series : all) {
    add(fmt::format("{} using 1:2 {} title {}", series.name, series.style,
                    gnuplot_quoted(series.label)));
  }
  return script + "\n";
}

/// Everything but the terminal.
std::string plot_script(const Comparison& comparison, const std::vector<Series>& all,
                        const Layout& layout) {
  const PerplexityRange range = shown_range(comparison);
  std::string script = "set encoding utf8\n";
  script += axes(comparison, range, layout);
  script += "set key at graph 1.02, graph 1 left top Left reverse samplen 3 spacing 1.35\n";
  script += train_length_marks(comparison);
  script += text_at(layout, 14, 22, "Perplexity by evaluation length on " + comparison.corpus,
                    "font ',14'");
  script += text_at(layout, 14, 41, subtitle(comparison), "font ',10' tc rgb '#555555'");
  double y = layout.height - 22;
  for (const std::string& line : off_scale_lines(comparison, range)) {
    script += text_at(layout, 14, y, line, "font ',9' tc rgb '#555555'");
    y += 13;
  }
  return script + data_blocks(all, range.most) + plot_command(all);
}

}  // namespace

PerplexityRange shown_range(const Comparison& comparison) {
  std::vector<double> shown, usual;
  for (const Row& row : comparison.rows) {
    if (const auto at = perplexity_at_train_length(row, comparison)) usual.push_back(*at);
    for (const Cell& cell : row.cells) {
      if (!cell.measured()) continue;
      shown.push_back(cell.least_perplexity());
      shown.push_back(cell.greatest_perplexity());
    }
  }
  if (shown.empty()) fail("compare: nothing to draw: no run was measured at any length");
  for (const auto& nats : comparison.ideal_nats) {
    if (nats) shown.push_back(std::exp(*nats));
  }
  const double least = std::ranges::min(shown);
  const double greatest = std::ranges::max(shown);
  const double cap = std::max(kShownMultiple * median(usual), least * kShownMultiple);
  const bool capped = !(greatest <= cap);
  const double most = capped ? round_to_digits(cap, 2) : greatest;
  const double room = std::max(0.01, 0.05 * std::log(most / least));
  return {least * std::exp(-room), capped ? most : most * std::exp(room), capped};
}

std::vector<double> logarithmic_ticks(double least, double most) {
  const auto within = [&](double tick) { return tick >= least && tick <= most; };
  std::vector<double> ticks;
  if (most / least < 3) {  // a nearly even axis: multiples of one step
    const double rough = (most - least) / 9;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    double step = 10 * power;
    for (const double digit : {5.0, 2.0, 1.0}) {
      if (digit * power >= rough) step = digit * power;
    }
    for (double k = std::ceil(least / step); within(k * step); ++k) {
      ticks.push_back(round_to_digits(k * step, 12));
    }
    return ticks;
  }
  const std::vector<std::vector<double>> finest_first = {{1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9},
                                                         {1, 1.5, 2, 3, 4, 5, 7},
                                                         {1, 2, 3, 5, 7},
                                                         {1, 2, 5},
                                                         {1, 3},
                                                         {1}};
  for (const auto& digits : finest_first) {
    ticks.clear();
    for (double exponent = std::floor(std::log10(least)); std::pow(10, exponent) <= most;
         ++exponent) {
      for (const double digit : digits) {
        const double tick = round_to_digits(digit * std::pow(10, exponent), 2);
        if (within(tick)) ticks.push_back(tick);
      }
    }
    if (ticks.size() <= 9) break;
  }
  return ticks;
}

void write_curves(const Comparison& comparison, const fs::path& folder) {
  const std::vector<Series> all = all_series(comparison);
  const Layout layout = layout_of(all);
  const std::string script = plot_script(comparison, all, layout);
  const std::string svg = fmt::format(
      "set terminal svg noenhanced size {},{} font 'Helvetica,Arial,sans-serif,11' "
      "background 'white'\n",
      kWidth, layout.height);
  const std::string png = fmt::format(
      "set terminal pngcairo noenhanced size {},{} font 'sans,11' fontscale 1.5 linewidth 2 "
      "pointscale 2 background 'white'\n",
      2 * kWidth, 2 * layout.height);
  make_folder(folder);
  write_file(folder / "curve.svg", run_gnuplot(svg + script));
  write_file(folder / "curve.png", run_gnuplot(png + script));
}

}  // namespace lengthwise
