#include "contract/conformance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "position/registry.h"

namespace lengthwise {
namespace {

using torch::Tensor;

double largest(const Tensor& x) {
  return x.detach().abs().max().item<double>();
}

constexpr std::string_view place_of(const NoBias&) {
  return "";
}
constexpr std::string_view place_of(const DistanceBias&) {
  return "logits, by distance";
}
constexpr std::string_view place_of(const KeyBias&) {
  return "logits, by key";
}
constexpr std::string_view place_of(const PairBias&) {
  return "logits, by pair of places";
}
constexpr std::string_view place_of(const LogitChange&) {
  return "the logits themselves";
}

/// By what its hooks give back, of places that are not at 0.
std::string acts_on(const PositionScheme& scheme, const ModelShape& shape) {
  const int64_t length = std::min<int64_t>(8, scheme.max_length().value_or(8));
  const Positions positions = scheme.positions(length, 1);
  const LayerInputs inputs = draw_layer_inputs(shape, length);
  const auto tables = scheme.tables(positions);
  const auto hidden = scheme.apply_to_embeddings(inputs.embeddings, positions);
  const LayerContext context{0, positions, tables, hidden};
  const AttentionInputs asked = attention_inputs(scheme, {inputs.queries, inputs.keys}, context);
  std::vector<std::string_view> places;
  if (scheme.draws_positions()) places.emplace_back("the numbering of positions");
  if (!hidden.is_same(inputs.embeddings)) places.emplace_back("embeddings");
  if (!asked.queries.is_same(inputs.queries) || !asked.keys.is_same(inputs.keys)) {
    places.emplace_back("queries and keys");
  }
  if (asked.parts.product) places.emplace_back("the product of queries and keys");
  const std::string_view place =
      std::visit([](const auto& bias) { return place_of(bias); }, asked.bias);
  if (!place.empty()) places.push_back(place);
  return places.empty() ? "nothing" : fmt::format("{}", fmt::join(places, "; "));
}

/// Whether other hidden states, under the same queries, keys and values, give another mix.
bool reads_layer_input(const PositionScheme& scheme, const ModelShape& shape, int64_t length) {
  LayerInputs inputs = draw_layer_inputs(shape, length);
  const Positions positions = scheme.positions(length, 1);
  const auto mix = [&] {
    return attended(scheme, inputs, positions, length).flatten().slice(0, 0, inputs.values.numel());
  };
  const Tensor here = mix();
  inputs.embeddings = torch::randn_like(inputs.embeddings);
  return !torch::equal(mix(), here);
}

double shift_difference(const PositionScheme& scheme, const ModelShape& shape, int64_t length) {
  const LayerInputs inputs = draw_layer_inputs(shape, length);
  const Positions here = scheme.positions(length, 1);
  const auto answers = attended(scheme, inputs, here, length);
  const double last = here.values.max().item<double>();
  double difference = 0;
  for (const double shift : {1., 16., 256., 4096., 65536.}) {
    if (scheme.max_length() && last + shift >= static_cast<double>(*scheme.max_length())) break;
    Positions there = here;
    // The reach stays: a scaling by the window's length is that of this length wherever it stands.
    there.values = here.values + shift;
    difference = std::max(difference, largest(attended(scheme, inputs, there, length) - answers));
  }
  return difference;
}

}  // namespace

Conformance conformance_of(const PositionOptions& options, const ConformanceRequest& request) {
  Conformance found;
  found.scheme = options.scheme;
  const ModelShape& shape = request.shape;
  try {
    options.validate(shape);
  } catch (const UserError& error) {
    found.unmeasured = error.what();
    return found;
  }
  const auto scheme = scheme_off_its_beginning(options, shape);
  found.limit = scheme->max_length();
  for (const Tensor& each : scheme->parameters()) found.learned_numbers += each.numel();
  {
    const torch::NoGradGuard no_grad;
    const int64_t length = std::min<int64_t>(48, found.limit.value_or(48) * 3 / 4);
    found.acts_on = acts_on(*scheme, shape);
    found.reads_layer_input = reads_layer_input(*scheme, shape, length);
    found.shift_difference = shift_difference(*scheme, shape, length);
  }
  found.options = option_effects(options, shape);
  const auto measure = [&](int64_t length, int rounds) {
    // A scheme that ends at its train length is measured in a model of a longer one.
    ModelShape longer = shape;
    longer.train_length = std::max(shape.train_length, found.limit ? length : 0);
    const auto other = scheme_off_its_beginning(options, longer);
    if (other->max_length() && *other->max_length() < length) return;
    found.lengths.push_back({length, attention_cost(*other, longer, length, rounds)});
  };
  for (const int64_t length : request.timed_lengths) measure(length, request.rounds);
  for (const int64_t length : request.weighed_lengths) measure(length, 0);
  return found;
}

}  // namespace lengthwise
