#include "report/figures/curve.h"

#include <stdlib.h>

#include "base/error.h"
#include "report/contains_text.h"
#include "report/failing_and_holding.h"
#include "report/figures/svg_convert.h"
#include "test.h"

using namespace lengthwise;

namespace {

class PathWithout {
 public:
  PathWithout() : old_(::getenv("PATH")) { ::setenv("PATH", "/nowhere", 1); }
  ~PathWithout() { ::setenv("PATH", old_.c_str(), 1); }
  PathWithout(const PathWithout&) = delete;
  PathWithout& operator=(const PathWithout&) = delete;

 private:
  std::string old_;
};

}  // namespace

TEST_CASE("The curve is an SVG, a PNG and a PDF", "[report][curve]") {
  const CurveFiles curve = curve_files(compare_samples(failing_and_holding(/*ideal=*/true)));
  CHECK(curve.missing.empty());
  REQUIRE(curve.files.size() == 3);
  CHECK(curve.files.at("curve.png").substr(0, 8) == "\x89PNG\r\n\x1a\n");
  CHECK(curve.files.at("curve.pdf").substr(0, 5) == "%PDF-");
  CHECK_THAT(curve.files.at("curve.svg"),
             contains_text("Perplexity by evaluation length on ideal_reader") &&
                 contains_text("scored tokens; mean of 1 to 2 seeds") &&
                 contains_text("Leaving the plot: sinusoidal (5000 at 512)."));
}

TEST_CASE("Nothing measured is nothing to draw", "[report][curve]") {
  RunRecord learned = sample_run("learned", 1, {});
  add_beyond_limit(learned, 128, 64);
  CHECK(curve_files(compare_samples({learned})).files.empty());
}

TEST_CASE("Without rsvg-convert there is the SVG, and a word on what to install",
          "[report][curve]") {
  const PathWithout path;
  const CurveFiles curve = curve_files(compare_samples(failing_and_holding(/*ideal=*/false)));
  CHECK(curve.files.size() == 1);
  CHECK(curve.files.contains("curve.svg"));
  CHECK(curve.missing == "rsvg-convert is missing: install librsvg2-bin");
}

TEST_CASE("What rsvg-convert complains about is in the error", "[report][curve]") {
  CHECK_THROWS_AS(svg_to_png("no markup"), RunFailure);
  CHECK_THROWS_WITH(svg_to_png("no markup"), contains_text("rsvg-convert failed"));
}
