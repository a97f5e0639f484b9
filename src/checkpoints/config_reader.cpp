#include "checkpoints/config_reader.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace lengthwise {

ConfigReader::ConfigReader(Json json, std::string origin, std::string prefix)
    : json_(std::make_shared<const Json>(std::move(json))),
      origin_(std::move(origin)),
      prefix_(std::move(prefix)) {}

ConfigReader ConfigReader::open(const fs::path& path) {
  return of_text(read_file(path), path.string());
}

ConfigReader ConfigReader::of_text(const std::string& text, const std::string& origin) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) fail("{}: is no JSON object", origin);
  return {std::move(json), origin, ""};
}

bool ConfigReader::has(const std::string& key) const {
  return json_->contains(key) && !json_->at(key).is_null();
}

const ConfigReader::Json* ConfigReader::value(const std::string& key) {
  read_.insert(key);
  return has(key) ? &json_->at(key) : nullptr;
}

int64_t ConfigReader::whole(const std::string& key, int64_t fallback) {
  const Json* found = value(key);
  if (found == nullptr) return fallback;
  if (!found->is_number_unsigned() || found->get<uint64_t>() > uint64_t{1} << 40) {
    refuse_type(key, "a whole number of at least 0");
  }
  return found->get<int64_t>();
}

double ConfigReader::real(const std::string& key, double fallback) {
  const Json* found = value(key);
  if (found == nullptr) return fallback;
  if (!found->is_number() || !std::isfinite(found->get<double>())) refuse_type(key, "a number");
  return found->get<double>();
}

bool ConfigReader::truth(const std::string& key, bool fallback) {
  const Json* found = value(key);
  if (found == nullptr) return fallback;
  if (!found->is_boolean()) refuse_type(key, "true or false");
  return found->get<bool>();
}

std::string ConfigReader::text(const std::string& key, const std::string& fallback) {
  const Json* found = value(key);
  if (found == nullptr) return fallback;
  if (!found->is_string()) refuse_type(key, "a text");
  return found->get<std::string>();
}

std::vector<double> ConfigReader::reals(const std::string& key) {
  const Json* found = value(key);
  if (found == nullptr || !found->is_array()) refuse_type(key, "a list of numbers");
  std::vector<double> numbers;
  for (const Json& each : *found) {
    if (!each.is_number()) refuse_type(key, "a list of numbers");
    numbers.push_back(each.get<double>());
  }
  return numbers;
}

ConfigReader ConfigReader::object(const std::string& key) {
  const Json* found = value(key);
  if (found != nullptr && !found->is_object()) refuse_type(key, "an object");
  return {found == nullptr ? Json::object() : *found, origin_, prefix_ + key + "."};
}

void ConfigReader::expect(const std::string& key, std::string_view json) {
  const Json* found = value(key);
  if (found == nullptr || *found == Json::parse(json)) return;
  refuse(key, fmt::format("is {}, which this program does not implement; it takes {}",
                          found->dump(), json));
}

void ConfigReader::ignore(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) read_.emplace(key);
}

void ConfigReader::refuse(const std::string& key, const std::string& why) const {
  fail("{}: '{}{}' {}", origin_, prefix_, key, why);
}

void ConfigReader::refuse_type(const std::string& key, std::string_view wanted) const {
  refuse(key,
         fmt::format("is {}, not {}",
                     json_->contains(key) ? json_->at(key).dump() : std::string("absent"), wanted));
}

void ConfigReader::refuse_unread() const {
  for (const auto& [key, found] : json_->items()) {
    // With an underscore begin notes of the program that wrote the file.
    if (found.is_null() || read_.contains(key) || key.starts_with('_')) continue;
    refuse(key, "is not known to this program, which cannot tell what it changes");
  }
}

void ignore_common_keys(ConfigReader& config) {
  config.ignore(
      {"architectures", "attn_implementation", "attention_dropout", "auto_map", "bos_token_id",
       "dtype", "eos_token_id", "finetuning_task", "hidden_dropout", "id2label",
       "initializer_range", "keys_to_ignore_at_inference", "label2id", "model_type", "num_labels",
       "output_attentions", "output_hidden_states", "pad_token_id", "problem_type", "return_dict",
       "sep_token_id", "task_specific_params", "tokenizer_class", "torch_dtype",
       "transformers_version", "unk_token_id", "use_cache",
       // What generates text and wrote its defaults into the configs of version 4.
       "bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id", "diversity_penalty",
       "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
       "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id",
       "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups",
       "num_beams", "num_return_sequences", "output_scores", "prefix", "remove_invalid_values",
       "repetition_penalty", "return_dict_in_generate", "suppress_tokens", "temperature",
       "tie_encoder_decoder", "top_k", "top_p", "torchscript", "typical_p", "use_bfloat16"});
  config.expect("is_encoder_decoder", "false");
  config.expect("add_cross_attention", "false");
  config.ignore(
      {"is_decoder", "cross_attention_hidden_size", "pruned_heads", "chunk_size_feed_forward"});
  config.expect("quantization_config", "null");
}

}  // namespace lengthwise
