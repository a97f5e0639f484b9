#include "data/tasks/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {
namespace {

constexpr int64_t kBegin = 1, kAsk = 2, kMark = 3, kFirstSymbol = 4;
constexpr int64_t kSymbols = 64;
constexpr int64_t kKeys = 512, kValues = 64;
constexpr int64_t kFillers = 8, kPasskeyDigits = 5;
constexpr int64_t kModulus = 5;
constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

// Of the held-out examples; part of the hash, as is the version, which changes with any example.
constexpr uint64_t kHeldOutSeed = 1;
constexpr int kVersion = 1;

using Tokens = std::vector<int64_t>;

int64_t draw_below(SplitMix64& random, int64_t n) {
  return static_cast<int64_t>(random.below(static_cast<uint64_t>(n)));
}

/// `count` of the symbols 0 ... among - 1, as tokens.
Tokens draw_symbols(SplitMix64& random, int64_t count, int64_t among) {
  Tokens symbols;
  for (int64_t i = 0; i < count; ++i) symbols.push_back(kFirstSymbol + draw_below(random, among));
  return symbols;
}

/// The first `count` of 0 ... among - 1 in random order (Fisher and Yates).
std::vector<int64_t> draw_distinct(SplitMix64& random, int64_t count, int64_t among) {
  std::vector<int64_t> all(static_cast<size_t>(among));
  std::iota(all.begin(), all.end(), int64_t{0});
  for (int64_t i = 0; i < count; ++i) {
    std::swap(all[static_cast<size_t>(i)],
              all[static_cast<size_t>(i + draw_below(random, among - i))]);
  }
  all.resize(static_cast<size_t>(count));
  return all;
}

void append(Tokens& tokens, const Tokens& more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
}

/// B, the prompt, "=", the answer.
TaskExample question(const Tokens& prompt, const Tokens& answer) {
  TaskExample example;
  example.tokens.push_back(kBegin);
  append(example.tokens, prompt);
  example.tokens.push_back(kAsk);
  example.answers.resize(answer.size());
  std::iota(example.answers.begin(), example.answers.end(),
            static_cast<int64_t>(example.tokens.size()));
  append(example.tokens, answer);
  return example;
}

double place_of(int64_t index, int64_t last) {
  return last == 0 ? 0.0 : static_cast<double>(index) / static_cast<double>(last);
}

TaskExample make_copy(SplitMix64& random, int64_t length) {
  const Tokens symbols = draw_symbols(random, (length - 1) / 2, kSymbols);
  return question(symbols, symbols);
}

TaskExample make_sort(SplitMix64& random, int64_t length) {
  const Tokens symbols = draw_symbols(random, (length - 1) / 2, kSymbols);
  Tokens sorted = symbols;
  std::ranges::sort(sorted);
  return question(symbols, sorted);
}

TaskExample make_recall(SplitMix64& random, int64_t length) {
  const int64_t pairs = (length - 1) / 4;
  const auto keys = draw_distinct(random, pairs, kKeys);
  const Tokens values = draw_symbols(random, pairs, kValues);
  const auto token_of_key = [&](size_t pair) { return kFirstSymbol + kValues + keys[pair]; };
  Tokens prompt;
  for (size_t i = 0; i < keys.size(); ++i) append(prompt, {token_of_key(i), values[i]});

  TaskExample example = question(prompt, {});
  for (const int64_t asked : draw_distinct(random, pairs, pairs)) {
    const auto pair = static_cast<size_t>(asked);
    append(example.tokens, {token_of_key(pair), values[pair]});
    example.answers.push_back(static_cast<int64_t>(example.tokens.size()) - 1);
    example.places.push_back(place_of(asked, pairs - 1));
  }
  return example;
}

TaskExample make_passkey(SplitMix64& random, int64_t length) {
  // Inputs: B, mark, "=" and the digits twice, the last of which is only predicted.
  const int64_t filler = length - 2 * kPasskeyDigits - 2;
  const int64_t before = draw_below(random, filler + 1);
  const Tokens passkey = draw_symbols(random, kPasskeyDigits, 10);
  Tokens prompt;
  for (int64_t i = 0; i <= filler; ++i) {
    if (i == before) {
      prompt.push_back(kMark);
      append(prompt, passkey);
    }
    if (i < filler) prompt.push_back(kFirstSymbol + 10 + i % kFillers);
  }
  TaskExample example = question(prompt, passkey);
  example.places.assign(passkey.size(), place_of(before, filler));
  return example;
}

TaskExample make_addition(SplitMix64& random, int64_t length) {
  const int64_t digits = (length - 3) / 3;
  const Tokens one = draw_symbols(random, digits, 10);
  const Tokens other = draw_symbols(random, digits, 10);
  Tokens sum;
  int64_t carry = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const int64_t total = one[i] + other[i] - 2 * kFirstSymbol + carry;
    sum.push_back(kFirstSymbol + total % 10);
    carry = total / 10;
  }
  sum.push_back(kFirstSymbol + carry);
  Tokens prompt = one;
  prompt.push_back(kMark);
  append(prompt, other);
  return question(prompt, sum);
}

TaskExample make_sum(SplitMix64& random, int64_t length, int64_t modulus) {
  const Tokens symbols = draw_symbols(random, length - 2, modulus);
  int64_t sum = 0;
  for (const int64_t symbol : symbols) sum += symbol - kFirstSymbol;
  return question(symbols, {kFirstSymbol + sum % modulus});
}

TaskExample make_parity(SplitMix64& random, int64_t length) {
  return make_sum(random, length, 2);
}

TaskExample make_modular_addition(SplitMix64& random, int64_t length) {
  return make_sum(random, length, kModulus);
}

constexpr Task kTasks[] = {
    {"copy", "symbols again, in their order", kFirstSymbol + kSymbols, kSymbols, 3, kUnlimited,
     make_copy},
    {"sort", "symbols in ascending order", kFirstSymbol + kSymbols, kSymbols, 3, kUnlimited,
     make_sort},
    {"recall", "the value of each key", kFirstSymbol + kValues + kKeys, kValues, 5,
     // Of four tokens a key, and up to three that are left over.
     4 * kKeys + 4, make_recall},
    {"passkey", "five digits hidden in filler", kFirstSymbol + 10 + kFillers, 10,
     2 * kPasskeyDigits + 2, kUnlimited, make_passkey},
    {"addition", "the sum of two numbers, least significant digit first", kFirstSymbol + 10, 10, 6,
     kUnlimited, make_addition},
    {"parity", "whether the number of ones is odd", kFirstSymbol + 2, 2, 3, kUnlimited,
     make_parity},
    {"modular_addition", "the sum of digits modulo 5", kFirstSymbol + kModulus, kModulus, 3,
     kUnlimited, make_modular_addition},
};

}  // namespace

std::span<const Task> tasks() {
  return kTasks;
}

const Task& find_task(std::string_view name) {
  const auto* task = std::ranges::find(kTasks, name, &Task::name);
  if (task != std::end(kTasks)) return *task;
  std::vector<std::string> names;
  for (const Task& known : kTasks) names.emplace_back(known.name);
  fail("data.task: {}{}", name.empty() ? "is empty" : fmt::format("unknown task '{}'", name),
       known_names_hint(name, names));
}

void check_task_length(const Task& task, std::string_view option, int64_t length) {
  if (length < task.shortest) {
    fail("{}: {} is shorter than the shortest example of {}, which has {} inputs", option, length,
         task.name, task.shortest);
  }
  if (length > task.longest) {
    fail("{}: {} is longer than any example of {}, which have at most {} inputs", option, length,
         task.name, task.longest);
  }
}

TaskExample draw_example(const Task& task, uint64_t seed, TaskSplit split, int64_t index,
                         int64_t length) {
  if (length < task.shortest || length > task.longest) {
    throw std::invalid_argument("an example of a length that its task does not have");
  }
  const uint64_t of_split = split_stream(seed, static_cast<uint64_t>(split)).next();
  const uint64_t of_index = split_stream(of_split, static_cast<uint64_t>(index)).next();
  SplitMix64 random = split_stream(of_index, static_cast<uint64_t>(length));
  return task.make(random, length);
}

std::vector<TaskExample> held_out_examples(const Task& task, TaskSplit split, int64_t length,
                                           int64_t count) {
  std::vector<TaskExample> examples;
  for (int64_t i = 0; i < count; ++i) {
    examples.push_back(draw_example(task, kHeldOutSeed, split, i, length));
  }
  return examples;
}

std::string task_description(const Task& task) {
  return fmt::format("task {} {}; vocabulary {}; held-out seed {}", task.name, kVersion,
                     task.vocabulary_size, kHeldOutSeed);
}

}  // namespace lengthwise
