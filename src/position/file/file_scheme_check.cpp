#include "position/file/file_scheme_check.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>

#include "position/file/scheme_hooks.h"

namespace lengthwise {
namespace {

using torch::Tensor;

constexpr int64_t kMostPlaces = 24;
constexpr double kRounding = 1e-4;  // of float32, where a sum is taken in another order

/// A layer's inputs at a few places.
struct Probe {
  Tensor embeddings;             // [1, T, D]
  Tensor queries, keys, logits;  // [1, H, T, K], [1, H, T, T]
};

Probe draw(const ModelShape& shape, int64_t length) {
  const auto heads = [&](int64_t last) { return torch::randn({1, shape.heads, length, last}); };
  return {torch::randn({1, length, shape.width}), heads(shape.head_width()),
          heads(shape.head_width()), heads(length)};
}

/// The same up to `place`, otherwise from there on.
Tensor changed_from(const Tensor& x, int64_t dim, int64_t place) {
  auto other = x.clone();
  other.slice(dim, place).normal_(0, 3);
  return other;
}

Positions counted(int64_t length) {
  return {torch::arange(length, torch::kFloat64), 1.0, static_cast<double>(length)};
}

class Check {
 public:
  Check(const FileScheme& scheme, const ModelShape& shape)
      : scheme_(scheme),
        program_(scheme.program()),
        shape_(shape),
        length_(
            std::min({kMostPlaces, shape.train_length, scheme.max_length().value_or(kMostPlaces)})),
        positions_(counted(length_)),
        probe_(draw(shape, length_)),
        kind_(bias_hook(program_)) {}

  void run() {
    check_gradients(outputs());
    const torch::NoGradGuard no_grad;
    check_embed();
    check_rotations();
    check_bias_at_length();
    if (kind_ == "key_bias") check_key_bias();
    if (kind_ == "pair_bias" || kind_ == "change") check_blocks();
  }

 private:
  struct Output {
    std::string hook;
    Tensor value;
  };

  LayerContext context(const std::vector<Tensor>& tables, const Tensor& hidden) const {
    return {0, positions_, tables, hidden};
  }

  LogitBlock block(int64_t begin, int64_t end) const {
    return {begin, end, 0, 0, torch::arange(begin, end), torch::arange(end), {}};
  }

  Tensor block_of(const AttentionBias& bias, int64_t begin, int64_t end,
                  const Tensor& logits) const {
    const LogitBlock rectangle = block(begin, end);
    if (const auto* pair = std::get_if<PairBias>(&bias)) {
      return pair->block(rectangle, pair->inputs);
    }
    const auto& change = std::get<LogitChange>(bias);
    return change.block(logits.slice(2, begin, end).slice(3, 0, end),
                        probe_.queries.slice(2, begin, end), rectangle, change.inputs);
  }

  AttentionBias bias_for(const Tensor& hidden) const {
    const auto tables = scheme_.tables(positions_);
    return scheme_.attention_bias(context(tables, hidden));
  }

  /// What every hook makes of the probe.
  std::vector<Output> outputs() const {
    std::vector<Output> all;
    if (program_.defines("embed")) {
      all.push_back({"embed", scheme_.apply_to_embeddings(probe_.embeddings, positions_)});
    }
    const RotateHooks rotations = rotate_hooks(program_);
    const auto pair = rotated(probe_.queries, probe_.keys);
    if (!rotations.queries.empty()) all.push_back({rotations.queries, pair.queries});
    if (!rotations.keys.empty()) all.push_back({rotations.keys, pair.keys});
    const AttentionBias bias = bias_for(probe_.embeddings);
    if (const auto* distance = std::get_if<DistanceBias>(&bias)) {
      all.push_back({kind_, distance->value});
    } else if (const auto* key = std::get_if<KeyBias>(&bias)) {
      all.push_back({kind_, key->value});
    } else if (!kind_.empty()) {
      all.push_back({kind_, block_of(bias, 0, length_, probe_.logits)});
    }
    for (const Output& each : all) check_finite(each);
    return all;
  }

  QueriesKeys rotated(const Tensor& queries, const Tensor& keys) const {
    const std::vector<Tensor> tables;
    return scheme_.apply_to_queries_keys({queries, keys}, context(tables, probe_.embeddings));
  }

  void check_finite(const Output& output) const {
    if (output.value.isfinite().all().item<bool>()) return;
    program_.fail_at(output.hook,
                     fmt::format("gives what is not finite, within the first {} places; where a "
                                 "key is as far as its query, the distance is 0",
                                 length_));
  }

  void check_gradients(const std::vector<Output>& outputs) const {
    const auto& names = scheme_.parameter_names();
    if (names.empty()) return;
    Tensor sum = torch::zeros({}, torch::kFloat64);
    for (const Output& each : outputs) {
      const auto weights = torch::rand_like(each.value) + 0.5;
      sum = sum + (each.value * weights).to(torch::kFloat64).sum();
    }
    const auto parameters = scheme_.parameters_of(0);
    std::vector<Tensor> gradients(parameters.size());
    if (sum.requires_grad()) {
      gradients = torch::autograd::grad({sum}, parameters, {}, std::nullopt, false,
                                        /*allow_unused=*/true);
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const bool own = program_.defines("parameters") && (i >= names.size() - of_layer_count());
      const std::string hook = own ? "parameters" : "shared_parameters";
      if (!gradients[i].defined()) {
        program_.fail_at(hook, fmt::format("'{}' gets no gradient: no function makes anything of "
                                           "it that reaches attention{}",
                                           names[i],
                                           own && program_.defines("embed")
                                               ? " (embed is handed shared_parameters alone)"
                                               : ""));
      }
      if (!gradients[i].isfinite().all().item<bool>()) {
        program_.fail_at(hook, fmt::format("'{}' gets a gradient that is not finite", names[i]));
      }
    }
  }

  size_t of_layer_count() const {
    size_t own = 0;
    for (const auto& item : scheme_.named_parameters()) own += item.key().starts_with("layers.0.");
    return own;
  }

  void refuse_looking_ahead(const std::string& hook) const {
    program_.fail_at(hook,
                     "looks ahead: what it gives at a place changes with what comes later in the "
                     "text, so a model could read the token it is to predict");
  }

  bool same_before(const Tensor& one, const Tensor& other, int64_t dim, int64_t place) const {
    return torch::allclose(one.slice(dim, 0, place), other.slice(dim, 0, place), kRounding,
                           kRounding);
  }

  void check_embed() const {
    if (!program_.defines("embed")) return;
    const auto before = scheme_.apply_to_embeddings(probe_.embeddings, positions_);
    for_places([&](int64_t place) {
      const auto other = changed_from(probe_.embeddings, 1, place);
      const auto after = scheme_.apply_to_embeddings(other, positions_);
      if (!same_before(before, after, 1, place)) refuse_looking_ahead("embed");
    });
  }

  void check_rotations() const {
    const RotateHooks hooks = rotate_hooks(program_);
    const QueriesKeys before = rotated(probe_.queries, probe_.keys);
    for_places([&](int64_t place) {
      const QueriesKeys after =
          rotated(changed_from(probe_.queries, 2, place), changed_from(probe_.keys, 2, place));
      if (!hooks.queries.empty() && !same_before(before.queries, after.queries, 2, place)) {
        refuse_looking_ahead(hooks.queries);
      }
      if (!hooks.keys.empty() && !same_before(before.keys, after.keys, 2, place)) {
        refuse_looking_ahead(hooks.keys);
      }
      if (hooks.queries.empty()) return;
      const auto last = rotated(probe_.queries.slice(2, place), probe_.keys).queries;
      if (!torch::allclose(last, before.queries.slice(2, place), kRounding, kRounding)) {
        program_.fail_at(hooks.queries,
                         "turns a query otherwise where fewer queries are asked; each must be "
                         "turned by its own position alone");
      }
    });
  }

  /// A vector is cheap, so it is looked at in the whole training window.
  void check_bias_at_length() const {
    if (kind_ != "bias") return;
    const Positions all = counted(shape_.train_length);
    const auto tables = scheme_.tables(all);
    const AttentionBias bias = scheme_.attention_bias({0, all, tables, probe_.embeddings});
    const auto& value = std::get<DistanceBias>(bias).value;
    if (value.isfinite().all().item<bool>()) return;
    const auto finite = value.isfinite().all(0).to(torch::kInt64);
    program_.fail_at("bias", fmt::format("gives what is not finite at distance {}",
                                         finite.argmin().item<int64_t>()));
  }

  void check_key_bias() const {
    const auto value = [&](const Tensor& hidden) {
      return std::get<KeyBias>(bias_for(hidden)).value;
    };
    const auto before = value(probe_.embeddings);
    for_places([&](int64_t place) {
      const auto after = value(changed_from(probe_.embeddings, 1, place));
      if (!same_before(before, after, 2, place)) refuse_looking_ahead("key_bias");
    });
  }

  /// Attention hands over any rows of queries with the keys up to the last of them.
  void check_blocks() const {
    const AttentionBias bias = bias_for(probe_.embeddings);
    const auto whole = visible(block_of(bias, 0, length_, probe_.logits), 0);
    for_places([&](int64_t place) {
      const auto rows = visible(block_of(bias, place, length_, probe_.logits), place);
      if (!torch::allclose(rows, whole.slice(2, place), kRounding, kRounding)) {
        program_.fail_at(kind_,
                         "gives a query another answer when attention asks for other queries "
                         "beside it; each row must be computed by itself");
      }
      if (kind_ != "change") return;
      const auto ahead = changed_from(probe_.logits, 3, place);
      const auto after = visible(block_of(bias, 0, length_, ahead), 0);
      if (!same_before(whole, after, 2, place)) refuse_looking_ahead("change");
    });
  }

  /// What no query sees as 0: it may be anything finite.
  Tensor visible(const Tensor& logits, int64_t begin) const {
    return logits.masked_fill(~block(begin, length_).visible(), 0);
  }

  void for_places(const std::function<void(int64_t)>& visit) const {
    for (const int64_t place : {int64_t{1}, length_ / 2, length_ - 1}) {
      if (place > 0 && place < length_) visit(place);
    }
  }

  const FileScheme& scheme_;
  const SchemeProgram& program_;
  ModelShape shape_;
  int64_t length_;
  Positions positions_;
  Probe probe_;
  std::string kind_;
};

}  // namespace

void check_file_scheme(const FileScheme& scheme, const ModelShape& shape) {
  const torch::AutoGradMode with_graph(true);
  Check(scheme, shape).run();
}

}  // namespace lengthwise
