#pragma once

#include <memory>

namespace lengthwise {

class PositionScheme;
struct ModelShape;
struct PositionOptions;

/// No position information at all; the causal mask alone breaks the symmetry between places.
/// Haviv et al. 2022 (2203.16634); Kazemnejad et al. 2023 (2305.19466).
std::shared_ptr<PositionScheme> make_none(const PositionOptions&, const ModelShape&);

}  // namespace lengthwise
