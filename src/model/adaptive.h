#pragma once

#include <vector>

#include "model/embeddings.h"
#include "model/head.h"

namespace lengthwise {

/// Tokens [begin, end) of a vocabulary in the order of their counts, and the width of their rows.
struct Band {
  int64_t begin, end, width;
  int64_t size() const { return end - begin; }
};

/// The bands that model.cutoffs part a vocabulary into: of D, D / factor, D / factor^2 ...
/// UserError where a cutoff is not within the vocabulary, or a band would have no width.
std::vector<Band> adaptive_bands(const ModelOptions& options, int64_t vocabulary_size);

/// Adaptive input representations (Baevski and Auli 2019, 1809.10853, section 3): of a token in
/// band i a row of w_i numbers, projected to D. The first band has a projection too, as fairseq
/// has it.
class AdaptiveEmbeddings final : public Embeddings {
 public:
  explicit AdaptiveEmbeddings(std::vector<Band> bands);

  /// Rows from N(0, 1 / w_i), projections Xavier-uniform (Glorot and Bengio 2010), as fairseq.
  void reset_parameters(const ModelOptions& options) override;
  torch::Tensor forward(const torch::Tensor& tokens, torch::ScalarType type) const override;

  std::vector<torch::Tensor> rows;         // a band: [size, w_i]
  std::vector<torch::Tensor> projections;  // [D, w_i]

 private:
  std::vector<Band> bands_;
};

/// What an adaptive head takes of the embeddings; empty: it has its own.
struct AdaptiveTying {
  std::vector<torch::Tensor> rows;         // of all bands
  std::vector<torch::Tensor> projections;  // of all but the first, which the head has none for

  static AdaptiveTying of(const ModelOptions& options, const Embeddings& embeddings);
};

/// Adaptive softmax (Grave et al. 2017, 1609.04309, section 4): a softmax over the tokens of the
/// first band and one place for each other band; times one over the tokens of that band, of
/// hidden projected to its width. `dropout` acts in training on hidden, and again on what was
/// projected.
class AdaptiveHead final : public Head {
 public:
  AdaptiveHead(std::vector<Band> bands, const AdaptiveTying& tied, double dropout);

  /// What is its own, Xavier-uniform, as fairseq.
  void reset_parameters(const ModelOptions& options) override;
  torch::Tensor mean_nats(const torch::Tensor& hidden, const torch::Tensor& targets) const override;
  torch::Tensor token_nats(const torch::Tensor& hidden,
                           const torch::Tensor& targets) const override;
  torch::Tensor likeliest_tokens(const torch::Tensor& hidden) const override;

  std::vector<torch::Tensor> rows;         // a band: [size, w_i]
  std::vector<torch::Tensor> projections;  // a band but the first: [D, w_i]
  torch::Tensor clusters;                  // [bands - 1, D]

 private:
  torch::Tensor dropped_out(const torch::Tensor& x) const;
  /// The first softmax's matrix [first band + other bands, D].
  torch::Tensor first_matrix() const;
  /// The places of the targets in the first softmax.
  torch::Tensor first_targets(const torch::Tensor& targets) const;
  /// hidden as the band's matrix takes it, [n, w].
  torch::Tensor projected(const torch::Tensor& hidden, size_t band) const;

  std::vector<Band> bands_;
  double dropout_;
  std::vector<torch::Tensor> own_;
};

}  // namespace lengthwise
