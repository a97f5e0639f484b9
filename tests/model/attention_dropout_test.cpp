#include "model/attention_walk.h"

#include "model/bias_kinds.h"
#include "test.h"

namespace lengthwise::walk_test {
namespace {

/// The weights that dropout leaves, as ones and zeros: values that are unit vectors and queries of
/// zero bring them to the light. They depend on the shape of the logits, not on the head width.
Tensor kept_weights(const Shape& shape) {
  const int64_t length = shape.length;
  const auto zeros = torch::zeros({shape.batch, kHeads, length, length});
  const auto units = torch::eye(length).expand_as(zeros).contiguous();
  return walk_attention(zeros, zeros, units, NoBias{}, 1, shape.visibility, shape.dropout,
                        shape.rows_a_block)
      .ne(0)
      .to(torch::kFloat64);
}

}  // namespace

TEST_CASE("Dropout drops weights at its rate and scales up the others", "[model]") {
  for (const double probability : {0.1, 0.5}) {
    CAPTURE(probability);
    const Shape shape{2, 203, {}, 0, {probability, 7}};
    const auto kept = kept_weights(shape);
    const auto visible = all_places(shape).visible;
    CHECK((kept * ~visible).sum().item<double>() == 0);
    // Of 124,236 weights: a standard deviation of 0.0014 at most.
    const double rate = 1 - kept.sum().item<double>() / (6.0 * visible.sum().item<double>());
    CHECK(rate == Approx(probability).margin(0.006));

    // Values of one: each row is the sum of its weights, 1 in the mean.
    Tensors x = draw(none(), shape);
    x[2].fill_(1);
    const auto sums = walked(none(), shape)(x);
    CHECK(sums.mean().item<double>() == Approx(1).margin(0.03));
    CHECK(sums.std().item<double>() > 0.01);
  }
}

TEST_CASE("Dropout's mask is its seed's, and differs by block, head and row of the batch",
          "[model]") {
  const auto kept = [](uint64_t seed) { return kept_weights({2, 80, {}, 16, {0.5, seed}}); };
  const auto mask = kept(7);
  CHECK(torch::equal(kept(7), mask));
  CHECK_FALSE(torch::equal(kept(8), mask));
  // Of a block's draws the first are its last query's.
  const auto first_draws = [&](int64_t block) {
    return mask[0][0][16 * block + 15].slice(0, 0, 16);
  };
  CHECK_FALSE(torch::equal(first_draws(1), first_draws(0)));
  CHECK_FALSE(torch::equal(first_draws(2), first_draws(1)));
  CHECK_FALSE(torch::equal(first_draws(4), first_draws(3)));
  CHECK_FALSE(torch::equal(mask.select(1, 0), mask.select(1, 1)));
  CHECK_FALSE(torch::equal(mask[0], mask[1]));
}

TEST_CASE("Dropout leaves LibTorch's generator alone", "[model]") {
  torch::manual_seed(5);
  const auto next = torch::rand({4});
  torch::manual_seed(5);
  kept_weights({1, 20, {}, 0, {0.5, 3}});
  CHECK(torch::equal(torch::rand({4}), next));
}

TEST_CASE("Under dropout, outputs and gradients are the dense form's with forward's mask",
          "[model]") {
  for (const Kind& kind : all_kinds()) {
    for (const Visibility& visibility : kVisibilities) {
      const Shape shape{2, 65, visibility, 16, {0.3, 11}};
      check_use(kind, shape, simply, {}, kept_weights(shape));
    }
  }
}

TEST_CASE("Under dropout with one seed, the slope is the finite difference", "[model]") {
  const Kind kind = change();
  const Shape shape{1, 40, {}, 16, {0.3, 11}};
  Tensors x = draw(kind, shape);
  const auto cotangent = torch::randn_like(x[0]), direction = torch::randn_like(x[0]);
  const auto loss = [&](double step) {
    const torch::NoGradGuard no_grad;
    Tensors moved = x;
    moved[0] = x[0] + step * direction;
    return (walked(kind, shape)(moved) * cotangent).to(torch::kFloat64).sum().item<double>();
  };
  const double difference = (loss(0.01) - loss(-0.01)) / 0.02;
  x[0].requires_grad_();
  walked(kind, shape)(x).backward(cotangent);
  CHECK((x[0].grad() * direction).sum().item<double>() == Approx(difference).epsilon(0.005));
}

}  // namespace lengthwise::walk_test
