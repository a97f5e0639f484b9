#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "app/workspace.h"
#include "base/safetensors.h"
#include "data/text/manifest.h"
#include "data/token_stream.h"

// Checkpoints of tests/checkpoints, as the program imports and measures them.

namespace lengthwise {
namespace {

using Json = nlohmann::json;

const fs::path kCheckpoints = fs::path(LENGTHWISE_SOURCE) / "tests/checkpoints";
constexpr int64_t kVocabulary = 32, kTokens = 40;

std::vector<int64_t> expected_tokens(const std::string& name) {
  const SafetensorsFile file(kCheckpoints / name / "expected.safetensors");
  const auto values = file.values<int64_t>(fmt::format("tokens_{}", kTokens));
  return {values.begin(), values.end()};
}

/// Mean nats of tokens 1 ... under the logits that the family's own class gives.
double expected_nats(const std::string& name) {
  const SafetensorsFile file(kCheckpoints / name / "expected.safetensors");
  const auto tokens = expected_tokens(name);
  const auto logits = file.values<float>(fmt::format("logits_{}", kTokens));
  double sum = 0;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    double total = 0;
    for (size_t v = 0; v < kVocabulary; ++v) {
      total += std::exp(static_cast<double>(logits[i * kVocabulary + v]));
    }
    sum += std::log(total) -
           static_cast<double>(logits[i * kVocabulary + static_cast<size_t>(tokens[i + 1])]);
  }
  return sum / static_cast<double>(tokens.size() - 1);
}

class CheckpointWorkspace : public Workspace {
 public:
  explicit CheckpointWorkspace(const std::string& name = "llama") {
    fs::copy(kCheckpoints / name, *this / "checkpoint");
    const fs::path weights = kCheckpoints / name.substr(0, name.find('-')) / "model.safetensors";
    if (!fs::exists(*this / "checkpoint/model.safetensors.index.json")) {
      fs::copy_file(weights, *this / "checkpoint/model.safetensors",
                    fs::copy_options::skip_existing);
    }
    put_file(*this / "checkpoint/tokenizer.json", "{\"a\": \"tokenizer\"}");
    put_tokens("tokens", expected_tokens(name), "{\"a\": \"tokenizer\"}");
  }

  /// A folder of tokens as scripts/tokenize writes it.
  void put_tokens(const std::string& folder, const std::vector<int64_t>& tokens,
                  const std::string& tokenizer) const {
    const fs::path path = *this / folder;
    put_file(path / "tokenizer.json", tokenizer);
    TokenStream::from_tokens({tokens.begin(), tokens.end()},
                             {{0, static_cast<int64_t>(tokens.size()), 120, 20, 3}}, kVocabulary)
        .save(path / "test.safetensors");
    Manifest manifest;
    manifest.vocabulary = "tokenizer_json";
    manifest.vocabulary_size = kVocabulary;
    manifest.vocabulary_file = {"tokenizer.json", sha256_of_file(path / "tokenizer.json")};
    PreparedSplit split;
    split.name = "test";
    split.documents = 1;
    split.tokens = static_cast<int64_t>(tokens.size());
    split.bytes = 120;
    split.words = 20;
    split.file = {"test.safetensors", sha256_of_file(path / "test.safetensors")};
    split.sources = {{"a.txt", 120, 0, std::string(64, '0')}};
    split.unknown.emplace(1);
    manifest.splits = {split};
    write_manifest(path, manifest);
  }

  /// Changes the checkpoint's config.json.
  void change_config(const std::function<void(Json&)>& change) const {
    const fs::path path = *this / "checkpoint/config.json";
    Json config = Json::parse(file_text(path));
    change(config);
    put_file(path, config.dump());
  }

  Outcome import() const { return run({"import", "checkpoint", "--run.folder=runs/imported"}); }
  void must_import() const { must_run({"import", "checkpoint", "--run.folder=runs/imported"}); }

  Words evaluation() const {
    return {"evaluate", "runs/imported", "--data.folder=tokens",
            fmt::format("--evaluation.lengths={}", kTokens - 1)};
  }

  Json measured() const {
    return Json::parse(lines_of(file_text(*this / "runs/imported/evaluation.jsonl")).back());
  }
};

/// One line, exit 2, naming all of `parts`, and no folder of a run, finished or not.
void check_refused(const CheckpointWorkspace& work, const std::vector<std::string>& parts) {
  const auto before = contents(work.path());
  const Outcome outcome = work.import();
  INFO(outcome.output << outcome.errors);
  CHECK(outcome.exit_code == 2);
  CHECK(lines_of(outcome.errors).size() == 1);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(contains(outcome.errors, part));
  }
  const std::string changed = difference(before, contents(work.path()));
  CHECK((changed.empty() || changed == " new runs"));
}

}  // namespace

TEST_CASE("An imported run is measured as its family's own class would be", "[app]") {
  for (const std::string name :
       {"llama", "llama_null", "llama-longrope", "llama_bf16", "bloom", "mpt_foundry", "mistral"}) {
    CAPTURE(name);
    const CheckpointWorkspace work(name);
    work.must_import();
    work.must_run(work.evaluation());
    CHECK(work.measured()["nats_per_token"].get<double>() ==
          Approx(expected_nats(name)).epsilon(0).margin(2e-5));
    CHECK(work.measured()["tokens"] == kTokens - 1);
    CHECK(work.measured()["bytes"] == 120 - 3);
  }
}

TEST_CASE("An imported run is compared, and measured with changes, like any other", "[app]") {
  const CheckpointWorkspace work;
  work.must_import();
  work.must_run(work.evaluation());
  for (const std::string change :
       {"--position.scheme=rotary_dynamic_ntk", "--model.window=5", "--position.scheme=none"}) {
    Words words = work.evaluation();
    words.push_back(change);
    work.must_run(words);
  }
  const std::string table = work.must_run({"compare", "runs/imported"}).output;
  INFO(table);
  CHECK(contains(table, "model.window=5"));
  CHECK(contains(table, fmt::format("{:.1f}", std::exp(expected_nats("llama")))));
  const Outcome refused = work.run({"evaluate", "runs/imported", "--position.scheme=alibi",
                                    "--data.folder=tokens", "--evaluation.lengths=16"});
  CHECK(refused.exit_code == 2);
}

TEST_CASE("Weights that changed or went after the import are not measured; copied ones stay",
          "[app]") {
  const CheckpointWorkspace work;
  work.must_import();
  work.must_run({"import", "checkpoint", "--run.folder=runs/copied", "--import.copy=true"});
  const fs::path weights = work / "checkpoint/model.safetensors";
  std::string bytes = file_text(weights);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put_file(weights, bytes);
  const Outcome changed = work.run(work.evaluation());
  CHECK(changed.exit_code == 2);
  CHECK(contains(changed.errors, "has changed since it was imported"));
  fs::remove(weights);
  CHECK(contains(work.run(work.evaluation()).errors, "is not there"));
  work.must_run({"evaluate", "runs/copied", "--data.folder=tokens", "--evaluation.lengths=16"});
}

TEST_CASE("Tokens of another tokenizer, and texts without a tokenizer to run, are refused",
          "[app]") {
  const CheckpointWorkspace work;
  work.must_import();
  work.put_tokens("others", expected_tokens("llama"), "{\"another\": \"tokenizer\"}");
  const auto error_of = [&](const std::string& option) {
    const Outcome outcome =
        work.run({"evaluate", "runs/imported", option, "--evaluation.lengths=16"});
    CHECK(outcome.exit_code == 2);
    return outcome.errors;
  };
  CHECK(contains(error_of("--data.folder=others"),
                 "was prepared with the tokenizer_json vocabulary"));
  CHECK(contains(error_of("--data.test=text/test.txt"), "scripts/tokenize"));
  CHECK(contains(error_of("--run.threads=1"), "has no text of its own"));
  CHECK(contains(error_of("--evaluation.checkpoint=best"), "has no text of its own"));
}

TEST_CASE("An experiment measures an imported run with its changes", "[app]") {
  const CheckpointWorkspace work;
  work.must_import();
  put_file(work / "question.ini",
           "[experiment]\nimported = runs/imported\nfolder = runs/question\n"
           "changes = model.window=5 position.scheme=rotary_interpolated\n"
           "[position]\nrotary_interpolated.factor = 3\n"
           "[data]\nfolder = tokens\n[evaluation]\nlengths = 16 39\n");
  const std::string output = work.must_run({"experiment", "question.ini"}).output;
  INFO(output);
  CHECK(contains(output, "model.window=5"));
  CHECK(contains(output, fmt::format("{:.1f}", std::exp(expected_nats("llama")))));
  // Again, it finds all that is measured.
  work.must_run({"experiment", "question.ini"});
  const auto lines = lines_of(file_text(work / "runs/question/rotary-L32-seed1/evaluation.jsonl"));
  CHECK(lines.size() == 6);
}

TEST_CASE("An imported run is not trained", "[app]") {
  const CheckpointWorkspace work;
  work.must_import();
  const Outcome outcome =
      work.run({"train", "runs/imported/config.ini", "--data.train=text/train.txt",
                "--data.vocabulary=byte", "--run.folder=runs/imported"});
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.errors, "was imported"));
}

TEST_CASE("A damaged checkpoint is refused in a line, and nothing is left behind", "[app]") {
  SECTION("no folder") {
    const CheckpointWorkspace work;
    fs::remove_all(work / "checkpoint");
    check_refused(work, {"checkpoint: holds no config.json"});
  }
  SECTION("no weights") {
    const CheckpointWorkspace work;
    fs::remove(work / "checkpoint/model.safetensors");
    check_refused(work, {"holds neither model.safetensors nor"});
  }
  SECTION("no tokenizer") {
    const CheckpointWorkspace work;
    fs::remove(work / "checkpoint/tokenizer.json");
    check_refused(work, {"holds no tokenizer", "tokenizer.model", "tokenizer.json"});
  }
  SECTION("a truncated file") {
    const CheckpointWorkspace work;
    fs::resize_file(work / "checkpoint/model.safetensors", 9000);
    check_refused(work, {"model.safetensors", "beyond the end of the file"});
  }
  SECTION("a forged header") {
    const CheckpointWorkspace work;
    std::string bytes = file_text(work / "checkpoint/model.safetensors");
    bytes[7] = '\x7f';
    put_file(work / "checkpoint/model.safetensors", bytes);
    check_refused(work, {"model.safetensors", "its header claims"});
  }
  SECTION("an index that names a shard which is not there") {
    const CheckpointWorkspace work("llama_null");
    fs::remove(work / "checkpoint/model-00002-of-00003.safetensors");
    check_refused(work, {"index.json", "model-00002-of-00003.safetensors, which is not there"});
  }
  SECTION("an index that leads out of the folder") {
    const CheckpointWorkspace work("llama_null");
    put_file(work / "checkpoint/model.safetensors.index.json",
             R"({"weight_map": {"lm_head.weight": "../else.safetensors"}})");
    check_refused(work, {"names no file of its folder for 'lm_head.weight'"});
  }
  SECTION("an index that puts a tensor elsewhere") {
    const CheckpointWorkspace work("llama_null");
    const fs::path path = work / "checkpoint/model.safetensors.index.json";
    Json index = Json::parse(file_text(path));
    index["weight_map"]["model.norm.weight"] = index["weight_map"]["lm_head.weight"];
    put_file(path, index.dump());
    const bool elsewhere = file_text(path).find("model.norm.weight") != std::string::npos;
    REQUIRE(elsewhere);
    check_refused(work, {"says that 'model.norm.weight' is in"});
  }
  SECTION("a shape that does not fit") {
    const CheckpointWorkspace work;
    work.change_config([](Json& config) { config["intermediate_size"] = 25; });
    check_refused(work, {"mlp.gate_proj.weight' is [24, 16]; config.json says [25, 16]"});
  }
  SECTION("a tensor missing") {
    const CheckpointWorkspace work;
    work.change_config([](Json& config) { config["mlp_bias"] = true; });
    check_refused(work, {"lacks the tensor 'model.layers.0.mlp.gate_proj.bias'"});
  }
  SECTION("a tensor left over") {
    const CheckpointWorkspace work("llama_biased");
    work.change_config([](Json& config) { config["mlp_bias"] = false; });
    check_refused(work, {"holds 'model.layers.0.mlp.down_proj.bias'"});
  }
  SECTION("an unknown architecture") {
    const CheckpointWorkspace work;
    work.change_config([](Json& config) { config["model_type"] = "mamba"; });
    check_refused(work, {"'model_type' is 'mamba'; this program reads bloom, mpt, llama, mistral"});
  }
  SECTION("no JSON") {
    const CheckpointWorkspace work;
    put_file(work / "checkpoint/config.json", "[1");
    check_refused(work, {"config.json: is no JSON object"});
  }
  SECTION("a run folder that is there") {
    const CheckpointWorkspace work;
    put_file(work / "runs/imported/mine.txt", "mine");
    check_refused(work, {"run.folder: runs/imported is there already"});
  }
}

namespace {

struct Exported {
  std::string name, model, architecture;
};

}  // namespace

TEST_CASE(
    "A trained run that a family can express is exported, and imported again gives its numbers",
    "[app]") {
  const std::vector<Exported> cases = {
      {"llama",
       "norm = rms\nactivation = swiglu\nkey_value_heads = 1\nembedding_scale = 2\n"
       "[position]\nscheme = rotary\nrotary.base = 500\n",
       "LlamaForCausalLM"},
      {"llama3",
       "norm = rms\nactivation = swiglu\nbiases = query_key_value output\nhead_width = 6\n"
       "[position]\nscheme = rotary_llama3\nrotary_llama3.factor = 4\n",
       "LlamaForCausalLM"},
      {"mistral",
       "norm = rms\nactivation = swiglu\nbiases =\nwindow = 5\n[position]\nscheme = rotary\n",
       "MistralForCausalLM"},
      {"bloom",
       "norm = layer\nactivation = gelu_tanh\nfeedforward = 64\nembedding_norm = true\n"
       "residual = norm\nbiases = query_key_value output feedforward norm\ntied_embeddings = true\n"
       "[position]\nscheme = alibi\n",
       "BloomForCausalLM"},
      {"mpt",
       "norm = layer\nactivation = gelu\nfeedforward = 64\nbiases =\nquery_key_value_clip = 0.8\n"
       "[position]\nscheme = alibi\n",
       "MptForCausalLM"},
  };
  for (const Exported& each : cases) {
    CAPTURE(each.name);
    const Workspace work;
    put_file(work / "model.ini", "[model]\n" + each.model);
    std::string tiny = file_text(work / "tiny.ini");
    tiny.replace(tiny.find("feedforward = 16\n"), 17, "");
    put_file(work / "tiny.ini", tiny);
    work.must_run({"train", "tiny.ini", "model.ini", "--run.folder=runs/trained"});
    work.must_run({"evaluate", "runs/trained", "--evaluation.lengths=40"});
    const std::string said = work.must_run({"export", "runs/trained", "exported"}).output;
    CHECK(contains(said, each.architecture));
    CHECK(fs::exists(work / "exported/tokenizer.json"));

    // The same tokens once more, as those of the exported tokenizer.
    const fs::path tokens = work / "tokens";
    fs::copy(work / "prepared/tiny", tokens, fs::copy_options::recursive);
    fs::remove(tokens / "vocabulary.json");
    fs::copy_file(work / "exported/tokenizer.json", tokens / "tokenizer.json");
    Manifest manifest = read_manifest(tokens);
    manifest.vocabulary = "tokenizer_json";
    manifest.vocabulary_file = {"tokenizer.json", sha256_of_file(tokens / "tokenizer.json")};
    write_manifest(tokens, manifest);
    work.must_run({"import", "exported", "--run.folder=runs/again", "--data.folder=tokens"});
    work.must_run({"evaluate", "runs/again", "--evaluation.lengths=40"});
    const auto nats = [&](const std::string& run) {
      return Json::parse(
                 lines_of(file_text(work / (run + "/evaluation.jsonl"))).back())["nats_per_token"]
          .get<double>();
    };
    CHECK(nats("runs/again") == Approx(nats("runs/trained")).epsilon(0).margin(1e-6));
  }
}

TEST_CASE("What no family can express is named, and nothing is written", "[app]") {
  const Workspace work;
  work.must_run({"train", "tiny.ini", "--run.folder=runs/trained"});
  const auto before = contents(work.path());
  const Outcome refused = work.run({"export", "runs/trained", "exported"});
  INFO(refused.errors);
  CHECK(refused.exit_code == 2);
  CHECK(lines_of(refused.errors).size() == 1);
  for (const char* part : {"bloom has not model.", "mpt has not model.", "llama has not model.",
                           "model.feedforward = 16, only 64"}) {
    CAPTURE(part);
    CHECK(contains(refused.errors, part));
  }
  CHECK(difference(before, contents(work.path())).empty());
  CHECK(work.run({"export", "runs/trained", "text"}).exit_code == 2);
}

}  // namespace lengthwise
