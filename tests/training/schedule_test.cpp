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
