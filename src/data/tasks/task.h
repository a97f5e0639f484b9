#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace lengthwise {

/// A prompt, and the answer tokens that follow from it.
struct TaskExample {
  std::vector<int64_t> tokens;
  std::vector<int64_t> answers;  // where in `tokens` the answer tokens stand, ascending
  /// Of each answer token: where what it asks for stands, from 0, as early as it can be, to 1, as
  /// late. Empty for tasks that ask for all of the prompt.
  std::vector<double> places;

  /// The last token is only predicted.
  int64_t inputs() const { return static_cast<int64_t>(tokens.size()) - 1; }
};

/// A task at which length alone is harder: one line of the table in task.cpp. B begins an example,
/// "=" ends its prompt; all draws are uniform and independent but where something else is said.
///
///   copy              B a b c = a b c             of 64 symbols
///   sort              B b a b = a b b             of 64 symbols with an order; equal ones stay
///   recall            B k v l w m x = l w m x k v  keys of 512, all different, with values of 64;
///                                                 every key is asked once, in random order, and
///                                                 the values are the answers (associative recall,
///                                                 Ba et al. 2016; Arora et al. 2023)
///   passkey           B f f # 1 2 3 4 5 f f = 1 2 3 4 5   five digits after a mark at any place of
///                                                 a filler sentence of 8 tokens that repeats
///                                                 (Mohtashami and Jaggi 2023)
///   addition          B 5 2 + 7 1 = 2 4 0         25 + 17 = 042: least significant digit first,
///                                                 operands of one size, the sum a digit longer,
///                                                 leading zeros kept (Lee et al. 2023, reversed)
///   parity            B 1 0 1 1 = 1               the sum of the bits modulo 2 (Hahn 2020)
///   modular_addition  B 3 4 4 = 1                 the sum of the digits 0 ... 4 modulo 5, after
///                                                 Deletang et al. 2023 with addition alone
///
/// Token ids: 0 pads, 1 is B, 2 is "=", 3 the mark or "+"; symbols begin at 4.
struct Task {
  std::string_view name;
  std::string_view summary;
  int64_t vocabulary_size;
  int64_t answer_symbols;     // what an answer token may be: a guess is right once in so many
  int64_t shortest, longest;  // inputs
  /// The largest example of at most `length` inputs: its size depends on the length alone.
  TaskExample (*make)(SplitMix64& random, int64_t length);
};

inline constexpr int64_t kPadToken = 0;

/// Name of the evaluation protocol that measures tasks, and no other corpus.
inline constexpr std::string_view kTaskProtocol = "task";

std::span<const Task> tasks();
/// UserError, with the nearest name, where there is no such task.
const Task& find_task(std::string_view name);
/// UserError, naming the option, where the task has no example of so many inputs.
void check_task_length(const Task& task, std::string_view option, int64_t length);

enum class TaskSplit { train, valid, test };

/// Example number `index` of a split. It depends on nothing but what is given here. Splits are
/// streams of their own; they hold equal examples only by chance, which is likely where there are
/// few different ones, as the 16 of four bits.
TaskExample draw_example(const Task& task, uint64_t seed, TaskSplit split, int64_t index,
                         int64_t length);

/// The first `count` examples of the valid or test split: the same ones for every run.
std::vector<TaskExample> held_out_examples(const Task& task, TaskSplit split, int64_t length,
                                           int64_t count);

/// Everything that decides a task's tokens, for the corpus's hash.
std::string task_description(const Task& task);

}  // namespace lengthwise
