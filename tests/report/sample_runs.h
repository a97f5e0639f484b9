#pragma once

#include <cmath>
#include <map>
#include <string>

#include "report/comparison/text_comparison.h"

namespace lengthwise {

/// The rows in the order of the schemes' years.
inline ComparisonRequest sample_request() {
  ComparisonRequest request;
  request.schemes = {"none", "sinusoidal", "learned", "rotary", "alibi"};
  return request;
}

inline TextComparison compare_samples(const std::vector<RunRecord>& runs) {
  return compare_texts(runs, sample_request());
}

/// A finished run with a measurement a (eval_length, perplexity), as `read_run` would give it.
inline RunRecord sample_run(const std::string& scheme, int64_t seed,
                            const std::map<int64_t, double>& perplexity_by_length) {
  RunRecord run;
  run.folder = "runs/" + scheme + "-seed" + std::to_string(seed);
  run.scheme = scheme;
  run.seed = seed;
  run.train_length = 64;
  run.steps = 1200;
  run.parameters = 80384;
  run.corpus = "ideal_reader";
  run.corpus_hash = "c0ffee";
  run.finished = "2026-11-23T04:01:00Z";
  for (const auto& [length, perplexity] : perplexity_by_length) {
    EvaluationRecord record;
    record.split = "test";
    record.protocol = "non_overlapping";
    record.documents = "separate";
    record.first_token = "none";
    record.length = length;
    record.stride = length;
    record.stride_is_length = true;
    record.window_targets = length;
    record.tokens = 65536;
    record.nats_per_token = std::log(perplexity);
    record.tokens_per_second = 1000;
    record.peak_memory_mib = 250;
    record.checkpoint = "weights-" + std::to_string(seed);
    record.corpus_hash = run.corpus_hash;
    record.scored_positions = "all";
    run.evaluations.push_back(record);
  }
  return run;
}

/// Adds the line of a length that the scheme does not reach.
inline void add_beyond_limit(RunRecord& run, int64_t length, int64_t limit) {
  EvaluationRecord record;
  record.split = "test";
  record.protocol = "non_overlapping";
  record.documents = "separate";
  record.first_token = "none";
  record.length = length;
  record.stride = length;
  record.stride_is_length = true;
  record.window_targets = length;
  record.beyond_max_length = limit;
  record.corpus_hash = run.corpus_hash;
  run.evaluations.push_back(record);
}

}  // namespace lengthwise
