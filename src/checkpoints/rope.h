#pragma once

#include "checkpoints/family.h"

namespace lengthwise {

/// Reads how a config of the Llama kind turns queries and keys, of transformers 4 (rope_theta,
/// rope_scaling) or 5 (rope_parameters), into position.rotary* of `read`. A non-empty rope_scaling
/// replaces rope_parameters; a base inside either beats the top-level one; `type` is another name
/// of rope_type. The rules are transformers' modeling_rope_utils (5.24.0):
///   default, linear, llama3, yarn   as position/rotary_scaling.h has them under these names, yarn
///                                   with the ramp by dimensions, truncated or not;
///   dynamic                         the reference keeps the longest text seen; here a window's own
///                                   length decides, as in the reference for a first text;
///   longrope                        the long list for windows beyond the original length.
/// UserError for another kind, or parameters that differ by layer.
void read_rope(ConfigReader& config, CheckpointModel& read);

/// The other way round, in the form of version 5: plain, interpolated and Llama 3's. Of others
/// nothing is written but the base.
void write_rope(const CheckpointModel& from, nlohmann::ordered_json& config);

}  // namespace lengthwise
