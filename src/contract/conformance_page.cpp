#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "contract/conformance.h"

namespace lengthwise {
namespace {

/// Relative attention in float32 does not tell windows apart better than this.
constexpr double kSame = 1e-4;

std::string row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string head(const std::vector<std::string>& names, size_t words) {
  std::string line = row(names) + "|";
  for (size_t i = 0; i < names.size(); ++i) line += i < words ? "---|" : "---:|";
  return line + "\n";
}

std::string nature_table(const std::vector<Conformance>& schemes) {
  std::string text = head({"scheme", "acts on", "reads the layer's input", "sees differences only",
                           "largest change under a shift", "reaches", "learns"},
                          4);
  for (const Conformance& each : schemes) {
    if (!each.unmeasured.empty()) continue;
    text += row({each.scheme, each.acts_on, each.reads_layer_input ? "yes" : "no",
                 each.shift_difference < kSame ? "yes" : "no",
                 fmt::format("{:.1e}", each.shift_difference),
                 each.limit ? fmt::format("{}", *each.limit) : "any length",
                 fmt::format("{}", each.learned_numbers)});
  }
  return text;
}

std::string cost_table(const std::vector<Conformance>& schemes, const ConformanceRequest& request) {
  std::vector<std::string> names = {"scheme"};
  for (const int64_t length : request.timed_lengths)
    names.push_back(fmt::format("time at {}", length));
  std::vector<int64_t> weighed = request.timed_lengths;
  weighed.insert(weighed.end(), request.weighed_lengths.begin(), request.weighed_lengths.end());
  for (const int64_t length : weighed) names.push_back(fmt::format("MiB at {}", length));
  std::string text = head(names, 1);
  const auto add = [&](const std::string& name, const Conformance& of, auto seconds, auto bytes) {
    std::vector<std::string> cells = {name};
    const auto cell = [&](int64_t length, auto value) {
      const auto found = std::ranges::find(of.lengths, length, &Conformance::Length::tokens);
      cells.push_back(found == of.lengths.end() ? "–" : value(found->cost));
    };
    for (const int64_t length : request.timed_lengths) cell(length, seconds);
    for (const int64_t length : weighed) cell(length, bytes);
    text += row(cells);
  };
  const auto mebibytes = [](int64_t bytes) {
    return fmt::format("{:.0f}", static_cast<double>(bytes) / (1 << 20));
  };
  const auto first = std::ranges::find_if(
      schemes, [&](const Conformance& each) { return each.lengths.size() == weighed.size(); });
  if (first != schemes.end()) {
    add(
        "plain causal", *first,
        [](const AttentionCost& cost) {
          return fmt::format("{:.1f} ms", 1e3 * cost.plain_seconds);
        },
        [&](const AttentionCost& cost) { return mebibytes(cost.plain_bytes); });
  }
  for (const Conformance& each : schemes) {
    if (!each.unmeasured.empty()) continue;
    add(
        each.scheme, each,
        [](const AttentionCost& cost) {
          return fmt::format("{:.2f}", cost.seconds / cost.plain_seconds);
        },
        [&](const AttentionCost& cost) { return mebibytes(cost.bytes); });
  }
  return text;
}

std::string option_table(const std::vector<Conformance>& schemes) {
  std::string text = head({"scheme", "option", "from", "to", "answers move by"}, 4);
  for (const Conformance& each : schemes) {
    for (const Conformance::OptionEffect& effect : each.options) {
      text +=
          row({each.scheme, fmt::format("`{}`", effect.option), effect.from,
               effect.to.empty() ? "not tried: no other value suits this small model" : effect.to,
               effect.to.empty() ? "" : fmt::format("{:.1e}", effect.difference)});
    }
  }
  return text;
}

std::string option_sentence(const std::vector<Conformance>& schemes) {
  std::vector<std::string> idle;
  int64_t tried = 0;
  for (const Conformance& each : schemes) {
    for (const Conformance::OptionEffect& effect : each.options) {
      if (effect.to.empty()) continue;
      ++tried;
      if (effect.difference == 0)
        idle.push_back(fmt::format("`{}` of {}", effect.option, each.scheme));
    }
  }
  if (idle.empty()) return fmt::format("Each of {} does something.", tried);
  return fmt::format("Of {}, these did nothing: {}.", tried, fmt::join(idle, ", "));
}

}  // namespace

std::string conformance_page(const std::vector<Conformance>& schemes,
                             const ConformanceRequest& request, const std::string& machine,
                             const std::string& version) {
  std::string unmeasured;
  for (const Conformance& each : schemes) {
    if (each.unmeasured.empty()) continue;
    unmeasured += fmt::format("- {} is not measured here: {}\n", each.scheme, each.unmeasured);
  }
  const ModelShape& shape = request.shape;
  return fmt::format(R"(# Conformance

What each scheme is found to do, by running it. This page is what `lengthwise scheme conformance` prints; nothing in it
is typed by hand. Some schemes alone:

```sh run
lengthwise scheme conformance none > conformance.md
```

The contract behind it, that no scheme may break, is tested in
[tests/position/registry_test.cpp](../tests/position/registry_test.cpp): causality, lengths and their order, batches,
gradients, far positions under bfloat16, save and load.

Version {}, {}.
A layer of {} heads of width {}, in a model of {} layers trained at {} tokens, every parameter moved off where it begins.

## Nature

- Acts on: what the scheme's hooks change.
- Reads the layer's input: other hidden states, under the same queries, keys and values, give another answer.
- Sees differences only: a window answers alike wherever in the text it stands, up to 65,536 places on. (Its length may
  still matter: a scaling may go by it.)
- Reaches: the longest window it can stand in.
- Learns: numbers of its own in this model.

{}{}
## Cost

A layer's attention, forward and backward, beside plain causal attention in the same run: times are medians of {}
rounds in turns, as a ratio; memory is what tensors held at once beyond the inputs, by LibTorch's account.
A scheme that reaches no further than its train length is measured in a model trained that long.

{}
## Options

Each option of each scheme, given another value: how far the answers of such a model trained at 16 tokens move,
in a window of up to 96. {}

{}
A command refuses an option that the scheme at hand does not read, and a change that changes nothing.
)",
                     version, machine, shape.heads, shape.head_width(), shape.layers,
                     shape.train_length, nature_table(schemes),
                     unmeasured.empty() ? "" : "\n" + unmeasured, request.rounds,
                     cost_table(schemes, request), option_sentence(schemes), option_table(schemes));
}

}  // namespace lengthwise
