#include "training/event_file.h"

#include <fmt/format.h>

#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// What stands behind an event's time, by the records' lengths.
std::vector<std::string> after_times(const fs::path& path) {
  const std::string file = read_file(path);
  std::vector<std::string> events;
  for (size_t at = 0; at < file.size();) {
    const auto length = static_cast<uint8_t>(file[at]);
    events.push_back(hexadecimal(file.substr(at + 12 + 9, length - 9u)));
    at += 12u + length + 4u;
  }
  return events;
}

}  // namespace

TEST_CASE("Events are the bytes that the format says", "[training]") {
  const TemporaryFolder folder;
  const EventFile events(folder / "tensorboard" / "events");
  events.append(300, std::vector<StepScalar>{{"a", 0.5}, {"b", -2}});
  const auto found = after_times(folder / "tensorboard" / "events");
  REQUIRE(found.size() == 2);
  // step 0, file_version "brain.Event:2"
  CHECK(found[0] ==
        "1000"
        "1a0d" +
            hexadecimal("brain.Event:2"));
  // step 300; summary of two values, each a tag and a float: 0.5 is 3f000000, -2 c0000000
  CHECK(found[1] ==
        "10ac02"
        "2a14"
        "0a080a0161150000003f"
        "0a080a016215000000c0");
  // The length of the first record, 26, and what tensorboard 2.21 takes for its masked CRC-32C.
  CHECK(hexadecimal(read_file(folder / "tensorboard" / "events").substr(0, 12)) ==
        "1a00000000000000"
        "129bd82d");
}

TEST_CASE("A resumed run's events go on where its state stands", "[training]") {
  const TemporaryFolder folder;
  const EventFile events(folder / "events");
  for (const int64_t step : {100, 200, 300}) {
    events.append(step, std::vector<StepScalar>{{"a", 1.0}});
  }
  const std::string whole = read_file(folder / "events");
  write_file(folder / "events", whole.substr(0, whole.size() - 3));  // killed within the last
  events.keep_to(300);
  CHECK(after_times(folder / "events").size() == 3);
  events.keep_to(100);
  const std::string kept = read_file(folder / "events");
  CHECK(after_times(folder / "events").size() == 2);
  CHECK(whole.starts_with(kept));
  events.append(200, std::vector<StepScalar>{{"a", 1.0}});
  CHECK(after_times(folder / "events").size() == 3);
}

}  // namespace lengthwise
