#include "report/figures/axis.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "test.h"

using namespace lengthwise;

TEST_CASE("Ticks are round, within the range and neither few nor many", "[report][chart]") {
  for (const Scale scale : {Scale::linear, Scale::logarithmic}) {
    for (const double least : {1.02, 3.7, 18.0, 95.0, 4321.0}) {
      for (const double ratio : {1.03, 1.2, 1.5, 2.0, 2.9, 3.1, 5.0, 12.0, 40.0, 300.0, 1e5}) {
        const auto found = ticks({least, least * ratio, scale});
        INFO(least << " to " << least * ratio);
        CHECK(found.size() >= 3);
        CHECK(found.size() <= 10);
        CHECK(std::ranges::is_sorted(found));
        CHECK(found.front() >= least);
        CHECK(found.back() <= least * ratio);
      }
    }
  }
  CHECK(ticks({3.72, 5.42, Scale::logarithmic}) ==
        std::vector<double>{3.8, 4.0, 4.2, 4.4, 4.6, 4.8, 5.0, 5.2, 5.4});
  CHECK(ticks({-0.11, 0.32, Scale::linear}) ==
        std::vector<double>{-0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3});
}

TEST_CASE("An axis holds all values with room at either side", "[report][chart]") {
  const Axis linear = fitted_axis({2, 4, 3}, Scale::linear, 0.1);
  CHECK(linear.least == Approx(1.8));
  CHECK(linear.most == Approx(4.2));
  const Axis logarithmic = fitted_axis({1, 100}, Scale::logarithmic, 0.5);
  CHECK(logarithmic.least == Approx(0.1));
  CHECK(logarithmic.most == Approx(1000));
  CHECK(logarithmic.place(10) == Approx(0.5));
}

TEST_CASE("A cap cuts the axis where values are above it, without room", "[report][chart]") {
  const Axis capped = fitted_axis({5, 6, 5000}, Scale::logarithmic, 0.05, 20);
  CHECK(capped.most == 20);
  CHECK(capped.least < 5);
  CHECK(fitted_axis({5, 6}, Scale::linear, 0.05, 20).most == Approx(6.05));
  CHECK(fitted_axis({30, 40}, Scale::linear, 0, 20).most == 40);  // else nothing would be left
}

TEST_CASE("What cannot be drawn does not set the range", "[report][chart]") {
  const double inf = std::numeric_limits<double>::infinity();
  const Axis axis = fitted_axis({inf, std::nan(""), 0, -3, 10, 1000}, Scale::logarithmic, 0);
  CHECK(axis.least == Approx(10));
  CHECK(axis.most == Approx(1000));
  const Axis nothing = fitted_axis({std::nan("")}, Scale::linear, 0.1);
  CHECK(nothing.least < nothing.most);
  const Axis one = fitted_axis({7, 7}, Scale::linear, 0.1);
  CHECK(one.least < 7);
  CHECK(one.most > 7);
}

TEST_CASE("Ticks are written short where that is exact", "[report][chart]") {
  CHECK(tick_text(0.25) == "0.25");
  CHECK(tick_text(2048) == "2048");
  CHECK(tick_text(16384) == "16384");
  CHECK(tick_text(20000) == "20k");
  CHECK(tick_text(1500000) == "1.5M");
  CHECK(tick_text(0) == "0");
}
