#include "model/losses.h"

#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

struct Case {
  int64_t rows, vocabulary_size;
};

/// The losses walk over 2^20 logits at a time, at least 16 rows: cases on either side of the cuts.
const Case kCases[] = {{1, 5},       {7, 108},    {1048, 1000}, {1049, 1000},
                       {2101, 1000}, {16, 70000}, {17, 70000},  {33, 70000}};

struct Inputs {
  torch::Tensor hidden, head, targets;  // [N, D], [V, D], [N]
};

Inputs random_inputs(const Case& each) {
  torch::manual_seed(static_cast<uint64_t>(each.rows));
  Inputs inputs{torch::randn({each.rows, 8}), torch::randn({each.vocabulary_size, 8}),
                torch::randint(each.vocabulary_size, {each.rows}, torch::kInt64)};
  inputs.targets[0] = 0;
  inputs.targets[-1] = each.vocabulary_size - 1;
  return inputs;
}

/// -log softmax at the targets as the definition has it: log sum exp less the chosen logit. Logits
/// stay below 60, so float64 needs no maximum taken out.
torch::Tensor dense_nats(const torch::Tensor& hidden, const torch::Tensor& head,
                         const torch::Tensor& targets) {
  const auto logits = torch::matmul(hidden, head.t());
  const auto chosen = logits.gather(1, targets.unsqueeze(1)).squeeze(1);
  return torch::log(torch::exp(logits).sum(1)) - chosen;
}

}  // namespace

TEST_CASE("The mean loss and its gradients equal the dense form", "[model]") {
  for (const Case& each : kCases) {
    DYNAMIC_SECTION(each.rows << " rows, " << each.vocabulary_size << " tokens") {
      const Inputs inputs = random_inputs(each);
      const auto hidden = inputs.hidden.clone().requires_grad_();
      const auto head = inputs.head.clone().requires_grad_();
      const auto loss = mean_nats(hidden, head, inputs.targets);
      (3 * loss).backward();

      const auto hidden64 = inputs.hidden.to(torch::kFloat64).requires_grad_();
      const auto head64 = inputs.head.to(torch::kFloat64).requires_grad_();
      const auto dense = dense_nats(hidden64, head64, inputs.targets).mean();
      (3 * dense).backward();

      CHECK(loss.dim() == 0);
      CHECK(loss.item<double>() == Approx(dense.item<double>()).epsilon(1e-6));
      // A row's gradient is of size 3 / rows, and a float32 product over the V logits: its rounding
      // grows with V. The head's gradient is a product over the rows.
      const double row = 3.0 / static_cast<double>(each.rows);
      const double rounding = 1e-5 + 1e-8 * static_cast<double>(each.vocabulary_size);
      CHECK(largest_difference(hidden.grad(), hidden64.grad()) < rounding * row);
      CHECK(largest_difference(head.grad(), head64.grad()) <
            1e-5 * head64.grad().abs().max().item<double>());
    }
  }
}

TEST_CASE("Targets of -1 are left out of the mean loss and of its gradients", "[model]") {
  Inputs inputs = random_inputs({2101, 1000});
  const auto masked = torch::randint(3, {2101}).ne(0);  // about two in three
  inputs.targets.masked_fill_(masked, -1);
  const auto hidden = inputs.hidden.clone().requires_grad_();
  const auto head = inputs.head.clone().requires_grad_();
  const auto loss = mean_nats(hidden, head, inputs.targets);
  (3 * loss).backward();

  const auto hidden64 = inputs.hidden.to(torch::kFloat64).requires_grad_();
  const auto head64 = inputs.head.to(torch::kFloat64).requires_grad_();
  // The dense form of every row, with weight 0 for those left out.
  const auto weights = masked.logical_not().to(torch::kFloat64);
  const auto nats = dense_nats(hidden64, head64, inputs.targets.clamp_min(0));
  const auto dense = (nats * weights).sum() / weights.sum();
  (3 * dense).backward();

  CHECK(loss.item<double>() == Approx(dense.item<double>()).epsilon(1e-6));
  CHECK(largest_difference(hidden.grad(), hidden64.grad()) < 2e-5 * 3.0 / 700);
  CHECK(largest_difference(head.grad(), head64.grad()) <
        1e-5 * head64.grad().abs().max().item<double>());
  CHECK(hidden.grad().index({masked}).abs().max().item<double>() == 0);
  CHECK_THROWS_AS(mean_nats(hidden, head, torch::full({2101}, -1, torch::kInt64)), c10::Error);
}

TEST_CASE("The likeliest tokens have the largest logits", "[model]") {
  for (const Case& each : kCases) {
    DYNAMIC_SECTION(each.rows << " rows, " << each.vocabulary_size << " tokens") {
      const Inputs inputs = random_inputs(each);
      const auto likeliest = likeliest_tokens(inputs.hidden, inputs.head).tokens;
      const auto logits =
          torch::matmul(inputs.hidden.to(torch::kFloat64), inputs.head.to(torch::kFloat64).t());
      const auto largest = std::get<0>(logits.max(1));
      const auto chosen = logits.gather(1, likeliest.unsqueeze(1)).squeeze(1);
      // Two that are equal to the rounding of float32 may change places.
      CHECK(largest_difference(chosen, largest) < 2e-5);
    }
  }
}

TEST_CASE("The loss of each token equals the dense form", "[model]") {
  for (const Case& each : kCases) {
    DYNAMIC_SECTION(each.rows << " rows, " << each.vocabulary_size << " tokens") {
      const Inputs inputs = random_inputs(each);
      const auto nats = token_nats(inputs.hidden, inputs.head, inputs.targets);
      CHECK(nats.scalar_type() == torch::kFloat32);
      // Losses are up to about 40, whose float32 has steps of 4e-6.
      CHECK(largest_difference(nats, dense_nats(inputs.hidden.to(torch::kFloat64),
                                                inputs.head.to(torch::kFloat64), inputs.targets)) <
            2e-5);
    }
  }
}

TEST_CASE("Token losses have no graph behind them", "[model]") {
  const Inputs inputs = random_inputs({4, 5});
  CHECK_FALSE(token_nats(inputs.hidden.clone().requires_grad_(), inputs.head, inputs.targets)
                  .requires_grad());
}

TEST_CASE("Certain logits give finite losses", "[model]") {
  const auto hidden = torch::tensor({{1.0f}}), head = torch::tensor({{1000.0f}, {0.0f}});
  const auto right = torch::tensor({int64_t{0}}), wrong = torch::tensor({int64_t{1}});
  CHECK(mean_nats(hidden, head, right).item<double>() == 0);
  CHECK(mean_nats(hidden, head, wrong).item<double>() == 1000);
  CHECK(token_nats(hidden, head, right)[0].item<double>() == 0);
  CHECK(token_nats(hidden, head, wrong)[0].item<double>() == 1000);
}

TEST_CASE("Losses refuse shapes that do not fit", "[model]") {
  const Inputs inputs = random_inputs({4, 5});
  CHECK_THROWS_AS(mean_nats(inputs.hidden, inputs.head.slice(1, 0, 7), inputs.targets), c10::Error);
  CHECK_THROWS_AS(mean_nats(inputs.hidden, inputs.head, inputs.targets.slice(0, 1)), c10::Error);
  CHECK_THROWS_AS(token_nats(inputs.hidden.unsqueeze(0), inputs.head, inputs.targets), c10::Error);
}

}  // namespace lengthwise
