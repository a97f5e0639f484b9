#pragma once

#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "data/corpora/ideal_reader.h"
#include "data/dataset.h"
#include "report/comparison/comparison.h"
#include "report/records/records.h"
#include "report/records/split_tokens.h"
#include "temporary_folder.h"

namespace lengthwise {

/// Run folders on the test split of the ideal-reader corpus, side by side windows, whose "model" is
/// any function of a window: nats of window[1 ...].
class StoredRuns {
 public:
  using Model = std::function<std::vector<double>(std::span<const int64_t> window)>;

  /// Adds a run measured at these lengths; -> its folder.
  fs::path add(const std::string& scheme, int64_t seed, const std::vector<int64_t>& lengths,
               const Model& model) {
    RunRecord run;
    run.folder = folder_ / (scheme + "-" + std::to_string(seed));
    run.scheme = scheme;
    run.seed = seed;
    run.train_length = 64;
    run.corpus = corpus_.name;
    run.corpus_hash = corpus_.hash;
    run.started = run.finished.emplace("2026-11-23T04:01:00Z");
    make_folder(run.folder);
    write_file(run.folder / "run.json", to_json(run));
    store_split_tokens(run.folder, {corpus_.test, token_counts(corpus_.train), std::nullopt, "test",
                                    corpus_.name, corpus_.hash});
    for (const int64_t length : lengths) measure(run, length, model);
    folders_.push_back(run.folder);
    schemes_.push_back(scheme);
    return run.folder;
  }

  /// Compares with the rows in the order in which their schemes were added.
  TextComparison compare() const {
    ComparisonRequest request;
    request.schemes = schemes_;
    return compare_texts(read(), request);
  }

  std::vector<RunRecord> read() const {
    std::vector<RunRecord> runs;
    for (const fs::path& folder : folders_) runs.push_back(read_run(folder));
    return runs;
  }

  static fs::path values_file(const fs::path& run, int64_t length) {
    return run / "evaluation" / ("L" + std::to_string(length) + ".safetensors");
  }
  const Dataset& corpus() const { return corpus_; }

 private:
  void measure(const RunRecord& run, int64_t length, const Model& model) const {
    std::vector<float> nats;
    std::vector<int64_t> positions;
    for (const Document& document : corpus_.test.documents()) {
      positions.insert(positions.end(), {document.begin + 1, document.size() - 1});
      for (int64_t begin = document.begin; begin + 1 < document.end; begin += length) {
        std::vector<int64_t> window;
        for (int64_t i = begin; i <= begin + length && i < document.end; ++i) {
          window.push_back(corpus_.test[i]);
        }
        for (const double value : model(window)) nats.push_back(static_cast<float>(value));
      }
    }
    EvaluationRecord record;
    record.split = "test";
    record.protocol = "non_overlapping";
    record.documents = "separate";
    record.first_token = "none";
    record.length = record.stride = record.window_targets = length;
    record.stride_is_length = true;
    record.tokens = static_cast<int64_t>(nats.size());
    record.nats_per_token =
        std::accumulate(nats.begin(), nats.end(), 0.0) / static_cast<double>(nats.size());
    record.file = fs::relative(values_file(run.folder, length), run.folder).string();
    record.corpus_hash = run.corpus_hash;
    const std::string text = std::to_string(length);
    write_safetensors(run.folder / record.file,
                      {{"nats", array_view(nats)},
                       {"positions", array_view(std::span<const int64_t>(positions),
                                                {std::ssize(positions) / 2, 2})}},
                      {{"split", "test"},
                       {"protocol", "non_overlapping"},
                       {"documents", "separate"},
                       {"first_token", "none"},
                       {"length", text},
                       {"stride", text},
                       {"window_targets", text},
                       {"skipped_targets", "0"},
                       {"max_tokens", "0"},
                       {"corpus", run.corpus},
                       {"corpus_hash", run.corpus_hash}});
    append_evaluation(run.folder, record);
  }

  TemporaryFolder folder_;
  Dataset corpus_ = open_dataset(DataOptions{});
  std::vector<fs::path> folders_;
  std::vector<std::string> schemes_;
};

/// The exact reader as a model; with a memory the one that remembers only so many tokens.
inline StoredRuns::Model exact_model(int64_t memory_tokens = 0) {
  return [memory_tokens](std::span<const int64_t> window) {
    return ideal_nats(standard_law(), window, memory_tokens);
  };
}

}  // namespace lengthwise
