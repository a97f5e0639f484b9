#include "position/file/file_scheme.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "position/distance_bias.h"
#include "position/file/allocation_watch.h"
#include "position/file/file_scheme_check.h"
#include "position/file/scheme_files.h"
#include "position/file/scheme_hooks.h"
#include "position/layer_parameters.h"
#include "position/options.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// Leaves the generator as it was: to look at a scheme draws nothing from a run.
class KeepGenerator {
 public:
  KeepGenerator()
      : generator_(at::detail::getDefaultCPUGenerator()), state_(generator_.get_state()) {}
  ~KeepGenerator() { generator_.set_state(state_); }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  at::Generator generator_;
  Tensor state_;
};

c10::IValue dictionary(const std::vector<std::string>& names, at::TensorList tensors) {
  c10::Dict<std::string, Tensor> named;
  for (size_t i = 0; i < tensors.size(); ++i) named.insert(names[i], tensors[i]);
  return named;
}

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// Where a block's queries and keys stand, [Q, 1] and [Q, C]. A key ahead of its query, which no
/// query sees, counts as at it: no distance is less than zero.
struct BlockPlaces {
  BlockPlaces(const LogitBlock& block, const Tensor& positions)
      : queries(positions.index_select(0, block.query_index).unsqueeze(1)),
        keys(torch::minimum(queries, positions.index_select(0, block.key_index))) {}
  Tensor queries, keys;
};

}  // namespace

FileScheme::FileScheme(std::shared_ptr<const SchemeProgram> program, const ModelShape& shape)
    : program_(std::move(program)), shape_(shape) {
  check_hooks(*program_);
  register_parameters();
  if (program_->defines("max_length")) {
    max_length_ = call_before_training("max_length").toInt();
    if (*max_length_ < 1) {
      program_->fail_at("max_length",
                        fmt::format("gives {}; a window has at least 1 token", *max_length_));
    }
  }
  const std::string kind = bias_hook(*program_);
  if (kind == "pair_bias" || kind == "change") floats_per_logit_ = measure_floats_per_logit();
}

c10::IValue FileScheme::call_before_training(const std::string& hook) const {
  std::vector<c10::IValue> sizes;
  for (const std::string& name : program_->arguments(hook)) {
    sizes.emplace_back(size_of(shape_, name));
  }
  return program_->call(hook, std::move(sizes));
}

std::vector<std::pair<std::string, Tensor>> FileScheme::drawn(const std::string& hook) const {
  if (!program_->defines(hook)) return {};
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& entry : call_before_training(hook).toGenericDict()) {
    const std::string name = entry.key().toStringRef();
    const Tensor value = entry.value().toTensor().detach();
    if (name.empty() || name.find('.') != std::string::npos) {
      program_->fail_at(hook,
                        fmt::format("names a parameter '{}'; a name has letters and no dot", name));
    }
    if (!value.is_floating_point()) {
      program_->fail_at(hook, fmt::format("'{}' holds {}; what is learned is real numbers, as of "
                                          "torch.ones, torch.randn or torch.full",
                                          name, c10::toString(value.scalar_type())));
    }
    if (!value.isfinite().all().item<bool>()) {
      program_->fail_at(hook, fmt::format("'{}' begins with numbers that are not finite", name));
    }
    all.emplace_back(name, value);
  }
  return all;
}

void FileScheme::register_parameters() {
  const KeepGenerator keep;
  for (const auto& [name, value] : drawn("shared_parameters")) {
    names_.push_back(name);
    shared_.push_back(register_parameter(name, torch::empty(value.sizes())));
  }
  for (const auto& [name, value] : drawn("parameters")) {
    if (std::ranges::count(names_, name) > 0) {
      program_->fail_at("parameters", fmt::format("'{}' is one of shared_parameters too", name));
    }
    names_.push_back(name);
    of_layers_.push_back(register_layer_parameters(*this, shape_.layers, name, value.sizes()));
  }
}

void FileScheme::reset_parameters() {
  const torch::NoGradGuard no_grad;
  const auto shared = drawn("shared_parameters");
  for (size_t i = 0; i < shared.size(); ++i) shared_[i].copy_(shared[i].second);
  for (int64_t layer = 0; layer < shape_.layers; ++layer) {
    const auto own = drawn("parameters");
    for (size_t i = 0; i < own.size(); ++i) {
      of_layers_[i][static_cast<size_t>(layer)].copy_(own[i].second);
    }
  }
}

std::vector<Tensor> FileScheme::parameters_of(int64_t layer) const {
  std::vector<Tensor> all = shared_;
  for (const auto& of_layer : of_layers_) all.push_back(of_layer.at(static_cast<size_t>(layer)));
  return all;
}

Tensor FileScheme::call(const std::string& hook, Named own, at::TensorList parameters,
                        int64_t length) const {
  std::vector<c10::IValue> arguments;
  for (const std::string& name : program_->arguments(hook)) {
    const auto found = std::ranges::find(own, name, [](const auto& each) { return each.first; });
    if (found != own.end()) {
      arguments.push_back(found->second);
    } else if (name == "p") {
      arguments.push_back(dictionary(names_, parameters));
    } else {
      arguments.emplace_back(name == "length" ? length : size_of(shape_, name));
    }
  }
  return program_->call(hook, std::move(arguments)).toTensor();
}

void FileScheme::check_shape(const std::string& hook, const Tensor& result, at::IntArrayRef shape,
                             std::string_view said) const {
  if (result.sizes() != shape) {
    program_->fail_at(hook, fmt::format("returns {}; it must be {} = {}",
                                        shape_text(result.sizes()), said, shape_text(shape)));
  }
  if (result.is_complex()) program_->fail_at(hook, "returns complex numbers; it must be real ones");
}

Tensor FileScheme::bias(const Tensor& distances, at::TensorList parameters, int64_t length) const {
  const auto flat = distances.flatten();
  const auto result = call("bias", {{"distance", flat}}, parameters, length);
  check_shape("bias", result, {shape_.heads, flat.size(0)}, "[heads, distances]");
  std::vector<int64_t> sizes = distances.sizes().vec();
  sizes.insert(sizes.begin(), shape_.heads);
  return result.reshape(sizes);
}

std::vector<Tensor> FileScheme::tables(const Positions& positions) const {
  if (!program_->defines("bias") || !positions.step || !of_layers_.empty()) return {};
  const auto distances = even_distances(positions);
  return {bias(distances, shared_, distances.size(0)).to(torch::kFloat32)};
}

Tensor FileScheme::apply_to_embeddings(Tensor embeddings, const Positions& positions) const {
  if (!program_->defines("embed")) return embeddings;
  const auto x = embeddings.to(torch::kFloat32);
  const auto result =
      call("embed", {{"x", x}, {"positions", positions.values}}, shared_, x.size(1));
  check_shape("embed", result, x.sizes(), "[batch, tokens, width]");
  return result.to(torch::kFloat32);
}

QueriesKeys FileScheme::apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const {
  const RotateHooks hooks = rotate_hooks(*program_);
  const auto parameters = parameters_of(context.layer);
  const auto& positions = context.positions.values;
  const int64_t length = positions.size(0);
  const auto rotated = [&](const std::string& hook, const Tensor& x) {
    if (hook.empty()) return x;
    const auto exact = x.to(torch::kFloat32);
    const auto places = positions.slice(0, length - x.size(2));
    const auto result = call(hook, {{"x", exact}, {"positions", places}}, parameters, length);
    check_shape(hook, result, exact.sizes(), "[batch, heads, tokens, head_width]");
    return result.to(torch::kFloat32);
  };
  return {rotated(hooks.queries, pair.queries), rotated(hooks.keys, pair.keys)};
}

Tensor FileScheme::pair_bias(const LogitBlock& block, const Tensor& positions,
                             at::TensorList parameters) const {
  const BlockPlaces places(block, positions);
  const auto result =
      call("pair_bias", {{"query_position", places.queries}, {"key_position", places.keys}},
           parameters, positions.size(0));
  check_shape("pair_bias", result, {shape_.heads, places.keys.size(0), places.keys.size(1)},
              "[heads, queries, keys]");
  return result.to(torch::kFloat32).unsqueeze(0);
}

Tensor FileScheme::change(const Tensor& logits, const Tensor& queries, const LogitBlock& block,
                          const Tensor& positions, at::TensorList parameters) const {
  const BlockPlaces places(block, positions);
  const auto result = call("change",
                           {{"logits", logits},
                            {"queries", queries},
                            {"query_position", places.queries},
                            {"key_position", places.keys},
                            {"visible", block.visible()}},
                           parameters, positions.size(0));
  check_shape("change", result, logits.sizes(), "[batch, heads, queries, keys]");
  return result.to(torch::kFloat32);
}

AttentionBias FileScheme::attention_bias(const LayerContext& context) const {
  const Positions& positions = context.positions;
  const std::string kind = bias_hook(*program_);
  if (kind.empty()) return NoBias{};
  if (kind == "bias" && positions.step && of_layers_.empty()) {
    return DistanceBias{context.tables.at(0)};
  }
  const auto parameters = parameters_of(context.layer);
  const int64_t length = positions.values.size(0);
  if (kind == "bias") {
    return make_distance_bias(positions, parameters,
                              [this, length](const Tensor& distances, at::TensorList inputs) {
                                return bias(distances, inputs, length);
                              });
  }
  if (kind == "key_bias") {
    const auto hidden = context.hidden.to(torch::kFloat32);
    const auto result =
        call("key_bias", {{"hidden", hidden}, {"positions", positions.values}}, parameters, length);
    check_shape("key_bias", result, {hidden.size(0), shape_.heads, hidden.size(1)},
                "[batch, heads, tokens]");
    return KeyBias{result.to(torch::kFloat64)};
  }
  if (kind == "pair_bias") {
    const auto block = [this, values = positions.values](const LogitBlock& logits,
                                                         at::TensorList inputs) {
      return pair_bias(logits, values, inputs);
    };
    return PairBias{parameters, block, floats_per_logit_};
  }
  const auto block = [this, values = positions.values](const Tensor& logits, const Tensor& queries,
                                                       const LogitBlock& rectangle,
                                                       at::TensorList inputs) {
    return change(logits, queries, rectangle, values, inputs);
  };
  return LogitChange{parameters, block, floats_per_logit_};
}

int64_t FileScheme::measure_floats_per_logit() const {
  constexpr int64_t kSide = 32;
  const auto options = torch::TensorOptions(torch::kFloat64);
  const auto positions = torch::arange(kSide, options);
  const auto index = torch::arange(kSide, torch::kInt64);
  const LogitBlock block{0, kSide, 0, 0, index, index, {}};
  std::vector<Tensor> parameters;
  for (const Tensor& each : parameters_of(0)) {
    parameters.push_back(torch::ones_like(each.detach()).requires_grad_());
  }
  const torch::AutoGradMode with_graph(true);
  const auto logits = torch::zeros({1, shape_.heads, kSide, kSide}).requires_grad_();
  const auto queries = torch::zeros({1, shape_.heads, kSide, shape_.head_width()}).requires_grad_();
  const int64_t bytes = peak_bytes_of([&] {
    const auto result = program_->defines("change")
                            ? change(logits, queries, block, positions, parameters)
                            : pair_bias(block, positions, parameters);
    if (result.requires_grad()) result.sum().backward();
  });
  const int64_t a_logit = bytes / static_cast<int64_t>(sizeof(float)) / logits.numel();
  return std::max<int64_t>(8, a_logit + 4);
}

namespace {

std::shared_ptr<PositionScheme> make_file_scheme(const PositionOptions& options,
                                                 const ModelShape& shape) {
  return std::make_shared<FileScheme>(scheme_program(options.scheme), shape);
}

void validate_file_scheme(const PositionOptions& options, const ModelShape& shape) {
  const KeepGenerator keep;
  torch::manual_seed(1);
  const auto scheme = std::make_shared<FileScheme>(scheme_program(options.scheme), shape);
  scheme->reset_parameters();
  check_file_scheme(*scheme, shape);
}

}  // namespace

constinit const SchemeEntry kSchemeFile{
    .name = "a scheme file",
    .summary = "functions of a file",
    .paper = "your own",
    .make = make_file_scheme,
    .validate = validate_file_scheme,
};

}  // namespace lengthwise
