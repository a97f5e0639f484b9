#include "position/options.h"

#include "base/options.h"
#include "position/registry.h"

namespace lengthwise {

void PositionOptions::declare(OptionSet& options) {
  options.add("position.scheme", scheme, "positional scheme; `lengthwise schemes` lists them",
              OneOf{scheme_names()});
  sinusoidal.declare(options);
  rotary.declare(options);
}

void PositionOptions::validate(const ModelShape& shape) const {
  const SchemeEntry& entry = scheme_entry(scheme);
  if (entry.validate) entry.validate(*this, shape);
}

}  // namespace lengthwise
