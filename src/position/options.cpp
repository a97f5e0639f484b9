#include "position/options.h"

#include "base/options.h"
#include "position/registry.h"

namespace lengthwise {

void PositionOptions::declare(OptionSet& options) {
  options.role(OptionRole::test_time);
  options.add("position.scheme", scheme, "positional scheme; `lengthwise schemes` lists them",
              OneOf{scheme_names()});
  sinusoidal.declare(options);
  rotary.declare(options);
  rotary_interpolated.declare(options);
  rotary_ntk.declare(options);
  rotary_dynamic_ntk.declare(options);
  rotary_yarn.declare(options);
  rotary_longrope.declare(options);
  rotary_llama3.declare(options);
  xpos.declare(options);
  alibi.declare(options);
  randomized.declare(options);
  t5_bias.declare(options);
  sandwich.declare(options);
  fire.declare(options);
  cope.declare(options);
  dape.declare(options);
}

void PositionOptions::validate(const ModelShape& shape) const {
  const SchemeEntry& entry = scheme_entry(scheme);
  if (entry.validate) entry.validate(*this, shape);
}

}  // namespace lengthwise
