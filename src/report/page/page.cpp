#include "report/page/page.h"

#include <fmt/format.h>

#include <map>

#include "report/assets/assets.h"
#include "report/figures/markup.h"
#include "report/figures/svg_heat_map.h"
#include "report/page/line_figure.h"

namespace lengthwise {
namespace {

std::string paragraph(std::string_view css, const std::string& text) {
  if (text.empty()) return {};
  return fmt::format("<p class=\"{}\">{}</p>\n", css, escaped(text));
}

std::string caption_of(const std::string& title, const std::string& subtitle,
                       const std::vector<std::string>& notes) {
  std::string html =
      fmt::format("<figcaption><strong>{}</strong> {}", escaped(title), escaped(subtitle));
  for (const std::string& note : notes) {
    html += fmt::format("<br><span class=\"note\">{}</span>", escaped(note));
  }
  return html + "</figcaption>\n";
}

std::string row_of(const std::vector<PageCell>& row) {
  std::string html = "<tr>";
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string text = escaped(row[i].text);
    if (i == 0) {
      html += fmt::format("<th scope=\"row\">{}</th>", text);
    } else {
      html += row[i].strong ? fmt::format("<td><strong>{}</strong></td>", text)
                            : fmt::format("<td>{}</td>", text);
    }
  }
  return html + "</tr>\n";
}

/// The wrapper scrolls where the table is wider than the screen; it takes the focus so that keys
/// can scroll it.
std::string html_of(const PageTable& table, RowNumbers&) {
  std::string html = fmt::format(
      "<p class=\"caption\">{0}</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
      "aria-label=\"{0}\">\n<table aria-label=\"{0}\"{1}>\n<thead><tr>",
      escaped(table.caption), table.of_words ? " class=\"words\"" : "");
  for (const std::string& column : table.columns) {
    html += fmt::format("<th scope=\"col\">{}</th>", escaped(column));
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) html += row_of(row);
  html += "</tbody>\n</table>\n</div>\n";
  for (const std::string& note : table.notes) html += paragraph("note", note);
  return html;
}

std::string html_of(const PageKeyValues& values, RowNumbers&) {
  std::string html = "<dl>\n";
  for (const auto& [key, value] : values.entries) {
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(key), escaped(value));
  }
  return html + "</dl>\n";
}

std::string html_of(const PageCode& code, RowNumbers&) {
  return fmt::format("<pre tabindex=\"0\"><code>{}</code></pre>\n", escaped(code.text));
}

std::string html_of(const LineChart& chart, RowNumbers& row_numbers) {
  if (!chart.has_points()) return {};
  return "<figure class=\"lines\">\n" + caption_of(chart.title, chart.subtitle, chart.notes) +
         line_figure(chart, row_numbers) + "</figure>\n";
}

std::string html_of(const HeatMap& map, RowNumbers&) {
  return "<figure class=\"heat\">\n" + caption_of(map.title, map.subtitle, {}) +
         "<div class=\"plot scroll\">\n" + svg_heat_map(map) + "</div>\n</figure>\n";
}

std::string html_of(const std::vector<PagePart>& parts, RowNumbers& row_numbers) {
  std::string html;
  for (const PagePart& part : parts) {
    html += std::visit([&](const auto& each) { return html_of(each, row_numbers); }, part);
  }
  return html;
}

std::string html_of(const PageSection& section, size_t number, RowNumbers& row_numbers) {
  std::string html =
      fmt::format("<section id=\"s{}\">\n<h2>{}</h2>\n", number, escaped(section.title));
  html += html_of(section.parts, row_numbers);
  for (const PageFold& fold : section.folds) {
    html += fmt::format("<details>\n<summary>{}</summary>\n{}</details>\n", escaped(fold.summary),
                        html_of(fold.parts, row_numbers));
  }
  return html + "</section>\n";
}

std::string navigation(const std::vector<PageSection>& sections) {
  std::string html = "<nav aria-label=\"Sections\">\n";
  for (size_t i = 0; i < sections.size(); ++i) {
    html += fmt::format("<a href=\"#s{}\">{}</a>\n", i + 1, escaped(sections[i].title));
  }
  return html + "</nav>\n";
}

/// The template with {{name}} replaced, in one pass: a value that holds such a name stays as it is.
std::string filled(std::string_view text, const std::map<std::string_view, std::string>& values) {
  std::string result;
  for (size_t open; (open = text.find("{{")) != std::string_view::npos;) {
    const size_t close = text.find("}}", open);
    result += text.substr(0, open);
    result += values.at(text.substr(open + 2, close - open - 2));
    text.remove_prefix(close + 2);
  }
  return result + std::string(text);
}

}  // namespace

std::string render_page(const Page& page) {
  RowNumbers row_numbers;
  std::string content = marker_definitions();
  for (size_t i = 0; i < page.sections.size(); ++i) {
    content += html_of(page.sections[i], i + 1, row_numbers);
  }
  return filled(kPageTemplate, {{"title", escaped(page.title)},
                                {"lead", paragraph("lead", page.lead)},
                                {"style", fmt::format("{}{}", kChartStyle, kPageStyle)},
                                {"script", std::string(kPageScript)},
                                {"navigation", navigation(page.sections)},
                                {"content", content},
                                {"footer", paragraph("footer", page.footer)}});
}

}  // namespace lengthwise
