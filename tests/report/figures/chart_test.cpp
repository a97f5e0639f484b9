#include "report/figures/chart.h"

#include <set>

#include "test.h"

using namespace lengthwise;

TEST_CASE("No two of 24 schemes look alike, in colour or in grey", "[report][chart]") {
  std::set<std::pair<int, int>> by_marker, by_dash;
  for (int64_t order = 0; order < 24; ++order) {
    const Look look = scheme_look(order);
    by_marker.insert({look.colour, look.marker});
    by_dash.insert({look.colour, look.dash});
    CHECK_FALSE(marker_path(look).empty());
  }
  CHECK(by_marker.size() == 24);
  CHECK(by_dash.size() == 24);
}

TEST_CASE("The rows of a scheme keep its colour and marker and differ in their dash",
          "[report][chart]") {
  std::set<std::string> dashes;
  for (size_t place = 0; place < 7; ++place) {
    const Look look = scheme_look(12, place);
    CHECK(look.colour == scheme_look(12).colour);
    CHECK(look.marker == scheme_look(12).marker);
    dashes.insert(dash_text(look));
  }
  CHECK(dashes.size() == 7);
  CHECK(dash_text(scheme_look(0)).empty());
}
