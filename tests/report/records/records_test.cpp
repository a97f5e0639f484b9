#include "report/records/records.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/safetensors.h"
#include "report/contains_text.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

using namespace lengthwise;

namespace {

// As the run folder's format is written down, not as `to_json` prints it.
const std::string kRunJson = R"({"program":"lengthwise","version":"0.1.0","commit":"abc123",
  "libtorch":"2.11.0","machine":"two cores","threads":1,"device":"cpu","precision":"bf16",
  "scheme":"alibi","scheme_order":4,
  "scheme_summary":"scores fall with distance","corpus":"ideal_reader","corpus_hash":"c0ffee",
  "vocabulary_size":108,"parameters":80384,"train_length":64,"seed":7,"steps":1200,
  "started":"2026-11-23T04:00:00Z","finished":null,"train_seconds":20.5,
  "train_tokens_per_second":60000.0,"train_peak_memory_mib":310.25})";

const std::vector<float> kNats = {1.5f, 0.25f, 2.0f, 0.75f};  // mean 1.125, exact in binary
constexpr double kMean = 1.125, kIdealMean = 0.75;

nlohmann::json line(int64_t length) {
  return {{"split", "test"},
          {"protocol", "non_overlapping"},
          {"documents", "separate"},
          {"first_token", "none"},
          {"length", length},
          {"stride", length},
          {"stride_is_length", true},
          {"window_targets", length},
          {"skipped_targets", 0},
          {"max_tokens", 0},
          {"weights", "last"},
          {"windows", 2},
          {"tokens", 4},
          {"mean_context", 1.5},
          {"nats_per_token", kMean},
          {"perplexity", std::exp(kMean)},
          {"bytes", 0},
          {"words", 0},
          {"bits_per_byte", nullptr},
          {"ideal_nats_per_token", kIdealMean},
          {"seconds", 0.5},
          {"tokens_per_second", 8.0},
          {"peak_memory_mib", 250.0},
          {"device", "cuda card"},
          {"precision", "fp32"},
          {"file", "evaluation/values.safetensors"},
          {"checkpoint", "0123"},
          {"corpus_hash", "c0ffee"},
          {"text", "bead"}};
}

nlohmann::json beyond_limit_line(int64_t length, int64_t limit) {
  nlohmann::json json = line(length);
  json["beyond_max_length"] = limit;
  json["tokens"] = 0;
  for (const char* key : {"nats_per_token", "perplexity", "ideal_nats_per_token"}) {
    json[key] = nullptr;
  }
  json["file"] = "";
  return json;
}

/// A run folder whose one measurement can be spoilt in one place.
class SampleFolder {
 public:
  std::vector<float> nats = kNats;
  std::vector<int64_t> positions = {1, 2, 10, 2};
  std::map<std::string, std::string> metadata = {
      {"split", "test"},         {"protocol", "non_overlapping"},
      {"documents", "separate"}, {"first_token", "none"},
      {"length", "2"},           {"stride", "2"},
      {"window_targets", "2"},   {"skipped_targets", "0"},
      {"max_tokens", "0"},       {"corpus", "ideal_reader"},
      {"corpus_hash", "c0ffee"}};
  nlohmann::json evaluation = line(2);

  const fs::path& write() {
    write_file(folder_ / "run.json", kRunJson);
    write_file(folder_ / "evaluation.jsonl", evaluation.dump() + "\n");
    make_folder(folder_ / "evaluation");
    const std::map<std::string, ArrayView> arrays = {
        {"nats", array_view(nats)},
        {"positions",
         array_view(std::span<const int64_t>(positions), {std::ssize(positions) / 2, 2})}};
    write_safetensors(values_file(), arrays, metadata);
    return folder_.path();
  }
  fs::path values_file() const { return folder_ / "evaluation/values.safetensors"; }
  std::string error() {
    return user_error_text([&] { read_run(write()); });
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("run.json as the format is written down is read field by field", "[report]") {
  const RunRecord run = parse_run(kRunJson, "run.json");
  CHECK(run.version == "0.1.0");
  CHECK(run.commit == "abc123");
  CHECK(run.libtorch == "2.11.0");
  CHECK(run.machine == "two cores");
  CHECK(run.device == "cpu");
  CHECK(run.precision == "bf16");
  CHECK(run.scheme == "alibi");
  CHECK(run.scheme_summary == "scores fall with distance");
  CHECK(run.corpus == "ideal_reader");
  CHECK(run.corpus_hash == "c0ffee");
  CHECK(run.vocabulary_size == 108);
  CHECK(run.parameters == 80384);
  CHECK(run.train_length == 64);
  CHECK(run.seed == 7);
  CHECK(run.steps == 1200);
  CHECK(run.started == "2026-11-23T04:00:00Z");
  CHECK_FALSE(run.finished.has_value());
  CHECK(run.train_seconds == 20.5);
  CHECK(run.train_tokens_per_second == 60000.0);
  CHECK(run.train_peak_memory_mib == 310.25);
}

TEST_CASE("run.json holds every key of the format with the value that was read", "[report]") {
  const auto written = nlohmann::json::parse(to_json(parse_run(kRunJson, "run.json")));
  auto expected = nlohmann::json::parse(kRunJson);
  expected.erase("scheme_order");  // of records so far; a scheme is known by its name
  CHECK(written == expected);
}

TEST_CASE("An evaluation line comes back with perplexity and bits per byte computed", "[report]") {
  nlohmann::json expected = line(128);
  expected["bytes"] = 9;
  expected["words"] = 2;
  // 4 tokens of 1.125 nats and 2.25 to spell what one of them stands for, over 9 bytes: three
  // quarters of a nat a byte.
  expected["unknown_tokens"] = 1;
  expected["spelling_nats"] = 2.25;
  expected["bits_per_byte"] = 0.75 / std::log(2.0);
  const auto written =
      nlohmann::json::parse(to_json(parse_evaluation(expected.dump(), "evaluation.jsonl:1")));
  CHECK(written.size() == expected.size());
  for (const auto& [key, value] : expected.items()) {
    INFO(key);
    if (value.is_number_float()) {
      CHECK(written.at(key).get<double>() == Approx(value.get<double>()).epsilon(1e-12));
    } else {
      CHECK(written.at(key) == value);
    }
  }
}

TEST_CASE("A line that does not count unknown tokens has bits per byte where there can be none",
          "[report]") {
  SampleFolder folder;
  folder.evaluation["bytes"] = 9;
  const fs::path& path = folder.write();
  const auto bits = [&](const std::string& vocabulary) {
    write_file(path / "config.ini", "[data]\nvocabulary = " + vocabulary + "\n");
    return read_evaluations(path).at(0).bits_per_byte();
  };
  CHECK(bits("byte").value() == Approx(0.5 / std::log(2.0)));
  CHECK(bits("bpe").has_value());
  CHECK_FALSE(bits("word"));
  CHECK_FALSE(bits("char"));
}

TEST_CASE("A machine name that is no UTF-8 does not stop run.json from being written", "[report]") {
  RunRecord run = parse_run(kRunJson, "run.json");
  run.machine = "caf\xE9";
  CHECK_NOTHROW(parse_run(to_json(run), "run.json"));
}

TEST_CASE("A broken run.json is refused with its name and the key", "[report]") {
  const auto error_without = [](const char* key) {
    auto json = nlohmann::json::parse(kRunJson);
    json.erase(key);
    return user_error_text([&] { parse_run(json.dump(), "a/run.json"); });
  };
  const auto error_with = [](const char* key, const nlohmann::json& value) {
    auto json = nlohmann::json::parse(kRunJson);
    json[key] = value;
    return user_error_text([&] { parse_run(json.dump(), "a/run.json"); });
  };
  CHECK(error_without("scheme") == "a/run.json: lacks 'scheme'");
  CHECK(error_with("seed", "one") == "a/run.json: 'seed' is no whole number");
  CHECK(error_with("seed", 1.5) == "a/run.json: 'seed' is no whole number");
  CHECK(error_with("corpus", 3) == "a/run.json: 'corpus' is no text");
  CHECK(error_with("train_length", 0) == "a/run.json: 'train_length' is 0; at least 1");
  CHECK(user_error_text([] { parse_run(kRunJson.substr(0, 100), "a/run.json"); }) ==
        "a/run.json: is broken: no JSON object");

  TemporaryFolder folder;
  CHECK_THAT(user_error_text([&] { read_run(folder.path()); }),
             contains_text("run.json: cannot be read"));
}

TEST_CASE("A run is read with the means of its stored values", "[report]") {
  SampleFolder sample;
  sample.evaluation["nats_per_token"] = kMean * (1 + 5e-7);  // the line is only nearly right
  const RunRecord run = read_run(sample.write());
  REQUIRE(run.evaluations.size() == 1);
  const EvaluationRecord& record = run.evaluations[0];
  CHECK(record.nats_per_token == kMean);
  CHECK(record.ideal_nats_per_token == kIdealMean);
  CHECK(*record.perplexity() == Approx(3.0802168).epsilon(1e-7));  // e^1.125
  CHECK(record.tokens == 4);
  CHECK(record.corpus == "ideal_reader");
  CHECK(record.mean_context == 1.5);
}

TEST_CASE("A line says which windows measured what, and comes back as it was", "[report]") {
  EvaluationRecord record = parse_evaluation(line(64).dump(), "a");
  record.protocol = "last_k";
  record.documents = "joined";
  record.first_token = "previous";
  record.stride = 32;
  record.window_targets = 8;
  record.skipped_targets = 63;
  const EvaluationRecord back = parse_evaluation(to_json(record), "a");
  CHECK(back.protocol == "last_k");
  CHECK(back.documents == "joined");
  CHECK(back.first_token == "previous");
  CHECK(back.stride == 32);
  CHECK(back.window_targets == 8);
  CHECK(back.skipped_targets == 63);
}

TEST_CASE("A line of before first tokens were stated is refused", "[report]") {
  auto old = line(64);
  old.erase("first_token");
  const auto error = user_error_text([&] { parse_evaluation(old.dump(), "a/evaluation.jsonl:1"); });
  CHECK_THAT(error, contains_text("a/evaluation.jsonl:1: ") && contains_text("evaluate again"));
}

TEST_CASE("Values that differ from their line are refused", "[report]") {
  SampleFolder sample;
  SECTION("nats by more than a millionth") {
    sample.evaluation["nats_per_token"] = kMean * (1 + 2e-6);
    CHECK_THAT(sample.error(),
               contains_text("values.safetensors") && contains_text("nats_per_token"));
  }
  SECTION("a single token of the file") {
    sample.nats[3] += 0.001f;
    CHECK_THAT(sample.error(),
               contains_text("values.safetensors") && contains_text("nats_per_token"));
  }
  SECTION("another number of tokens") {
    sample.evaluation["tokens"] = 5;
    CHECK_THAT(sample.error(), contains_text("number of tokens is 4") && contains_text("says 5"));
  }
  SECTION("the file of another measurement") {
    const std::string key = GENERATE("split", "protocol", "documents", "first_token", "length",
                                     "skipped_targets", "corpus_hash");
    sample.metadata[key] = "4";
    CHECK_THAT(sample.error(), contains_text("its " + key + " is 4"));
  }
}

TEST_CASE("Values that cannot be right are refused", "[report]") {
  SampleFolder sample;
  SECTION("not finite") {
    sample.nats[2] =
        GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
    CHECK_THAT(sample.error(), contains_text("'nats': value 2 is not finite"));
  }
  SECTION("positions for fewer tokens") {
    sample.positions = {1, 2, 10, 1};
    CHECK_THAT(sample.error(), contains_text("names 3 tokens, 'nats' holds 4"));
  }
  SECTION("a token scored twice") {
    sample.positions = {1, 2, 2, 2};
    CHECK_THAT(sample.error(), contains_text("token 2 was scored twice"));
  }
  SECTION("a position no stream has") {
    sample.positions = {std::numeric_limits<int64_t>::max(), 4};
    CHECK_THAT(sample.error(), contains_text("run 0 is impossible"));
  }
  SECTION("windows that cannot be") {
    sample.metadata["window_targets"] = "3";  // of a length of 2
    CHECK_THAT(sample.error(), contains_text("windows that cannot be"));
  }
  SECTION("a file of a version that knew no first-token policy") {
    sample.metadata.erase("first_token");
    CHECK_THAT(sample.error(), contains_text("older version; evaluate again"));
  }
  SECTION("no value at all") {
    sample.nats.clear();
    CHECK_THAT(sample.error(), contains_text("'nats' holds no value"));
  }
}

TEST_CASE("A missing or truncated file of values is refused with its name", "[report]") {
  SampleFolder sample;
  const fs::path folder = sample.write();
  fs::remove(sample.values_file());
  CHECK_THAT(user_error_text([&] { read_run(folder); }),
             contains_text("values.safetensors: cannot be read"));

  sample.write();
  const auto size = static_cast<int64_t>(fs::file_size(sample.values_file()));
  for (int64_t cut = 0; cut < size; cut += 7) {
    sample.write();
    fs::resize_file(sample.values_file(), static_cast<uintmax_t>(cut));
    INFO("cut to " << cut << " of " << size);
    CHECK_THAT(user_error_text([&] { read_run(folder); }), contains_text("values.safetensors"));
  }
}

TEST_CASE("The same scored tokens give the same hash however they fall into runs", "[report]") {
  const auto hash = [](std::vector<int64_t> positions) {
    SampleFolder sample;
    sample.positions = std::move(positions);
    return read_run(sample.write()).evaluations[0].scored_positions;
  };
  const std::string whole = hash({1, 4});
  CHECK(hash({1, 2, 3, 2}) == whole);
  CHECK(hash({4, 1, 1, 3}) == whole);
  CHECK(hash({2, 4}) != whole);
  CHECK(hash({1, 2, 4, 2}) != whole);
}

TEST_CASE("A length beyond the scheme's limit needs no file and has no number", "[report]") {
  SampleFolder sample;
  sample.evaluation = beyond_limit_line(128, 64);
  const RunRecord run = read_run(sample.write());
  REQUIRE(run.evaluations.size() == 1);
  CHECK(run.evaluations[0].beyond_max_length == 64);
  CHECK_FALSE(run.evaluations[0].nats_per_token.has_value());
  CHECK_FALSE(run.evaluations[0].perplexity().has_value());
  const auto written = nlohmann::json::parse(to_json(run.evaluations[0]));
  CHECK(written["beyond_max_length"] == 64);
  CHECK(written["nats_per_token"].is_null());
}

TEST_CASE("Of two lines of one measurement the later counts", "[report]") {
  TemporaryFolder folder;
  nlohmann::json first = line(64), other = line(128), again = line(64);
  first["seconds"] = 1.0;
  again["seconds"] = 2.0;
  write_file(folder / "evaluation.jsonl",
             first.dump() + "\n" + other.dump() + "\n\n" + again.dump() + "\n");
  const auto records = read_evaluations(folder.path());
  REQUIRE(records.size() == 2);
  CHECK(records[0].length == 64);
  CHECK(records[0].seconds == 2.0);
  CHECK(records[1].length == 128);
}

TEST_CASE("A folder without evaluation.jsonl has no evaluations", "[report]") {
  TemporaryFolder folder;
  CHECK(read_evaluations(folder.path()).empty());
}

TEST_CASE("A broken line is refused with its number, one cut by a kill is not", "[report]") {
  TemporaryFolder folder;
  const std::string whole = line(64).dump();
  const auto read = [&](const std::string& text) {
    write_file(folder / "evaluation.jsonl", text);
    return read_evaluations(folder.path()).size();
  };
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    REQUIRE(read(line(128).dump() + "\n" + whole.substr(0, cut)) == 1);
  }
  CHECK(read(line(128).dump() + "\n" + whole) == 2);  // cut just before the line's end
  const std::string half = whole.substr(0, 40);
  CHECK_THAT(user_error_text([&] { read(whole + "\n" + half + "\n" + whole + "\n"); }),
             contains_text("evaluation.jsonl:2: is broken"));
  CHECK_THAT(user_error_text([&] { read(whole + "\n" + half + "\n"); }),
             contains_text("evaluation.jsonl:2: is broken"));
}

TEST_CASE("An evaluation appended after a kill does not join the unfinished line", "[report]") {
  TemporaryFolder folder;
  const std::string whole = line(64).dump();
  const EvaluationRecord next = parse_evaluation(line(128).dump(), "line");
  const size_t cut = GENERATE_COPY(size_t{0}, size_t{1}, whole.size() - 1, whole.size());
  write_file(folder / "evaluation.jsonl", line(256).dump() + "\n" + whole.substr(0, cut));
  append_evaluation(folder.path(), next);
  append_evaluation(folder.path(), next);
  const auto records = read_evaluations(folder.path());
  REQUIRE(records.size() == (cut == whole.size() ? 3 : 2));
  CHECK(records.front().length == 256);
  CHECK(records.back().length == 128);
}
