#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace lengthwise {

/// One measurement of one run: a line of evaluation.jsonl, and a file of per-token values.
/// Perplexity is exp(nats_per_token) and is never kept apart from it.
struct EvaluationRecord {
  std::string split;        // "train", "valid" or "test"
  std::string protocol;     // "non_overlapping", "sliding", "last_k", or a paper's own counting
  std::string documents;    // "separate": windows never cross documents; "joined": they do
  std::string first_token;  // what stands before a document's first: "none", "eos", "previous"
  int64_t length = 0;       // eval_length: the longest input, in tokens
  int64_t stride = 0;       // targets a window moves by
  bool stride_is_length = false;      // the protocol moves every window by its whole length
  int64_t window_targets = 0;         // targets a window scores
  int64_t skipped_targets = 0;        // at each document's start, never scored
  std::optional<int64_t> max_tokens;  // only so many were scored; 0: all; unset in older lines
  std::string weights = "last";       // which were measured: "last", "best"
  /// Of positions drawn at random, for each window anew; none where the scheme draws none, and in
  /// older lines, whose windows shared a draw.
  std::optional<int64_t> draws;
  /// What was changed after training, as "position.scheme=none model.window=64"; empty: nothing.
  std::string variant;
  /// Set where the scheme reaches no further than this many tokens; nothing was measured then.
  std::optional<int64_t> beyond_max_length;
  int64_t windows = 0, tokens = 0;  // tokens: those scored
  double mean_context = 0;          // tokens a prediction could see, on average
  std::optional<double> nats_per_token, ideal_nats_per_token;
  /// Of a task, whose windows are examples and whose tokens are those of their answers: the share
  /// of answer tokens that are the likeliest by the model, given the true ones before them, and the
  /// share of examples with all of them right.
  std::optional<double> token_accuracy, accuracy;
  int64_t bytes = 0, words = 0;  // of the text the scored tokens stand for; 0 where there is none
  /// Of the scored tokens of a text, those that stand for words or characters the vocabulary lacks,
  /// and what spelling them out takes (data/unknown_tokens.h); none where a line of an older
  /// version does not say.
  std::optional<int64_t> unknown_tokens;
  double spelling_nats = 0;
  double seconds = 0, tokens_per_second = 0, peak_memory_mib = 0;
  std::string device, precision;  // measured on, and of the products; empty in older lines
  std::string file;        // per-token values, relative to the run folder; empty beyond the limit
  std::string checkpoint;  // SHA-256 of the weights that were measured
  std::string corpus_hash;
  /// SHA-256 of the split's tokens (TokenStream::hash), whatever corpus they came with; of a task,
  /// and where nobody can tell any more, the corpus's.
  std::string text;

  // Not in the line; `read_run` takes these from the per-token file.
  std::string corpus;
  std::string tokens_file;       // TokenValues::tokens_file
  std::string scored_positions;  // SHA-256: equal where the same tokens of the stream, or answers
                                 // of the same sizes, were scored

  std::optional<double> perplexity() const;
  /// Of the tokens and of the spelling of those unknown; none where these are not known.
  std::optional<double> bits_per_byte() const;
};

/// What run.json says of a run, and its measurements.
struct RunRecord {
  fs::path folder;
  std::string program = "lengthwise", version, commit, libtorch, machine;
  int64_t threads = 1;
  std::string device, precision;  // trained on, and of the products; empty in older records
  std::string scheme;
  std::string scheme_summary;
  std::string corpus, corpus_hash;
  std::string training_hash;  // Dataset::training_hash; empty in older records
  int64_t vocabulary_size = 0, parameters = 0, train_length = 0, seed = 0, steps = 0;
  std::string started;  // ISO 8601, UTC
  std::optional<std::string> finished;
  std::optional<double> train_seconds, train_tokens_per_second, train_peak_memory_mib;

  /// Its config.ini, "model.width" to "64"; not in run.json. Empty where there is no such file.
  std::map<std::string, std::string> options;
  /// Of the options that name a file whose content decides: the option to the content's SHA-256.
  std::map<std::string, std::string> file_hashes;
  std::vector<EvaluationRecord> evaluations;
};

/// The text of run.json without its last line end; the evaluations are not in it.
std::string to_json(const RunRecord& run);
/// A line of evaluation.jsonl, without its end.
std::string to_json(const EvaluationRecord& evaluation);

/// Whether both are of the same tokens, read the same way by the same weights with the same
/// changes: the later of two such is the one that counts.
bool same_measurement(const EvaluationRecord& a, const EvaluationRecord& b);

/// The inverse; `origin` ("runs/a/run.json", "runs/a/evaluation.jsonl:3") opens every UserError.
RunRecord parse_run(std::string_view json, const std::string& origin);
EvaluationRecord parse_evaluation(std::string_view json, const std::string& origin);

/// Adds a line to the folder's evaluation.jsonl; what a kill left of an unfinished last line goes.
void append_evaluation(const fs::path& folder, const EvaluationRecord& evaluation);

/// The lines of evaluation.jsonl as they stand, the later of two of the same measurement and
/// length; none where there is no such file. The per-token files are not looked at.
std::vector<EvaluationRecord> read_evaluations(const fs::path& folder);

/// The line's values computed again from its per-token file, which must agree with it: UserError as
/// for `read_run`.
void check_with_values(EvaluationRecord& record, const fs::path& folder);

/// Everything a run folder says of itself. The means are computed again from the stored per-token
/// values: UserError where a file is missing, truncated or not of this measurement, where a value
/// is not finite, or where a mean differs from its line by more than 1e-6 of it. The ideal reader's
/// mean is the line's; it is computed again by report/comparison/token_statistics.h.
RunRecord read_run(const fs::path& folder);

}  // namespace lengthwise
