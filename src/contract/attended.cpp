#include "contract/attended.h"

#include <cmath>
#include <limits>

#include "model/attention_kernels.h"
#include "position/file/scheme_files.h"
#include "position/file/scheme_hooks.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// [H, T, T] of [H, T] by distance.
Tensor by_pairs(const Tensor& by_distance, int64_t length) {
  const auto places = torch::arange(length);
  const auto distances = (places.unsqueeze(1) - places).clamp_min(0);
  return by_distance.index_select(1, distances.flatten()).view({-1, length, length});
}

void move_off_beginning(PositionScheme& scheme) {
  torch::manual_seed(3);
  scheme.reset_parameters();
  const torch::NoGradGuard no_grad;
  for (const Tensor& parameter : scheme.parameters()) {
    parameter.add_(torch::randn_like(parameter), 0.1);
  }
}

}  // namespace

LayerInputs LayerInputs::to(torch::ScalarType type) const {
  return {embeddings.to(type), queries.to(type), keys.to(type), values.to(type)};
}

LayerInputs LayerInputs::leaves() const {
  const auto leaf = [](const Tensor& x) { return x.detach().clone().requires_grad_(); };
  return {leaf(embeddings), leaf(queries), leaf(keys), leaf(values)};
}

LayerInputs draw_layer_inputs(const ModelShape& shape, int64_t length) {
  torch::manual_seed(4);
  const auto heads = [&] { return torch::randn({1, shape.heads, length, shape.head_width()}); };
  return {torch::randn({1, length, shape.width}), heads(), heads(), heads()};
}

std::shared_ptr<FileScheme> scheme_off_its_beginning(const std::string& file,
                                                     const ModelShape& shape) {
  auto scheme = std::make_shared<FileScheme>(scheme_program(file), shape);
  move_off_beginning(*scheme);
  return scheme;
}

std::shared_ptr<PositionScheme> scheme_off_its_beginning(const PositionOptions& options,
                                                         const ModelShape& shape) {
  auto scheme = make_scheme(options, shape);
  move_off_beginning(*scheme);
  return scheme;
}

Tensor attended(const PositionScheme& scheme, const LayerInputs& inputs, const Positions& positions,
                int64_t rows) {
  const auto tables = scheme.tables(positions);
  const auto hidden = scheme.apply_to_embeddings(inputs.embeddings, positions);
  const LayerContext context{0, positions, tables, hidden};
  const int64_t skipped = positions.values.size(0) - rows;
  const AttentionInputs asked =
      attention_inputs(scheme, {inputs.queries.slice(2, skipped), inputs.keys}, context);
  const auto mixed =
      causal_attention(asked.queries.to(torch::kFloat32), asked.keys.to(torch::kFloat32),
                       inputs.values.to(torch::kFloat32), asked.bias, {{}, {}, 0, asked.parts});
  if (hidden.is_same(inputs.embeddings)) return mixed;
  // What is added to embeddings reaches attention through what it reads there.
  return torch::cat({mixed.flatten(), hidden.slice(1, skipped).flatten().to(torch::kFloat32)});
}

Tensor attended_in_float64(const FileScheme& scheme, const LayerInputs& inputs,
                           const Positions& positions, at::TensorList parameters) {
  const SchemeProgram& program = scheme.program();
  const int64_t length = positions.values.size(0);
  const auto& places = positions.values;
  const auto call = [&](const std::string& hook, FileScheme::Named own) {
    return scheme.call(hook, std::move(own), parameters, length).to(torch::kFloat64);
  };
  auto hidden = inputs.embeddings;
  if (program.defines("embed")) hidden = call("embed", {{"x", hidden}, {"positions", places}});
  const RotateHooks hooks = rotate_hooks(program);
  const auto turned = [&](const std::string& hook, const Tensor& x) {
    return hook.empty() ? x : call(hook, {{"x", x}, {"positions", places}});
  };
  const auto queries = turned(hooks.queries, inputs.queries);
  const auto keys = turned(hooks.keys, inputs.keys);
  auto logits = torch::matmul(queries, keys.transpose(2, 3)) /
                std::sqrt(static_cast<double>(queries.size(3)));
  const auto seen = torch::ones({length, length}, torch::kBool).tril();
  const auto query_position = places.unsqueeze(1);
  const auto key_position = torch::minimum(query_position, places);
  const std::string kind = bias_hook(program);
  if (kind == "bias") {
    logits = logits + by_pairs(call(kind, {{"distance", places - places[0]}}), length);
  } else if (kind == "key_bias") {
    logits = logits + call(kind, {{"hidden", hidden}, {"positions", places}}).unsqueeze(2);
  } else if (kind == "pair_bias") {
    logits =
        logits + call(kind, {{"query_position", query_position}, {"key_position", key_position}});
  } else if (kind == "change") {
    logits = call(kind, {{"logits", logits},
                         {"queries", queries},
                         {"query_position", query_position},
                         {"key_position", key_position},
                         {"visible", seen}});
  }
  const auto weights =
      torch::softmax(logits.masked_fill(~seen, -std::numeric_limits<double>::infinity()), -1);
  const auto mixed = torch::matmul(weights, inputs.values);
  return program.defines("embed") ? torch::cat({mixed.flatten(), hidden.flatten()}) : mixed;
}

Positions counted_positions(int64_t length, double first) {
  return {torch::arange(length, torch::kFloat64) + first, 1.0, first + static_cast<double>(length)};
}

}  // namespace lengthwise
