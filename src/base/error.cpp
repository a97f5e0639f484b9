#include "base/error.h"

namespace lengthwise {

void throw_user_error(std::string message) {
  throw UserError(message);
}

}  // namespace lengthwise
