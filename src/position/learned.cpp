#include "position/learned.h"

#include "position/options.h"
#include "position/scheme.h"
#include "position/scheme_entry.h"

namespace lengthwise {
namespace {

class Learned final : public PositionScheme {
 public:
  Learned(int64_t length, int64_t width)
      : table_(register_parameter("table", torch::empty({length, width}))) {}

  void reset_parameters() override {
    const torch::NoGradGuard no_grad;
    table_.normal_(0, 0.1);
  }

  torch::Tensor apply_to_embeddings(torch::Tensor embeddings,
                                    const Positions& positions) const override {
    const int64_t length = embeddings.size(1);
    TORCH_CHECK(length <= table_.size(0), "learned positions end at ", table_.size(0),
                ", asked for ", length);
    return embeddings + table_.index_select(0, positions.values.to(torch::kInt64));
  }

  std::optional<int64_t> max_length() const override { return table_.size(0); }

 private:
  torch::Tensor table_;  // [train_length, D]
};

std::shared_ptr<PositionScheme> make_learned(const PositionOptions&, const ModelShape& shape) {
  return std::make_shared<Learned>(shape.train_length, shape.width);
}

}  // namespace

constinit const SchemeEntry kLearned{
    .name = "learned",
    .aliases = {"ape", "learned_absolute", "gpt2", "lpe", "trainable"},
    .summary = "a learned vector a position added to the embeddings",
    .paper = "Gehring et al. 2017, 1705.03122",
    .length = "train_length",
    .learned = true,
    .relative = false,
    .make = make_learned,
};

}  // namespace lengthwise
