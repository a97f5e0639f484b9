#include "report/comparison/measurement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "base/number_text.h"
#include "data/tasks/task.h"

namespace lengthwise {
namespace {

using Predicate = std::function<bool(const Measurement&)>;

/// Where nothing was measured, a scheme's limit holds for every way to measure the text.
bool fits(const EvaluationRecord& record, const Measurement& chosen) {
  const Measurement its = measurement_of(record);
  if (!record.beyond_max_length) return its == chosen;
  return its.text == chosen.text && its.split == chosen.split && its.protocol == chosen.protocol;
}

/// Names of a text's corpus, from any record of it.
std::string corpus_of(const std::vector<RunRecord>& runs, const std::string& text) {
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& record : run.evaluations) {
      if (measurement_of(record).text != text) continue;
      return record.corpus.empty() ? run.corpus : record.corpus;
    }
  }
  return {};
}

bool is_own_text(const std::vector<RunRecord>& runs, const std::string& text) {
  return std::ranges::any_of(runs, [&](const RunRecord& run) {
    return std::ranges::any_of(run.evaluations, [&](const EvaluationRecord& record) {
      return record.corpus_hash == run.corpus_hash && measurement_of(record).text == text;
    });
  });
}

/// The predicates of what is set.
std::vector<Predicate> predicates(const MeasurementChoice& choice,
                                  const std::vector<RunRecord>& runs) {
  std::vector<Predicate> all;
  const auto equal = [&](const auto& wanted, auto Measurement::*field) {
    if (wanted) all.push_back([=](const Measurement& each) { return each.*field == *wanted; });
  };
  if (choice.text) {
    all.push_back([&runs, text = *choice.text](const Measurement& each) {
      return each.text.starts_with(text) || corpus_of(runs, each.text) == text;
    });
  }
  equal(choice.split, &Measurement::split);
  equal(choice.protocol, &Measurement::protocol);
  equal(choice.first_token, &Measurement::first_token);
  equal(choice.stride, &Measurement::stride);
  equal(choice.window_targets, &Measurement::window_targets);
  equal(choice.max_tokens, &Measurement::max_tokens);
  equal(choice.examples, &Measurement::examples);
  return all;
}

int64_t lengths_of(const std::vector<RunRecord>& runs, const Measurement& measurement) {
  int64_t lengths = 0;
  for (const RunRecord& run : runs) {
    lengths += std::ranges::count_if(run.evaluations, [&](const EvaluationRecord& record) {
      return !record.beyond_max_length && measurement_of(record) == measurement;
    });
  }
  return lengths;
}

void keep_if_any(std::vector<Measurement>& candidates, const Predicate& predicate) {
  if (std::ranges::any_of(candidates, predicate)) {
    std::erase_if(candidates, [&](const Measurement& each) { return !predicate(each); });
  }
}

/// The options of `compare` that choose it.
std::string options_for(const Measurement& each, const std::vector<RunRecord>& runs) {
  std::string text;
  // A name that two texts have does not choose one.
  const std::vector<Measurement> all = measurements(runs);
  const std::string corpus = corpus_of(runs, each.text);
  const bool alone = std::ranges::none_of(all, [&](const Measurement& other) {
    return other.text != each.text && corpus_of(runs, other.text) == corpus;
  });
  text += alone ? fmt::format("--evaluation.text {} ", corpus)
                : fmt::format("--evaluation.text {:.12} ", each.text);
  text += fmt::format("--evaluation.split {} ", each.split);
  if (each.protocol.starts_with("paper_")) text += "--evaluation.counting paper ";
  text += fmt::format("--evaluation.protocol {}",
                      each.protocol.substr(each.protocol.starts_with("paper_") ? 6 : 0));
  if (each.stride > 0) text += fmt::format(" --evaluation.stride {}", each.stride);
  if (each.window_targets > 0) text += fmt::format(" --evaluation.last {}", each.window_targets);
  if (each.examples > 0) text += fmt::format(" --evaluation.examples {}", each.examples);
  if (each.protocol != kTaskProtocol) {
    text += fmt::format(" --evaluation.max_tokens {} --evaluation.first_token {}", each.max_tokens,
                        each.first_token);
  }
  return text;
}

[[noreturn]] void refuse(const std::vector<RunRecord>& runs, std::string_view what) {
  std::vector<std::string> names;
  for (const Measurement& each : measurements(runs)) {
    names.push_back(fmt::format("{} ({})", options_for(each, runs), describe(each)));
  }
  fail("compare: {}; the runs hold: {}", what, fmt::join(names, "; "));
}

Measurement choose(const std::vector<RunRecord>& runs, const MeasurementChoice& wanted,
                   const MeasurementChoice& usual) {
  std::vector<Measurement> candidates = measurements(runs);
  for (const Predicate& predicate : predicates(wanted, runs)) {
    std::erase_if(candidates, [&](const Measurement& each) { return !predicate(each); });
  }
  if (candidates.empty()) refuse(runs, "nothing was measured as asked for");
  if (!wanted.text) {
    keep_if_any(candidates, [&](const Measurement& each) { return is_own_text(runs, each.text); });
  }
  MeasurementChoice usual_split;
  usual_split.split = usual.split;
  for (const Predicate& split : predicates(usual_split, runs)) keep_if_any(candidates, split);
  if (std::ranges::any_of(candidates, [&](const Measurement& each) {
        return each.text != candidates.front().text;
      })) {
    refuse(runs, "the runs were measured on several texts; choose one");
  }
  for (const Predicate& predicate : predicates(usual, runs)) keep_if_any(candidates, predicate);
  const auto scored = [](const Measurement& each) {
    return std::pair(each.max_tokens == 0, std::max(each.max_tokens, each.examples));
  };
  const auto most = scored(std::ranges::max(candidates, {}, scored));
  keep_if_any(candidates, [&](const Measurement& each) { return scored(each) == most; });
  const auto lengths = [&](const Measurement& each) { return lengths_of(runs, each); };
  const int64_t most_lengths = lengths(std::ranges::max(candidates, {}, lengths));
  keep_if_any(candidates, [&](const Measurement& each) { return lengths(each) == most_lengths; });
  if (candidates.size() > 1) refuse(runs, "more than one thing was measured; choose one");
  return candidates.front();
}

/// Weights that were trained on are other weights: of each run's kind and variant the checkpoint
/// measured last stays.
void keep_newest_weights(std::vector<RunRecord>& runs, std::vector<std::string>& notes) {
  for (RunRecord& run : runs) {
    std::map<std::tuple<std::string, std::string>, std::string> newest;
    for (const EvaluationRecord& record : run.evaluations) {
      if (!record.beyond_max_length) newest[{record.weights, record.variant}] = record.checkpoint;
    }
    const auto older = std::erase_if(run.evaluations, [&](const EvaluationRecord& record) {
      return !record.beyond_max_length &&
             record.checkpoint != newest[{record.weights, record.variant}];
    });
    if (older == 0) continue;
    notes.push_back(fmt::format("{}: {} measurements of earlier weights are left out",
                                run.folder.string(), older));
  }
}

void keep_lengths(std::vector<RunRecord>& runs, const std::vector<int64_t>& wanted) {
  if (wanted.empty()) return;
  std::set<int64_t> found;
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& record : run.evaluations) found.insert(record.length);
  }
  for (const int64_t length : wanted) {
    if (found.contains(length)) continue;
    fail("evaluation.lengths: no run was measured at {}; there are {}", length,
         fmt::join(found, ", "));
  }
  for (RunRecord& run : runs) {
    std::erase_if(run.evaluations, [&](const EvaluationRecord& record) {
      return std::ranges::find(wanted, record.length) == wanted.end();
    });
  }
}

void keep_weights(std::vector<RunRecord>& runs, const std::optional<std::string>& wanted) {
  if (!wanted) return;
  for (RunRecord& run : runs) {
    if (std::erase_if(run.evaluations,
                      [&](const EvaluationRecord& each) { return each.weights != *wanted; }) == 0 ||
        !run.evaluations.empty()) {
      continue;
    }
    fail(
        "evaluation.checkpoint: {} was not measured with its {} weights; run `lengthwise evaluate "
        "{} --evaluation.checkpoint {}`, or leave it out of the comparison",
        run.folder.string(), *wanted, run.folder.string(), *wanted);
  }
}

}  // namespace

Measurement measurement_of(const EvaluationRecord& record) {
  return {record.text.empty() ? record.corpus_hash : record.text,
          record.split,
          record.protocol,
          record.documents,
          record.first_token,
          record.stride_is_length ? 0 : record.stride,
          record.window_targets == record.stride ? 0 : record.window_targets,
          record.skipped_targets,
          record.max_tokens.value_or(0),
          record.protocol == kTaskProtocol ? record.windows : 0};
}

std::string describe(const Measurement& measurement) {
  const std::string stride = measurement.stride == 0 ? "stride = eval_length"
                                                     : fmt::format("stride {}", measurement.stride);
  const std::string scored =
      measurement.window_targets == 0 ? "" : fmt::format(" scoring {}", measurement.window_targets);
  const std::string part =
      measurement.max_tokens == 0
          ? ""
          : fmt::format(", its first {} tokens", format_count(measurement.max_tokens));
  return fmt::format("{} split{}, {} windows, {}{}, documents {}, first token {}",
                     measurement.split, part, measurement.protocol, stride, scored,
                     measurement.documents, measurement.first_token);
}

std::vector<Measurement> measurements(const std::vector<RunRecord>& runs) {
  std::set<Measurement> found, beyond;
  for (const RunRecord& run : runs) {
    for (const EvaluationRecord& record : run.evaluations) {
      (record.beyond_max_length ? beyond : found).insert(measurement_of(record));
    }
  }
  const auto& all = found.empty() ? beyond : found;
  return {all.begin(), all.end()};
}

Measurement keep_chosen(std::vector<RunRecord>& runs, const MeasurementChoice& wanted,
                        const MeasurementChoice& usual, std::vector<std::string>& notes) {
  for (const RunRecord& run : runs) {
    if (!run.evaluations.empty()) continue;
    fail("{}: no evaluation yet; run `lengthwise evaluate {}` first",
         (run.folder / "evaluation.jsonl").string(), run.folder.string());
  }
  keep_weights(runs, wanted.weights);
  const Measurement chosen = choose(runs, wanted, usual);
  std::vector<std::string> others;
  for (const Measurement& each : measurements(runs)) {
    if (each != chosen) others.push_back(options_for(each, runs));
  }
  if (!others.empty()) {
    notes.push_back(fmt::format("also measured, and shown by: {}", fmt::join(others, "; ")));
  }
  for (RunRecord& run : runs) {
    std::erase_if(run.evaluations, [&](const EvaluationRecord& e) { return !fits(e, chosen); });
    if (run.evaluations.empty()) {
      notes.push_back(run.folder.string() + ": was not measured so, and has no row");
    }
  }
  keep_newest_weights(runs, notes);
  keep_lengths(runs, wanted.lengths);
  return chosen;
}

}  // namespace lengthwise
