#pragma once

#include "checkpoints/family.h"
#include "checkpoints/shards.h"
#include "model/transformer.h"

namespace lengthwise {

/// Puts a checkpoint's tensors into a model. Matrices stay mapped in the type they are stored in
/// (F32, F16 or BF16) and are converted each time a layer reads them, so that a model takes the
/// memory of its files, one matrix and its activations; vectors become float32 at once.
/// UserError, naming the tensor, where one is missing, left over, of another shape or no float.
void attach_weights(Transformer& model, const FamilyEntry& family, const Shards& shards);

}  // namespace lengthwise
