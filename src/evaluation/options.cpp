#include "evaluation/options.h"

#include "base/error.h"
#include "base/options.h"
#include "evaluation/protocol.h"

namespace lengthwise {

void EvaluationOptions::declare(OptionSet& options) {
  options.add("evaluation.split", split, "the split measured", OneOf{{"test", "valid", "train"}});
  options.add("evaluation.protocol", protocol, "how windows lie over the text",
              OneOf{protocol_names()});
  options.add("evaluation.lengths", lengths, "tokens a window may hold", AtLeast{1});
  options.add("evaluation.stride", stride, "sliding: targets scored a window", AtLeast{0});
  options.add("evaluation.max_tokens", max_tokens,
              "score only the first so many targets of the split; 0: all", AtLeast{0});
  options.add("evaluation.batch_tokens", batch_tokens, "tokens a forward pass, in whole windows",
              AtLeast{1});
  options.add("evaluation.draws", draws,
              "for schemes that draw positions: draws whose nats are averaged, token by token",
              Between<int64_t>{1, 1000});
  options.add("evaluation.checkpoint", checkpoint, "the weights measured: last or best",
              OneOf{{"last", "best"}});
}

void EvaluationOptions::validate() const {
  if (lengths.empty()) fail("evaluation.lengths: is empty; name at least one, as 64 128 256");
  find_protocol(protocol).validate(*this);
}

int64_t EvaluationOptions::stride_at(int64_t length) const {
  return find_protocol(protocol).stride(*this, length);
}

}  // namespace lengthwise
