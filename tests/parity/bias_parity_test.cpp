// Our biases, sinusoids and CoPE against what public packages compute: reference.safetensors,
// written by make_reference.py from inputs that it holds as well. Where a package has another form,
// the test states the relation that the scheme's header gives.

#include <fmt/format.h>

#include <cmath>

#include "model/attention_kernels.h"
#include "parity/parity_check.h"
#include "position/cope.h"
#include "position/dense_attention.h"
#include "position/sinusoidal.h"
#include "position/t5_bias.h"

namespace lengthwise {
namespace {

/// [H, T, T] of a bias by distance, 0 where the key is later than the query.
torch::Tensor matrix_of(const AttentionBias& bias) {
  const auto value = std::get<DistanceBias>(bias).value;
  const int64_t heads = value.size(0), length = value.size(1);
  return value.index_select(1, pair_distances(torch::arange(length)).flatten())
      .view({heads, length, length})
      .tril();
}

}  // namespace

TEST_CASE("ALiBi equals BLOOM's bias, which has slope times query more in each row", "[parity]") {
  for (int64_t heads : {8, 12, 16}) {
    DYNAMIC_SECTION(heads << " heads") {
      const auto by_key = saved(fmt::format("transformers.bloom_alibi.{}_heads.bias", heads));
      const int64_t length = by_key.size(1);
      const auto bias = Placed(with_scheme("alibi"), shape_of(heads, 4, 16), length).bias();

      const auto relative = by_key.unsqueeze(1) - by_key.unsqueeze(2);  // [H, T, T]
      CHECK(largest_difference(matrix_of(bias), relative.tril()) < kTolerance);

      torch::manual_seed(1);
      const auto queries = torch::randn({1, heads, length, 4}), keys = torch::randn_like(queries),
                 values = torch::randn_like(queries);
      const auto logits = scaled_products(queries, keys) + by_key.unsqueeze(1);
      CHECK(largest_difference(causal_attention(queries, keys, values, bias),
                               dense_attention(logits, values, visible_keys(length))) < kTolerance);
    }
  }
}

TEST_CASE("ALiBi and its variants in training equal MPT's and x-transformers' bias", "[parity]") {
  for (const std::string scheme : {"alibi", "alibi_learned", "alibi_scaled"}) {
    for (int64_t heads : {8, 12, 16}) {
      DYNAMIC_SECTION(scheme << ", " << heads << " heads") {
        for (const std::string package : {"transformers.mpt_alibi", "x_transformers.alibi"}) {
          CAPTURE(package);
          const auto last_row = saved(fmt::format("{}.{}_heads.bias", package, heads));
          const int64_t length = last_row.size(1);
          const Placed placed(with_scheme(scheme), shape_of(heads, 4, length), length);
          CHECK(largest_difference(std::get<DistanceBias>(placed.bias()).value, last_row.flip(1)) <
                kTolerance);
        }
      }
    }
  }
}

TEST_CASE("ALiBi at positions that are drawn equals x-transformers'", "[parity]") {
  const Positions positions = saved_positions();
  const Placed placed(with_scheme("alibi"), shape_of(12, 4, 16), positions);
  const auto bias = std::get<PairBias>(placed.bias());
  const auto block = bias.block(all_pairs(positions.values.size(0)), bias.inputs);
  CHECK(largest_difference(block[0].tril(),
                           saved("x_transformers.alibi.12_heads.drawn.bias").tril()) < kTolerance);
}

TEST_CASE("Sinusoids are Marian's and x-transformers', which have all sines first", "[parity]") {
  const auto marian = saved("transformers.marian_sinusoidal.table");
  const int64_t width = marian.size(1);
  const auto ours = sinusoidal_embeddings(torch::arange(marian.size(0), torch::kFloat64), width,
                                          /*base=*/10000);
  const auto sines_first = torch::cat({ours.slice(1, 0, width, 2), ours.slice(1, 1, width, 2)}, 1);
  CHECK(largest_difference(sines_first, marian) < kTolerance);
  // x-transformers divides by the root of the width.
  CHECK(largest_difference(sines_first / std::sqrt(static_cast<double>(width)),
                           saved("x_transformers.scaled_sinusoidal.table")) < kTolerance);
}

TEST_CASE("T5's buckets are those of Hugging Face and x-transformers", "[parity]") {
  const auto distance = torch::arange(301, torch::kFloat64);
  const auto paper = t5_buckets(distance, 32, 128);
  CHECK(torch::equal(paper, saved("transformers.t5.buckets_32_distance_128")));
  CHECK(torch::equal(paper, saved("x_transformers.t5.buckets_32_distance_128")));
  CHECK(torch::equal(t5_buckets(distance, 16, 128),
                     saved("transformers.t5.buckets_16_distance_128")));
}

TEST_CASE("T5's bias is that of Hugging Face, and x-transformers' divided by its scale",
          "[parity]") {
  const auto weights = saved("t5.weights"), expected = saved("transformers.t5.bias");
  const Placed placed(with_scheme("t5_bias"), shape_of(weights.size(1), 16, 16), expected.size(1));
  {
    const torch::NoGradGuard no_grad;
    placed.parameter("table").copy_(weights);
  }
  const auto ours = matrix_of(placed.bias()).detach();
  CHECK(largest_difference(ours, expected.tril()) == 0);
  const double scale = saved("x_transformers.t5.scale").item<double>();
  CHECK(largest_difference(ours, saved("x_transformers.t5.bias").tril() / scale) < 1e-6);
}

TEST_CASE("CoPE adds what x-transformers' adds, and attends alike", "[parity]") {
  const torch::NoGradGuard no_grad;
  const auto queries = saved("cope.queries"), keys = saved("cope.keys"),
             values = saved("cope.values"), embeddings = saved("cope.embeddings");
  const int64_t length = queries.size(2), width = queries.size(3);
  PositionOptions options = with_scheme("cope");
  options.group<CopeOptions>().max_positions = embeddings.size(0);
  const Placed placed(options, shape_of(queries.size(1), width, 16), length);
  placed.parameter("layers.0.vectors").copy_(embeddings);
  const auto change = std::get<LogitChange>(placed.bias());

  const auto logits =
      torch::matmul(queries, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(width));
  const auto added = change.block(logits, queries, all_pairs(length), change.inputs) - logits;
  CHECK(largest_difference(added.tril(), saved("x_transformers.cope.added")) < kTolerance);
  CHECK(largest_difference(causal_attention(queries, keys, values, change),
                           saved("x_transformers.cope.mixed")) < kTolerance);
}

}  // namespace lengthwise
