#include "model/attention_walk.h"

#include "model/bias_kinds.h"
#include "test.h"

namespace lengthwise::walk_test {

TEST_CASE("The walk equals the dense form for every kind of bias, window and block", "[model]") {
  for (const Kind& kind : all_kinds()) {
    DYNAMIC_SECTION(kind.name) {
      for (int64_t length : {1, 2, 65, 203}) {
        for (int64_t batch : {1, 2}) {
          for (const Visibility& visibility : kVisibilities) {
            for (int64_t rows : {1, 16, 0}) {
              if (rows == 1 && length > 65) continue;  // slow, and nothing new
              check_use(kind, {batch, length, visibility, rows}, simply);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("Gradients pass through the walk to what its tensors are made from", "[model]") {
  for (const Kind& kind : all_kinds()) {
    for (const Visibility& visibility : {Visibility{}, Visibility{40, 3}}) {
      check_use(kind, {2, 65, visibility, 16}, [](const Attend& attend, const Tensors& leaves) {
        Tensors made;
        for (const Tensor& leaf : leaves) made.push_back((leaf * 1.5).sin());
        // As a model's projection gives them: views with the heads inside.
        for (size_t i = 0; i < 3; ++i)
          made[i] = made[i].transpose(1, 2).contiguous().transpose(1, 2);
        return attend(made) * 2;
      });
    }
  }
}

TEST_CASE("Gradients of tensors used twice are summed", "[model]") {
  for (const Kind& kind : all_kinds()) {
    for (const Visibility& visibility : {Visibility{}, Visibility{40, 3}}) {
      const Shape shape{2, 65, visibility, 16};
      SECTION("queries that are the keys and the values: " + kind.name) {
        check_use(kind, shape, [](const Attend& attend, const Tensors& leaves) {
          Tensors x = leaves;
          x[1] = x[2] = x[0];
          return attend(x);
        });
      }
      SECTION("two layers that share a bias: " + kind.name) {
        check_use(kind, shape, [](const Attend& attend, const Tensors& leaves) {
          Tensors x = leaves;
          x[0] = attend(leaves);
          return attend(x);
        });
      }
    }
  }
}

TEST_CASE("A tensor listed twice among the inputs gets both gradients", "[model]") {
  const auto sum_of_both = [](const Places& places, at::TensorList inputs) {
    const auto type = inputs[0].scalar_type();
    return (inputs[0].view({-1, 1, 1}) * waves(places, 0.3, 0.7).to(type) +
            inputs[1].view({-1, 1, 1}).tanh() * waves(places, 0.5, 0.1).to(type))
        .unsqueeze(0);
  };
  Kind kind = by_pair(false);
  kind.input_shapes = [](const Shape&) { return std::vector<std::vector<int64_t>>{{kHeads}}; };
  kind.formula = [=](const Tensor& logits, const Tensor&, const Places& places, at::TensorList x) {
    return logits + sum_of_both(places, Tensors{x[0], x[0]});
  };
  kind.bias = [=](const Tensors& x) {
    return PairBias{{x[0], x[0]},
                    [=](const LogitBlock& block, at::TensorList listed) {
                      return sum_of_both(places_of(block), listed);
                    },
                    4};
  };
  check_use(kind, {2, 65, {}, 16}, simply);
}

TEST_CASE("A learned bias trains with queries, keys and values frozen", "[model]") {
  for (const Kind& kind : all_kinds()) {
    if (!kind.learned || kind.name == "no bias") continue;
    for (const Visibility& visibility : {Visibility{}, Visibility{40, 3}}) {
      check_use(kind, {2, 65, visibility, 16}, simply, {true, true, true});
    }
  }
}

TEST_CASE("Queries, keys and values train one by one and with the bias frozen", "[model]") {
  for (const Kind& kind : all_kinds()) {
    for (const std::vector<bool>& frozen :
         std::vector<std::vector<bool>>{{false, false, false, true, true},
                                        {false, false, false, true, false},
                                        {false, true, true, true, true},
                                        {true, false, true, true, true},
                                        {true, true, false, true, true}}) {
      CAPTURE(frozen);
      check_use(kind, {2, 65, {}, 16}, simply, frozen);
    }
  }
}

TEST_CASE("Gradients of several backward passes accumulate", "[model]") {
  for (const Kind& kind : all_kinds()) {
    CAPTURE(kind.name);
    const Shape shape{1, 65, {40, 3}, 16};
    const Tensors drawn = draw(kind, shape);
    Tensors once, thrice;
    for (size_t i = 0; i < drawn.size(); ++i) {
      const auto typed = drawn[i].to(i < 3 ? torch::kFloat32 : kind.type);
      once.push_back(typed.clone().requires_grad_(i < 3 || kind.learned));
      thrice.push_back(typed.clone().requires_grad_(i < 3 || kind.learned));
    }
    walked(kind, shape)(once).sum().backward();
    for (int i = 0; i < 3; ++i) walked(kind, shape)(thrice).sum().backward();
    for (size_t i = 0; i < drawn.size(); ++i) {
      CAPTURE(i);
      if (!once[i].requires_grad()) continue;
      CHECK(relative_difference(thrice[i].grad(), once[i].grad() * 3, kSize) < 1e-6);
    }
  }
}

TEST_CASE("A bias that reads a tensor it does not list is refused", "[model]") {
  const Shape shape{1, 9, {}};
  const Tensors x = draw(none(), shape);
  const auto secret = torch::randn({kHeads, 1, 1}).requires_grad_();
  const auto listed = torch::randn({kHeads, 1, 1}).requires_grad_();
  const auto pair = [&](const Tensors& inputs, bool reads_secret) {
    return PairBias{inputs,
                    [=](const LogitBlock& block, at::TensorList given) {
                      const auto& slope = reads_secret ? secret : given[0];
                      return (slope * block.key_index).unsqueeze(0);
                    },
                    4};
  };
  const auto changed = [&](bool reads_secret) {
    return LogitChange{
        {listed},
        [=](const Tensor& logits, const Tensor&, const LogitBlock&, at::TensorList given) {
          return logits * (reads_secret ? secret : given[0]);
        },
        4};
  };
  const auto attend = [&](const AttentionBias& bias) {
    return causal_attention(x[0], x[1], x[2], bias);
  };
  CHECK_NOTHROW(attend(pair({listed}, false)));
  CHECK_NOTHROW(attend(changed(false)));
  CHECK_THROWS_AS(attend(pair({}, true)), c10::Error);
  CHECK_THROWS_AS(attend(pair({listed}, true)), c10::Error);
  CHECK_THROWS_AS(attend(changed(true)), c10::Error);

  const torch::NoGradGuard no_grad;  // nothing to train, nothing to miss
  CHECK_NOTHROW(attend(pair({}, true)));
}

TEST_CASE("Attention gives the same values whichever way it takes", "[model]") {
  const int64_t length = 600;  // more than the rows that the fused way takes at once
  const auto slopes = torch::tensor({0.25, 0.03, 0.5}, torch::kFloat64).unsqueeze(1);
  const auto distances = torch::arange(length, torch::kFloat64);
  const auto sloped = (-slopes * distances).to(torch::kFloat32), flat = torch::zeros_like(sloped);
  const Tensors x = draw(none(), {2, length, {}});
  const double scale = 1 / std::sqrt(static_cast<double>(kHeadWidth));

  for (const Visibility& visibility : std::vector<Visibility>{
           {0, 0}, {40, 0}, {40, 3}, {1, 0}, {1, 3}, {600, 0}, {599, 2}, {5000, 3}}) {
    CAPTURE(visibility.window, visibility.sinks);
    const auto attend = [&](const AttentionBias& bias) {
      return causal_attention(x[0], x[1], x[2], bias, {visibility, {}, 0});
    };
    const auto walk = [&](const AttentionBias& bias) {
      return walk_attention(x[0], x[1], x[2], bias, scale, visibility);
    };
    const auto unbiased = attend(NoBias{}), biased = attend(DistanceBias{sloped});
    CHECK(largest_difference(unbiased, dense(none(), {2, length, visibility})(x)) < 3e-6);
    CHECK(largest_difference(walk(NoBias{}), unbiased) < 3e-6);
    CHECK(largest_difference(attend(DistanceBias{flat}), unbiased) < 3e-6);
    CHECK(largest_difference(attend(DistanceBias{flat.clone().requires_grad_()}), unbiased) < 3e-6);
    CHECK(largest_difference(attend(KeyBias{flat.to(torch::kFloat64).unsqueeze(0)}), unbiased) <
          3e-6);

    CHECK(largest_difference(biased, unbiased) > (visibility.window == 1 ? -1 : 1e-2));
    CHECK(largest_difference(walk(DistanceBias{sloped}), biased) < 3e-6);
    CHECK(largest_difference(attend(DistanceBias{sloped.clone().requires_grad_()}), biased) < 3e-6);
    // Minus the slope times the distance is the slope times the key's place, but for the row's own;
    // its rounding is that of 512 rows times 1/2.
    CHECK(largest_difference(attend(KeyBias{(slopes * distances).unsqueeze(0)}), biased) < 5e-5);
  }
}

TEST_CASE("Attention takes its scale and its dropout from the rule, whichever way it takes",
          "[model]") {
  const Tensors x = draw(none(), {2, 70, {}});
  const auto bias = torch::randn({kHeads, 70});
  for (const AttentionBias& each : {AttentionBias(NoBias{}), AttentionBias(DistanceBias{bias}),
                                    AttentionBias(DistanceBias{bias.clone().requires_grad_()})}) {
    const double root = std::sqrt(static_cast<double>(kHeadWidth));
    const auto unscaled = causal_attention(x[0], x[1], x[2], each, {{}, {}, 1.0});
    CHECK(largest_difference(causal_attention(x[0] * root, x[1], x[2], each), unscaled) < 1e-5);
    CHECK(largest_difference(causal_attention(x[0], x[1], x[2], each), unscaled) > 1e-2);

    const AttentionDropout dropout{0.25, 9};
    const auto dropped = causal_attention(x[0], x[1], x[2], each, {{}, dropout, 1.0});
    CHECK(torch::equal(dropped, walk_attention(x[0], x[1], x[2], each, 1.0, {}, dropout)));
    CHECK(largest_difference(dropped, unscaled) > 1e-2);
  }
}

}  // namespace lengthwise::walk_test
