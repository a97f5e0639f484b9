#include "model/adaptive.h"

#include <cmath>
#include <map>

#include "model/transformer.h"
#include "position/options.h"
#include "tensor_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr int64_t kTokens = 40;

/// Bands [0, 6), [6, 15) and [15, 40), of widths 8, 4 and 2.
ModelOptions adaptive_options() {
  ModelOptions options;
  options.width = 8;
  options.embeddings = options.head = "adaptive";
  options.cutoffs = {6, 15};
  options.cutoff_factor = 2;
  return options;
}

ModelOptions tied_options() {
  ModelOptions options = adaptive_options();
  options.tied_embeddings = options.tied_projections = true;
  return options;
}

/// Embeddings and a head with weights of a size that tells tokens apart.
struct Ends {
  explicit Ends(const ModelOptions& options)
      : embeddings(std::make_shared<AdaptiveEmbeddings>(adaptive_bands(options, kTokens))),
        head(std::dynamic_pointer_cast<AdaptiveHead>(make_head(options, kTokens, *embeddings))) {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(3);
    for (const auto& module : {std::shared_ptr<torch::nn::Module>(embeddings),
                               std::shared_ptr<torch::nn::Module>(head)}) {
      for (const auto& parameter : module->parameters()) parameter.normal_(0, 0.7);
    }
  }
  std::shared_ptr<AdaptiveEmbeddings> embeddings;
  std::shared_ptr<AdaptiveHead> head;
};

/// The same numbers in float64, with gradients of their own.
std::vector<torch::Tensor> doubles_of(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> doubles;
  for (const auto& each : tensors) {
    doubles.push_back(each.detach().to(torch::kFloat64).requires_grad_());
  }
  return doubles;
}

struct DenseHead {
  explicit DenseHead(const AdaptiveHead& head)
      : rows(doubles_of(head.rows)),
        projections(doubles_of(head.projections)),
        clusters(doubles_of({head.clusters})[0]) {}

  /// ln p of every token, [N, V]: P(band) P(token | band), written out for all (Grave et al.,
  /// section 4.3).
  torch::Tensor log_likelihoods(const torch::Tensor& hidden) const {
    const auto first = torch::cat({rows[0], clusters});
    const auto logits = torch::matmul(hidden, first.t());
    const auto log_first = logits - torch::log(torch::exp(logits).sum(1, true));
    const int64_t frequent = rows[0].size(0);
    std::vector<torch::Tensor> parts{log_first.slice(1, 0, frequent)};
    for (size_t i = 1; i < rows.size(); ++i) {
      const auto in_band = torch::matmul(torch::matmul(hidden, projections[i - 1]), rows[i].t());
      const auto of_band = log_first.slice(1, frequent + int64_t(i) - 1, frequent + int64_t(i));
      parts.push_back(of_band + in_band - torch::log(torch::exp(in_band).sum(1, true)));
    }
    return torch::cat(parts, 1);
  }

  std::vector<torch::Tensor> rows, projections;
  torch::Tensor clusters;
};

torch::Tensor chosen(const torch::Tensor& table, const torch::Tensor& targets) {
  return table.gather(1, targets.unsqueeze(1)).squeeze(1);
}

struct Batch {
  torch::Tensor hidden, targets;
};

/// Rows whose targets are of all bands, the bands' first and last tokens among them.
Batch batch_of_all_bands() {
  torch::manual_seed(9);
  const auto edges =
      torch::tensor({int64_t{0}, int64_t{5}, int64_t{6}, int64_t{14}, int64_t{15}, int64_t{39}});
  return {torch::randn({50, 8}), torch::cat({edges, torch::randint(kTokens, {44}, torch::kInt64)})};
}

void check_gradients(const std::vector<torch::Tensor>& actual,
                     const std::vector<torch::Tensor>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    REQUIRE(actual[i].grad().defined());
    CHECK(relative_difference(actual[i].grad(), expected[i].grad(), 0.1) < 2e-6);
  }
}

}  // namespace

TEST_CASE("An adaptive head's likelihoods are those of the dense form, and sum to 1", "[model]") {
  const Ends ends(adaptive_options());
  const DenseHead dense(*ends.head);
  const Batch batch = batch_of_all_bands();
  const auto all = dense.log_likelihoods(batch.hidden.to(torch::kFloat64));
  CHECK(largest_difference(torch::exp(all).sum(1), torch::ones({50})) < 1e-12);
  const auto nats = ends.head->token_nats(batch.hidden, batch.targets);
  CHECK(nats.scalar_type() == torch::kFloat32);
  CHECK_FALSE(nats.requires_grad());
  CHECK(largest_difference(nats, -chosen(all, batch.targets)) < 1e-5);
  const auto mean = ends.head->mean_nats(batch.hidden, batch.targets);
  CHECK(mean.dim() == 0);
  CHECK(mean.item<double>() == Approx(-chosen(all, batch.targets).mean().item<double>()));
}

TEST_CASE("An adaptive head's gradients are those of the dense form", "[model]") {
  const Ends ends(adaptive_options());
  const DenseHead dense(*ends.head);
  Batch batch = batch_of_all_bands();
  for (const char* targets : {"of all bands", "some not scored", "of the first band alone"}) {
    CAPTURE(targets);
    if (targets == std::string("some not scored")) batch.targets.slice(0, 10, 20).fill_(-1);
    if (targets == std::string("of the first band alone")) batch.targets.fill_(3);
    for (const auto& each : ends.head->parameters()) each.mutable_grad().reset();
    for (const auto& list : {dense.rows, dense.projections, {dense.clusters}}) {
      for (const auto& each : list) each.mutable_grad() = torch::zeros_like(each.detach());
    }
    const auto hidden = batch.hidden.clone().requires_grad_();
    (3 * ends.head->mean_nats(hidden, batch.targets)).backward();
    const auto hidden64 = batch.hidden.to(torch::kFloat64).requires_grad_();
    const auto scored = batch.targets.ge(0).to(torch::kFloat64);
    const auto nats = -chosen(dense.log_likelihoods(hidden64), batch.targets.clamp_min(0)) * scored;
    (3 * nats.sum() / scored.sum()).backward();

    CHECK(relative_difference(hidden.grad(), hidden64.grad(), 0.1) < 2e-6);
    check_gradients(ends.head->rows, dense.rows);
    check_gradients(ends.head->projections, dense.projections);
    check_gradients({ends.head->clusters}, {dense.clusters});
  }
}

TEST_CASE("An adaptive head's likeliest token has the largest likelihood of all bands", "[model]") {
  const Ends ends(adaptive_options());
  torch::manual_seed(21);
  const auto hidden = 3 * torch::randn({500, 8});
  const auto all = DenseHead(*ends.head).log_likelihoods(hidden.to(torch::kFloat64));
  const auto likeliest = ends.head->likeliest_tokens(hidden);
  CHECK(largest_difference(chosen(all, likeliest), std::get<0>(all.max(1))) < 1e-5);
  for (const auto& [begin, end] : std::vector<std::pair<int, int>>{{0, 6}, {6, 15}, {15, 40}}) {
    CHECK(likeliest.ge(begin).logical_and(likeliest.lt(end)).any().item<bool>());
  }
}

TEST_CASE("Adaptive embeddings are a band's row times its projection, with its gradients",
          "[model]") {
  const Ends ends(adaptive_options());
  const auto& embeddings = *ends.embeddings;
  for (const auto& tokens :
       {torch::tensor({{39, 0, 5, 6}, {14, 15, 6, 0}}), torch::tensor({{1, 2}})}) {
    for (const auto& each : embeddings.parameters()) each.mutable_grad().reset();
    const auto rows = doubles_of(embeddings.rows), projections = doubles_of(embeddings.projections);
    std::vector<torch::Tensor> table;
    for (size_t i = 0; i < rows.size(); ++i) {
      table.push_back(torch::matmul(rows[i], projections[i].t()));
    }
    const auto expected = torch::cat(table).index_select(0, tokens.flatten());
    const auto embedded = embeddings.forward(tokens, torch::kFloat32);
    CHECK(embedded.sizes() == at::IntArrayRef({tokens.size(0), tokens.size(1), 8}));
    CHECK(largest_difference(embedded.flatten(0, 1), expected) < 2e-6);
    torch::manual_seed(2);
    const auto upstream = torch::randn({tokens.numel(), 8});
    (embedded.flatten(0, 1) * upstream).sum().backward();
    (expected * upstream.to(torch::kFloat64)).sum().backward();
    check_gradients(embeddings.rows, rows);
    check_gradients(embeddings.projections, projections);
  }
}

TEST_CASE("Tied, embeddings and head share rows and projections but for the first projection",
          "[model]") {
  const Ends ends(tied_options());
  for (size_t i = 0; i < 3; ++i) CHECK(ends.head->rows[i].is_same(ends.embeddings->rows[i]));
  REQUIRE(ends.head->projections.size() == 2);
  CHECK(ends.head->projections[0].is_same(ends.embeddings->projections[1]));
  CHECK(ends.head->projections[1].is_same(ends.embeddings->projections[2]));
  CHECK(ends.head->parameters().size() == 1);  // of the bands' places in the first softmax
  ModelOptions rows_alone = tied_options();
  rows_alone.tied_projections = false;
  CHECK(Ends(rows_alone).head->parameters().size() == 3);
  CHECK(Ends(adaptive_options()).head->parameters().size() == 6);
}

TEST_CASE("An adaptive head drops out in training alone, of its input and of what is projected",
          "[model]") {
  ModelOptions options = adaptive_options();
  options.head_dropout = 0.5;
  const Ends ends(options);
  const Batch batch = batch_of_all_bands();
  const auto loss = [&] { return ends.head->mean_nats(batch.hidden, batch.targets).item<float>(); };
  const float first = loss();
  CHECK(loss() != first);
  ends.head->eval();
  CHECK(loss() ==
        Ends(adaptive_options()).head->mean_nats(batch.hidden, batch.targets).item<float>());

  // All that reaches the last band is one number of the input, and one of the two it is projected
  // to: half of the rows lose the first, and half of the others the second.
  ends.head->train();
  const torch::NoGradGuard no_grad;
  for (const auto& each : ends.head->parameters()) each.zero_();
  ends.head->projections[1][0][0] = 1;
  ends.head->rows[2][24][0] = 1;
  const auto hidden = torch::zeros({1, 8});
  hidden[0][0] = 4;
  std::map<int, int> seen;
  for (int i = 0; i < 400; ++i) {
    const double nats =
        ends.head->mean_nats(hidden, torch::tensor({int64_t{39}})).item<double>() - std::log(8);
    // Kept twice, the logit is 4 / (1 - 0.5)^2 = 16 against 24 of 0; else all 25 are alike.
    const double kept = std::log(1 + 24 * std::exp(-16));
    const bool is_kept = std::abs(nats - kept) < 1e-4;
    CHECK((is_kept || std::abs(nats - std::log(25)) < 1e-4));
    ++seen[is_kept];
  }
  CHECK(std::abs(seen[1] - 100) < 45);  // a quarter; five standard deviations
}

TEST_CASE("The full-size model of Press et al. has the parameters that are counted by hand",
          "[model]") {
  ModelOptions options = tied_options();
  options.width = 1024, options.layers = 16, options.heads = 8, options.feedforward = 4096;
  options.activation = "relu";
  options.cutoffs = {20000, 60000};
  options.cutoff_factor = 4;
  options.final_norm = false;
  options.biases = {"query_key_value", "output", "feedforward", "norm"};
  PositionOptions position;
  position.scheme = "alibi";
  // A layer: queries, keys, values and output of 1024^2 each and their biases; two matrices of 1024
  // * 4096 and their biases; two norms of a weight and a bias.
  constexpr int64_t kLayer =
      4 * (1024 * 1024 + 1024) + 2 * 1024 * 4096 + 4096 + 1024 + 2 * 2 * 1024;
  // Rows and projections of the three bands, and two places in the first softmax.
  constexpr int64_t kVocabulary =
      20000 * 1024 + 40000 * 256 + 207744 * 64 + 1024 * (1024 + 256 + 64) + 2 * 1024;
  const Transformer model = make_transformer(options, position, 267744);
  CHECK(parameter_count(model) == 16 * kLayer + kVocabulary);
  CHECK(parameter_count(model) == 246'933'504);
}

TEST_CASE("fairseq's first weights are uniform within its bounds", "[model]") {
  ModelOptions options = tied_options();
  options.width = 64, options.layers = 1, options.heads = 2, options.feedforward = 256;
  options.initialization = "fairseq";
  options.biases = {"query_key_value", "output", "feedforward", "norm"};
  PositionOptions position;
  position.scheme = "none";
  Transformer model = make_transformer(options, position, kTokens);
  model->reset_parameters(1);
  const auto check_uniform = [](const torch::Tensor& weight, double bound) {
    CHECK(weight.abs().max().item<double>() <= bound * 1.000001);
    CHECK(weight.std().item<double>() == Approx(bound / std::sqrt(3)).epsilon(0.1));
  };
  const auto& block = *model->blocks[0];
  for (const auto& part : block.attention->query_key_value->weight.chunk(3)) {
    check_uniform(part, std::sqrt(6.0 / 128) / std::sqrt(2));
  }
  check_uniform(block.attention->query_key_value->bias, 1 / 8.0);
  CHECK(block.attention->output->bias.abs().max().item<double>() == 0);
  check_uniform(block.attention->output->weight, std::sqrt(6.0 / 128));
  check_uniform(block.feedforward->up->weight, 1 / 8.0);
  check_uniform(block.feedforward->up->bias, 1 / 8.0);
  check_uniform(block.feedforward->down->weight, 1 / 16.0);
  const auto& embeddings = dynamic_cast<const AdaptiveEmbeddings&>(*model->embeddings);
  check_uniform(embeddings.projections[1], std::sqrt(6.0 / (64 + 32)));
  // Rows are normal, of spread 1 / sqrt(width): 25 of width 16.
  CHECK(embeddings.rows[2].std().item<double>() == Approx(1 / 4.0).epsilon(0.15));
}

TEST_CASE("Cutoffs that do not fit the vocabulary or the width are named", "[model]") {
  ModelOptions options = adaptive_options();
  CHECK(user_error_text([&] { adaptive_bands(options, 15); }) ==
        "model.cutoffs: 15 is not within the vocabulary of 15 tokens; the last must be below");
  CHECK_NOTHROW(adaptive_bands(options, 16));
  options.cutoff_factor = 3;
  CHECK(user_error_text([&] { adaptive_bands(options, 16); }) ==
        "model.cutoff_factor: 3 leaves band 3 of model.width 8 no width");
  options.cutoffs = {6, 6};
  CHECK(user_error_text([&] { options.validate(); }) ==
        "model.cutoffs: 6 does not come after 6; they must increase");
  options.cutoffs = {};
  CHECK_THROWS_AS(options.validate(), UserError);
}

}  // namespace lengthwise
