#include "model/options.h"

#include <algorithm>
#include <cmath>
#include <functional>

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
  options.add("model.final_norm", final_norm, "a norm between the last sublayer and the head");
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
  options.add("model.activation_dropout", activation_dropout,
              "after the activation of the feed-forward layers", Between{0.0, 0.99});
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
  declare_vocabulary(options);
  options.add("model.train_length", train_length, "tokens a training window holds", AtLeast{1})
      .along("experiment.train_lengths");
}

void ModelOptions::declare_vocabulary(OptionSet& options) {
  options.add("model.embeddings", embeddings,
              "of tokens in: plain, a row a token, or adaptive, narrower rows for rarer tokens "
              "(1809.10853)",
              OneOf{{"plain", "adaptive"}});
  options.add("model.head", head,
              "of tokens out: plain, one softmax, or adaptive, a softmax a band of tokens "
              "(1609.04309)",
              OneOf{{"plain", "adaptive"}});
  const auto when_adaptive = [this](Option& option) {
    option.read_when([this] { return embeddings == "adaptive" || head == "adaptive"; },
                     "model.embeddings or model.head = adaptive");
  };
  when_adaptive(options.add("model.cutoffs", cutoffs,
                            "adaptive: the first token of each band but the first, as 20000 60000; "
                            "tokens stand in the order of their counts",
                            AtLeast{1}));
  when_adaptive(options.add("model.cutoff_factor", cutoff_factor,
                            "adaptive: how much narrower a band's rows are than the band's before",
                            AtLeast{1}));
  options
      .add("model.head_dropout", head_dropout,
           "adaptive: before the head, and in its bands after their projection", Between{0.0, 0.99})
      .read_when([this] { return head == "adaptive"; }, "model.head = adaptive");
  options.add("model.vocabulary_size", vocabulary_size,
              "rows of embeddings and head, at least as many as the data have tokens; 0: as many",
              AtLeast{0});
  options.add("model.tied_embeddings", tied_embeddings, "the same rows for tokens in and out");
  options
      .add("model.tied_projections", tied_projections,
           "adaptive: the same projections for tokens in and out, but for the first band's, which "
           "the head has none for")
      .read_when(
          [this] { return embeddings == "adaptive" && head == "adaptive" && tied_embeddings; },
          "model.embeddings = adaptive, model.head = adaptive and model.tied_embeddings = "
          "true");
  options.add("model.embedding_scale", embedding_scale,
              "token embeddings are multiplied by this before positions are added", AtLeast{0.0});
  options
      .add("model.embedding_std", embedding_std,
           "initial spread of plain token embeddings; 0: by the model, 0.7 / scale, tied 0.5 / "
           "sqrt(width * scale), of an embedding_scale above 1",
           AtLeast{0.0})
      .read_when([this] { return embeddings == "plain"; }, "model.embeddings = plain");
  options
      .add("model.head_std", head_std, "initial spread of the untied output matrix", AtLeast{0.0})
      .read_when([this] { return !tied_embeddings; }, "model.tied_embeddings = false")
      .read_when([this] { return head == "plain"; }, "model.head = plain");
  options.add("model.initialization", initialization,
              "of the blocks: normal, where what sublayers add keeps its scale, or fairseq, "
              "attention Xavier-uniform and feed-forward uniform, as there",
              OneOf{{"normal", "fairseq"}});
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
  if (embeddings == "adaptive" || head == "adaptive") check_cutoffs();
  if (tied_embeddings && embeddings != head) {
    fail(
        "model.tied_embeddings: {} embeddings and a head that is {} have no rows in common; set "
        "false, or both to one kind",
        embeddings, head);
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

void ModelOptions::check_cutoffs() const {
  if (cutoffs.empty()) {
    fail(
        "model.cutoffs: is empty; adaptive embeddings and heads need at least one, as 20000 60000");
  }
  const auto fall = std::ranges::adjacent_find(cutoffs, std::ranges::greater_equal());
  if (fall != cutoffs.end()) {
    fail("model.cutoffs: {} does not come after {}; they must increase", *(fall + 1), *fall);
  }
}

int64_t ModelOptions::rows_for(int64_t tokens) const {
  if (vocabulary_size == 0) return tokens;
  if (vocabulary_size < tokens) {
    fail("model.vocabulary_size: {} is fewer than the {} tokens of the data; 0 takes as many",
         vocabulary_size, tokens);
  }
  return vocabulary_size;
}

}  // namespace lengthwise
