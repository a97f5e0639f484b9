#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "position/scheme_entry.h"

namespace lengthwise {

class OptionSet;

/// [model]: the transformer.
struct ModelOptions {
  int64_t width = 64;
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t key_value_heads = 0;  // 0: as many as heads
  int64_t head_width = 0;       // 0: width / heads
  int64_t feedforward = 128;
  std::string activation = "gelu";
  std::string norm = "layer";
  bool final_norm = true;
  double norm_epsilon = 1e-5;
  bool embedding_norm = false;
  std::string residual = "stream";  // or "norm"
  std::vector<std::string> biases = {"feedforward", "norm"};
  double query_key_value_clip = 0;      // 0: none
  std::string query_key_norm = "none";  // or "all_heads", "each_head"
  double attention_scale = 0;           // 0: 1 / sqrt(head width)
  double logit_scale = 1;
  double dropout = 0;
  double attention_dropout = 0;
  double activation_dropout = 0;
  int64_t window = 0;
  int64_t sinks = 0;
  std::string embeddings = "plain";
  std::string head = "plain";
  std::vector<int64_t> cutoffs;
  int64_t cutoff_factor = 4;
  double head_dropout = 0;
  int64_t vocabulary_size = 0;  // 0: the data's
  bool tied_embeddings = false;
  bool tied_projections = false;
  std::string initialization = "normal";
  double embedding_scale = 1;
  double embedding_std = 0;  // initial_embedding_std() says what that is
  double head_std = 0.02;
  int64_t train_length = 64;

  void declare(OptionSet& options);
  void validate() const;
  /// embedding_std, or where it is 0 what suits the model: 0.7 once scaled; where the embeddings
  /// are the output matrix too, so little that the first guess is near to uniform.
  double initial_embedding_std() const;
  /// Rows for a vocabulary of that many tokens; UserError where vocabulary_size has fewer.
  int64_t rows_for(int64_t tokens) const;
  ModelShape shape() const { return {width, heads, layers, train_length, head_width}; }
  /// K, and the heads that keys and values have: H / heads_of_keys() queries share each.
  int64_t width_of_heads() const { return shape().head_width(); }
  int64_t heads_of_keys() const { return key_value_heads > 0 ? key_value_heads : heads; }
  /// Whether these parameters have a bias: "query_key_value", "output", "feedforward" or "norm".
  bool has_bias(std::string_view place) const;

 private:
  void declare_vocabulary(OptionSet& options);
  void check_cutoffs() const;
};

}  // namespace lengthwise
