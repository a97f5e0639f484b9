#include "position/longrope_factors.h"

#include "base/error.h"
#include "temporary_folder.h"
#include "test.h"

namespace lengthwise {
namespace {

LongropeFactors read_from(const std::string& text, int64_t pairs = 3) {
  const TemporaryFolder folder;
  write_file(folder / "factors", text);
  return read_longrope_factors(folder / "factors", pairs);
}

std::string refusal(const std::string& text) {
  try {
    read_from(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("LongRoPE's factors are read from text and from JSON", "[position]") {
  const std::string lists = R"({"short_factor": [1, 1.02, 1.5], "long_factor": [1.25, 3, 47.5]})";
  for (const std::string& text :
       {std::string("short_factor 1 1.02 1.5\nlong_factor 1.25 3 47.5\n"),
        std::string("\nlong_factor = 1.25, 3, 47.5\r\nshort_factor = 1, 1.02, 1.5\r\n"), lists,
        R"({"model_type": "phi3", "rope_scaling": )" + lists + "}",
        R"({"rope_parameters": )" + lists + "}"}) {
    CAPTURE(text);
    const auto factors = read_from(text);
    CHECK(factors.short_factors == std::vector<double>{1, 1.02, 1.5});
    CHECK(factors.long_factors == std::vector<double>{1.25, 3, 47.5});
  }
}

TEST_CASE("LongRoPE's factors of another number than the pairs are refused", "[position]") {
  const auto line = refusal("short_factor 1 2 3\nlong_factor 1 2 3 4");
  CHECK(line.find("factors: long_factor holds 4 factors") != std::string::npos);
  CHECK(line.find("need 3") != std::string::npos);
  CHECK(refusal("short_factor 1 2\nlong_factor 1 2 3").find("short_factor holds 2") !=
        std::string::npos);
  CHECK(refusal("short_factor 1 2 3").find("long_factor holds 0") != std::string::npos);
}

TEST_CASE("A file that holds no LongRoPE factors is refused in a line that says why",
          "[position]") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "short_factor holds 0"},
      {"1 1 1\n2 2 2", "a line begins with '1'"},
      {"short_factor 1 2 x\nlong_factor 1 2 3", "'x', which is no number"},
      {"short_factor 1 2 3\nshort_factor 1 2 3", "given twice"},
      {"short_factor 1 0 3\nlong_factor 1 2 3", "holds 0; factors are positive"},
      {"short_factor 1 -2 3\nlong_factor 1 2 3", "holds -2; factors are positive"},
      {"{\"short_factor\": [1, 2", "is none"},
      {"{\"short_factor\": [1, 2, 3]}", "no list long_factor"},
      {"{\"rope_scaling\": null}", "no list short_factor"},
      {"{\"short_factor\": [1, \"2\", 3], \"long_factor\": []}", "no number"},
  };
  for (const auto& [text, reason] : cases) {
    CAPTURE(text, reason);
    const auto line = refusal(text);
    CHECK(line.find(reason) != std::string::npos);
    CHECK(line.find('\n') == std::string::npos);
  }
  CHECK_THROWS_AS(read_longrope_factors("/nowhere/factors", 3), UserError);
}

}  // namespace lengthwise
