#include "experiment/dry_run.h"

#include <algorithm>

#include "model/transformer.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

Config small_config() {
  Config config;
  config.model.layers = 3;
  config.model.vocabulary_size = 500;
  config.model.train_length = 32;
  config.training.batch_tokens = 256;
  config.training.accumulation = 2;
  config.position.scheme = "alibi";
  return config;
}

}  // namespace

TEST_CASE("A dry run tells shapes, parameters, tokens, memory and time", "[experiment]") {
  Config config = small_config();
  const DryRun plan = plan_training(config);
  // A layer: 4 of 64^2; 2 of 64 * 128 and their biases; two norms. Then embeddings, head, a norm.
  constexpr int64_t kParameters =
      3 * (4 * 64 * 64 + 2 * 64 * 128 + 128 + 64 + 4 * 64) + 2 * 500 * 64 + 2 * 64;
  CHECK(plan.parameters == kParameters);
  int64_t numbers = 0;
  for (const ParameterShape& each : plan.shapes) {
    int64_t size = each.times;
    for (const int64_t side : each.shape) size *= side;
    numbers += size;
  }
  CHECK(numbers == kParameters);
  const auto output =
      std::ranges::find(plan.shapes, "blocks.*.attention.output.weight", &ParameterShape::name);
  REQUIRE(output != plan.shapes.end());
  CHECK(output->shape == std::vector<int64_t>{64, 64});
  CHECK(output->times == 3);
  CHECK(plan.windows_a_pass == 8);
  CHECK(plan.tokens_a_pass == 256);
  CHECK(plan.tokens_a_step == 512);
  constexpr double kGib = 1024.0 * 1024.0 * 1024.0;
  CHECK(plan.weights_gib == Approx(4.0 * kParameters / kGib));
  CHECK(plan.optimizer_gib == Approx(2 * plan.weights_gib));  // two moments
  // A pass keeps at least each layer's stream and inner activations: 64 + 128 numbers a token.
  CHECK(plan.pass_gib > 256 * 3 * (64 + 128) * 4 / kGib);
  CHECK(plan.pass_gib < 1);
  CHECK(plan.seconds_a_step > 0);

  config.training.optimizer = "nag";
  CHECK(plan_training(config).optimizer_gib == Approx(plan.weights_gib).epsilon(1e-4));
}

TEST_CASE("A dry run refuses what training refuses", "[experiment]") {
  Config config = small_config();
  config.model.train_length = 33;
  CHECK(contains(user_error_text([&] { plan_training(config); }), "training.batch_tokens: 256"));
  config = small_config();
  config.model.head = "adaptive";
  config.model.cutoffs = {20, 500};
  CHECK(contains(user_error_text([&] { plan_training(config); }), "model.cutoffs: 500"));
}

}  // namespace lengthwise
