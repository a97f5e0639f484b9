#include "checkpoints/attach.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// A parameter's pieces, found among the shards, one below the other.
class Attaching {
 public:
  Attaching(Transformer& model, const FamilyEntry& family, const Shards& shards)
      : model_(model), family_(family), shards_(shards) {
    for (const auto& each : model->named_modules()) {
      if (auto* linear = each.value()->as<LinearImpl>()) linears_[each.key()] = linear;
    }
  }

  void run() {
    const auto wanted = parameters();
    const auto rows = tensors_of(family_, model_->options.layers);
    std::set<std::string> filled;
    for (const NamedTensor& row : rows) {
      const auto found = wanted.find(row.ours);
      if (found == wanted.end()) continue;
      fill(row.ours, found->second, pieces_of(row, found->second));
      filled.insert(row.ours);
    }
    for (const auto& [name, parameter] : wanted) {
      if (filled.contains(name)) continue;
      fail("{}: a {} checkpoint has no tensor for {}, so it cannot be measured so", place(),
           family_.name, name);
    }
    refuse_left_over(rows);
  }

 private:
  std::map<std::string, Tensor> parameters() const {
    std::map<std::string, Tensor> found;
    for (const auto& each : model_->named_parameters()) found[each.key()] = each.value();
    return found;
  }

  /// The rows that each of a parameter's tensors has: queries, keys and values, or all.
  std::vector<int64_t> rows_of(const NamedTensor& row, const Tensor& parameter) const {
    if (row.theirs.size() == 1) return {parameter.size(0)};
    const ModelOptions& options = model_->options;
    const int64_t width = options.width_of_heads();
    return {options.heads * width, options.heads_of_keys() * width,
            options.heads_of_keys() * width};
  }

  std::vector<Tensor> pieces_of(const NamedTensor& row, const Tensor& parameter) {
    const auto rows = rows_of(row, parameter);
    std::vector<Tensor> pieces;
    for (size_t i = 0; i < rows.size(); ++i) {
      auto shape = parameter.sizes().vec();
      shape[0] = rows[i];
      const Tensor piece = mapped(row.theirs[i], shape);
      pieces.push_back(row.order == RowOrder::heads ? parts_first(piece) : piece);
    }
    return pieces;
  }

  /// [H (q k v) K, ...] as a view [(q k v), H, K, ...].
  Tensor parts_first(const Tensor& piece) const {
    return piece.unflatten(0, {model_->options.heads, 3, -1}).transpose(0, 1);
  }

  const StoredTensor* find(const std::string& name) {
    const auto& tensors = shards_.tensors();
    for (const std::string& known : {std::string(family_.optional_prefix) + name, name}) {
      const auto found = tensors.find(known);
      if (found == tensors.end()) continue;
      used_.insert(known);
      return &found->second;
    }
    return nullptr;
  }

  Tensor mapped(const std::string& name, const std::vector<int64_t>& shape) {
    const StoredTensor* stored = find(name);
    if (stored == nullptr) {
      fail("{}: lacks the tensor '{}' of a {} checkpoint", place(), name, family_.name);
    }
    const ArrayView& array = *stored->array;
    const std::string path = stored->file->path().string();
    if (array.shape != shape) {
      fail("{}: tensor '{}' is [{}]; config.json says [{}]", path, name,
           fmt::join(array.shape, ", "), fmt::join(shape, ", "));
    }
    // from_blob wants a pointer it could write through; nobody does.
    auto* bytes = const_cast<std::byte*>(array.bytes.data());
    return torch::from_blob(
        bytes, shape, [file = stored->file](void*) {}, type_of(array.dtype, path, name));
  }

  static torch::ScalarType type_of(Dtype dtype, const std::string& path, const std::string& name) {
    switch (dtype) {
      case Dtype::F32:
        return torch::kFloat32;
      case Dtype::F16:
        return torch::kFloat16;
      case Dtype::BF16:
        return torch::kBFloat16;
      default:
        fail("{}: tensor '{}' is {}; weights are F32, F16 or BF16", path, name, name_of(dtype));
    }
  }

  void fill(const std::string& name, Tensor parameter, const std::vector<Tensor>& pieces) {
    if (parameter.dim() == 1) {
      std::vector<Tensor> flat;
      for (const Tensor& piece : pieces) flat.push_back(piece.to(torch::kFloat32).flatten());
      parameter.copy_(torch::cat(flat));
      return;
    }
    const auto linear = linears_.find(name.substr(0, name.rfind('.')));
    if (linear != linears_.end()) return linear->second->hold(pieces);
    TORCH_CHECK(pieces.size() == 1, name, " is one tensor");
    parameter.set_data(pieces.front());
  }

  void refuse_left_over(const std::vector<NamedTensor>& rows) const {
    for (const auto& [name, stored] : shards_.tensors()) {
      if (used_.contains(name) || is_without_effect(name, rows)) continue;
      fail("{}: holds '{}', which is no tensor of a {} checkpoint with this config.json",
           stored.file->path().string(), name, family_.name);
    }
  }

  bool is_without_effect(const std::string& name, const std::vector<NamedTensor>& rows) const {
    const bool by_end = std::ranges::any_of(
        family_.without_effect, [&](std::string_view end) { return name.ends_with(end); });
    // Of tied ones the embedding is what counts.
    const auto head = std::ranges::find(rows, "head.weight", &NamedTensor::ours);
    const bool tied_head =
        model_->options.tied_embeddings && head != rows.end() && head->theirs.front() == name;
    return by_end || tied_head;
  }

  std::string place() const { return shards_.files().front().parent_path().string(); }

  Transformer& model_;
  const FamilyEntry& family_;
  const Shards& shards_;
  std::map<std::string, LinearImpl*> linears_;
  std::set<std::string> used_;
};

}  // namespace

void attach_weights(Transformer& model, const FamilyEntry& family, const Shards& shards) {
  const torch::NoGradGuard no_grad;
  Attaching(model, family, shards).run();
}

}  // namespace lengthwise
