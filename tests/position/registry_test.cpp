#include "position/registry.h"

#include <set>

#include "base/options.h"
#include "base/safetensors.h"
#include "model/attention_kernels.h"
#include "model/plain_weights.h"
#include "model/transformer.h"
#include "position/dape.h"
#include "position/heads.h"
#include "position/options.h"
#include "position/randomized.h"
#include "position/rotary.h"
#include "position/scheme.h"
#include "position/scheme_options.h"
#include "position/xpos.h"
#include "report/contains_text.h"
#include "temporary_folder.h"
#include "tensor_check.h"
#include "test.h"
#include "training/checkpoint.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 11;

/// What every registered scheme must keep, whatever it is: a small model with it, drawn from
/// `seed`.
Transformer model_with(const SchemeEntry& entry, int64_t train_length, uint64_t seed = 1,
                       double xpos_scale_base = XposOptions{}.scale_base) {
  ModelOptions model;
  model.width = 24;
  model.layers = 2;
  model.heads = 3;
  model.feedforward = 32;
  model.train_length = train_length;
  PositionOptions position = options_of(entry, model.shape());
  position.group<XposOptions>().scale_base = xpos_scale_base;
  Transformer transformer = make_transformer(model, position, kVocabularySize);
  transformer->reset_parameters(seed);
  transformer->eval();
  return transformer;
}

torch::Tensor random_tokens(int64_t rows, int64_t length, uint64_t seed = 7) {
  torch::manual_seed(seed);
  return torch::randint(kVocabularySize, {rows, length}, torch::kInt64);
}

torch::Tensor hidden_of(Transformer& model, const torch::Tensor& tokens) {
  const torch::NoGradGuard no_grad;
  return model->forward(tokens);
}

/// Another token at one place.
torch::Tensor with_another_token(const torch::Tensor& tokens, int64_t place) {
  auto changed = tokens.clone();
  changed.select(1, place).add_(1).remainder_(kVocabularySize);
  return changed;
}

double loss_of(Transformer& model, const torch::Tensor& tokens) {
  const torch::NoGradGuard no_grad;
  const int64_t length = tokens.size(1) - 1;
  return model->head
      ->mean_nats(model->forward(tokens.slice(1, 0, length)).flatten(0, 1),
                  tokens.slice(1, 1).flatten())
      .item<double>();
}

/// A part of a parameter that gradients must reach.
struct Part {
  std::string name;
  torch::Tensor value, gradient;
};

/// Queries, keys and values of each layer, and all that is the scheme's own.
std::vector<Part> parts_of(const Transformer& model) {
  std::vector<Part> parts;
  for (const auto& [name, parameter] : named_parameters(*model)) {
    if (name.ends_with("query_key_value.weight")) {
      const auto values = parameter.detach().chunk(3), gradients = parameter.grad().chunk(3);
      for (size_t i = 0; i < 3; ++i) {
        parts.push_back({name + "/" + std::to_string(i), values[i], gradients[i]});
      }
    } else if (name.starts_with("position.")) {
      parts.push_back({name, parameter.detach(), parameter.grad()});
    }
  }
  return parts;
}

/// A scheme with every parameter drawn, so that none acts on nothing.
std::shared_ptr<PositionScheme> scheme_with_drawn_parameters(const SchemeEntry& entry,
                                                             const ModelShape& shape) {
  const auto scheme = make_scheme(options_of(entry, shape), shape);
  torch::manual_seed(3);
  scheme->reset_parameters();
  const torch::NoGradGuard no_grad;
  for (const torch::Tensor& parameter : scheme->parameters()) {
    parameter.add_(torch::randn_like(parameter), 0.3);
  }
  return scheme;
}

/// One layer's attention, from embeddings to what it passes on.
struct Layer {
  torch::Tensor embeddings, queries, keys, values;  // [1, T, D], [1, H, T, K]
};

Layer draw_layer(const ModelShape& shape, int64_t length) {
  torch::manual_seed(4);
  const auto heads = [&] { return torch::randn({1, shape.heads, length, shape.head_width()}); };
  return {torch::randn({1, length, shape.width}), heads(), heads(), heads()};
}

torch::Tensor attend(const PositionScheme& scheme, const Layer& layer, const Positions& positions,
                     int64_t rows) {
  const torch::NoGradGuard no_grad;
  const auto tables = scheme.tables(positions);
  const auto hidden = scheme.apply_to_embeddings(layer.embeddings, positions);
  const LayerContext context{0, positions, tables, hidden};
  const int64_t length = positions.values.size(0);
  const auto inputs =
      attention_inputs(scheme, {layer.queries.slice(2, length - rows), layer.keys}, context);
  // Positions added to embeddings reach attention through what it reads there.
  const auto mixed =
      causal_attention(inputs.queries.to(torch::kFloat32),
                       for_each_head(inputs.keys.to(torch::kFloat32), layer.values.size(1)),
                       layer.values.to(torch::kFloat32), inputs.bias, {{}, {}, 0, inputs.parts});
  return torch::cat(
      {mixed.flatten(), hidden.slice(1, length - rows).flatten().to(torch::kFloat32)});
}

}  // namespace

TEST_CASE("The table of schemes names nothing twice and keeps its order", "[position]") {
  std::set<std::string_view> names, summaries;
  int64_t order = 0;
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    CHECK(names.insert(entry.name).second);
    CHECK(summaries.insert(entry.summary).second);
    CHECK_FALSE(entry.paper.empty());
    CHECK(scheme_names().at(static_cast<size_t>(order)) == entry.name);
    ++order;
  }
  CHECK(names.size() == scheme_names().size());
}

TEST_CASE("An unknown scheme is refused with the nearest name", "[position]") {
  const std::string line = user_error_text([] { scheme_entry("alibbi"); });
  CHECK(contains(line, "position.scheme: 'alibbi' is unknown"));
  CHECK(contains(line, "did you mean 'alibi'"));
}

TEST_CASE("A common name of a scheme is answered with ours", "[position]") {
  std::set<std::string_view> known;
  for (const SchemeEntry& entry : scheme_entries()) known.insert(entry.name);
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const std::string_view alias : entry.aliases) {
      CAPTURE(alias);
      if (alias.empty()) continue;
      CHECK(known.insert(alias).second);  // no two schemes have it
      CHECK(contains(user_error_text([&] { scheme_entry(alias); }),
                     "did you mean '" + std::string(entry.name) + "'?"));
    }
  }
  PositionOptions values;
  OptionSet options;
  values.declare(options);
  const auto refusal = [&](const std::string& name) {
    return user_error_text([&] { options.read_command_line({"--position.scheme", name}); });
  };
  CHECK(contains(refusal("rope"), "did you mean 'rotary'?"));
  CHECK(contains(refusal("RoPE"), "did you mean 'rotary'?"));
  CHECK(contains(refusal("Dynamic-NTK"), "did you mean 'rotary_dynamic_ntk'?"));
  CHECK(contains(refusal("YaRN"), "did you mean 'rotary_yarn'?"));
  CHECK(contains(refusal("NoPE"), "did you mean 'none'?"));
}

TEST_CASE("A scheme's options are read when it is at work, by itself or inside another",
          "[position]") {
  PositionOptions values;
  OptionSet options;
  values.declare(options);
  const auto is_read = [&](const std::string& name) { return options.find(name).is_read(); };
  values.scheme = "xpos";
  CHECK(is_read("position.scheme"));
  CHECK(is_read("position.xpos.gamma"));
  CHECK(is_read("position.rotary.base"));
  CHECK_FALSE(is_read("position.alibi.bias_max"));
  values.scheme = "rotary";
  CHECK_FALSE(is_read("position.rotary_yarn.factor"));
  CHECK(options.find("position.xpos.gamma").unmet_condition() == "position.scheme = xpos");

  values.scheme = "randomized";
  values.group<RandomizedOptions>().scheme = "dape";
  values.group<DapeOptions>().bias = "fire";
  CHECK(is_read("position.randomized.range"));
  CHECK(is_read("position.dape.width"));
  CHECK(is_read("position.fire.c"));
  CHECK_FALSE(is_read("position.alibi.bias_max"));
  CHECK_FALSE(is_read("position.rotary.base"));
  values.group<DapeOptions>().bias = "alibi";
  CHECK(is_read("position.alibi.bias_max"));
  CHECK_FALSE(is_read("position.fire.c"));
}

TEST_CASE("An option that only begins training may not change after it", "[position]") {
  PositionOptions values;
  OptionSet options;
  values.declare(options);
  const auto may_change = [&](const std::string& name) {
    return options.find(name).may_change_after_training();
  };
  values.scheme = "alibi";
  CHECK(may_change("position.alibi.bias_max"));
  values.scheme = "alibi_learned";
  CHECK_FALSE(may_change("position.alibi.bias_max"));
  values.scheme = "fire";
  CHECK_FALSE(may_change("position.fire.c"));
}

TEST_CASE("A copy of the options has values of its own, and an assignment keeps what is declared",
          "[position]") {
  PositionOptions first;
  first.group<RotaryOptions>().base = 5;
  PositionOptions copy = first;
  copy.group<RotaryOptions>().base = 7;
  CHECK(first.group<RotaryOptions>().base == 5);
  OptionSet options;
  first.declare(options);
  first = copy;
  CHECK(options.find("position.rotary.base").text() == "7");
  options.read_command_line({"--position.rotary.base", "9"});
  CHECK(first.group<RotaryOptions>().base == 9);
  CHECK(copy.group<RotaryOptions>().base == 7);
}

TEST_CASE("Positions are drawn where a scheme says so, and there alone", "[position]") {
  const ModelShape shape{24, 3, 1, 16};
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    const auto scheme = make_scheme(options_of(entry, shape), shape);
    const bool draws =
        !torch::equal(scheme->positions(16, 1).values, scheme->positions(16, 2).values);
    CHECK(draws == entry.draws_positions);
    CHECK(draws == scheme->draws_positions());
  }
}

TEST_CASE("A limit below the train length is refused, inside randomized too", "[position]") {
  PositionOptions options;
  const ModelShape shape{24, 3, 1, 512};
  const auto refusal = [&] { return user_error_text([&] { options.validate(shape); }); };
  options.scheme = "xpos";
  CHECK(refusal().empty());
  options.group<XposOptions>().scale_base = 1;
  CHECK(contains(refusal(), "position.xpos.scale_base: 1 "));
  CHECK(contains(refusal(), "at least 5"));
  options.group<XposOptions>().scale_base = 5;
  CHECK(refusal().empty());
  options.scheme = "randomized";
  options.group<RandomizedOptions>() = {.scheme = "xpos", .range = 2048};
  CHECK(contains(refusal(), "position.xpos.scale_base: 5 "));
  options.group<XposOptions>().scale_base = 17;
  CHECK(refusal().empty());
}

TEST_CASE("Every scheme is causal", "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    for (int64_t length : {1, 2, 63, 512, 513, 700}) {
      DYNAMIC_SECTION(entry.name << " at " << length << " tokens") {
        Transformer model = model_with(entry, 700);
        const auto tokens = random_tokens(1, length);
        const auto before = hidden_of(model, tokens);
        CHECK(before.sizes() == torch::IntArrayRef({1, length, 24}));
        CHECK(before.isfinite().all().item<bool>());
        for (int64_t place : {1, 31, 62, 511, 512, 600, 699}) {
          if (place >= length) break;
          CAPTURE(place);
          const auto after = hidden_of(model, with_another_token(tokens, place));
          CHECK(torch::equal(after.slice(1, 0, place), before.slice(1, 0, place)));
          CHECK(largest_difference(after.select(1, place), before.select(1, place)) > 1e-2);
          if (place + 1 < length)
            CHECK_FALSE(torch::equal(after.slice(1, place + 1), before.slice(1, place + 1)));
        }
      }
    }
  }
}

TEST_CASE("Every scheme runs at 4 times the training length or declares a limit", "[position]") {
  constexpr int64_t kTrainLength = 16;
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      // With the default scale base xPos ends at 63,991 tokens, with this one near 1,000.
      Transformer model = model_with(entry, kTrainLength, 1, 8);
      const auto limit = model->max_length();
      CHECK((entry.length == "any") == !limit.has_value());
      if (limit) {
        CHECK(*limit >= kTrainLength);
        CHECK(hidden_of(model, random_tokens(2, *limit)).isfinite().all().item<bool>());
        CHECK_THROWS_WITH(
            hidden_of(model, random_tokens(2, *limit + 1)),
            contains_text(std::to_string(*limit)) && contains_text(std::to_string(*limit + 1)));
      } else {
        CHECK(hidden_of(model, random_tokens(2, 4 * kTrainLength)).isfinite().all().item<bool>());
      }
    }
  }
}

TEST_CASE("A scheme knows nothing of the training length but where its paper says so",
          "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      Transformer trained_short = model_with(entry, 8), trained_long = model_with(entry, 100);
      if (entry.length == "train_length") {
        CHECK(*trained_short->max_length() < *trained_long->max_length());
      } else if (entry.reads_train_length) {
        const auto tokens = random_tokens(1, 40);
        CHECK_FALSE(
            torch::equal(hidden_of(trained_short, tokens), hidden_of(trained_long, tokens)));
      } else {
        const auto tokens = random_tokens(1, 40);
        CHECK(torch::equal(hidden_of(trained_short, tokens), hidden_of(trained_long, tokens)));
      }
    }
  }
}

TEST_CASE("A window answers alike wherever it stands where a scheme says so, and there alone",
          "[position]") {
  const ModelShape shape{24, 3, 1, 2048};
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    const auto scheme = scheme_with_drawn_parameters(entry, shape);
    const Layer layer = draw_layer(shape, 50);
    const Positions here = scheme->positions(50, 1);
    Positions there = here;
    // As far as the randomized scheme's range allows for the largest position drawn.
    there.values = here.values + (2047 - here.values.max().item<double>());
    const auto moved = attend(*scheme, layer, there, 50) - attend(*scheme, layer, here, 50);
    const double difference = moved.abs().max().item<double>();
    CAPTURE(difference);
    CHECK((difference < 1e-4) == entry.relative);
  }
}

TEST_CASE(
    "A scheme's arithmetic on 65,536 positions is not bfloat16's, whatever the activations are",
    "[position]") {
  // Rounding activations to bfloat16 costs 2^-9 of each. Positions, angles or biases rounded to it
  // would cost everything: above 256 it does not tell neighbours apart.
  constexpr double kBound = 1.0 / 128;
  for (const SchemeEntry& entry : scheme_entries()) {
    const bool limited = entry.length != "any";
    const ModelShape shape{16, 2, 1, limited ? 2048 : 65536};
    const auto scheme = scheme_with_drawn_parameters(entry, shape);
    const int64_t length = std::min<int64_t>(65536, scheme->max_length().value_or(65536));
    CAPTURE(entry.name, length);
    Layer layer = draw_layer(shape, length);
    for (torch::Tensor* each : {&layer.embeddings, &layer.queries, &layer.keys}) {
      *each = each->to(torch::kBFloat16);
    }
    Layer exact = layer;
    for (torch::Tensor* each : {&exact.embeddings, &exact.queries, &exact.keys}) {
      *each = each->to(torch::kFloat32);
    }
    const Positions positions = scheme->positions(length, 1);
    const auto expected = attend(*scheme, exact, positions, 8);
    const auto found = attend(*scheme, layer, positions, 8);
    CHECK((found - expected).abs().max().item<double>() <
          kBound * expected.abs().max().item<double>());
  }
}

TEST_CASE("Answers do not depend on the order in which lengths are asked", "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      const std::vector<int64_t> lengths = {5, 64, 17, 1, 40};
      Transformer model = model_with(entry, 64);
      for (int64_t length : lengths) {
        CAPTURE(length);
        Transformer fresh = model_with(entry, 64);
        const auto tokens = random_tokens(1, length);
        CHECK(torch::equal(hidden_of(model, tokens), hidden_of(fresh, tokens)));
      }
    }
  }
}

TEST_CASE("Rows of a batch do not see one another", "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      Transformer model = model_with(entry, 40);
      const auto tokens = random_tokens(3, 40);
      const auto together = hidden_of(model, tokens);
      for (int64_t row = 0; row < 3; ++row) {
        CAPTURE(row);
        // The hidden states are of size 1; a matrix product may round by its number of rows.
        CHECK(largest_difference(together.slice(0, row, row + 1),
                                 hidden_of(model, tokens.slice(0, row, row + 1))) < 1e-5);
      }
    }
  }
}

TEST_CASE("The last places alone are what they are among all", "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      Transformer model = model_with(entry, 40);
      const auto tokens = random_tokens(3, 40);
      struct Seen {
        int64_t window, sinks;
      };
      for (const Seen seen : {Seen{0, 0}, Seen{7, 0}, Seen{7, 2}}) {
        model->options.window = seen.window;
        model->options.sinks = seen.sinks;
        const auto all = hidden_of(model, tokens);
        for (const int64_t rows : {1, 6, 33, 40}) {
          CAPTURE(seen.window, seen.sinks, rows);
          const torch::NoGradGuard no_grad;
          const auto last = model->forward_last(tokens, rows);
          CHECK(last.size(1) == rows);
          // The hidden states are of size 1; a matrix product may round by its number of rows.
          CHECK(largest_difference(last, all.slice(1, 40 - rows)) < 1e-5);
        }
      }
    }
  }
}

TEST_CASE("Heads that share keys attend as if each had them", "[position]") {
  const ModelShape shape{24, 3, 1, 2048};
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    const auto scheme = scheme_with_drawn_parameters(entry, shape);
    Layer shared = draw_layer(shape, 50);
    shared.keys = shared.keys.slice(1, 0, 1);
    Layer alone = shared;
    alone.keys = shared.keys.repeat({1, 3, 1, 1});
    const Positions positions = scheme->positions(50, 1);
    for (const int64_t rows : {50, 7}) {
      CHECK(largest_difference(attend(*scheme, shared, positions, rows),
                               attend(*scheme, alone, positions, rows)) < 1e-6);
    }
  }
}

TEST_CASE("Gradients reach queries, keys, values and what a scheme learns", "[position]") {
  constexpr int64_t kLength = 24;
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      Transformer model = model_with(entry, kLength);
      // A head of small weights would leave little slope to measure.
      const torch::NoGradGuard frozen;
      head_weight(model).normal_(0, 0.5);
      const auto tokens = random_tokens(4, kLength + 1);
      {
        const torch::AutoGradMode with_gradients(true);
        model->head
            ->mean_nats(model->forward(tokens.slice(1, 0, kLength)).flatten(0, 1),
                        tokens.slice(1, 1).flatten())
            .backward();
      }
      const auto parts = parts_of(model);
      CHECK(parts.size() >= (entry.learned ? 7u : 6u));
      for (const Part& part : parts) {
        CAPTURE(part.name);
        REQUIRE(part.gradient.defined());
        const double slope = part.gradient.norm().item<double>();
        if (entry.has_kinks && part.name.starts_with("position.")) {
          CHECK(slope > 1e-6);
          continue;
        }
        REQUIRE(slope > 1e-3);
        // Along its own gradient the loss must rise by the gradient's length.
        const auto original = part.value.clone();
        const double step = 0.02;
        const auto direction = part.gradient / slope;
        part.value.copy_(original + step * direction);
        const double above = loss_of(model, tokens);
        part.value.copy_(original - step * direction);
        const double below = loss_of(model, tokens);
        part.value.copy_(original);
        CHECK((above - below) / (2 * step) == Approx(slope).epsilon(0.01));
      }
    }
  }
}

TEST_CASE("What a scheme learns is saved under position. and loaded again", "[position]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    DYNAMIC_SECTION(entry.name) {
      const TemporaryFolder folder;
      Transformer model = model_with(entry, 16, 1), other = model_with(entry, 16, 2);
      const auto tokens = random_tokens(2, 16);
      CHECK_FALSE(torch::equal(hidden_of(model, tokens), hidden_of(other, tokens)));

      save_tensors(folder / "model.safetensors", named_parameters(*model), {});
      const SafetensorsFile file(folder / "model.safetensors");
      bool holds_position = false;
      for (const auto& [name, array] : file.arrays()) {
        holds_position = holds_position || name.starts_with("position.");
      }
      CHECK(holds_position == entry.learned);
      load_tensors(file, named_parameters(*other));
      CHECK(torch::equal(hidden_of(model, tokens), hidden_of(other, tokens)));
    }
  }
}

}  // namespace lengthwise
