#include "report/comparison/ideal_gap.h"

#include <cmath>

#include "report/comparison/token_statistics.h"
#include "report/contains_text.h"
#include "report/stored_runs.h"
#include "report/tables/statistics_table.h"
#include "test.h"

using namespace lengthwise;

namespace {

Resampled known(double value) {
  Resampled mean;
  mean.mean.value = value;
  return mean;
}

/// Losses 2.0, 1.5, 1.25 with memories of 4, 8, 16 tokens and 1.0 with all 32.
IdealColumn hand_made() {
  IdealColumn ideal;
  ideal.length = 32;
  ideal.all = known(1);
  ideal.memories = {4, 8, 16};
  ideal.limited = {known(2), known(1.5), known(1.25)};
  return ideal;
}

}  // namespace

TEST_CASE("Equivalent memory is interpolated in log2 between limited readers", "[report]") {
  const IdealColumn ideal = hand_made();
  const auto memory = [&](double nats) { return equivalent_memory(known(nats), ideal).value; };
  CHECK(memory(1.5) == Approx(8).epsilon(1e-12));
  CHECK(memory(1.75) == Approx(4 * std::sqrt(2.0)).epsilon(1e-12));
  CHECK(memory(1.125) == Approx(16 * std::sqrt(2.0)).epsilon(1e-12));
  CHECK(memory(1.0) == Approx(32).epsilon(1e-12));
  CHECK(memory(0.9) == 32);  // at least the length
  CHECK(memory(2.5) == 4);   // below the least
}

TEST_CASE("Used and beyond are shares of what the ideal reader gains", "[report]") {
  // From 3.0 to 2.5 where the ideal falls from 2.0 to 1.0; a reader of the train length has 1.5.
  CHECK(used_share(known(3), known(2.5), known(2), known(1)).value == Approx(0.5));
  CHECK(used_share(known(3), known(3.25), known(2), known(1)).value == Approx(-0.25));
  CHECK(beyond_memory(known(1.5), known(1.5), known(1)).value == Approx(0));
  CHECK(beyond_memory(known(1.375), known(1.5), known(1)).value == Approx(0.25));
  CHECK(beyond_memory(known(1), known(1.5), known(1)).value == Approx(1));
}

TEST_CASE("A model that is the exact reader has no gap at any length", "[report]") {
  StoredRuns stored;
  const std::vector<int64_t> lengths = {64, 128, 256, 512, 1024, 2048};
  stored.add("oracle", 1, lengths, exact_model());
  TextComparison comparison = stored.compare();
  add_token_statistics(comparison);
  // The ideal losses of the corpus, computed once elsewhere in Python.
  const std::vector<double> ideal = {1.641681, 1.563363, 1.483342, 1.416787, 1.367251, 1.334380};
  for (size_t i = 0; i < lengths.size(); ++i) {
    INFO("length " << lengths[i]);
    CHECK(*comparison.ideal_nats[i] == Approx(ideal[i]).margin(1e-6));
    const TextCell& cell = comparison.text_cells[0][i];
    REQUIRE(cell.gap);
    for (const Estimate& gap : {cell.gap->all, cell.gap->order, cell.gap->memory}) {
      CHECK(gap.value == Approx(0).margin(1e-7));
      CHECK(gap.interval->lo == Approx(0).margin(1e-6));
      CHECK(gap.interval->hi == Approx(0).margin(1e-6));
    }
    CHECK(cell.gap->used.has_value() == (lengths[i] > 64));
    if (lengths[i] == 64) continue;
    CHECK(cell.gap->used->value == Approx(1).margin(1e-5));
    CHECK(cell.gap->beyond->value == Approx(1).margin(1e-5));
    CHECK(cell.gap->equivalent_memory->value ==
          Approx(static_cast<double>(lengths[i])).epsilon(1e-3));
  }
  CHECK_THAT(terminal_report(comparison), contains_text("at least 2048"));
}

TEST_CASE("A model that is a forgetful exact reader has just its memory", "[report]") {
  StoredRuns stored;
  const std::vector<int64_t> memories = {16, 32, 64, 128, 256, 512, 1024};
  // At 2048, computed once elsewhere in Python.
  const std::vector<double> nats = {1.661446, 1.606242, 1.530857, 1.452063,
                                    1.387699, 1.352765, 1.338101};
  for (const int64_t memory : memories) {
    stored.add(std::to_string(memory), 1, {64, 2048}, exact_model(memory));
  }
  TextComparison comparison = stored.compare();
  add_token_statistics(comparison);
  constexpr double kIdeal64 = 1.641681, kIdeal2048 = 1.334380, kMemory64 = 1.530857;
  for (size_t row = 0; row < memories.size(); ++row) {
    INFO("memory " << memories[row]);
    const auto& cells = comparison.text_cells[row];
    CHECK(comparison.rows[row].cells[1].mean_nats_per_token() == Approx(nats[row]).margin(1e-6));
    const GapToIdeal& gap = *cells[1].gap;
    CHECK(gap.all.value == Approx(nats[row] - kIdeal2048).margin(2e-6));
    CHECK(gap.order.value == Approx(0).margin(1e-7));  // cues need no more than four tokens
    CHECK(gap.memory.value == Approx(2 * (nats[row] - kIdeal2048)).margin(4e-6));
    const auto memory = static_cast<double>(memories[row]);
    CHECK(gap.equivalent_memory->value == Approx(memory).epsilon(1e-3));
    CHECK(gap.equivalent_memory->interval->lo <= memory * 1.001);
    CHECK(gap.equivalent_memory->interval->hi >= memory * 0.999);
    CHECK(gap.beyond->value ==
          Approx((kMemory64 - nats[row]) / (kMemory64 - kIdeal2048)).margin(2e-5));
    if (memories[row] < 64) continue;
    CHECK(cells[0].gap->all.value == Approx(0).margin(1e-7));  // all of a window is remembered
    CHECK(gap.used->value == Approx((kIdeal64 - nats[row]) / (kIdeal64 - kIdeal2048)).margin(2e-5));
  }
}
