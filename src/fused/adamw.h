#pragma once

#include <vector>

#include "base/torch.h"

namespace lengthwise {

/// Lists of one length; all but the gradients are updated in place.
struct AdamWLists {
  std::vector<torch::Tensor> values, gradients, means, squares;
};

struct AdamWRates {
  double learning_rate = 0, beta1 = 0, beta2 = 0, weight_decay = 0, epsilon = 0;
  int64_t step = 1;  // counted from 1
};

/// Loshchilov and Hutter 2019 (1711.05101), algorithm 2, of gradients times `factor`, a float32
/// scalar where they are (undefined: 1): so that clipping needs no pass of its own. The twin
/// multiplies the gradients in place.
void adamw(const AdamWLists& lists, const AdamWRates& rates, const torch::Tensor& factor);
void plain_adamw(const AdamWLists& lists, const AdamWRates& rates, const torch::Tensor& factor);

}  // namespace lengthwise
