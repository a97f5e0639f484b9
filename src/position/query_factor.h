#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/torch.h"
#include "position/bias.h"

namespace lengthwise {

class OptionGroup;
struct ModelShape;
struct OneOf;
struct PositionOptions;

/// A factor on what a query says to its keys, by where the query stands, beside any scheme: more
/// keys share a softmax in a longer window, and a factor that grows with their number keeps it as
/// sharp. It multiplies q k' alone; a scheme's bias is added after it, a change of logits sees the
/// product, and the mask comes last (attention_inputs of position/scheme.h).
class QueryFactor : public torch::nn::Module {
 public:
  /// `keys` [T] float64 is what each query of the window sees, itself included: of its own row, so
  /// that a token's logits do not hang on what follows it. -> [T] or [H, T] float64. A query's
  /// place is its number from 0, whatever positions a scheme has drawn.
  virtual torch::Tensor at(const torch::Tensor& keys, int64_t layer) const = 0;
};

/// All that the program knows of a factor. Its own file defines it and query_factor.cpp lists it.
struct QueryFactorEntry {
  std::string_view name;
  std::array<std::string_view, 4> aliases{};
  std::string_view summary;
  std::string_view paper;
  std::array<std::unique_ptr<OptionGroup> (*)(), 1> groups{};
  bool learned = false;  // has parameters, which its options say the start of
  std::shared_ptr<QueryFactor> (*make)(const PositionOptions&, const ModelShape&);
};

inline constexpr std::string_view kNoQueryFactor = "none";

std::span<const std::reference_wrapper<const QueryFactorEntry>> query_factor_entries();
/// UserError where there is none of this name.
const QueryFactorEntry& query_factor_entry(std::string_view name);
/// kNoQueryFactor and the names of all.
OneOf query_factor_choice();

/// Whether a model trained with one factor can be measured under another: only what is learned
/// needs training. UserError says what it can take.
void check_test_time_query_factor(const std::string& trained, const std::string& measured);

/// How many keys each of T queries sees: [T] float64.
torch::Tensor keys_seen(int64_t length, const Visibility& visibility, torch::Device device);

}  // namespace lengthwise
