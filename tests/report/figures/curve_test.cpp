#include "report/figures/curve.h"

#include <stdlib.h>

#include <algorithm>

#include "base/error.h"
#include "report/contains_text.h"
#include "report/failing_and_holding.h"
#include "report/figures/svg_convert.h"
#include "temporary_folder.h"
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

TEST_CASE("The curve is an SVG, a PNG and a PDF, and nothing else is left in the folder",
          "[report][curve]") {
  TemporaryFolder folder;
  write_curves(compare_runs(failing_and_holding(/*ideal=*/true)), folder / "plots");
  CHECK(read_file(folder / "plots/curve.png").substr(0, 8) == "\x89PNG\r\n\x1a\n");
  CHECK(read_file(folder / "plots/curve.pdf").substr(0, 5) == "%PDF-");
  CHECK_THAT(read_file(folder / "plots/curve.svg"),
             contains_text("Perplexity by evaluation length on ideal_reader") &&
                 contains_text("scored tokens; mean of 1 to 2 seeds") &&

                 contains_text("Leaving the plot: sinusoidal (5000 at 512)."));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "plots")) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"curve.pdf", "curve.png", "curve.svg"});
}

TEST_CASE("Nothing measured is nothing to draw", "[report][curve]") {
  TemporaryFolder folder;
  RunRecord learned = sample_run("learned", 2, 1, {});
  add_beyond_limit(learned, 128, 64);
  CHECK_THROWS_AS(write_curves(compare_runs({learned}), folder / "plots"), UserError);
  CHECK_FALSE(fs::exists(folder / "plots"));
}

TEST_CASE("A missing rsvg-convert is named", "[report][curve]") {
  const PathWithout path;
  CHECK_THROWS_WITH(svg_to_png("<svg/>"), "rsvg-convert is missing: install librsvg2-bin");
}

TEST_CASE("What rsvg-convert complains about is in the error", "[report][curve]") {
  CHECK_THROWS_AS(svg_to_png("no markup"), RunFailure);
  CHECK_THROWS_WITH(svg_to_png("no markup"), contains_text("rsvg-convert failed"));
}
