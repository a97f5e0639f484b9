#pragma once

#include "model/transformer.h"

namespace lengthwise {

/// The matrices of a model with plain embeddings and a plain head, [V, D].
inline torch::Tensor embedding_weight(const Transformer& model) {
  return dynamic_cast<const PlainEmbeddings&>(*model->embeddings).weight;
}
inline torch::Tensor head_weight(const Transformer& model) {
  return dynamic_cast<const PlainHead&>(*model->head).weight;
}

}  // namespace lengthwise
