#include "report/figures/looks.h"

#include <set>

#include "test.h"

using namespace lengthwise;

namespace {

std::vector<LineName> schemes(const std::vector<std::string>& names) {
  std::vector<LineName> lines;
  for (const std::string& name : names) lines.push_back({name, name});
  return lines;
}

std::vector<LineName> invented(size_t count) {
  std::vector<LineName> lines;
  for (size_t i = 0; i < count; ++i) {
    const std::string scheme = "scheme_" + std::to_string(i * 7919);
    lines.push_back({scheme, scheme});
  }
  return lines;
}

}  // namespace

TEST_CASE("Of 60 invented schemes no two look alike, in colour or in grey", "[report][looks]") {
  for (const size_t count : {9, 25, 41, 60, 80}) {
    std::set<std::pair<int, int>> by_marker, by_dash;
    std::set<std::string> outlines;
    const auto looks = looks_for(invented(count));
    REQUIRE(looks.size() == count);
    for (const auto& [name, look] : looks) {
      by_marker.insert({look.colour, look.marker});
      by_dash.insert({look.colour, look.dash});
      CHECK_FALSE(marker_path(look).empty());
    }
    CHECK(by_marker.size() == count);
    CHECK(by_dash.size() == count);
  }
}

TEST_CASE("Hundreds of lines still differ", "[report][looks]") {
  std::set<std::string> seen;
  for (const auto& [name, look] : looks_for(invented(500))) {
    seen.insert(std::to_string(look.colour) + marker_path(look) + dash_text(look));
  }
  CHECK(seen.size() == 500);
}

TEST_CASE("The schemes most often compared differ in colour, and are solid lines",
          "[report][looks]") {
  std::set<int> colours;
  for (const auto& [name, look] : looks_for(schemes(
           {"alibi", "rotary", "t5_bias", "kerple_log", "none", "sinusoidal", "learned"}))) {
    colours.insert(look.colour);
    CHECK(dash_text(look).empty());
  }
  CHECK(colours.size() == 7);
}

TEST_CASE("A name has one look, whatever order and company it comes in", "[report][looks]") {
  const Look alone = looks_for(schemes({"alibi"})).at("alibi");
  CHECK(looks_for(schemes({"rotary", "none", "alibi", "cope"})).at("alibi") == alone);
  CHECK(looks_for(schemes({"cope", "alibi", "none", "rotary"})) ==
        looks_for(schemes({"rotary", "none", "alibi", "cope"})));
  CHECK(looks_for(invented(60)).at("scheme_0") == looks_for(invented(60)).at("scheme_0"));
}

TEST_CASE("Lines of one scheme share its colour and differ otherwise", "[report][looks]") {
  std::vector<LineName> lines = {{"alibi", "alibi"}, {"rotary", "rotary"}};
  for (int i = 0; i < 7; ++i) lines.push_back({"alibi", "alibi with window=" + std::to_string(i)});
  const auto looks = looks_for(lines);
  std::set<int> markers, dashes;
  for (const auto& [name, look] : looks) {
    if (name == "rotary") continue;
    CHECK(look.colour == looks.at("alibi").colour);
    markers.insert(look.marker);
    dashes.insert(look.dash);
  }
  CHECK(markers.size() == 8);
  CHECK(dashes.size() == 8);
  CHECK(looks.at("alibi") == looks_for(schemes({"alibi"})).at("alibi"));
}
