#include "report/records/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "data/tasks/task.h"
#include "data/text/vocabulary.h"
#include "report/records/json_lines.h"
#include "report/records/run_options.h"
#include "report/records/split_tokens.h"
#include "report/records/task_values.h"
#include "report/records/token_values.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;  // keys stay in the order a reader expects

constexpr double kTolerance = 1e-6;  // relative: what summing in another order can do, and no more

/// The fields of a JSON object; every complaint names where the object stands and the key.
class Fields {
 public:
  Fields(std::string_view json, std::string origin)
      : origin_(std::move(origin)), object_(Json::parse(json, nullptr, false)) {
    if (!object_.is_object()) fail("{}: is broken: no JSON object", origin_);
  }

  std::string text(const char* key) const {
    if (!at(key).is_string()) fail("{}: '{}' is no text", origin_, key);
    return at(key).get<std::string>();
  }
  int64_t whole(const char* key) const {
    if (!at(key).is_number_integer()) fail("{}: '{}' is no whole number", origin_, key);
    return at(key).get<int64_t>();
  }
  double real(const char* key) const {
    if (!at(key).is_number()) fail("{}: '{}' is no number", origin_, key);
    return at(key).get<double>();
  }
  bool truth(const char* key) const {
    if (!at(key).is_boolean()) fail("{}: '{}' is neither true nor false", origin_, key);
    return at(key).get<bool>();
  }
  /// Keys that may be null or absent.
  std::optional<std::string> optional_text(const char* key) const {
    return has(key) ? std::optional(text(key)) : std::nullopt;
  }
  std::optional<int64_t> optional_whole(const char* key) const {
    return has(key) ? std::optional(whole(key)) : std::nullopt;
  }
  std::optional<double> optional_real(const char* key) const {
    return has(key) ? std::optional(real(key)) : std::nullopt;
  }

  /// An object of texts; empty where the key is absent.
  std::map<std::string, std::string> texts(const char* key) const {
    std::map<std::string, std::string> all;
    if (!has(key)) return all;
    for (const auto& [name, value] : object_[key].items()) {
      if (!value.is_string()) fail("{}: '{}' holds something else than texts", origin_, key);
      all[name] = value.get<std::string>();
    }
    return all;
  }

 private:
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  const Json& at(const char* key) const {
    if (!object_.contains(key)) fail("{}: lacks '{}'", origin_, key);
    return object_[key];
  }

  std::string origin_;
  Json object_;
};

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string dumped(const Json& json, int indent) {
  // A host name may be no UTF-8; a run must not die of it.
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Whether the run's vocabulary has an <unk>; lines of older versions do not say what it stood for.
bool may_hold_unknown(const fs::path& folder) {
  const auto options = read_run_options(folder);
  const auto kind = options.find("data.vocabulary");
  return kind != options.end() && vocabulary_kind(kind->second).has_unknown;
}

void check_mean(const fs::path& file, const char* key, double stored, double line) {
  if (std::abs(stored - line) <= kTolerance * std::abs(line)) return;
  fail("{}: its values give {} {:.9g}, its line in evaluation.jsonl says {:.9g}; evaluate again",
       file.string(), key, stored, line);
}

template <class Value>
void check_same(const fs::path& file, const char* key, const Value& stored, const Value& line) {
  if (stored == line) return;
  fail("{}: its {} is {}, its line in evaluation.jsonl says {}; evaluate again", file.string(), key,
       stored, line);
}

/// Puts what the stored answers give in place of the line's, once they agree.
void believe_answers(EvaluationRecord& record, const fs::path& folder) {
  const fs::path file = folder / record.file;
  const TaskValues values = read_task_values(file);
  const auto check = [&](const char* key, const auto& stored, const auto& line) {
    check_same(file, key, stored, line);
  };
  check("split", values.header.split, record.split);
  check("length", values.header.length, record.length);
  check("variant", values.header.variant, record.variant);
  check("corpus_hash", values.header.corpus_hash, record.corpus_hash);
  check("number of examples", values.examples(), record.windows);
  check("number of tokens", values.tokens(), record.tokens);
  check_mean(file, "nats_per_token", values.nats_per_token(), *record.nats_per_token);
  check_mean(file, "accuracy", values.accuracy(), *record.accuracy);
  check_mean(file, "token_accuracy", values.token_accuracy(), *record.token_accuracy);
  record.nats_per_token = values.nats_per_token();
  record.accuracy = values.accuracy();
  record.token_accuracy = values.token_accuracy();
  record.corpus = values.header.corpus;
  record.scored_positions = sha256(std::as_bytes(std::span(values.offsets)));
}

/// Puts the mean of the stored values in place of the line's, once they agree.
void believe_values(EvaluationRecord& record, const fs::path& folder) {
  const fs::path file = folder / record.file;
  const TokenValues values = read_token_values(file);
  const auto check = [&](const char* key, const auto& stored, const auto& line) {
    check_same(file, key, stored, line);
  };
  check("split", values.split, record.split);
  check("protocol", values.protocol, record.protocol);
  check("documents", values.documents, record.documents);
  check("first_token", values.first_token, record.first_token);
  check("length", values.layout.length, record.length);
  check("stride", values.layout.stride, record.stride);
  check("window_targets", values.layout.window_targets, record.window_targets);
  check("skipped_targets", values.layout.skipped, record.skipped_targets);
  check("variant", values.variant, record.variant);
  check("corpus_hash", values.corpus_hash, record.corpus_hash);
  check("number of tokens", values.tokens, record.tokens);
  if (!record.max_tokens) record.max_tokens = values.layout.max_targets;
  check("max_tokens", values.layout.max_targets, *record.max_tokens);
  check_mean(file, "nats_per_token", values.nats_per_token, *record.nats_per_token);
  record.nats_per_token = values.nats_per_token;
  record.corpus = values.corpus;
  record.tokens_file = values.tokens_file;
  record.scored_positions = values.scored_positions;
}

/// Which weights a line of an older version is of: the file that still holds them tells.
std::string weights_of(const fs::path& folder, const std::string& checkpoint) {
  const fs::path best = folder / "best.safetensors", last = folder / "checkpoint.safetensors";
  const auto holds = [&](const fs::path& path) {
    return fs::exists(path) && sha256_of_file(path) == checkpoint;
  };
  return holds(best) && !holds(last) ? "best" : "last";
}

/// The tokens beside a line's values: UserError where they are gone, or are of other data by now.
std::string text_of(const fs::path& folder, const EvaluationRecord& record) {
  const fs::path path = folder / "evaluation" / record.tokens_file;
  if (!fs::exists(path)) {
    fail("{}: is not there, and {} is of its tokens; evaluate again", path.string(),
         (folder / record.file).string());
  }
  const SplitTokens tokens = read_split_tokens(path);
  if (tokens.corpus_hash != record.corpus_hash) {
    fail(
        "{}: holds tokens of other data than {} was measured on ({:.12} and {:.12}); evaluate "
        "again",
        path.string(), (folder / record.file).string(), tokens.corpus_hash, record.corpus_hash);
  }
  return tokens.stream.hash();
}

/// Lines of older versions do not say which text they are of: the tokens beside them do.
void add_texts(RunRecord& run) {
  std::map<std::string, std::string> texts;  // corpus hash and split to text
  const auto key = [](const EvaluationRecord& record) { return record.corpus_hash + record.split; };
  for (const EvaluationRecord& record : run.evaluations) {
    if (record.beyond_max_length || record.protocol == kTaskProtocol || !record.text.empty())
      continue;
    std::string& text = texts[key(record)];
    if (text.empty()) text = text_of(run.folder, record);
  }
  for (EvaluationRecord& record : run.evaluations) {
    if (!record.text.empty()) continue;
    const auto known = texts.find(key(record));
    record.text = known == texts.end() ? record.corpus_hash : known->second;
  }
}

}  // namespace

std::optional<double> EvaluationRecord::perplexity() const {
  return nats_per_token ? std::optional(std::exp(*nats_per_token)) : std::nullopt;
}

std::optional<double> EvaluationRecord::bits_per_byte() const {
  if (!nats_per_token || bytes == 0 || !unknown_tokens) return std::nullopt;
  const double nats = *nats_per_token * static_cast<double>(tokens) + spelling_nats;
  return nats / std::numbers::ln2 / static_cast<double>(bytes);
}

bool same_measurement(const EvaluationRecord& a, const EvaluationRecord& b) {
  const auto what = [](const EvaluationRecord& record) {
    return std::tie(record.split, record.protocol, record.documents, record.first_token,
                    record.length, record.stride, record.window_targets, record.skipped_targets,
                    record.tokens, record.variant, record.weights, record.checkpoint,
                    record.corpus_hash, record.draws);
  };
  return what(a) == what(b);
}

std::string to_json(const RunRecord& run) {
  Json json = {{"program", run.program},
               {"version", run.version},
               {"commit", run.commit},
               {"libtorch", run.libtorch},
               {"machine", run.machine},
               {"threads", run.threads},
               {"device", run.device},
               {"precision", run.precision},
               {"scheme", run.scheme},
               {"scheme_summary", run.scheme_summary},
               {"corpus", run.corpus},
               {"corpus_hash", run.corpus_hash},
               {"vocabulary_size", run.vocabulary_size},
               {"parameters", run.parameters},
               {"train_length", run.train_length},
               {"seed", run.seed},
               {"steps", run.steps},
               {"started", run.started},
               {"finished", or_null(run.finished)},
               {"train_seconds", or_null(run.train_seconds)},
               {"train_tokens_per_second", or_null(run.train_tokens_per_second)},
               {"train_peak_memory_mib", or_null(run.train_peak_memory_mib)}};
  if (!run.training_hash.empty()) json["training_hash"] = run.training_hash;
  if (!run.file_hashes.empty()) json["file_hashes"] = run.file_hashes;
  return dumped(json, 2);
}

std::string to_json(const EvaluationRecord& record) {
  Json json = {{"split", record.split},
               {"protocol", record.protocol},
               {"documents", record.documents},
               {"first_token", record.first_token},
               {"length", record.length},
               {"stride", record.stride},
               {"stride_is_length", record.stride_is_length},
               {"window_targets", record.window_targets},
               {"skipped_targets", record.skipped_targets},
               {"max_tokens", or_null(record.max_tokens)},
               {"weights", record.weights}};
  if (record.draws) json["draws"] = *record.draws;
  if (!record.variant.empty()) json["variant"] = record.variant;
  if (record.beyond_max_length) json["beyond_max_length"] = *record.beyond_max_length;
  json.update({{"windows", record.windows},
               {"tokens", record.tokens},
               {"mean_context", record.mean_context},
               {"nats_per_token", or_null(record.nats_per_token)},
               {"perplexity", or_null(record.perplexity())},
               {"bytes", record.bytes},
               {"words", record.words},
               {"bits_per_byte", or_null(record.bits_per_byte())},
               {"ideal_nats_per_token", or_null(record.ideal_nats_per_token)}});
  if (record.unknown_tokens) {
    json["unknown_tokens"] = *record.unknown_tokens;
    json["spelling_nats"] = record.spelling_nats;
  }
  if (record.accuracy) {
    json["accuracy"] = *record.accuracy;
    json["token_accuracy"] = or_null(record.token_accuracy);
  }
  json.update({{"seconds", record.seconds},
               {"tokens_per_second", record.tokens_per_second},
               {"peak_memory_mib", record.peak_memory_mib},
               {"device", record.device},
               {"precision", record.precision},
               {"file", record.file},
               {"checkpoint", record.checkpoint},
               {"corpus_hash", record.corpus_hash},
               {"text", record.text}});
  return dumped(json, -1);
}

RunRecord parse_run(std::string_view json, const std::string& origin) {
  const Fields fields(json, origin);
  RunRecord run;
  run.program = fields.text("program");
  run.version = fields.text("version");
  run.commit = fields.text("commit");
  run.libtorch = fields.text("libtorch");
  run.machine = fields.text("machine");
  run.threads = fields.whole("threads");
  run.device = fields.optional_text("device").value_or("");
  run.precision = fields.optional_text("precision").value_or("");
  run.scheme = fields.text("scheme");
  run.scheme_summary = fields.text("scheme_summary");
  run.corpus = fields.text("corpus");
  run.corpus_hash = fields.text("corpus_hash");
  run.training_hash = fields.optional_text("training_hash").value_or("");
  run.vocabulary_size = fields.whole("vocabulary_size");
  run.parameters = fields.whole("parameters");
  run.train_length = fields.whole("train_length");
  run.seed = fields.whole("seed");
  run.steps = fields.whole("steps");
  run.started = fields.text("started");
  run.finished = fields.optional_text("finished");
  run.train_seconds = fields.optional_real("train_seconds");
  run.train_tokens_per_second = fields.optional_real("train_tokens_per_second");
  run.train_peak_memory_mib = fields.optional_real("train_peak_memory_mib");
  run.file_hashes = fields.texts("file_hashes");
  if (run.train_length < 1) fail("{}: 'train_length' is {}; at least 1", origin, run.train_length);
  return run;
}

EvaluationRecord parse_evaluation(std::string_view json, const std::string& origin) {
  const Fields fields(json, origin);
  EvaluationRecord record;
  record.split = fields.text("split");
  record.protocol = fields.text("protocol");
  if (!fields.optional_text("first_token")) {
    fail("{}: was measured by an older version; remove the file and evaluate again", origin);
  }
  record.documents = fields.text("documents");
  record.first_token = fields.text("first_token");
  record.length = fields.whole("length");
  record.stride = fields.whole("stride");
  record.stride_is_length = fields.truth("stride_is_length");
  record.window_targets = fields.whole("window_targets");
  record.skipped_targets = fields.whole("skipped_targets");
  record.variant = fields.optional_text("variant").value_or("");
  record.corpus_hash = fields.text("corpus_hash");
  record.max_tokens = fields.optional_whole("max_tokens");
  record.weights = fields.optional_text("weights").value_or("");
  record.text = fields.optional_text("text").value_or("");
  record.checkpoint = fields.optional_text("checkpoint").value_or("");
  record.beyond_max_length = fields.optional_whole("beyond_max_length");
  if (record.length < 1) fail("{}: 'length' is {}; at least 1", origin, record.length);
  if (record.beyond_max_length) return record;
  record.windows = fields.whole("windows");
  record.tokens = fields.whole("tokens");
  record.mean_context = fields.real("mean_context");
  record.nats_per_token = fields.real("nats_per_token");
  record.bytes = fields.whole("bytes");
  record.words = fields.whole("words");
  record.unknown_tokens = fields.optional_whole("unknown_tokens");
  if (record.unknown_tokens) record.spelling_nats = fields.real("spelling_nats");
  record.ideal_nats_per_token = fields.optional_real("ideal_nats_per_token");
  if (record.protocol == kTaskProtocol) {
    record.accuracy = fields.real("accuracy");
    record.token_accuracy = fields.real("token_accuracy");
  }
  record.seconds = fields.real("seconds");
  record.tokens_per_second = fields.real("tokens_per_second");
  record.peak_memory_mib = fields.real("peak_memory_mib");
  record.draws = fields.optional_whole("draws");
  record.device = fields.optional_text("device").value_or("");
  record.precision = fields.optional_text("precision").value_or("");
  record.file = fields.text("file");
  return record;
}

void append_evaluation(const fs::path& folder, const EvaluationRecord& record) {
  const fs::path path = folder / "evaluation.jsonl";
  if (fs::exists(path)) {
    std::string text = read_file(path);
    if (!text.empty() && text.back() != '\n') {
      text.resize(end_of_whole_lines(text));
      if (!text.empty() && text.back() != '\n') text += '\n';
      write_file(path, text);
    }
  }
  append_line(path, to_json(record));
}

std::vector<EvaluationRecord> read_evaluations(const fs::path& folder) {
  std::vector<EvaluationRecord> records;
  const bool has_unknown = may_hold_unknown(folder);
  for (const JsonLine& line : read_json_lines(folder / "evaluation.jsonl")) {
    EvaluationRecord record = parse_evaluation(line.text, line.origin);
    if (record.weights.empty()) record.weights = weights_of(folder, record.checkpoint);
    if (!record.unknown_tokens && !has_unknown) record.unknown_tokens = 0;
    const auto earlier = std::ranges::find_if(
        records, [&](const EvaluationRecord& known) { return same_measurement(known, record); });
    if (earlier == records.end()) {
      records.push_back(std::move(record));
    } else {
      *earlier = std::move(record);
    }
  }
  return records;
}

void check_with_values(EvaluationRecord& record, const fs::path& folder) {
  try {
    record.protocol == kTaskProtocol ? believe_answers(record, folder)
                                     : believe_values(record, folder);
  } catch (const UserError& error) {
    const std::string_view what = error.what();
    fail("{}{}", what, what.ends_with("evaluate again") ? "" : "; evaluate again");
  }
}

RunRecord read_run(const fs::path& folder) {
  const fs::path path = folder / "run.json";
  RunRecord run = parse_run(read_file(path), path.string());
  run.folder = folder;
  run.options = read_run_options(folder);
  run.evaluations = read_evaluations(folder);
  for (EvaluationRecord& record : run.evaluations) {
    if (!record.beyond_max_length) check_with_values(record, folder);
  }
  add_texts(run);
  return run;
}

}  // namespace lengthwise
