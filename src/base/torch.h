#pragma once

// The one place that says which of LibTorch's headers this project uses; it is also the precompiled
// header. torch/torch.h would double the time to compile.
//
// Shapes, everywhere: B batch, T tokens, D width, H heads, K head width, V vocabulary.

#include <torch/csrc/autograd/custom_function.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>
#include <torch/utils.h>
