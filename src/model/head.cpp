#include "model/head.h"

#include "model/adaptive.h"
#include "model/embeddings.h"
#include "model/losses.h"
#include "model/options.h"

namespace lengthwise {

PlainHead::PlainHead(int64_t vocabulary_size, int64_t width)
    : weight(register_parameter("weight", torch::empty({vocabulary_size, width}))),
      is_tied_(false) {}

PlainHead::PlainHead(const torch::Tensor& tied) : weight(tied), is_tied_(true) {}

void PlainHead::reset_parameters(const ModelOptions& options) {
  if (!is_tied_) weight.normal_(0, options.head_std);
}

torch::Tensor PlainHead::mean_nats(const torch::Tensor& hidden,
                                   const torch::Tensor& targets) const {
  return lengthwise::mean_nats(hidden, weight, targets);
}

torch::Tensor PlainHead::token_nats(const torch::Tensor& hidden,
                                    const torch::Tensor& targets) const {
  return lengthwise::token_nats(hidden, weight, targets);
}

torch::Tensor PlainHead::likeliest_tokens(const torch::Tensor& hidden) const {
  return lengthwise::likeliest_tokens(hidden, weight).tokens;
}

std::shared_ptr<Head> make_head(const ModelOptions& options, int64_t vocabulary_size,
                                const Embeddings& embeddings) {
  if (options.head == "adaptive") {
    return std::make_shared<AdaptiveHead>(adaptive_bands(options, vocabulary_size),
                                          AdaptiveTying::of(options, embeddings),
                                          options.head_dropout);
  }
  if (!options.tied_embeddings) {
    return std::make_shared<PlainHead>(vocabulary_size, options.width);
  }
  const auto* plain = dynamic_cast<const PlainEmbeddings*>(&embeddings);
  TORCH_CHECK(plain != nullptr, "only plain embeddings have a matrix to tie to");
  return std::make_shared<PlainHead>(plain->weight);
}

}  // namespace lengthwise
