#include "data/tasks/task.h"

#include <algorithm>
#include <map>
#include <set>

#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

using Tokens = std::vector<int64_t>;

constexpr int64_t kBegin = 1, kAsk = 2, kMark = 3, kFirst = 4;

TaskExample example_of(const std::string& task, int64_t index, int64_t length) {
  return draw_example(find_task(task), 1, TaskSplit::test, index, length);
}

Tokens part(const Tokens& tokens, int64_t begin, int64_t end) {
  return {tokens.begin() + begin, tokens.begin() + end};
}

/// What stands between B and "=".
Tokens prompt_of(const TaskExample& example) {
  const auto ask = std::ranges::find(example.tokens, kAsk);
  REQUIRE(ask != example.tokens.end());
  return {example.tokens.begin() + 1, ask};
}

Tokens answer_of(const TaskExample& example) {
  Tokens answer;
  for (const int64_t at : example.answers) answer.push_back(example.tokens.at(size_t(at)));
  return answer;
}

/// A number whose first digit is the least significant; up to 18 of them.
int64_t number_of(const Tokens& digits) {
  int64_t number = 0;
  for (size_t i = digits.size(); i-- > 0;) number = 10 * number + digits[i] - kFirst;
  return number;
}

template <class Check>
void for_examples(const std::string& task, const std::vector<int64_t>& lengths, Check check) {
  for (const int64_t length : lengths) {
    for (int64_t index = 0; index < 50; ++index) {
      CAPTURE(task, length, index);
      check(example_of(task, index, length), length);
    }
  }
}

}  // namespace

TEST_CASE("Every task fills its length, but for what its parts cannot share", "[data]") {
  const std::map<std::string_view, int64_t> left_over = {
      {"copy", 1},     {"sort", 1},   {"recall", 3},          {"passkey", 0},
      {"addition", 2}, {"parity", 0}, {"modular_addition", 0}};
  CHECK(tasks().size() == left_over.size());
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    std::set<int64_t> found;
    for (int64_t length = task.shortest; length < task.shortest + 70; ++length) {
      std::set<size_t> sizes;
      for (int64_t index = 0; index < 10; ++index) {
        const TaskExample example = draw_example(task, 1, TaskSplit::test, index, length);
        sizes.insert(example.tokens.size());
        found.insert(length - example.inputs());
        CHECK(example.tokens.front() == kBegin);
        CHECK(std::ranges::count(example.tokens, kAsk) == 1);
        CHECK(std::ranges::count(example.tokens, kPadToken) == 0);
        CHECK(std::ranges::max(example.tokens) < task.vocabulary_size);
        CHECK(std::ranges::is_sorted(example.answers));
        CHECK(example.answers.back() == example.inputs());
        CHECK((example.places.empty() || example.places.size() == example.answers.size()));
      }
      CHECK(sizes.size() == 1);
    }
    CHECK(*found.begin() == 0);
    CHECK(*found.rbegin() == left_over.at(task.name));
  }
}

TEST_CASE("A guess is right once in as many as a task's answers have symbols", "[data]") {
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    std::set<int64_t> seen;
    for (int64_t index = 0; index < 400; ++index) {
      const auto answer =
          answer_of(draw_example(task, 1, TaskSplit::test, index, task.shortest + 20));
      seen.insert(answer.begin(), answer.end());
    }
    CHECK(static_cast<int64_t>(seen.size()) == task.answer_symbols);
  }
}

TEST_CASE("A copy is its prompt again", "[data]") {
  for_examples("copy", {3, 4, 5, 64, 257}, [](const TaskExample& example, int64_t length) {
    CHECK(answer_of(example) == prompt_of(example));
    CHECK(static_cast<int64_t>(example.answers.size()) == (length - 1) / 2);
  });
}

TEST_CASE("A sorted answer ascends and holds the prompt's symbols", "[data]") {
  bool repeated = false;
  for_examples("sort", {3, 6, 64, 257}, [&](const TaskExample& example, int64_t) {
    const Tokens answer = answer_of(example);
    CHECK(std::ranges::is_sorted(answer));
    CHECK(std::ranges::is_permutation(answer, prompt_of(example)));
    repeated = repeated || std::ranges::adjacent_find(answer) != answer.end();
  });
  CHECK(repeated);
}

TEST_CASE("Recall asks every key once, and its value is the one that followed it", "[data]") {
  for_examples("recall", {5, 9, 64, 257, 2052}, [](const TaskExample& example, int64_t length) {
    const Tokens prompt = prompt_of(example);
    const auto pairs = static_cast<int64_t>(prompt.size()) / 2;
    CHECK(pairs == (length - 1) / 4);
    std::map<int64_t, int64_t> values, places;
    for (int64_t i = 0; i < pairs; ++i) {
      const int64_t key = prompt[size_t(2 * i)];
      CHECK(values.emplace(key, prompt[size_t(2 * i + 1)]).second);
      places[key] = i;
    }
    std::set<int64_t> asked;
    for (size_t i = 0; i < example.answers.size(); ++i) {
      const auto at = size_t(example.answers[i]);
      const int64_t key = example.tokens[at - 1];
      CHECK(values.at(key) == example.tokens[at]);
      CHECK(example.places[i] * static_cast<double>(std::max<int64_t>(1, pairs - 1)) ==
            Approx(static_cast<double>(places.at(key))).margin(1e-9));
      asked.insert(key);
    }
    CHECK(static_cast<int64_t>(asked.size()) == pairs);
  });
}

TEST_CASE("A passkey stands at its place, and nowhere else is a mark or a digit", "[data]") {
  for_examples("passkey", {12, 13, 64, 512}, [](const TaskExample& example, int64_t length) {
    const Tokens prompt = prompt_of(example);
    const int64_t filler = length - 12;
    const int64_t mark = std::ranges::find(prompt, kMark) - prompt.begin();
    CHECK(answer_of(example) == part(prompt, mark + 1, mark + 6));
    Tokens others = part(prompt, 0, mark);
    const Tokens after = part(prompt, mark + 6, static_cast<int64_t>(prompt.size()));
    others.insert(others.end(), after.begin(), after.end());
    REQUIRE(static_cast<int64_t>(others.size()) == filler);
    for (size_t i = 0; i < others.size(); ++i) CHECK(others[i] == kFirst + 10 + int64_t(i) % 8);
    CHECK(example.places ==
          std::vector<double>(5, filler == 0 ? 0 : double(mark) / double(filler)));
  });
}

TEST_CASE("Passkeys are hidden at every depth alike", "[data]") {
  std::map<double, int> times;
  for (int64_t i = 0; i < 4000; ++i) ++times[example_of("passkey", i, 15).places[0]];
  CHECK(times.size() == 4);  // before, between and after three tokens of filler
  // Binomial with mean 1000 and standard deviation 27: five of them.
  for (const auto& [place, count] : times) CHECK(std::abs(count - 1000) < 137);
}

TEST_CASE("A sum is that of its operands as whole numbers", "[data]") {
  for_examples("addition", {6, 9, 14, 48}, [](const TaskExample& example, int64_t length) {
    const Tokens prompt = prompt_of(example);
    const int64_t digits = std::ranges::find(prompt, kMark) - prompt.begin();
    CHECK(digits == (length - 3) / 3);
    const Tokens one = part(prompt, 0, digits);
    const Tokens other = part(prompt, digits + 1, static_cast<int64_t>(prompt.size()));
    CHECK(other.size() == one.size());
    CHECK(answer_of(example).size() == one.size() + 1);
    CHECK(number_of(one) + number_of(other) == number_of(answer_of(example)));
  });
}

TEST_CASE("Parity counts the ones, modular addition sums modulo five", "[data]") {
  int64_t odd = 0;
  for_examples("parity", {3, 4, 64}, [&](const TaskExample& example, int64_t length) {
    const Tokens prompt = prompt_of(example);
    CHECK(static_cast<int64_t>(prompt.size()) == length - 2);
    const auto ones = std::ranges::count(prompt, kFirst + 1);
    CHECK(ones + std::ranges::count(prompt, kFirst) == static_cast<int64_t>(prompt.size()));
    CHECK(answer_of(example) == Tokens{kFirst + ones % 2});
    odd += ones % 2;
  });
  CHECK(odd > 45);
  CHECK(odd < 105);
  for_examples("modular_addition", {3, 10, 64}, [](const TaskExample& example, int64_t length) {
    const Tokens prompt = prompt_of(example);
    CHECK(static_cast<int64_t>(prompt.size()) == length - 2);
    int64_t rest = 0;
    for (const int64_t token : prompt) {
      for (int64_t i = kFirst; i < token; ++i) rest = rest == 4 ? 0 : rest + 1;
    }
    CHECK(answer_of(example) == Tokens{kFirst + rest});
  });
}

TEST_CASE("The streams of examples are what their definition gives by hand", "[data]") {
  // From the definition of SplitMix64 and of the tasks, computed apart from this code.
  CHECK(draw_example(find_task("copy"), 1, TaskSplit::test, 0, 10).tokens ==
        Tokens{1, 9, 14, 54, 26, 2, 9, 14, 54, 26});
  const TaskExample recall = draw_example(find_task("recall"), 1, TaskSplit::valid, 1, 9);
  CHECK(recall.tokens == Tokens{1, 204, 65, 337, 29, 2, 337, 29, 204, 65});
  CHECK(recall.answers == Tokens{7, 9});
  CHECK(recall.places == std::vector<double>{1, 0});
  const TaskExample passkey = draw_example(find_task("passkey"), 7, TaskSplit::train, 0, 17);
  CHECK(passkey.tokens == Tokens{1, 14, 15, 3, 12, 8, 12, 4, 7, 16, 17, 18, 2, 12, 8, 12, 4, 7});
  CHECK(passkey.answers == Tokens{13, 14, 15, 16, 17});
  CHECK(passkey.places == std::vector<double>(5, 0.4));
}

TEST_CASE("An example depends on seed, split, number and length, and on nothing else", "[data]") {
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    const auto tokens = [&](uint64_t seed, TaskSplit split, int64_t index, int64_t length) {
      return draw_example(task, seed, split, index, length).tokens;
    };
    const Tokens one = tokens(1, TaskSplit::test, 3, 64);
    CHECK(tokens(1, TaskSplit::test, 3, 64) == one);
    CHECK(tokens(2, TaskSplit::test, 3, 64) != one);
    CHECK(tokens(1, TaskSplit::valid, 3, 64) != one);
    CHECK(tokens(1, TaskSplit::test, 4, 64) != one);
    // Another length is another example, not a longer form of the same.
    const Tokens longer = tokens(1, TaskSplit::test, 3, 72);
    // The first of a passkey's tokens may be filler in both.
    if (task.name != "passkey") CHECK(part(longer, 0, 20) != part(one, 0, 20));
  }
}

TEST_CASE("Training and held-out splits share no example", "[data]") {
  for (const Task& task : tasks()) {
    CAPTURE(task.name);
    std::set<Tokens> all;
    for (int64_t i = 0; i < 200; ++i) {
      all.insert(draw_example(task, 1, TaskSplit::train, i, 64).tokens);
      all.insert(draw_example(task, 1, TaskSplit::valid, i, 64).tokens);
    }
    for (const TaskExample& example : held_out_examples(task, TaskSplit::test, 64, 200)) {
      all.insert(example.tokens);
    }
    CHECK(all.size() == 600);
  }
}

TEST_CASE("A task that is unknown or has no such length is refused with what there is", "[data]") {
  const std::string unknown = user_error_text([] { find_task("pasket"); });
  CHECK(contains(unknown, "data.task"));
  CHECK(contains(unknown, "did you mean 'passkey'"));
  CHECK(contains(user_error_text([] { find_task(""); }), "copy, sort, recall"));

  const Task& recall = find_task("recall");
  CHECK(contains(user_error_text([&] { check_task_length(recall, "some.option", 4); }),
                 "some.option: 4 is shorter than the shortest example of recall, which has 5"));
  CHECK(contains(user_error_text([&] { check_task_length(recall, "some.option", 2053); }),
                 "at most 2052"));
  CHECK_NOTHROW(check_task_length(recall, "some.option", 2052));
  CHECK_THROWS_AS(draw_example(recall, 1, TaskSplit::test, 0, 4), std::invalid_argument);
}

}  // namespace lengthwise
