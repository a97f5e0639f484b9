#include "report/page/point_values.h"

#include <limits>

#include "test.h"

using namespace lengthwise;

TEST_CASE("A value under the pointer has four significant digits", "[report][page]") {
  CHECK(tooltip_number(4.95) == "4.950");
  CHECK(tooltip_number(0) == "0.000");
  CHECK(tooltip_number(0.000123456) == "0.0001235");
  CHECK(tooltip_number(-0.5) == "\u22120.5000");
  CHECK(tooltip_number(999.96) == "1000");
  CHECK(tooltip_number(34567.4) == "34,567");
  CHECK(tooltip_number(1234567) == "1.235e+6");
  CHECK(tooltip_number(1e-5) == "1.000e-5");
  CHECK(tooltip_number(1e12) == "1.000e+12");
}

TEST_CASE("Values stand where any view has a point, with an interval where there is one",
          "[report][page]") {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Series banded{"a", {}, {64, 128, 256}, {5, kNone, 6}, {4, kNone, 6}, {7, kNone, 6}};
  const Series plain{"b", {}, {32, 256, 512}, {1, 2, kNone}, {}, {}};
  LineChart chart;
  chart.views = {{"", "", Scale::linear, {}, {banded}}, {"", "", Scale::linear, {}, {plain}}};
  const auto positions = point_positions(chart);
  CHECK(positions == std::vector<double>{32, 64, 256});
  CHECK(point_values(banded, positions) == ";5.000 [4.000, 7.000];6.000");
  CHECK(point_values(plain, positions) == "1.000;;2.000");
}
