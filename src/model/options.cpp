#include "model/options.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/options.h"

namespace lengthwise {
namespace {

// Far beyond any machine, and small enough that no product of two overflows.
constexpr int64_t kWidest = 1 << 20, kDeepest = 10'000;

const std::vector<std::string> kBiasPlaces = {"query_key_value", "output", "feedforward", "norm"};

}  // namespace

void ModelOptions::declare(OptionSet& options) {
  options.role(OptionRole::weights);
  options.add("model.width", width, "D, the width of the residual stream",
              Between<int64_t>{1, kWidest});
  options.add("model.layers", layers, "blocks of attention and feed-forward",
              Between<int64_t>{1, kDeepest});
  options.add("model.heads", heads,
              "H, attention heads a block; must divide the width, or head_width is given",
              AtLeast{1});
  options.add("model.key_value_heads", key_value_heads,
              "heads of keys and values, each read by as many heads of queries (2305.13245); "
              "must divide the heads; 0: as many as these",
              AtLeast<int64_t>{0});
  options.add("model.head_width", head_width, "K, the width of a head; 0: width / heads",
              Between<int64_t>{0, kWidest});
  options.add("model.feedforward", feedforward, "inner width of the feed-forward layers",
              Between<int64_t>{1, kWidest});
  options.add("model.activation", activation,
              "of the feed-forward layers: relu, gelu, its approximation gelu_tanh, or swiglu",
              OneOf{{"relu", "gelu", "gelu_tanh", "swiglu"}, {{"silu", "swiglu"}}});
  options.add("model.norm", norm, "layer (LayerNorm) or rms (RMSNorm), before each sublayer",
              OneOf{{"layer", "rms"}});
  options.add("model.norm_epsilon", norm_epsilon, "added to the variance in every norm",
              Between{0.0, 1.0});
  options.add("model.embedding_norm", embedding_norm,
              "a norm on the embeddings, before positions are added");
  options.add("model.residual", residual,
              "what a sublayer's result is added to: stream, or norm, that sublayer's normalised "
              "input",
              OneOf{{"stream", "norm"}});
  options.add("model.biases", biases,
              "what has a bias, of query_key_value, output (of attention), feedforward, norm "
              "(LayerNorm alone)",
              OneOf{kBiasPlaces});
  options.add("model.query_key_value_clip", query_key_value_clip,
              "queries, keys and values are limited to plus and minus this; 0: not", AtLeast{0.0});
  options.add("model.query_key_norm", query_key_norm,
              "a norm on queries and on keys before positions: none, over all_heads, or over "
              "each_head",
              OneOf{{"none", "all_heads", "each_head"}});
  options.add("model.attention_scale", attention_scale,
              "attention's logits are queries times keys times this; 0: 1 / sqrt(head width)",
              AtLeast{0.0});
  options.add("model.logit_scale", logit_scale, "the output's logits are multiplied by this",
              AtLeast{0.0});
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

bool ModelOptions::has_bias(std::string_view place) const {
  return std::ranges::find(biases, place) != biases.end();
}

void ModelOptions::validate() const {
  if (head_width == 0 && width % heads != 0) {
    fail("model.heads: {} does not divide model.width {}", heads, width);
  }
  if (key_value_heads > 0 && heads % key_value_heads != 0) {
    fail("model.key_value_heads: {} does not divide model.heads {}", key_value_heads, heads);
  }
  if (logit_scale == 0) {
    fail("model.logit_scale: 0 would make every token as likely; it must be above 0");
  }
  if (sinks > 0 && window == 0) {
    fail("model.sinks: {} has no meaning without model.window; all tokens are visible", sinks);
  }
}

}  // namespace lengthwise
