#pragma once

namespace lengthwise {

struct SchemeEntry;

/// No position information at all; the causal mask alone breaks the symmetry between places.
/// Haviv et al. 2022 (2203.16634); Kazemnejad et al. 2023 (2305.19466).
extern const SchemeEntry kNone;

}  // namespace lengthwise
