#include "report/tables/spread_text.h"

#include <limits>

#include "test.h"

using namespace lengthwise;

TEST_CASE("An interval is shown as ± half of it where both halves are about as wide",
          "[report][table]") {
  CHECK(spread_text(5, {4.9, 5.1}, 3) == " ± 0.100");
  CHECK(spread_text(5, {4.91, 5.1}, 3) == " ± 0.100");      // a tenth shorter
  CHECK(spread_text(5, {4.9996, 5.0004}, 2) == " ± 0.00");  // printed alike
  CHECK(spread_text(5, {4.9991, 5.0012}, 2) == " ± 0.00");
  CHECK(spread_text(3e6, {2.9e6, 3.1e6}, 0) == " ± 1.0e+05");
}

TEST_CASE("A skewed interval is shown by its bounds", "[report][table]") {
  CHECK(spread_text(6.643, {5.1, 12.698}, 3) == " [5.100, 12.698]");
  CHECK(spread_text(5, {4.9, 5.08}, 2) == " [4.90, 5.08]");
  CHECK(spread_text(5, {5.1, 5.3}, 1) == " [5.1, 5.3]");  // its value lies outside
  CHECK(spread_text(-0.1, {-0.9, 0.1}, 2) == " [-0.90, 0.10]");
  CHECK(spread_text(2e6, {9e5, 8e7}, 0) == " [900000, 8.000e+07]");
  CHECK(spread_text(7, {6, std::numeric_limits<double>::infinity()}, 1) == " [6.0, inf]");
}
