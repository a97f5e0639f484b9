#include "report/records/task_values.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/safetensors.h"
#include "base/text.h"
#include "data/tasks/task.h"

namespace lengthwise {
namespace {

template <class T>
std::vector<T> vector_of(const SafetensorsFile& file, const std::string& name) {
  const auto values = file.values<T>(name);
  return {values.begin(), values.end()};
}

void check_offsets(const fs::path& path, const TaskValues& values) {
  const auto& offsets = values.offsets;
  const bool ascending =
      std::ranges::adjacent_find(offsets, std::greater_equal<>()) == offsets.end();
  if (offsets.size() < 2 || !ascending || offsets.front() != 0 ||
      offsets.back() != values.tokens()) {
    fail("{}: tensor 'offsets' does not cut {} answer tokens into examples", path.string(),
         values.tokens());
  }
}

void check_values(const fs::path& path, const TaskValues& values) {
  const auto refuse = [&](const char* name, const char* what) {
    fail("{}: tensor '{}' {}", path.string(), name, what);
  };
  if (!std::ranges::all_of(values.nats, [](float nats) { return std::isfinite(nats); })) {
    refuse("nats", "holds a value that is not finite");
  }
  if (values.correct.size() != values.nats.size()) refuse("correct", "has not as many as 'nats'");
  if (std::ranges::any_of(values.correct, [](uint8_t correct) { return correct > 1; })) {
    refuse("correct", "holds something else than 0 and 1");
  }
  if (values.answers.size() != values.nats.size()) refuse("answers", "has not as many as 'nats'");
  const auto examples = static_cast<size_t>(values.examples());
  if (values.example_tokens.size() % examples != 0)
    refuse("tokens", "is not as long for every example");
  const auto size = static_cast<int64_t>(values.example_tokens.size() / examples);
  if (!std::ranges::all_of(values.answers, [&](int64_t at) { return at >= 1 && at < size; })) {
    refuse("answers", "holds a place that its example does not have");
  }
  if (values.places.empty()) return;
  if (values.places.size() != values.nats.size()) refuse("places", "has not as many as 'nats'");
  if (!std::ranges::all_of(values.places, [](double place) { return place >= 0 && place <= 1; })) {
    refuse("places", "holds something else than 0 to 1");
  }
}

}  // namespace

std::vector<double> TaskValues::examples_right() const {
  std::vector<double> right;
  for (size_t i = 0; i + 1 < offsets.size(); ++i) {
    const auto begin = correct.begin() + offsets[i], end = correct.begin() + offsets[i + 1];
    right.push_back(std::all_of(begin, end, [](uint8_t token) { return token == 1; }) ? 1 : 0);
  }
  return right;
}

double TaskValues::accuracy() const {
  const auto right = examples_right();
  return std::accumulate(right.begin(), right.end(), 0.0) / static_cast<double>(right.size());
}

double TaskValues::token_accuracy() const {
  return std::accumulate(correct.begin(), correct.end(), 0.0) / static_cast<double>(tokens());
}

double TaskValues::nats_per_token() const {
  return std::accumulate(nats.begin(), nats.end(), 0.0) / static_cast<double>(tokens());
}

void write_task_values(const fs::path& path, const TaskValues& values) {
  std::map<std::string, ArrayView> arrays{{"nats", array_view(values.nats)},
                                          {"correct", array_view(values.correct)},
                                          {"offsets", array_view(values.offsets)},
                                          {"answers", array_view(values.answers)}};
  const int64_t size = static_cast<int64_t>(values.example_tokens.size()) / values.examples();
  arrays["tokens"] =
      array_view(std::span<const uint32_t>(values.example_tokens), {values.examples(), size});
  if (!values.places.empty()) arrays["places"] = array_view(values.places);
  const TaskHeader& header = values.header;
  write_safetensors(path, arrays,
                    {{"protocol", std::string(kTaskProtocol)},
                     {"split", header.split},
                     {"length", std::to_string(header.length)},
                     {"variant", header.variant},
                     {"corpus", header.corpus},
                     {"corpus_hash", header.corpus_hash},
                     {"checkpoint", header.checkpoint}});
}

TaskValues read_task_values(const fs::path& path) {
  const SafetensorsFile file(path);
  if (file.metadata("protocol") != kTaskProtocol) {
    fail("{}: metadata 'protocol' is '{}', not {}", path.string(), file.metadata("protocol"),
         kTaskProtocol);
  }
  const auto length = parse_integer(file.metadata("length"));
  if (!length) fail("{}: metadata 'length' is no whole number", path.string());
  TaskValues values;
  values.header = {file.metadata("split"),      file.metadata("variant"),
                   file.metadata("corpus"),     file.metadata("corpus_hash"),
                   file.metadata("checkpoint"), *length};
  values.nats = vector_of<float>(file, "nats");
  values.correct = vector_of<uint8_t>(file, "correct");
  values.offsets = vector_of<int64_t>(file, "offsets");
  if (file.arrays().contains("places")) values.places = vector_of<double>(file, "places");
  values.example_tokens = vector_of<uint32_t>(file, "tokens");
  values.answers = vector_of<int64_t>(file, "answers");
  check_offsets(path, values);
  check_values(path, values);
  return values;
}

}  // namespace lengthwise
