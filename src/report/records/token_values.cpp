#include "report/records/token_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "base/error.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "report/records/split_tokens.h"

namespace lengthwise {
namespace {

/// The first place of a value that is not finite is named: it is never averaged away.
std::vector<float> finite_values(const SafetensorsFile& file, const std::string& name) {
  const std::span<const float> values = file.values<float>(name);
  if (values.empty()) fail("{}: tensor '{}' holds no value", file.path().string(), name);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    fail("{}: tensor '{}': value {} is not finite", file.path().string(), name, i);
  }
  return {values.begin(), values.end()};
}

int64_t whole_metadata(const SafetensorsFile& file, const std::string& key) {
  const auto value = parse_integer(file.metadata(key));
  if (!value) fail("{}: metadata '{}' is no whole number", file.path().string(), key);
  return *value;
}

WindowLayout layout_of(const SafetensorsFile& file) {
  const WindowLayout layout{whole_metadata(file, "length"), whole_metadata(file, "stride"),
                            whole_metadata(file, "window_targets"),
                            whole_metadata(file, "skipped_targets"),
                            whole_metadata(file, "max_tokens")};
  if (layout.window_targets < 1 || layout.window_targets > layout.length ||
      layout.window_targets > layout.stride || layout.skipped < 0 || layout.max_targets < 0) {
    fail("{}: its metadata describe windows that cannot be", file.path().string());
  }
  return layout;
}

/// The runs in the stream's order, those that touch made one: windows of any length that score the
/// same tokens give the same list.
std::vector<ScoredRun> scored_runs(const SafetensorsFile& file, int64_t tokens) {
  const std::span<const int64_t> flat = file.values<int64_t>("positions");
  const std::string name = file.path().string();
  const std::vector<int64_t>& shape = file.arrays().at("positions").shape;
  if (shape.size() != 2 || shape[1] != 2) fail("{}: tensor 'positions' is not [R, 2]", name);

  std::vector<ScoredRun> runs;
  for (size_t i = 0; i < flat.size(); i += 2) {
    if (flat[i] < 0 || flat[i] > std::numeric_limits<int64_t>::max() - tokens || flat[i + 1] < 1 ||
        flat[i + 1] > tokens) {
      fail("{}: tensor 'positions': run {} is impossible", name, i / 2);
    }
    runs.push_back({flat[i], flat[i + 1]});
  }
  std::ranges::sort(runs, {}, &ScoredRun::first);

  std::vector<ScoredRun> merged;
  int64_t counted = 0;
  for (const ScoredRun& run : runs) {
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
  if (!file.metadata().contains("first_token")) {
    fail("{}: was measured by an older version; evaluate again", path.string());
  }
  values.documents = file.metadata("documents");
  values.first_token = file.metadata("first_token");
  values.layout = layout_of(file);
  if (file.metadata().contains("variant")) values.variant = file.metadata("variant");
  values.corpus = file.metadata("corpus");
  values.corpus_hash = file.metadata("corpus_hash");
  values.tokens_file = file.metadata().contains("tokens_file")
                           ? file.metadata("tokens_file")
                           : split_tokens_file(values.split).filename().string();
  if (fs::path(values.tokens_file).filename() != values.tokens_file) {
    fail("{}: metadata 'tokens_file' is no name of a file beside it", path.string());
  }
  values.nats = finite_values(file, "nats");
  values.tokens = static_cast<int64_t>(values.nats.size());
  values.nats_per_token = std::accumulate(values.nats.begin(), values.nats.end(), 0.0) /
                          static_cast<double>(values.tokens);
  values.runs = scored_runs(file, values.tokens);
  values.scored_positions = sha256(std::as_bytes(std::span(values.runs)));
  return values;
}

}  // namespace lengthwise
