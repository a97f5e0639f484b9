#include "report/comparison/measurement.h"

#include "report/comparison/comparison.h"
#include "report/contains_text.h"
#include "report/sample_runs.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

std::string refusal(const std::vector<RunRecord>& runs, const MeasurementChoice& wanted = {}) {
  return user_error_text([&] { compare_texts(runs, {wanted, {}, {}, {}}); });
}

/// The perplexities of the first row at its first length, and what stands under the table.
struct Shown {
  double perplexity;
  std::vector<std::string> notes;
};
Shown shown(const std::vector<RunRecord>& runs, const MeasurementChoice& wanted = {},
            const MeasurementChoice& usual = {}) {
  const TextComparison comparison = compare_texts(runs, {wanted, usual, {}, {}});
  return {comparison.rows.at(0).cells.at(0).mean_perplexity(), comparison.notes};
}

/// alibi measured at 64 and 128, and once more at 128 after `change`.
RunRecord measured_twice(void (*change)(EvaluationRecord&)) {
  RunRecord run = sample_run("alibi", 1, {{64, 5}, {128, 4.5}});
  EvaluationRecord other = run.evaluations[1];
  other.nats_per_token = std::log(4.25);
  change(other);
  run.evaluations.push_back(other);
  return run;
}

TEST_CASE("A quick look neither takes the place of a full measurement nor stands beside it",
          "[report]") {
  const RunRecord run = measured_twice([](EvaluationRecord& record) {
    record.max_tokens = 2048;
    record.tokens = 2048;
    record.scored_positions = "few";
  });
  const Shown full = shown({run});
  CHECK(full.perplexity == Approx(5).epsilon(1e-12));
  REQUIRE(full.notes.size() == 1);
  CHECK_THAT(full.notes[0], contains_text("--evaluation.max_tokens 2048"));

  MeasurementChoice look;
  look.max_tokens = 2048;
  CHECK(shown({run}, look).perplexity == Approx(4.25).epsilon(1e-12));
}

TEST_CASE("Best and last weights are rows of their own, and one of them can be chosen",
          "[report]") {
  const RunRecord run = measured_twice([](EvaluationRecord& record) {
    record.weights = "best";
    record.checkpoint = "best-weights";
  });
  const TextComparison comparison = compare_texts({run});
  REQUIRE(comparison.rows.size() == 2);
  CHECK(comparison.rows[0].label() == "alibi");
  CHECK(comparison.rows[1].label() == "alibi, best weights");
  CHECK(comparison.rows[0].cells[1].mean_perplexity() == Approx(4.5).epsilon(1e-12));
  CHECK(comparison.rows[1].cells[1].mean_perplexity() == Approx(4.25).epsilon(1e-12));
  CHECK_FALSE(comparison.rows[1].cells[0].measured());

  MeasurementChoice best;
  best.weights = "best";
  CHECK(shown({run}, best).perplexity == Approx(4.25).epsilon(1e-12));
  best.weights = "last";
  CHECK(shown({run}, best).perplexity == Approx(5).epsilon(1e-12));
  best.weights = "best";
  CHECK_THAT(refusal({run, sample_run("none", 1, {{64, 6}})}, best),
             contains_text("runs/none-seed1") && contains_text("--evaluation.checkpoint best"));
}

TEST_CASE("Another text stands in another table, that of training in the first", "[report]") {
  const RunRecord run = measured_twice([](EvaluationRecord& record) {
    record.corpus = "novels";
    record.corpus_hash = record.text = "decade";
  });
  const Shown own = shown({run});
  CHECK(own.perplexity == Approx(5).epsilon(1e-12));
  CHECK_THAT(own.notes.at(0), contains_text("--evaluation.text novels"));
  for (const char* name : {"novels", "deca"}) {
    MeasurementChoice other;
    other.text = name;
    CHECK(shown({run}, other).perplexity == Approx(4.25).epsilon(1e-12));
  }
}

TEST_CASE("Runs of two corpora compare on a text that both were measured on", "[report]") {
  RunRecord one = sample_run("alibi", 1, {{64, 5}}), other = sample_run("none", 1, {{64, 6}});
  one.evaluations[0].text = other.evaluations[0].text = "one text";
  one.corpus_hash = one.evaluations[0].corpus_hash = "decade";
  CHECK(compare_texts({one, other}).rows.size() == 2);
  one.evaluations[0].text = "another";
  const std::string refused = refusal({one, other});
  CHECK_THAT(refused, contains_text("choose one") && contains_text("--evaluation.text another"));
}

TEST_CASE("Of several ways to measure what is usual is taken, or what is asked for", "[report]") {
  const RunRecord run = measured_twice([](EvaluationRecord& record) {
    record.protocol = "sliding";
    record.stride = record.window_targets = 32;
    record.stride_is_length = false;
  });
  MeasurementChoice sliding;
  sliding.protocol = "sliding";
  const TextComparison comparison = compare_texts({run}, {sliding, {}, {}, {}});
  CHECK(comparison.eval_lengths == std::vector<int64_t>{128});
  CHECK_THAT(describe(comparison.measurement), contains_text("sliding windows, stride 32"));
  CHECK(shown({run}, {}, sliding).perplexity == Approx(4.25).epsilon(1e-12));
  CHECK(shown({run}).perplexity == Approx(5).epsilon(1e-12));  // measured at more lengths
  sliding.stride = 16;
  CHECK_THAT(refusal({run}, sliding), contains_text("nothing was measured as asked for") &&
                                          contains_text("--evaluation.stride 32"));
}

TEST_CASE("What cannot be told which is meant is refused with how each is chosen", "[report]") {
  RunRecord run = sample_run("alibi", 1, {{64, 5}});
  run.evaluations.push_back(run.evaluations[0]);
  SECTION("two splits") {
    run.evaluations[1].split = "valid";
  }
  SECTION("two first tokens") {
    run.evaluations[1].first_token = "previous";
  }
  SECTION("documents apart and joined") {
    run.evaluations[1].documents = "joined";
    CHECK_THAT(refusal({run}), contains_text("joined") && contains_text("separate"));
  }
  CHECK_THAT(refusal({run}),
             contains_text("choose one") && contains_text("--evaluation.split test"));
}

TEST_CASE("Lengths can be chosen, and one that nothing was measured at is named", "[report]") {
  const RunRecord run = sample_run("alibi", 1, {{64, 5}, {128, 4.5}, {256, 4.25}});
  MeasurementChoice some;
  some.lengths = {128, 256};
  CHECK(compare_texts({run}, {some, {}, {}, {}}).eval_lengths == std::vector<int64_t>{128, 256});
  some.lengths = {128, 512};
  CHECK_THAT(refusal({run}, some), contains_text("512") && contains_text("64, 128, 256"));
}

TEST_CASE("Of weights that were trained on the newest measured count, and it is said", "[report]") {
  RunRecord run = sample_run("alibi", 1, {{64, 5}, {128, 4.5}});
  run.evaluations[1].checkpoint = "newer";
  const Shown newest = shown({run});
  CHECK(newest.perplexity == Approx(4.5).epsilon(1e-12));
  CHECK_THAT(newest.notes.at(0), contains_text("1 measurements of earlier weights"));
}

TEST_CASE("A scheme's limit is shown however the others were measured", "[report]") {
  RunRecord learned = sample_run("learned", 1, {{64, 5}});
  add_beyond_limit(learned, 128, 64);
  learned.evaluations[0].max_tokens = 65536;
  RunRecord none = sample_run("none", 1, {{64, 6}, {128, 6.5}});
  for (EvaluationRecord& record : none.evaluations) record.max_tokens = 65536;
  const TextComparison comparison = compare_samples({none, learned});
  CHECK(comparison.rows[1].cells[1].beyond_max_length == 64);
}

}  // namespace
}  // namespace lengthwise
