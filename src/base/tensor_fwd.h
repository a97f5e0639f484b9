#pragma once

// For headers that only name a tensor in a signature: they then cost nothing to include.
namespace at {
class Tensor;
}
namespace torch {
using at::Tensor;
}
