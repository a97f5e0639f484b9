#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "checkpoints/config_reader.h"
#include "checkpoints/family.h"
#include "position/alibi.h"
#include "position/rotary.h"
#include "temporary_folder.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

using Json = nlohmann::json;

CheckpointModel read(const Json& json) {
  const TemporaryFolder folder;
  write_file(folder / "config.json", json.dump());
  ConfigReader config = ConfigReader::open(folder / "config.json");
  ignore_common_keys(config);
  CheckpointModel model = family_of(config).read_config(config);
  config.refuse_unread();
  return model;
}

struct Case {
  const char* change;  // merged into {"model_type": ...}
  const char* error;
};

void check_refusals(const std::string& family, std::initializer_list<Case> cases) {
  for (const Case& each : cases) {
    CAPTURE(each.change);
    Json json = {{"model_type", family}};
    json.merge_patch(Json::parse(each.change));
    const std::string error = user_error_text([&] { read(json); });
    INFO(error);
    CHECK(contains(error, std::string("config.json: '") + each.error));
  }
}

}  // namespace

TEST_CASE("What a config asks and nobody computes is refused by its name", "[checkpoints]") {
  check_refusals(
      "llama",
      {
          {R"({"hidden_act": "gelu"})", "hidden_act' is \"gelu\""},
          {R"({"head_dim": -1})", "head_dim' is -1, not a whole number"},
          {R"({"hidden_size": "big"})", "hidden_size' is \"big\""},
          {R"({"attention_bias": 1})", "attention_bias' is 1, not true"},
          {R"({"residual_scale": 2})", "residual_scale' is not known"},
          {R"({"sliding_window": 5})", "sliding_window' is not known"},
          {R"({"rope_scaling": {"type": "proportional", "factor": 2}})",
           "rope_scaling.type' is 'proportional'"},
          {R"({"rope_scaling": {"type": "linear", "factor": 0.5}})", "rope_scaling.factor' is 0.5"},
          {R"({"rope_scaling": {"type": "linear", "factor": 2, "beta": 1}})",
           "rope_scaling.beta' is not known"},
          {R"({"rope_parameters": {"partial_rotary_factor": 0.5}})",
           "rope_parameters.partial_rotary_factor' is 0.5"},
          {R"({"rope_parameters": {"full_attention": {}}})", "rope_parameters' differ by layer"},
          {R"({"rope_theta": 0})", "rope_theta' is not above 0"},
          {R"({"quantization_config": {"bits": 4}})", "quantization_config'"},
      });
  check_refusals("mistral", {
                                {R"({"layer_types": ["full_attention"]})", "layer_types' is not"},
                                {R"({"rope_parameters": {"llama_4_scaling_beta": 0.1}})",
                                 "rope_parameters.llama_4_scaling_beta' is not known"},
                                {R"({"sliding_window": 0})", "sliding_window' is 0"},
                                {R"({"attention_bias": true})", "attention_bias' is true"},
                            });
  check_refusals(
      "mpt",
      {
          {R"({"attn_config": {"prefix_lm": true}})", "attn_config.prefix_lm'"},
          {R"({"attn_config": {"rope": true}})", "attn_config.rope' is true"},
          {R"({"attn_config": {"sliding_window_size": 128}})", "attn_config.sliding_window_size'"},
          {R"({"attn_config": {"attn_uses_sequence_id": true}})",
           "attn_config.attn_uses_sequence_id'"},
          {R"({"attn_config": {"attn_type": "linear"}})", "attn_config.attn_type'"},
          {R"({"attn_config": {"attn_logit_softcapping": 30.0}})",
           "attn_config.attn_logit_softcapping'"},
          {R"({"norm_type": "rmsnorm"})", "norm_type' is 'rmsnorm'"},
          {R"({"logit_scale": "sqrt"})", "logit_scale' is \"sqrt\""},
          {R"({"final_logit_softcapping": 30.0})", "final_logit_softcapping'"},
          {R"({"ffn_config": {"ffn_type": "mptglu"}})", "ffn_config.ffn_type'"},
      });
  check_refusals("bloom", {
                              {R"({"n_inner": 100})", "n_inner' is not four times the width"},
                              {R"({"is_encoder_decoder": true})", "is_encoder_decoder'"},
                          });
}

TEST_CASE("Null and absent keys mean what the families' own classes have them mean",
          "[checkpoints]") {
  const auto mistral = read({{"model_type", "mistral"}});
  CHECK(mistral.model.window == 4096);
  CHECK(mistral.model.key_value_heads == 8);
  CHECK(mistral.model.train_length == 131072);
  const auto nulls = read({{"model_type", "mistral"},
                           {"sliding_window", nullptr},
                           {"num_key_value_heads", nullptr},
                           {"head_dim", nullptr}});
  CHECK(nulls.model.window == 0);
  CHECK(nulls.model.heads_of_keys() == 32);
  CHECK(nulls.model.width_of_heads() == 128);

  const auto llama = read({{"model_type", "llama"}, {"rope_scaling", nullptr}});
  CHECK(llama.model.heads_of_keys() == 32);
  CHECK(llama.model.norm_epsilon == 1e-6);
  CHECK_FALSE(llama.model.tied_embeddings);
  CHECK(llama.position.group<RotaryOptions>().base == 10000);

  // Two dialects, two defaults.
  const auto built_in = read({{"model_type", "mpt"}});
  CHECK(built_in.position.scheme == "alibi");
  CHECK(built_in.model.biases.empty());
  const auto foundry = read({{"model_type", "mpt"}, {"auto_map", {{"AutoConfig", "x"}}}});
  CHECK(foundry.position.scheme == "learned");
  CHECK(foundry.model.biases.size() == 4);
  const auto storyteller =
      read({{"model_type", "mpt"},
            {"attn_config", {{"alibi", true}, {"alibi_bias_max", 16}, {"clip_qkv", 6}}}});
  CHECK(storyteller.position.group<AlibiOptions>().bias_max == 16);
  CHECK(storyteller.model.query_key_value_clip == 6);

  // n_embed wins where both are there.
  const auto bloom = read({{"model_type", "bloom"}, {"hidden_size", 64}, {"n_embed", 128}});
  CHECK(bloom.model.width == 128);
  CHECK(bloom.model.feedforward == 512);
  CHECK(bloom.model.tied_embeddings);
}

TEST_CASE("A base inside rope_parameters beats the one beside them, and rope_scaling replaces them",
          "[checkpoints]") {
  const auto base_of = [](const Json& json) {
    return read(json).position.group<RotaryOptions>().base;
  };
  CHECK(base_of({{"model_type", "llama"}, {"rope_theta", 5000.0}}) == 5000);
  CHECK(base_of({{"model_type", "llama"},
                 {"rope_theta", 5000.0},
                 {"rope_parameters", {{"rope_theta", 7000.0}}}}) == 7000);
  const auto both = read({{"model_type", "llama"},
                          {"rope_theta", 5000.0},
                          {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", 7000.0}}},
                          {"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}});
  CHECK(both.position.scheme == "rotary_interpolated");
  CHECK(both.position.group<RotaryOptions>().base == 5000);
}

}  // namespace lengthwise
