#include "contract/scheme_contract.h"

#include <map>

#include "position/file/scheme_text.h"
#include "test.h"

namespace lengthwise {
namespace {

ModelOptions small_model() {
  ModelOptions model;
  model.width = 24;
  model.heads = 3;
  model.layers = 2;
  model.feedforward = 24;
  model.train_length = 32;
  return model;
}

/// By subject.
std::map<std::string, Finding> findings(const std::string& path) {
  std::map<std::string, Finding> all;
  examine_scheme_file(path, small_model(),
                      [&](const Finding& finding) { all[finding.subject] = finding; });
  return all;
}

std::map<std::string, Finding> findings_of(const std::string& text) {
  return findings(scheme_file("import torch\n" + text));
}

}  // namespace

TEST_CASE("The example of each kind keeps all that a scheme keeps", "[contract]") {
  for (const std::string kind : {"bias", "key_bias", "pair_bias", "change", "rotate", "embed"}) {
    const auto all = findings(
        scheme_file(read_file(fs::path(LENGTHWISE_SOURCE) / "src/app/examples" / (kind + ".py")),
                    "example.py"));
    for (const auto& [subject, finding] : all) {
      CAPTURE(kind, subject, finding.sentence);
      CHECK(finding.holds);
    }
    const bool absolute = kind == "pair_bias" || kind == "change" || kind == "embed";
    const auto shifts = all.find("shifts");
    REQUIRE(shifts != all.end());
    CAPTURE(kind, shifts->second.sentence);
    if (kind != "embed") CHECK(contains(shifts->second.sentence, "absolute") == absolute);
  }
}

TEST_CASE("A step that hides a part of the slope is found", "[contract]") {
  const auto all = findings_of(
      "def parameters(heads):\n    return {\"slope\": torch.full([heads], 1.3)}\n"
      "def bias(distance, p):\n"
      "    slope = p[\"slope\"]\n"
      "    return -(slope + (slope * 3).detach())[:, None] * torch.log1p(distance)\n");
  CHECK_FALSE(all.at("derivatives").holds);
  CHECK(contains(all.at("derivatives").sentence, "slope"));
}

TEST_CASE("A length that a scheme cannot stand in is found where it states no limit",
          "[contract]") {
  const auto all = findings_of(
      "def shared_parameters(width, train_length):\n"
      "    return {\"table\": torch.randn([2 * train_length, width])}\n"
      "def embed(x, positions, p):\n    return x + p[\"table\"][positions.to(torch.int64)]\n");
  CHECK_FALSE(all.at("lengths").holds);
  CHECK(contains(all.at("lengths").sentence, "max_length"));
}

TEST_CASE("A bias that overflows far away is found though it trains", "[contract]") {
  const auto all = findings_of(
      "def bias(distance, heads):\n    return torch.exp(distance / 100).expand(heads, -1)\n");
  CHECK(all.at("gradients").holds);
  CHECK_FALSE(all.at("far positions").holds);
}

TEST_CASE("Each kind is said with the way that attention takes", "[contract]") {
  const auto said = [](const std::string& text) {
    return findings_of(text).at("speed class").sentence;
  };
  CHECK(contains(said("def bias(distance, heads):\n    return -distance.expand(heads, -1)\n"),
                 "by distance, the fast path that ALiBi takes"));
  CHECK(contains(said("def rotate(x):\n    return x * 1.5\n"), "as plain attention"));
}

}  // namespace lengthwise
