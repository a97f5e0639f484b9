#include "position/none.h"

#include "position/scheme.h"

namespace lengthwise {

std::shared_ptr<PositionScheme> make_none(const PositionOptions&, const ModelShape&) {
  return std::make_shared<PositionScheme>();
}

}  // namespace lengthwise
