#include "checkpoints/export.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "position/options.h"
#include "position/rotary_scaling.h"

namespace lengthwise {
namespace {

using Json = nlohmann::ordered_json;

/// Of training alone: they decide no logit.
const std::set<std::string> kTrainingAlone = {"model.dropout", "model.attention_dropout",
                                              "model.embedding_std", "model.head_std",
                                              "model.initialization"};

/// Numbers left to others said outright, and what is not read left out.
CheckpointModel spelt_out(CheckpointModel read) {
  ModelOptions& model = read.model;
  model.key_value_heads = model.heads_of_keys();
  model.head_width = model.width_of_heads();
  if (model.norm == "rms") std::erase(model.biases, "norm");
  std::ranges::sort(model.biases);
  int64_t& length = read.position.group<RotaryLlama3Options>().original_length;
  if (length == 0) length = model.train_length;
  return read;
}

/// The first option that decides logits and differs; empty: none does.
std::string first_difference(CheckpointModel ours, CheckpointModel theirs) {
  OptionSet our_options, their_options;
  for (auto [read, options] :
       {std::pair(&ours, &our_options), std::pair(&theirs, &their_options)}) {
    *read = spelt_out(*read);
    read->model.declare(*options);
    read->position.declare(*options);
  }
  for (size_t i = 0; i < our_options.all().size(); ++i) {
    const Option &option = our_options.all()[i], &other = their_options.all()[i];
    if (kTrainingAlone.contains(option.name) || !option.is_read()) continue;
    if (option.text() != other.text()) {
      return fmt::format("{} = {}, only {}", option.name, option.text(), other.text());
    }
  }
  return {};
}

/// Why the family cannot express the model; empty: `config` does.
std::string reason_against(const FamilyEntry& family, const CheckpointModel& model, Json& config) {
  config = {{"architectures", {family.architecture}},
            {"model_type", family.name},
            {"dtype", "float32"},
            {"vocab_size", model.vocabulary_size}};
  try {
    family.write_config(model, config);
    ConfigReader reader = ConfigReader::of_text(config.dump(), "config.json");
    ignore_common_keys(reader);
    reader.ignore({"vocab_size"});
    const CheckpointModel back = family.read_config(reader);
    reader.refuse_unread();
    return first_difference(model, back);
  } catch (const UserError& error) {
    return error.what();
  }
}

std::vector<float> floats_of(const SafetensorsFile& file, const std::string& name) {
  const auto values = file.values<float>(name);
  return {values.begin(), values.end()};
}

/// [(q k v), H, K, n] as [H, (q k v), K, n].
std::vector<float> heads_first(const std::vector<float>& from, int64_t heads) {
  const size_t piece = from.size() / (3 * static_cast<size_t>(heads));
  std::vector<float> to(from.size());
  for (size_t head = 0; head < static_cast<size_t>(heads); ++head) {
    for (size_t part = 0; part < 3; ++part) {
      std::memcpy(to.data() + (head * 3 + part) * piece,
                  from.data() + (part * static_cast<size_t>(heads) + head) * piece,
                  piece * sizeof(float));
    }
  }
  return to;
}

}  // namespace

ExportedConfig exported_config(const CheckpointModel& model) {
  std::string reasons;
  for (const FamilyEntry& family : families()) {
    Json config;
    const std::string reason = reason_against(family, model, config);
    if (reason.empty()) return {&family, config.dump(1) + '\n'};
    reasons += fmt::format("{}{} has not {}", reasons.empty() ? "" : "; ", family.name, reason);
  }
  fail("no family of checkpoints can express this run: {}", reasons);
}

void write_exported_weights(const fs::path& path, const FamilyEntry& family,
                            const ModelOptions& model, const SafetensorsFile& checkpoint,
                            double embedding_factor) {
  const int64_t width = model.width_of_heads();
  const std::vector<int64_t> parts = {model.heads * width, model.heads_of_keys() * width,
                                      model.heads_of_keys() * width};
  std::map<std::string, std::vector<float>> kept;
  std::map<std::string, ArrayView> arrays;
  std::set<std::string> written;
  for (const NamedTensor& row : tensors_of(family, model.layers)) {
    const auto found = checkpoint.arrays().find(row.ours);
    if (found == checkpoint.arrays().end()) continue;
    std::vector<float>& values = kept[row.ours] = floats_of(checkpoint, row.ours);
    if (row.order == RowOrder::heads) values = heads_first(values, model.heads);
    if (row.ours == "embedding.weight" && embedding_factor != 1) {
      for (float& value : values) value = static_cast<float>(value * embedding_factor);
    }
    auto shape = found->second.shape;
    const size_t row_size = values.size() / static_cast<size_t>(shape[0]);
    size_t begin = 0;
    for (size_t i = 0; i < row.theirs.size(); ++i) {
      if (row.theirs.size() > 1) shape[0] = parts[i];
      const size_t size = static_cast<size_t>(shape[0]) * row_size;
      const std::string prefix(row.ours == "head.weight" ? "" : family.optional_prefix);
      arrays[prefix + row.theirs[i]] =
          array_view(std::span<const float>(values).subspan(begin, size), shape);
      begin += size;
    }
    written.insert(row.ours);
  }
  for (const auto& [name, array] : checkpoint.arrays()) {
    if (!written.contains(name)) {
      fail("{}: holds '{}', which a {} checkpoint has no tensor for", checkpoint.path().string(),
           name, family.name);
    }
  }
  write_safetensors(path, arrays, {{"format", "pt"}});
}

}  // namespace lengthwise
