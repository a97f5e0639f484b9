#include "model/embeddings.h"

#include "model/adaptive.h"
#include "model/options.h"

namespace lengthwise {

PlainEmbeddings::PlainEmbeddings(int64_t vocabulary_size, int64_t width)
    : weight(register_parameter("weight", torch::empty({vocabulary_size, width}))) {}

void PlainEmbeddings::reset_parameters(const ModelOptions& options) {
  weight.normal_(0, options.initial_embedding_std());
}

torch::Tensor PlainEmbeddings::forward(const torch::Tensor& tokens, torch::ScalarType) const {
  return at::embedding(weight, tokens).to(torch::kFloat32);  // an imported one keeps its type
}

std::shared_ptr<Embeddings> make_embeddings(const ModelOptions& options, int64_t vocabulary_size) {
  if (options.embeddings == "plain") {
    return std::make_shared<PlainEmbeddings>(vocabulary_size, options.width);
  }
  return std::make_shared<AdaptiveEmbeddings>(adaptive_bands(options, vocabulary_size));
}

}  // namespace lengthwise
