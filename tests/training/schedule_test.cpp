#include "training/schedule.h"

#include "base/error.h"
#include "test.h"
#include "training/options.h"

namespace lengthwise {
namespace {

TrainingOptions recipe(const std::string& schedule) {
  TrainingOptions options;
  options.schedule = schedule;
  options.learning_rate = 0.01;
  options.steps = 111;
  options.warmup_steps = 10;
  options.final_learning_rate = 0.1;
  return options;
}

}  // namespace

TEST_CASE("The cosine schedule warms up, then falls to its last value", "[training]") {
  const TrainingOptions options = recipe("cosine");
  CHECK(learning_rate_at(options, 0) == Approx(0.001));
  CHECK(learning_rate_at(options, 4) == Approx(0.005));
  CHECK(learning_rate_at(options, 9) == Approx(0.01));
  CHECK(learning_rate_at(options, 10) == Approx(0.01));
  CHECK(learning_rate_at(options, 35) == Approx(0.008681980515));  // (1 + cos 45 degrees) / 2
  CHECK(learning_rate_at(options, 60) == Approx(0.0055));
  CHECK(learning_rate_at(options, 110) == Approx(0.001));
}

TEST_CASE("The cosine schedule may end at zero or not fall at all", "[training]") {
  TrainingOptions options = recipe("cosine");
  options.final_learning_rate = 0;
  CHECK(learning_rate_at(options, 110) == Approx(0).margin(1e-15));
  options.final_learning_rate = 1;
  CHECK(learning_rate_at(options, 60) == Approx(0.01));
}

TEST_CASE("Warm-up may grow from a first learning rate", "[training]") {
  TrainingOptions options = recipe("cosine");
  options.warmup_learning_rate = 0.002;
  CHECK(learning_rate_at(options, 0) == Approx(0.002));
  CHECK(learning_rate_at(options, 5) == Approx(0.006));
  CHECK(learning_rate_at(options, 10) == Approx(0.01));
}

TEST_CASE("The schedule of Press et al. is 1e-7 to 1 over 16,000 updates, then a cosine to 1e-4",
          "[training]") {
  TrainingOptions options;
  options.steps = 286000, options.warmup_steps = 16000, options.period_steps = 270000;
  options.learning_rate = 1, options.warmup_learning_rate = 1e-7;
  options.final_learning_rate = 1e-4, options.period_factor = 2, options.period_shrink = 0.75;
  CHECK_NOTHROW(options.validate());
  CHECK(learning_rate_at(options, 0) == Approx(1e-7));
  CHECK(learning_rate_at(options, 8000) == Approx(0.50000005));
  CHECK(learning_rate_at(options, 16000) == 1);
  CHECK(learning_rate_at(options, 16000 + 135000) == Approx(0.50005));
  CHECK(learning_rate_at(options, 16000 + 90000) == Approx(1e-4 + 0.9999 * 0.75));
  CHECK(learning_rate_at(options, 285999) == Approx(1e-4).epsilon(1e-5));
}

TEST_CASE("A cosine of periods starts again, longer and lower", "[training]") {
  TrainingOptions options = recipe("cosine");
  options.period_steps = 20;  // 10 ... 29, 30 ... 69, 70 ... 149
  options.period_factor = 2;
  options.period_shrink = 0.5;
  CHECK(learning_rate_at(options, 10) == Approx(0.01));
  CHECK(learning_rate_at(options, 20) == Approx(0.0055));
  CHECK(learning_rate_at(options, 30) == Approx(0.005));
  CHECK(learning_rate_at(options, 50) == Approx(0.00275));
  CHECK(learning_rate_at(options, 70) == Approx(0.0025));
  CHECK(learning_rate_at(options, 110) == Approx(0.001375));
  options.period_factor = 1;  // 10 ... 29, 30 ... 49, 50 ... 69
  CHECK(learning_rate_at(options, 30) == Approx(0.005));
  CHECK(learning_rate_at(options, 40) == Approx(0.00275));
  CHECK(learning_rate_at(options, 50) == Approx(0.0025));
}

TEST_CASE("A period of no steps, a first rate above the highest and parts of windows are refused",
          "[training]") {
  TrainingOptions options = recipe("cosine");
  options.period_steps = 0;
  CHECK_THROWS_AS(options.validate(), UserError);
  options = recipe("cosine");
  options.warmup_learning_rate = 0.02;
  CHECK_THROWS_AS(options.validate(), UserError);
  options = recipe("cosine");
  CHECK_NOTHROW(options.check_batch(1000));
  options.batch_tokens = 9216;
  CHECK_NOTHROW(options.check_batch(512));
  CHECK(options.windows_of(512) == 18);
  CHECK_THROWS_AS(options.check_batch(500), UserError);
  CHECK_THROWS_AS(options.check_batch(18432), UserError);
}

TEST_CASE("The constant schedule stays after warm-up", "[training]") {
  const TrainingOptions options = recipe("constant");
  CHECK(learning_rate_at(options, 0) == Approx(0.001));
  CHECK(learning_rate_at(options, 10) == 0.01);
  CHECK(learning_rate_at(options, 60) == 0.01);
  CHECK(learning_rate_at(options, 110) == 0.01);
}

TEST_CASE("Without warm-up the first step has the highest learning rate", "[training]") {
  TrainingOptions options = recipe("cosine");
  options.warmup_steps = 0;
  CHECK(learning_rate_at(options, 0) == Approx(0.01));
  CHECK(learning_rate_at(options, 110) == Approx(0.001));
  options.steps = 1;
  CHECK(learning_rate_at(options, 0) == Approx(0.01));
}

TEST_CASE("Warm-up that leaves no step is refused", "[training]") {
  TrainingOptions options = recipe("cosine");
  options.warmup_steps = 111;
  CHECK_THROWS_AS(options.validate(), UserError);
  options.warmup_steps = 110;
  CHECK_NOTHROW(options.validate());
  CHECK(learning_rate_at(options, 110) == Approx(0.01));
}

TEST_CASE("Warm-up left open takes 50 steps, or half of the steps where these are few",
          "[training]") {
  TrainingOptions options = recipe("constant");
  options.warmup_steps = -1;
  for (const auto& [steps, warmup] :
       std::vector<std::pair<int64_t, int64_t>>{{1200, 50}, {100, 50}, {60, 30}, {3, 1}, {1, 0}}) {
    CAPTURE(steps);
    options.steps = steps;
    CHECK_NOTHROW(options.validate());
    CHECK(options.warmup() == warmup);
    CHECK(learning_rate_at(options, warmup) == 0.01);
    if (warmup > 0) CHECK(learning_rate_at(options, 0) == Approx(0.01 / double(warmup)));
  }
}

}  // namespace lengthwise
