#include "contract/conformance.h"

#include "position/registry.h"
#include "position/scheme_options.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

const ModelShape kShape{48, 3, 2, 64};  // eight pairs a head: for what treats pairs apart

Conformance measured(const std::string& scheme) {
  return conformance_of(
      options_of(scheme_entry(scheme), kShape),
      {.shape = kShape, .timed_lengths = {32}, .weighed_lengths = {64}, .rounds = 1});
}

}  // namespace

TEST_CASE("Every option of every scheme changes what a model answers", "[contract]") {
  int64_t tried = 0;
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const auto& effect : option_effects(options_of(entry, kShape), kShape)) {
      CAPTURE(entry.name, effect.option, effect.from, effect.to);
      // A file of factors has no other value to try, and fits one number of pairs.
      if (entry.name == "rotary_longrope" && effect.to.empty()) continue;
      CHECK_FALSE(effect.to.empty());
      CHECK(effect.difference > 0);
      ++tried;
    }
  }
  CHECK(tried > 40);
}

TEST_CASE("What a scheme is found to be is what its entry says", "[contract]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    const Conformance found = measured(std::string(entry.name));
    REQUIRE(found.unmeasured.empty());
    CHECK((found.shift_difference < 1e-4) == entry.relative);
    CHECK(found.limit.has_value() == (entry.length != "any"));
    CHECK((found.learned_numbers > 0) == entry.learned);
    REQUIRE(found.lengths.size() == 2);
    CHECK(found.lengths[0].cost.seconds > 0);
    CHECK(found.lengths[1].cost.seconds == 0);  // weighed alone
    CHECK(found.lengths[1].cost.bytes >= found.lengths[1].cost.plain_bytes);
  }
}

TEST_CASE("The place where a scheme acts is found from its hooks", "[contract]") {
  CHECK(measured("none").acts_on == "nothing");
  CHECK(measured("sinusoidal").acts_on == "embeddings");
  CHECK(measured("rotary").acts_on == "queries and keys");
  CHECK(measured("alibi").acts_on == "logits, by distance");
  CHECK(measured("fox").acts_on == "logits, by key");
  CHECK(measured("fire").acts_on == "logits, by pair of places");
  CHECK(measured("cope").acts_on == "the logits themselves");
  CHECK(measured("fox").reads_layer_input);
  CHECK_FALSE(measured("alibi").reads_layer_input);
}

TEST_CASE("The page of conformance has a row a scheme and names what it could not measure",
          "[contract]") {
  PositionOptions without_file;
  without_file.scheme = "rotary_longrope";
  const ConformanceRequest request{
      .shape = kShape, .timed_lengths = {32}, .weighed_lengths = {64}, .rounds = 1};
  const std::string page = conformance_page(
      {measured("alibi"), conformance_of(without_file, request)}, request, "a machine", "1.2.3");
  CHECK(contains(page, "Version 1.2.3, a machine.\nA layer of 3 heads of width 16"));
  CHECK(contains(page, "| alibi | logits, by distance | no | yes |"));
  CHECK(contains(page, "rotary_longrope is not measured here: "));
  CHECK(contains(page, "| alibi | `position.alibi.bias_max` | 8 | 16 |"));
  CHECK(contains(page, "Each of 1 does something."));
}

}  // namespace lengthwise
