#include "evaluation/options.h"

#include "base/error.h"
#include "base/options.h"
#include "data/tasks/task.h"
#include "evaluation/protocol.h"

namespace lengthwise {
namespace {

constexpr int64_t kMostExamples = 1'000'000;

}  // namespace

void EvaluationOptions::declare(OptionSet& options) {
  options.role(OptionRole::measurement);
  options.add("evaluation.split", split, "the split measured", OneOf{{"test", "valid", "train"}});
  options.add("evaluation.protocol", protocol, "how windows lie over the text",
              OneOf{protocol_names()});
  options.add("evaluation.lengths", lengths, "tokens a window may hold", AtLeast{1});
  const auto read_by_text = [this](Option& option) {
    option.read_when([this] { return protocol != kTaskProtocol; },
                     "an evaluation.protocol of text");
  };
  read_by_text(options.add(
      "evaluation.counting", counting,
      "same: documents as data.documents says; paper: the split as one stream, as Press et "
      "al. 2021 count",
      OneOf{{"same", "paper"}}));
  options
      .add("evaluation.stride", stride,
           "sliding, last_k: targets a window moves by; 0 with last_k: evaluation.last", AtLeast{0})
      .read_when([this] { return protocol == "sliding" || protocol == "last_k"; },
                 "evaluation.protocol = sliding or last_k");
  options.add("evaluation.last", last, "last_k: targets scored a window, its last ones", AtLeast{0})
      .read_when([this] { return protocol == "last_k"; }, "evaluation.protocol = last_k");
  read_by_text(options.add(
      "evaluation.first_token", first_token,
      "what stands before a document's first token, so that it is predicted: eos; previous, "
      "the stream's token before it; none; vocabulary: eos where there is one",
      OneOf{{"vocabulary", "none", "eos", "previous"}}));
  read_by_text(options.add("evaluation.max_tokens", max_tokens,
                           "score only the first so many targets of the split; 0: all",
                           AtLeast{0}));
  options
      .add("evaluation.examples", examples, "task: examples measured at each length",
           Between<int64_t>{1, kMostExamples})
      .read_when([this] { return protocol == kTaskProtocol; }, "evaluation.protocol = task");
  options
      .add("evaluation.batch_tokens", batch_tokens, "tokens a forward pass, in whole windows",
           AtLeast{1})
      .as(OptionRole::machine);
  read_by_text(
      options
          .add("evaluation.draws", draws,
               "for schemes that draw positions: draws whose nats are averaged, token by token",
               Between<int64_t>{1, 1000})
          .as(OptionRole::asking));
  options.add("evaluation.checkpoint", checkpoint, "the weights measured: last or best",
              OneOf{{"last", "best"}});
  options
      .add("evaluation.text", text,
           "compare: the text whose measurements are shown, by its corpus's name; empty: that of "
           "training")
      .as(OptionRole::results);
}

void EvaluationOptions::validate() const {
  if (lengths.empty()) fail("evaluation.lengths: is empty; name at least one, as 64 128 256");
  find_protocol(protocol).validate(*this);
  if (protocol != kTaskProtocol && examples != EvaluationOptions().examples) {
    fail("evaluation.examples: {} is for evaluation.protocol task; {} measures a text's tokens",
         examples, protocol);
  }
  if (counting == "paper" && first_token != "vocabulary") {
    fail(
        "evaluation.first_token: {} does not fit evaluation.counting paper, which begins its one "
        "stream as the vocabulary does; set vocabulary",
        first_token);
  }
}

std::string EvaluationOptions::protocol_label() const {
  return counting == "paper" ? "paper_" + protocol : protocol;
}

WindowLayout EvaluationOptions::layout_at(int64_t length) const {
  return find_protocol(protocol).layout(*this, length);
}

}  // namespace lengthwise
