#include "evaluation/measure.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/random.h"
#include "evaluation/exact_nats.h"
#include "model/device.h"
#include "position/scheme.h"

namespace lengthwise {
namespace {

/// Windows that can share a forward pass, with the places of their first values.
struct Group {
  std::vector<const Window*> windows;
  std::vector<int64_t> places;
};

/// What the model said of the windows [begin, end) of a group, on its device.
struct BatchNats {
  torch::Tensor nats;
  size_t begin, end;
};

using Shape = std::pair<int64_t, int64_t>;  // inputs, targets

std::map<Shape, Group> group_by_shape(const std::vector<Window>& windows) {
  std::map<Shape, Group> groups;
  int64_t place = 0;
  for (const Window& window : windows) {
    Group& group = groups[{window.inputs(), window.targets()}];
    group.windows.push_back(&window);
    group.places.push_back(place);
    place += window.targets();
  }
  return groups;
}

uint64_t draw_of(const ReadingOrder& reading, const Window& window, const Measuring& how,
                 int64_t draw) {
  return position_draw(how, reading.stream_position(window.document, window.first_target + 1),
                       draw);
}

void measure_group(Transformer& model, const ReadingOrder& reading, const Shape& shape,
                   const Group& group, const Measuring& how, TokenLosses& losses) {
  // Read when all is under way: a device then never waits to be given its next windows.
  std::vector<BatchNats> arriving;
  const auto [inputs, targets] = shape;
  const bool draws_positions = model->position->draws_positions();
  const auto batch_windows =
      draws_positions ? size_t{1}
                      : static_cast<size_t>(std::max<int64_t>(1, how.batch_tokens / inputs));
  for (size_t begin = 0; begin < group.windows.size(); begin += batch_windows) {
    const size_t end = std::min(group.windows.size(), begin + batch_windows);
    const auto batch = static_cast<int64_t>(end - begin);
    auto tokens = torch::empty({batch, inputs}, torch::kInt64);
    auto scored = torch::empty({batch, targets}, torch::kInt64);
    auto* token = tokens.mutable_data_ptr<int64_t>();
    auto* target = scored.mutable_data_ptr<int64_t>();
    for (size_t i = begin; i < end; ++i) {
      const Window& window = *group.windows[i];
      for (int64_t k = window.first_input; k < window.end_target; ++k)
        *token++ = reading.token(window.document, k);
      for (int64_t k = window.first_target; k < window.end_target; ++k) {
        *target++ = reading.token(window.document, k + 1);
      }
    }
    const auto device = model->device();
    tokens = sent(tokens, device);
    auto nats = torch::zeros({batch * targets}, device);
    for (int64_t draw = 0; draw < how.draws; ++draw) {
      const auto name = draws_positions ? draw_of(reading, *group.windows[begin], how, draw) : 0;
      const auto hidden = model->forward_last(tokens, targets, name);
      nats += model->head->token_nats(hidden.flatten(0, 1), scored.flatten());
    }
    arriving.push_back({nats / static_cast<double>(how.draws), begin, end});
    losses.forward_tokens += how.draws * batch * inputs;
  }
  for (const BatchNats& batch : arriving) {
    const auto nats = batch.nats.cpu();
    const auto* value = nats.const_data_ptr<float>();
    for (size_t i = batch.begin; i < batch.end; ++i, value += targets) {
      std::copy_n(value, targets, losses.nats.begin() + group.places[i]);
    }
  }
}

void add_positions(const ReadingOrder& reading, const std::vector<Window>& windows,
                   TokenLosses& losses) {
  for (const Window& window : windows) {
    const int64_t first = reading.stream_position(window.document, window.first_target + 1);
    auto& runs = losses.position_runs;
    if (!runs.empty() && runs.back()[0] + runs.back()[1] == first) {
      runs.back()[1] += window.targets();
    } else {
      runs.push_back({first, window.targets()});
    }
  }
}

}  // namespace

TokenLosses measure_windows(Transformer& model, const Dataset& dataset, const ReadingOrder& reading,
                            const std::vector<Window>& windows, const Measuring& how) {
  const torch::NoGradGuard no_grad;
  const bool was_training = model->is_training();
  model->eval();
  TokenLosses losses;
  losses.nats.resize(static_cast<size_t>(scored_targets(windows)));
  const auto start = std::chrono::steady_clock::now();
  for (const auto& [shape, group] : group_by_shape(windows)) {
    measure_group(model, reading, shape, group, how, losses);
  }
  losses.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (dataset.ideal_nats) {
    const auto ideal = exact_nats(dataset.ideal_nats, reading, windows);
    losses.ideal_nats.assign(ideal.begin(), ideal.end());
  }
  add_positions(reading, windows, losses);
  model->train(was_training);
  return losses;
}

uint64_t position_draw(const Measuring& how, int64_t place, int64_t draw) {
  uint64_t name = how.seed;
  for (const int64_t part : {how.length, place, draw}) {
    name = split_stream(name, static_cast<uint64_t>(part)).next();
  }
  return name;
}

double mean_of(const std::vector<float>& values) {
  double sum = 0;
  for (float value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace lengthwise
