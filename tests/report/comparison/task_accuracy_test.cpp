#include "report/comparison/task_accuracy.h"

#include <cmath>

#include "base/safetensors.h"
#include "report/figures/task_maps.h"
#include "report/kinds/comparison_kind.h"
#include "report/sample_runs.h"
#include "report/tables/task_table.h"
#include "report/task_runs.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// Ten examples of two tokens: the first `right` are right, the others in their first token alone.
TaskValues two_token_answers(int64_t length, int64_t right) {
  std::vector<uint8_t> correct;
  std::vector<int64_t> offsets{0};
  for (int64_t i = 0; i < 10; ++i) {
    correct.insert(correct.end(), {1, static_cast<uint8_t>(i < right ? 1 : 0)});
    offsets.push_back(offsets.back() + 2);
  }
  return task_values("copy", length, correct, offsets);
}

TaskComparison compared(const std::vector<RunRecord>& runs) {
  return std::get<TaskComparison>(full_comparison(runs, sample_request(), {}));
}

}  // namespace

TEST_CASE("Wilson's interval is that of the textbook", "[report]") {
  // Brown, Cai and DasGupta (2001), equation 4, with z = 1.959964.
  CHECK(wilson_interval(0.8, 10).lo == Approx(0.49016247).epsilon(1e-7));
  CHECK(wilson_interval(0.8, 10).hi == Approx(0.94331785).epsilon(1e-7));
  CHECK(wilson_interval(0, 10).lo == 0);
  CHECK(wilson_interval(0, 10).hi == Approx(0.27753280).epsilon(1e-7));
  CHECK(wilson_interval(1, 256).lo == Approx(0.98521614).epsilon(1e-7));
  CHECK(wilson_interval(1, 256).hi == 1);
}

TEST_CASE("Accuracy counts examples with every token right, token accuracy tokens", "[report]") {
  const TemporaryFolder folder;
  const RunRecord run = store_task_run(folder / "run", "alibi", 1,
                                       {two_token_answers(64, 8), two_token_answers(128, 0)});
  CHECK(run.evaluations[0].accuracy == 0.8);
  CHECK(run.evaluations[0].token_accuracy == 0.9);

  const TaskComparison comparison = compared({run});
  const TaskAccuracy& at_64 = comparison.accuracy[0][0].value();
  CHECK(at_64.examples == 10);
  CHECK(at_64.accuracy == Approx(0.8));
  CHECK(at_64.token_accuracy == Approx(0.9));
  CHECK(at_64.interval.lo == Approx(0.49016247));
  CHECK(at_64.interval.hi == Approx(0.94331785));
  REQUIRE(at_64.by_answer.size() == 2);
  CHECK(at_64.by_answer[0].share() == 1);
  CHECK(at_64.by_answer[1].share() == 0.8);
  CHECK(at_64.by_place.empty());
  const TaskAccuracy& at_128 = comparison.accuracy[0][1].value();
  CHECK(at_128.accuracy == 0);
  CHECK(at_128.token_accuracy == Approx(0.5));
}

TEST_CASE("Few examples make doubtful intervals, and it is said", "[report]") {
  const TemporaryFolder folder;
  const TaskComparison comparison =
      compared({store_task_run(folder / "few", "alibi", 1, {two_token_answers(64, 7)})});
  CHECK(contains(markdown_task_table(comparison), "intervals of 10 examples are doubtful"));
}

TEST_CASE("Answers that are all right have accuracy 1, guesses that of a guess", "[report]") {
  const TemporaryFolder folder;
  std::vector<uint8_t> guesses;
  std::vector<int64_t> offsets{0};
  for (int64_t i = 0; i < 640; ++i) {
    guesses.push_back(i % 64 == 5 ? 1 : 0);
    offsets.push_back(i + 1);
  }
  const std::vector<uint8_t> right(640, 1);
  const TaskComparison comparison = compared(
      {store_task_run(folder / "oracle", "alibi", 1, {task_values("copy", 64, right, offsets)}),
       store_task_run(folder / "guesser", "none", 1, {task_values("copy", 64, guesses, offsets)})});
  CHECK(comparison.accuracy[0][0]->accuracy == 1.0 / 64);
  CHECK_FALSE(comparison.rows[0].cells[0].best);
  CHECK(comparison.accuracy[1][0]->accuracy == 1);
  CHECK(comparison.rows[1].cells[0].best);
  const std::string table = markdown_task_table(comparison);
  CHECK(contains(table, "**100.0 [99.4, 100.0]**"));
  CHECK(contains(table, " 1.6 [0.9, 2.9] |"));  // Wilson of 10 of 640: 0.0085 to 0.0285
  CHECK(contains(table, "640 examples"));
  CHECK_FALSE(contains(table, "doubtful"));
  CHECK(contains(table, "once in 64"));
}

TEST_CASE("The interval of a paired difference is the one Newcombe printed", "[report]") {
  // 50 pairs, both right in 36, only the first in 12, only the second in 2: 0.0569 to 0.3404.
  const double correlation = -24 / std::sqrt(48.0 * 2 * 38 * 12);
  const Interval interval = paired_difference_interval(48 / 50.0, 38 / 50.0, correlation, 50);
  CHECK(interval.lo == Approx(0.0569).margin(5e-5));
  CHECK(interval.hi == Approx(0.3404).margin(5e-5));
}

TEST_CASE("A row that the examples do not tell from the best is marked", "[report]") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& name, int64_t right) {
    return store_task_run(folder / name, name, 1, {two_token_answers(64, right)});
  };
  const TaskComparison comparison = compared({run("none", 3), run("rotary", 9), run("alibi", 10)});
  CHECK_FALSE(comparison.rows[2].cells[0].behind_best);
  CHECK(comparison.rows[1].cells[0].behind_best->value == Approx(0.1));
  CHECK(comparison.rows[1].cells[0].tied_with_best());
  CHECK_FALSE(comparison.rows[0].cells[0].tied_with_best());
  const std::string table = markdown_task_table(comparison);
  CHECK(contains(table, "]~ |"));
  CHECK(contains(table, "not distinguishable from the highest"));
}

TEST_CASE("The interval over seeds is wider than that of any one of them", "[report]") {
  const TemporaryFolder folder;
  const auto run = [&](int64_t seed, int64_t right) {
    return store_task_run(folder / std::to_string(seed), "alibi", seed,
                          {two_token_answers(64, right)});
  };
  const TaskComparison apart = compared({run(1, 2), run(2, 10)});
  const TaskAccuracy& task = *apart.accuracy[0][0];
  CHECK(apart.rows[0].seeds == 2);
  CHECK(task.accuracy == Approx(0.6));
  CHECK(task.interval.lo == 0);  // two seeds this far apart say nearly nothing
  CHECK(task.interval.hi == 1);
  CHECK(task.by_answer[1].all == 20);
  CHECK(task.by_answer[1].right == 12);

  const TaskComparison alike = compared({run(3, 10), run(4, 10)});
  CHECK(alike.accuracy[0][0]->interval.lo ==
        Approx(wilson_interval(1, 10).lo));  // resampling alone would say exactly 1
  CHECK(alike.accuracy[0][0]->interval.hi == 1);
}

TEST_CASE("Accuracy by place and by number in the answer is that of the tokens there", "[report]") {
  const TemporaryFolder folder;
  TaskValues values = two_token_answers(64, 5);
  for (int64_t i = 0; i < 10; ++i) {
    const double place = static_cast<double>(i) / 9;
    values.places.insert(values.places.end(), {place, place});
  }
  const TaskComparison comparison =
      compared({store_task_run(folder / "run", "alibi", 1, {values})});
  const auto by_place = map_by_place(comparison, 0);
  REQUIRE(by_place);
  CHECK(by_place->column_labels == std::vector<std::string>{"64"});
  REQUIRE(by_place->values.size() == 10);
  for (size_t tenth = 0; tenth < 10; ++tenth) {
    CHECK(by_place->values[tenth][0] == (tenth < 5 ? 1.0 : 0.5));
  }
  const auto by_answer = map_by_answer(comparison, 0);
  REQUIRE(by_answer);
  CHECK(by_answer->values[0][0] == 1);
  CHECK(by_answer->values[5][0] == 0.5);
  CHECK(std::isnan(by_answer->values[3][0]));  // two tokens have no fourth tenth

  const std::string csv = task_places_csv(comparison);
  CHECK(contains(csv, "alibi,64,64,place,1,2,2,1\n"));
  CHECK(contains(csv, "alibi,64,64,place,10,2,1,0.5\n"));
  CHECK(contains(csv, "alibi,64,64,answer,2,10,5,0.5\n"));
  CHECK_FALSE(map_by_place(
      compared({store_task_run(folder / "other", "alibi", 1, {two_token_answers(64, 5)})}), 0));
}

TEST_CASE("Lengths beyond a scheme's limit are a dash, and a line of the CSV", "[report]") {
  const TemporaryFolder folder;
  RunRecord run = store_task_run(folder / "run", "learned", 1, {two_token_answers(64, 8)});
  EvaluationRecord beyond = run.evaluations[0];
  beyond.length = beyond.stride = beyond.window_targets = 128;
  beyond.beyond_max_length = 64;
  beyond.file.clear();
  run.evaluations.push_back(beyond);
  const TaskComparison comparison = compared({run});
  CHECK(contains(terminal_task_table(comparison), "–"));
  const std::string csv = task_csv(comparison);
  CHECK(contains(csv, "learned,64,64,copy,test,1,10,0.8,"));
  CHECK(contains(csv, "learned,64,128,copy,test,0,,,,,,,,,64,,\n"));
}

TEST_CASE("Answers that do not fit their line, or another run's, are refused", "[report]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "run/evaluation/L64.safetensors";
  const RunRecord run = store_task_run(folder / "run", "alibi", 1, {two_token_answers(64, 8)});

  SECTION("other answers") {
    write_task_values(file, two_token_answers(64, 7));
    const std::string error = user_error_text([&] { read_run(folder / "run"); });
    CHECK(contains(error, file.string()));
    CHECK(contains(error, "accuracy 0.7"));
    CHECK(contains(error, "says 0.8"));
  }
  SECTION("another length") {
    write_task_values(file, two_token_answers(65, 8));
    CHECK(contains(user_error_text([&] { read_run(folder / "run"); }), "its length is 65"));
  }
  SECTION("arrays that do not fit one another") {
    TaskValues values = two_token_answers(64, 8);
    values.offsets.back() = 19;
    write_task_values(file, values);
    CHECK(contains(user_error_text([&] { read_task_values(file); }), "'offsets'"));
    values = two_token_answers(64, 8);
    values.correct[3] = 2;
    write_task_values(file, values);
    CHECK(contains(user_error_text([&] { read_task_values(file); }), "'correct'"));
    values = two_token_answers(64, 8);
    values.nats[3] = NAN;
    write_task_values(file, values);
    CHECK(contains(user_error_text([&] { read_task_values(file); }), "not finite"));
    values = two_token_answers(64, 8);
    values.places.assign(20, 1.5);
    write_task_values(file, values);
    CHECK(contains(user_error_text([&] { read_task_values(file); }), "'places'"));
    values = two_token_answers(64, 8);
    values.answers[7] = 3;
    write_task_values(file, values);
    CHECK(contains(user_error_text([&] { read_task_values(file); }), "'answers'"));
  }
  SECTION("another number of examples than another run's") {
    TaskValues fewer = two_token_answers(64, 5);
    fewer.offsets.resize(6);
    fewer.correct.resize(10);
    fewer.nats.resize(10);
    fewer.answers.resize(10);
    const RunRecord other = store_task_run(folder / "other", "none", 1, {fewer});
    std::vector<RunRecord> runs{run, other};
    const Comparison comparison = compare_runs(runs);
    CHECK(comparison.rows.size() == 1);
    CHECK(contains(comparison.notes.at(0), "--evaluation.examples 5"));
    CHECK(contains(comparison.notes.at(1), "other: was not measured so"));
  }
}

}  // namespace lengthwise
