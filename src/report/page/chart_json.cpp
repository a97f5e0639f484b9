#include "report/page/chart_json.h"

#include <nlohmann/json.hpp>

#include "report/figures/svg_legend.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Scale scale) {
  return scale == Scale::linear ? "linear" : "logarithmic";
}

Json json_of(const Series& series) {
  Json json = {{"label", series.label},
               {"colour", colour_class(series.look)},
               {"dash", dash_text(series.look)},
               {"marker", marker_path(series.look)},
               {"x", series.x},
               {"y", series.y}};
  if (!series.low.empty()) json.update({{"low", series.low}, {"high", series.high}});
  if (series.aside) json["aside"] = true;
  return json;
}

Json json_of(const View& view) {
  Json json = {{"name", view.name},
               {"y_label", view.y_label},
               {"y_scale", name_of(view.y_scale)},
               {"y_most", view.y_most ? Json(*view.y_most) : Json(nullptr)},
               {"series", Json::array()}};
  for (const Series& series : view.series) json["series"].push_back(json_of(series));
  return json;
}

}  // namespace

std::string chart_json(const LineChart& chart) {
  Json json = {{"x_label", chart.x_label}, {"x_scale", name_of(chart.x_scale)},
               {"x_ticks", chart.x_ticks}, {"x_tick_names", chart.x_tick_names},
               {"marks", Json::array()},   {"views", Json::array()}};
  for (const VerticalMark& mark : chart.marks) {
    json["marks"].push_back({{"x", mark.x}, {"label", mark.label}});
  }
  for (const View& view : chart.views) json["views"].push_back(json_of(view));

  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    text += c == '<' ? "\\u003c" : std::string(1, c);
  }
  return text;
}

}  // namespace lengthwise
