#pragma once

#include <string>
#include <vector>

#include "position/file/scheme_program.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {

/// A scheme as the functions of a file define it. Its parameters are the module's own, so that
/// checkpoints, optimisers and resume know them: `layers.<layer>.<name>` of `parameters`, <name> of
/// `shared_parameters`.
class FileScheme final : public PositionScheme {
 public:
  FileScheme(std::shared_ptr<const SchemeProgram> program, const ModelShape& shape);

  std::vector<torch::Tensor> tables(const Positions& positions) const override;
  torch::Tensor apply_to_embeddings(torch::Tensor embeddings,
                                    const Positions& positions) const override;
  QueriesKeys apply_to_queries_keys(QueriesKeys pair, const LayerContext& context) const override;
  AttentionBias attention_bias(const LayerContext& context) const override;
  std::optional<int64_t> max_length() const override { return max_length_; }
  void reset_parameters() override;

  const SchemeProgram& program() const { return *program_; }
  /// Those that work in a layer: shared ones, then its own.
  std::vector<torch::Tensor> parameters_of(int64_t layer) const;

  /// Arguments by name.
  using Named = std::vector<std::pair<std::string_view, c10::IValue>>;
  /// Calls a hook with what it takes of `own`, of these parameters, of the window's length and of
  /// the model's sizes. In the type of what it is handed.
  torch::Tensor call(const std::string& hook, Named own, at::TensorList parameters,
                     int64_t length) const;

  /// Their names, in the same order.
  const std::vector<std::string>& parameter_names() const { return names_; }

 private:
  /// Calls a hook that takes sizes alone.
  c10::IValue call_before_training(const std::string& hook) const;
  std::vector<std::pair<std::string, torch::Tensor>> drawn(const std::string& hook) const;
  void register_parameters();
  /// [H, ...] from distances [...].
  torch::Tensor bias(const torch::Tensor& distances, at::TensorList parameters,
                     int64_t length) const;
  torch::Tensor pair_bias(const LogitBlock& block, const torch::Tensor& positions,
                          at::TensorList parameters) const;
  torch::Tensor change(const torch::Tensor& logits, const torch::Tensor& queries,
                       const LogitBlock& block, const torch::Tensor& positions,
                       at::TensorList parameters) const;
  /// UserError unless the hook's result has this shape; `said` says it in names.
  void check_shape(const std::string& hook, const torch::Tensor& result, at::IntArrayRef shape,
                   std::string_view said) const;
  /// Floats that a block holds at once for each of its logits, as measured on a small one.
  int64_t measure_floats_per_logit() const;

  std::shared_ptr<const SchemeProgram> program_;
  ModelShape shape_;
  std::optional<int64_t> max_length_;
  std::vector<std::string> names_;  // shared ones first
  std::vector<torch::Tensor> shared_;
  std::vector<std::vector<torch::Tensor>> of_layers_;  // by parameter, then by layer
  int64_t floats_per_logit_ = 8;
};

/// The entry of all scheme files; PositionOptions::scheme tells which it is.
extern const SchemeEntry kSchemeFile;

}  // namespace lengthwise
