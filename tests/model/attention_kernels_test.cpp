#include "model/attention_kernels.h"

#include "base/memory.h"
#include "position/dense_attention.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

struct Inputs {
  torch::Tensor queries, keys, values;  // [B, H, T, K]
  torch::Tensor by_distance;            // [H, T]; undefined: no bias
  torch::Tensor cotangent;              // [B, H, T, K], what comes down to the output in backward

  AttentionBias bias() const {
    if (by_distance.defined()) return DistanceBias{by_distance};
    return NoBias{};
  }
};

/// The bias is noise, so that a bias off by one place is far off.
Inputs random_inputs(int64_t batch, int64_t heads, int64_t length, int64_t width, bool biased) {
  torch::manual_seed(static_cast<uint64_t>(length));
  const std::vector<int64_t> shape = {batch, heads, length, width};
  return {torch::randn(shape), torch::randn(shape), torch::randn(shape),
          biased ? torch::randn({heads, length}) : torch::Tensor(), torch::randn(shape)};
}

/// In the type of its inputs.
torch::Tensor attend_densely(const torch::Tensor& queries, const torch::Tensor& keys,
                             const torch::Tensor& values, const AttentionBias& bias) {
  const auto logits = biased_logits(scaled_products(queries, keys), queries, bias);
  return dense_attention(logits, values, visible_keys(queries.size(2)));
}

torch::Tensor leaf(const torch::Tensor& tensor, torch::ScalarType type) {
  return tensor.to(type).clone().requires_grad_();
}

/// Output and gradients to q, k, v against float64. All are of size 1; float32 keeps 7 digits, and
/// sums over T keys lose one.
void check_against_dense(const Inputs& inputs) {
  const auto q = leaf(inputs.queries, torch::kFloat32), k = leaf(inputs.keys, torch::kFloat32),
             v = leaf(inputs.values, torch::kFloat32);
  const auto mixed = causal_attention(q, k, v, inputs.bias());
  mixed.backward(inputs.cotangent);

  const auto q64 = leaf(inputs.queries, torch::kFloat64), k64 = leaf(inputs.keys, torch::kFloat64),
             v64 = leaf(inputs.values, torch::kFloat64);
  const auto dense = attend_densely(q64, k64, v64, inputs.bias());
  dense.backward(inputs.cotangent.to(torch::kFloat64));

  CHECK(largest_difference(mixed, dense) < 3e-6);
  CHECK(largest_difference(q.grad(), q64.grad()) < 1e-5);
  CHECK(largest_difference(k.grad(), k64.grad()) < 1e-5);
  CHECK(largest_difference(v.grad(), v64.grad()) < 1e-5);
}

}  // namespace

TEST_CASE("Attention equals the dense form at every length, with its gradients", "[model]") {
  for (bool biased : {false, true}) {
    for (int64_t length : {1, 2, 64, 511, 512, 513, 1300}) {
      DYNAMIC_SECTION((biased ? "bias by distance" : "no bias") << ", " << length << " tokens") {
        check_against_dense(random_inputs(1, 3, length, 8, biased));
      }
    }
  }
}

TEST_CASE("Attention equals the dense form for batches, odd heads and odd head widths", "[model]") {
  for (bool biased : {false, true}) {
    for (int64_t length : {1, 2, 65, 530}) {
      DYNAMIC_SECTION((biased ? "bias by distance" : "no bias") << ", " << length << " tokens") {
        check_against_dense(random_inputs(3, 5, length, 7, biased));
      }
    }
  }
}

TEST_CASE("Attention takes views as the projection of a model gives them", "[model]") {
  torch::manual_seed(5);
  const auto projected = torch::randn({2, 70, 3, 3, 8});  // [B, T, 3, H, K]
  const auto parts = projected.permute({2, 0, 3, 1, 4}).unbind(0);
  const auto by_distance = torch::randn({3, 70});
  for (const auto& bias : {torch::Tensor(), by_distance}) {
    const Inputs inputs{parts[0], parts[1], parts[2], bias, {}};
    CHECK(largest_difference(
              causal_attention(parts[0], parts[1], parts[2], inputs.bias()),
              attend_densely(parts[0].to(torch::kFloat64), parts[1].to(torch::kFloat64),
                             parts[2].to(torch::kFloat64), inputs.bias())) < 3e-6);
  }
}

TEST_CASE("Large logits neither overflow nor blur", "[model]") {
  for (bool biased : {false, true}) {
    Inputs inputs = random_inputs(1, 2, 300, 8, biased);
    inputs.queries *= 100;  // logits up to about 1000: exp alone would be infinite
    const auto mixed = causal_attention(inputs.queries, inputs.keys, inputs.values, inputs.bias());
    // Logits of 1000 have 6e-5 of rounding in float32.
    CHECK(largest_difference(
              mixed,
              attend_densely(inputs.queries.to(torch::kFloat64), inputs.keys.to(torch::kFloat64),
                             inputs.values.to(torch::kFloat64), inputs.bias())) < 1e-3);
  }
}

TEST_CASE("A window of W tokens is the query's own and the W - 1 before it", "[model]") {
  // Values that are unit vectors show which keys were seen.
  const int64_t length = 12;
  const auto zeros = torch::zeros({1, 1, length, length});
  const auto units = torch::eye(length).expand_as(zeros).contiguous();
  const auto seen = [&](const Visibility& visibility) {
    return causal_attention(zeros, zeros, units, NoBias{}, {visibility, {}})[0][0] > 0;
  };
  const auto places = torch::arange(length);
  const auto distances = places.unsqueeze(1) - places;
  const auto within = distances.ge(0) & distances.lt(3);
  CHECK(torch::equal(seen({3, 0}), within));
  CHECK(torch::equal(seen({3, 2}), within | (distances.ge(0) & places.lt(2))));
  CHECK(torch::equal(seen({1, 0}), distances.eq(0)));
}

TEST_CASE("A bias by distance never becomes a matrix", "[model]") {
  // [H, T, T] would take 1 GiB here.
  const Inputs inputs = random_inputs(1, 4, 8192, 4, true);
  const torch::NoGradGuard no_grad;
  reset_peak_memory();
  const double before = peak_memory_mib();
  causal_attention(inputs.queries, inputs.keys, inputs.values, inputs.bias());
  CHECK(peak_memory_mib() - before < 128);
}

TEST_CASE("Attention refuses shapes and biases it would get wrong", "[model]") {
  const Inputs inputs = random_inputs(1, 2, 6, 4, true);
  const auto attend = [&](const torch::Tensor& keys, const torch::Tensor& by_distance) {
    return causal_attention(inputs.queries, keys, inputs.values, DistanceBias{by_distance});
  };
  CHECK_NOTHROW(attend(inputs.keys, inputs.by_distance));
  CHECK_THROWS_AS(attend(inputs.keys.slice(2, 0, 5), inputs.by_distance), c10::Error);
  CHECK_THROWS_AS(attend(inputs.keys, torch::zeros({2, 7})), c10::Error);
  CHECK_THROWS_AS(attend(inputs.keys, torch::zeros({1, 6})), c10::Error);
  CHECK_NOTHROW(attend(inputs.keys, torch::zeros({2, 6}).requires_grad_()));
}

}  // namespace lengthwise
