#include "training/step_profiler.h"

#include "test.h"

using namespace lengthwise;

namespace {

constexpr auto kPhase = ProfiledCall::Kind::phase;
constexpr auto kFunction = ProfiledCall::Kind::function;
constexpr uint64_t kMs = 1'000'000;

/// Two steps of 10 ms: 6 ms of forward, of which mm takes 4 (1 of them in a copy), and 3 of update.
std::vector<ProfiledCall> two_steps() {
  std::vector<ProfiledCall> calls;
  for (const uint64_t start : {0 * kMs, 20 * kMs}) {
    const auto add = [&](const char* name, ProfiledCall::Kind kind, uint64_t from, uint64_t to) {
      calls.push_back({name, kind, 1, start + from * kMs, start + to * kMs});
    };
    add("mm", kFunction, 1, 5);
    add("step", kPhase, 0, 10);
    add("forward", kPhase, 0, 6);
    add("copy", kFunction, 2, 3);
    add("update", kPhase, 6, 9);
    add("adamw", kFunction, 6, 9);
  }
  return calls;
}

/// The row that begins so: calls, milliseconds and per cent as they stand there.
std::vector<std::string> row(const std::vector<std::string>& lines, const std::string& name) {
  for (const std::string& line : lines) {
    if (!line.starts_with(name + " ")) continue;
    std::istringstream words(line.substr(name.size()));
    return {std::istream_iterator<std::string>(words), {}};
  }
  return {};
}

}  // namespace

TEST_CASE("A profile says of each function the time spent in itself", "[training]") {
  const auto lines = profile_table(two_steps(), 2);
  CHECK(row(lines, "mm") == std::vector<std::string>{"1.0", "3.000", "30.0", "%"});
  CHECK(row(lines, "copy") == std::vector<std::string>{"1.0", "1.000", "10.0", "%"});
  CHECK(row(lines, "adamw") == std::vector<std::string>{"1.0", "3.000", "30.0", "%"});
}

TEST_CASE("A profile's phases and what lies between functions add up to the step", "[training]") {
  const auto lines = profile_table(two_steps(), 2);
  CHECK(row(lines, "step") == std::vector<std::string>{"1", "10.000", "100.0", "%"});
  CHECK(row(lines, "  forward") == std::vector<std::string>{"6.000", "60.0", "%"});
  CHECK(row(lines, "  update") == std::vector<std::string>{"3.000", "30.0", "%"});
  CHECK(row(lines, "between functions: graph and bookkeeping") ==
        std::vector<std::string>{"3.000", "30.0", "%"});
}

TEST_CASE("Calls of another thread are not within those of this one", "[training]") {
  auto lines = profile_table({{"step", kPhase, 1, 0, 10 * kMs},
                              {"mm", kFunction, 1, 0, 8 * kMs},
                              {"copy", kFunction, 2, kMs, 3 * kMs}},
                             1);
  CHECK(row(lines, "mm")[1] == "8.000");
}
