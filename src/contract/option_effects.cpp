#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/options.h"
#include "contract/conformance.h"
#include "model/transformer.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 11;

/// Asked beyond its train length: some options are for there.
ModelOptions model_of(const ModelShape& shape) {
  ModelOptions model;
  model.width = shape.width;
  model.layers = shape.layers;
  model.heads = shape.heads;
  model.head_width = shape.given_head_width;
  model.feedforward = 32;
  model.train_length = 16;
  return model;
}

torch::Tensor answers_of(const ModelOptions& options, const PositionOptions& position) {
  const torch::NoGradGuard no_grad;
  Transformer model = make_transformer(options, position, kVocabularySize);
  model->reset_parameters(1);
  model->eval();
  torch::manual_seed(3);
  for (const auto& item : model->named_parameters()) {
    if (!item.key().starts_with("position.")) continue;
    auto own = item.value();
    own.add_(torch::randn_like(own), 0.1);
  }
  torch::manual_seed(7);
  const int64_t length = std::min<int64_t>(96, model->max_length().value_or(96));
  return model->forward(torch::randint(kVocabularySize, {1, length}, torch::kInt64));
}

/// Other values that an option of this text might take; which it does, it says when asked.
std::vector<std::string> other_values(const Option& option) {
  if (!option.choices.empty()) return option.choices;
  std::vector<std::string> values;
  const std::string text = option.text();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return values;
  for (const double other : {2 * number, number / 2, number + 1, number - 1, 0.5, 1.0, 4.0, 64.0}) {
    values.push_back(fmt::format("{}", other));
  }
  return values;
}

}  // namespace

std::vector<Conformance::OptionEffect> option_effects(const PositionOptions& options,
                                                      const ModelShape& shape) {
  const ModelOptions model = model_of(shape);
  PositionOptions base = options;
  OptionSet declared;
  base.declare(declared);
  const torch::Tensor answers = answers_of(model, base);
  std::vector<Conformance::OptionEffect> effects;
  for (const Option& option : declared.all()) {
    if (!option.is_read() || option.name == "position.scheme" ||
        option.name == "position.query_factor" || option.name == "position.sink_logit") {
      continue;
    }
    Conformance::OptionEffect effect{option.name, option.text(), "", 0};
    for (const std::string& value : other_values(option)) {
      PositionOptions changed = base;
      OptionSet its;
      changed.declare(its);
      const Option& same = its.find(option.name);
      try {
        same.assign(value);
        changed.validate(model.shape());
      } catch (const UserError&) {
        continue;
      }
      if (same.text() == effect.from) continue;
      const torch::Tensor moved = answers_of(model, changed);
      const int64_t rows = std::min(moved.size(1), answers.size(1));
      effect.to = same.text();
      effect.difference =
          (moved.slice(1, 0, rows) - answers.slice(1, 0, rows)).abs().max().item<double>();
      if (moved.size(1) != answers.size(1)) effect.difference = std::max(effect.difference, 1.0);
      if (effect.difference > 0) break;
    }
    effects.push_back(effect);
  }
  return effects;
}

}  // namespace lengthwise
