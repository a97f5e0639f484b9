#include "report/token_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/safetensors.h"
#include "base/text.h"

namespace lengthwise {
namespace {

struct Run {
  int64_t first, count;
};

double mean_of(const SafetensorsFile& file, const std::string& name) {
  const std::span<const float> values = file.values<float>(name);
  if (values.empty()) fail("{}: tensor '{}' holds no value", file.path().string(), name);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      fail("{}: tensor '{}': value {} is not finite", file.path().string(), name, i);
    }
    sum += values[i];
  }
  return sum / static_cast<double>(values.size());
}

int64_t whole_metadata(const SafetensorsFile& file, const std::string& key) {
  const auto value = parse_integer(file.metadata(key));
  if (!value) fail("{}: metadata '{}' is no whole number", file.path().string(), key);
  return *value;
}

/// The runs in the stream's order, those that touch made one: windows of any length that score the
/// same tokens give the same list.
std::vector<Run> scored_runs(const SafetensorsFile& file, int64_t tokens) {
  const std::span<const int64_t> flat = file.values<int64_t>("positions");
  const std::string name = file.path().string();
  const std::vector<int64_t>& shape = file.arrays().at("positions").shape;
  if (shape.size() != 2 || shape[1] != 2) fail("{}: tensor 'positions' is not [R, 2]", name);

  std::vector<Run> runs;
  for (size_t i = 0; i < flat.size(); i += 2) {
    if (flat[i] < 0 || flat[i] > std::numeric_limits<int64_t>::max() - tokens || flat[i + 1] < 1 ||
        flat[i + 1] > tokens) {
      fail("{}: tensor 'positions': run {} is impossible", name, i / 2);
    }
    runs.push_back({flat[i], flat[i + 1]});
  }
  std::ranges::sort(runs, {}, &Run::first);

  std::vector<Run> merged;
  int64_t counted = 0;
  for (const Run& run : runs) {
    counted += run.count;
    const int64_t end = merged.empty() ? -1 : merged.back().first + merged.back().count;
    if (run.first < end) fail("{}: token {} was scored twice", name, run.first);
    if (run.first == end) {
      merged.back().count += run.count;
    } else {
      merged.push_back(run);
    }
  }
  if (counted != tokens) {
    fail("{}: tensor 'positions' names {} tokens, 'nats' holds {}", name, counted, tokens);
  }
  return merged;
}

}  // namespace

TokenValues read_token_values(const fs::path& path) {
  const SafetensorsFile file(path);
  TokenValues values;
  values.split = file.metadata("split");
  values.protocol = file.metadata("protocol");
  values.length = whole_metadata(file, "length");
  values.stride = whole_metadata(file, "stride");
  if (file.metadata().contains("variant")) values.variant = file.metadata("variant");
  values.corpus = file.metadata("corpus");
  values.corpus_hash = file.metadata("corpus_hash");
  values.nats_per_token = mean_of(file, "nats");
  values.tokens = static_cast<int64_t>(file.values<float>("nats").size());
  if (file.arrays().contains("ideal_nats")) {
    values.ideal_nats_per_token = mean_of(file, "ideal_nats");
    if (file.values<float>("ideal_nats").size() != file.values<float>("nats").size()) {
      fail("{}: tensors 'nats' and 'ideal_nats' differ in size", path.string());
    }
  }
  const std::vector<Run> runs = scored_runs(file, values.tokens);
  values.scored_positions = sha256(std::as_bytes(std::span(runs)));
  return values;
}

}  // namespace lengthwise
