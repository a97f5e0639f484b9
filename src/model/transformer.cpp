#include "model/transformer.h"

#include <cmath>

#include "base/random.h"
#include "fused/turn.h"
#include "model/adaptive.h"
#include "model/attention_kernels.h"
#include "position/heads.h"
#include "position/registry.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

torch::Tensor dropped_out(const torch::Tensor& x, const ModelOptions& options, bool training) {
  return training && options.dropout > 0 ? at::dropout(x, options.dropout, true) : x;
}

Activation activation_of(const std::string& name) {
  if (name == "relu") return Activation::relu;
  return name == "gelu_tanh" ? Activation::gelu_tanh : Activation::gelu;
}

}  // namespace

AttentionImpl::AttentionImpl(const ModelOptions& options)
    : heads(options.heads),
      heads_of_keys(options.heads_of_keys()),
      head_width(options.width_of_heads()),
      query_key_value(register_module(
          "query_key_value", Linear(options.width, (heads + 2 * heads_of_keys) * head_width,
                                    options.has_bias("query_key_value")))),
      output(register_module(
          "output", Linear(heads * head_width, options.width, options.has_bias("output")))),
      clip_(options.query_key_value_clip),
      scale_(options.attention_scale),
      norm_of_all_heads_(options.query_key_norm == "all_heads") {
  if (options.query_key_norm == "none") return;
  const auto width_of = [&](int64_t count) {
    return norm_of_all_heads_ ? count * head_width : head_width;
  };
  query_norm = register_module("query_norm", Norm(width_of(heads), options));
  key_norm = register_module("key_norm", Norm(width_of(heads_of_keys), options));
}

void AttentionImpl::reset(double output_gain) {
  query_key_value->reset(1.0);
  output->reset(output_gain);
}

void AttentionImpl::reset_as_fairseq() {
  query_key_value->reset_uniform();  // its bias keeps this
  const int64_t queries = heads * head_width, keys = heads_of_keys * head_width;
  for (const auto& part : query_key_value->weight.split_with_sizes({queries, keys, keys})) {
    xavier_uniform(part, std::sqrt(0.5));
  }
  output->reset(1.0);  // its bias begins at 0
  xavier_uniform(output->weight);
}

std::vector<torch::Tensor> AttentionImpl::project(const torch::Tensor& x, int64_t queries) const {
  auto parts = queries == x.size(1) && heads_of_keys == heads
                   ? split_heads(query_key_value->forward(x), 3, heads)
                   : project_apart(x, queries);
  if (clip_ > 0) {
    for (auto& part : parts) part = part.clamp(-clip_, clip_);
  }
  if (query_norm) {
    parts[0] = normed(query_norm, parts[0]);
    parts[1] = normed(key_norm, parts[1]);
  }
  return parts;
}

std::vector<torch::Tensor> AttentionImpl::project_apart(const torch::Tensor& x,
                                                        int64_t queries) const {
  const auto weight = query_key_value->matrix(x.scalar_type()).to(x.scalar_type());
  const auto bias =
      query_key_value->bias.defined() ? query_key_value->bias.to(x.scalar_type()) : torch::Tensor();
  const auto rows = [&](const torch::Tensor& places, int64_t begin, int64_t end) {
    return bias.defined()
               ? at::linear(places, weight.slice(0, begin, end), bias.slice(0, begin, end))
               : at::linear(places, weight.slice(0, begin, end));
  };
  const int64_t first_key = heads * head_width, end = weight.size(0);
  const auto last = split_heads(rows(x.slice(1, x.size(1) - queries), 0, first_key), 1, heads);
  const auto all = split_heads(rows(x, first_key, end), 2, heads_of_keys);
  return {last[0], all[0], all[1]};
}

torch::Tensor AttentionImpl::normed(const Norm& norm, const torch::Tensor& x) const {
  const auto type = x.scalar_type();
  const auto floats = x.to(torch::kFloat32);
  if (!norm_of_all_heads_) return norm->forward(floats, {}, type).normed;
  return norm->forward(floats.transpose(1, 2).flatten(2), {}, type)
      .normed.unflatten(2, {x.size(1), x.size(3)})
      .transpose(1, 2);
}

torch::Tensor AttentionImpl::forward(const PositionScheme& scheme, const LayerContext& context,
                                     const AttentionRule& rule, int64_t queries) const {
  const auto parts = project(context.hidden, queries);
  const auto inputs = attention_inputs(scheme, {parts[0], parts[1]}, context);
  const auto type = context.hidden.scalar_type();
  AttentionRule scaled = rule;
  scaled.scale = scale_;
  scaled.parts = inputs.parts;
  const auto mixed =
      causal_attention(inputs.queries.to(type), for_each_head(inputs.keys.to(type), heads),
                       for_each_head(parts[2], heads), inputs.bias, scaled);
  return output->forward(mixed.transpose(1, 2).flatten(2));
}

FeedForwardImpl::FeedForwardImpl(const ModelOptions& options)
    : activation(activation_of(options.activation)),
      dropout(options.activation_dropout),
      up(register_module(
          "up", Linear(options.width, options.feedforward, options.has_bias("feedforward")))),
      down(register_module(
          "down", Linear(options.feedforward, options.width, options.has_bias("feedforward")))) {
  if (options.activation == "swiglu") {
    gate = register_module(
        "gate", Linear(options.width, options.feedforward, options.has_bias("feedforward")));
  }
}

void FeedForwardImpl::reset(double output_gain) {
  up->reset(1.0);
  if (gate) gate->reset(1.0);
  down->reset(output_gain);
}

void FeedForwardImpl::reset_uniform() {
  up->reset_uniform();
  if (gate) gate->reset_uniform();
  down->reset_uniform();
}

torch::Tensor FeedForwardImpl::forward(const torch::Tensor& x) const {
  auto inner = gate ? gated_linear(x, {gate->matrix(x.scalar_type()), gate->bias},
                                   {up->matrix(x.scalar_type()), up->bias})
                    : up->forward(x, activation);
  if (is_training() && dropout > 0) inner = at::dropout(inner, dropout, true);
  return down->forward(inner);
}

BlockImpl::BlockImpl(const ModelOptions& options)
    : attention_norm(register_module("attention_norm", Norm(options.width, options))),
      attention(register_module("attention", Attention(options))),
      feedforward_norm(register_module("feedforward_norm", Norm(options.width, options))),
      feedforward(register_module("feedforward", FeedForward(options))) {}

TransformerImpl::TransformerImpl(const ModelOptions& model_options, int64_t vocabulary_size,
                                 std::shared_ptr<PositionScheme> scheme)
    : options(model_options),
      embeddings(register_module("embedding", make_embeddings(options, vocabulary_size))),
      final_norm(nullptr),
      position(std::move(scheme)) {
  if (options.embedding_norm) {
    embedding_norm = register_module("embedding_norm", Norm(options.width, options));
  }
  const auto list = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    blocks.push_back(list->register_module(std::to_string(layer), Block(options)));
  }
  if (options.final_norm) {
    final_norm = register_module("final_norm", Norm(options.width, options));
  }
  head = register_module("head", make_head(options, vocabulary_size, *embeddings));
  register_module("position", position);
}

void TransformerImpl::reset_parameters(uint64_t seed) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(split_stream(seed, 0).next());
  embeddings->reset_parameters(options);
  // What 2 * layers sublayers add to the stream keeps its scale (Radford et al. 2019).
  const double output_gain = 1 / std::sqrt(2.0 * static_cast<double>(options.layers));
  for (Block& block : blocks) {
    if (options.initialization == "fairseq") {
      block->attention->reset_as_fairseq();
      block->feedforward->reset_uniform();
    } else {
      block->attention->reset(output_gain);
      block->feedforward->reset(output_gain);
    }
  }
  head->reset_parameters(options);
  torch::manual_seed(split_stream(seed, 1).next());
  position->reset_parameters();
}

torch::Tensor TransformerImpl::forward(const torch::Tensor& tokens, uint64_t draw) {
  return forward_last(tokens, tokens.size(1), draw);
}

torch::Tensor TransformerImpl::forward_last(const torch::Tensor& tokens, int64_t rows,
                                            uint64_t draw) {
  TORCH_CHECK(rows >= 1 && rows <= tokens.size(1), "the last ", rows, " of ", tokens.size(1),
              " places were asked for");
  const auto positions = position->positions(tokens.size(1), draw, tokens.device());
  const auto tables = position->tables(positions);
  auto hidden = embeddings->forward(tokens, products);
  if (options.embedding_scale != 1) hidden = hidden * options.embedding_scale;
  if (embedding_norm) hidden = embedding_norm->forward(hidden, {}, hidden.scalar_type()).normed;
  hidden = dropped_out(position->apply_to_embeddings(hidden, positions), options, is_training());

  AttentionRule rule{{options.window, options.sinks}, {}};
  const double attention_dropout = is_training() ? options.attention_dropout : 0;
  torch::Tensor branch;  // what a sublayer made, added to the stream by the norm that comes next
  for (size_t layer = 0; layer < blocks.size(); ++layer) {
    const Block& block = blocks[layer];
    rule.dropout = {attention_dropout, split_stream(draw, layer).next()};
    SublayerInput in = sublayer_input(block->attention_norm, hidden, branch);
    const LayerContext context{static_cast<int64_t>(layer), positions, tables, in.normed,
                               rule.visibility};
    const int64_t skipped = layer + 1 == blocks.size() ? tokens.size(1) - rows : 0;
    hidden = skipped == 0 ? in.residual : in.residual.slice(1, skipped);
    branch = dropped_out(block->attention->forward(*position, context, rule, hidden.size(1)),
                         options, is_training());
    in = sublayer_input(block->feedforward_norm, hidden, branch);
    hidden = in.residual;
    branch = dropped_out(block->feedforward->forward(in.normed), options, is_training());
  }
  const auto last = final_norm ? final_norm->forward(hidden, branch, products).normed
                               : (hidden + branch).to(products);
  return options.logit_scale == 1 ? last : last * options.logit_scale;
}

TransformerImpl::SublayerInput TransformerImpl::sublayer_input(const Norm& norm,
                                                               const torch::Tensor& stream,
                                                               const torch::Tensor& branch) const {
  if (options.residual == "stream") {
    auto [sum, normed] = norm->forward(stream, branch, products);
    return {sum, normed};
  }
  const auto normed = norm->forward(stream, branch, stream.scalar_type()).normed;
  return {normed, normed.to(products)};
}

torch::Device TransformerImpl::device() const {
  return blocks[0]->attention->output->weight.device();
}

std::optional<int64_t> TransformerImpl::max_length() const {
  return position->max_length();
}

Transformer make_transformer(const ModelOptions& model, const PositionOptions& position,
                             int64_t vocabulary_size) {
  return Transformer(model, model.rows_for(vocabulary_size), make_scheme(position, model.shape()));
}

void check_vocabulary(const ModelOptions& model, int64_t vocabulary_size) {
  const int64_t rows = model.rows_for(vocabulary_size);
  if (model.embeddings == "adaptive" || model.head == "adaptive") adaptive_bands(model, rows);
}

int64_t parameter_count(const Transformer& model) {
  int64_t count = 0;
  for (const auto& parameter : model->parameters()) count += parameter.numel();
  return count;
}

}  // namespace lengthwise
