#include "model/options.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/options.h"

namespace lengthwise {
namespace {

// Far beyond any machine, and small enough that no product of two overflows.
constexpr int64_t kWidest = 1 << 20, kDeepest = 10'000;

}  // namespace

void ModelOptions::declare(OptionSet& options) {
  options.role(OptionRole::weights);
  options.add("model.width", width, "D, the width of the residual stream",
              Between<int64_t>{1, kWidest});
  options.add("model.layers", layers, "blocks of attention and feed-forward",
              Between<int64_t>{1, kDeepest});
  options.add("model.heads", heads, "H, attention heads a block; must divide the width",
              AtLeast{1});
  options.add("model.feedforward", feedforward, "inner width of the feed-forward layers",
              Between<int64_t>{1, kWidest});
  options.add("model.activation", activation, "of the feed-forward layers: relu, gelu or swiglu",
              OneOf{{"relu", "gelu", "swiglu"}});
  options.add("model.norm", norm, "layer (LayerNorm) or rms (RMSNorm), before each sublayer",
              OneOf{{"layer", "rms"}});
  options.add("model.dropout", dropout, "after the embeddings and after each sublayer",
              Between{0.0, 0.99});
  options.add("model.attention_dropout", attention_dropout, "of the attention probabilities",
              Between{0.0, 0.99});
  options
      .add("model.window", window,
           "keys a query sees: itself and window - 1 before it; 0: all. With any scheme",
           AtLeast{0})
      .as(OptionRole::test_time);
  options
      .add("model.sinks", sinks, "first tokens that stay visible beyond the window (2309.17453)",
           AtLeast{0})
      .as(OptionRole::test_time)
      .read_when([this] { return window > 0; }, "model.window above 0");
  options.add("model.tied_embeddings", tied_embeddings, "one matrix for tokens in and logits out");
  options.add("model.embedding_scale", embedding_scale,
              "token embeddings are multiplied by this before positions are added", AtLeast{0.0});
  options.add("model.embedding_std", embedding_std,
              "initial spread of the token embeddings; 0: by the model, 0.7 / scale, tied 0.5 / "
              "sqrt(width * scale), of an embedding_scale above 1",
              AtLeast{0.0});
  options
      .add("model.head_std", head_std, "initial spread of the untied output matrix", AtLeast{0.0})
      .read_when([this] { return !tied_embeddings; }, "model.tied_embeddings = false");
  options.add("model.train_length", train_length, "tokens a training window holds", AtLeast{1})
      .along("experiment.train_lengths");
}

double ModelOptions::initial_embedding_std() const {
  if (embedding_std > 0) return embedding_std;
  const double scale = std::max(1.0, embedding_scale);
  // Tied, the stream holds scale * E beside what the sublayers add, about 1: the logit of the token
  // read is near width * scale * std^2 whatever the width, and those of others near sqrt(width)
  // std.
  return tied_embeddings ? 0.5 / std::sqrt(static_cast<double>(width) * scale) : 0.7 / scale;
}

void ModelOptions::validate() const {
  if (width % heads != 0) {
    fail("model.heads: {} does not divide model.width {}", heads, width);
  }
  if (sinks > 0 && window == 0) {
    fail("model.sinks: {} has no meaning without model.window; all tokens are visible", sinks);
  }
}

}  // namespace lengthwise
