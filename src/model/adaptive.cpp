#include "model/adaptive.h"

#include <cmath>

#include "base/error.h"
#include "fused/linear.h"
#include "model/device.h"
#include "model/layers.h"
#include "model/losses.h"
#include "model/options.h"

namespace lengthwise {
namespace {

using torch::Tensor;

/// Which of the tokens lie in the band, as indices where the tokens are.
Tensor places_in(const Tensor& tokens, const Band& band) {
  return tokens.ge(band.begin).logical_and_(tokens.lt(band.end)).nonzero().squeeze(1);
}

/// Parameters under a name with dots need modules to stand in.
struct BandTables : torch::nn::Module {
  Tensor add(const std::string& name, at::IntArrayRef shape) {
    return register_parameter(name, torch::empty(shape));
  }
};

}  // namespace

std::vector<Band> adaptive_bands(const ModelOptions& options, int64_t vocabulary_size) {
  std::vector<Band> bands;
  int64_t begin = 0, width = options.width;
  for (const int64_t cutoff : options.cutoffs) {
    if (cutoff >= vocabulary_size) {
      fail("model.cutoffs: {} is not within the vocabulary of {} tokens; the last must be below",
           cutoff, vocabulary_size);
    }
    bands.push_back({begin, cutoff, width});
    begin = cutoff;
    width /= options.cutoff_factor;
  }
  bands.push_back({begin, vocabulary_size, width});
  if (width == 0) {
    fail("model.cutoff_factor: {} leaves band {} of model.width {} no width", options.cutoff_factor,
         bands.size(), options.width);
  }
  return bands;
}

AdaptiveEmbeddings::AdaptiveEmbeddings(std::vector<Band> bands) : bands_(std::move(bands)) {
  const int64_t width = bands_[0].width;
  const auto list = register_module("bands", std::make_shared<torch::nn::Module>());
  for (size_t i = 0; i < bands_.size(); ++i) {
    const auto tables = list->register_module(std::to_string(i), std::make_shared<BandTables>());
    rows.push_back(tables->add("weight", {bands_[i].size(), bands_[i].width}));
    projections.push_back(tables->add("projection", {width, bands_[i].width}));
  }
}

void AdaptiveEmbeddings::reset_parameters(const ModelOptions&) {
  for (size_t i = 0; i < bands_.size(); ++i) {
    rows[i].normal_(0, 1 / std::sqrt(static_cast<double>(bands_[i].width)));
    xavier_uniform(projections[i]);
  }
}

Tensor AdaptiveEmbeddings::forward(const Tensor& tokens, torch::ScalarType type) const {
  const auto flat = tokens.flatten();
  std::vector<Tensor> parts, places;
  for (size_t i = 0; i < bands_.size(); ++i) {
    // Of a band without tokens too, so that its gradients are zeros and not missing.
    places.push_back(places_in(flat, bands_[i]));
    const auto of_band = at::embedding(rows[i], flat.index_select(0, places[i]) - bands_[i].begin);
    parts.push_back(linear(of_band.to(type), {projections[i], {}}).to(torch::kFloat32));
  }
  const auto order = torch::cat(places);
  auto back = torch::empty_like(order);
  back.scatter_(0, order, torch::arange(order.numel(), order.options()));
  return torch::cat(parts).index_select(0, back).view({tokens.size(0), tokens.size(1), -1});
}

AdaptiveTying AdaptiveTying::of(const ModelOptions& options, const Embeddings& embeddings) {
  AdaptiveTying tied;
  if (!options.tied_embeddings) return tied;
  const auto* adaptive = dynamic_cast<const AdaptiveEmbeddings*>(&embeddings);
  TORCH_CHECK(adaptive != nullptr, "an adaptive head can be tied to adaptive embeddings alone");
  tied.rows = adaptive->rows;
  if (options.tied_projections) {
    tied.projections.assign(adaptive->projections.begin() + 1, adaptive->projections.end());
  }
  return tied;
}

AdaptiveHead::AdaptiveHead(std::vector<Band> bands, const AdaptiveTying& tied, double dropout)
    : rows(tied.rows), projections(tied.projections), bands_(std::move(bands)), dropout_(dropout) {
  const int64_t width = bands_[0].width;
  const auto others = static_cast<int64_t>(bands_.size()) - 1;
  clusters = register_parameter("clusters", torch::empty({others, width}));
  own_.push_back(clusters);
  const bool own_rows = rows.empty(), own_projections = projections.empty();
  const auto list = register_module("bands", std::make_shared<torch::nn::Module>());
  for (size_t i = 0; i < bands_.size(); ++i) {
    const auto tables = list->register_module(std::to_string(i), std::make_shared<BandTables>());
    if (own_rows) {
      rows.push_back(tables->add("weight", {bands_[i].size(), bands_[i].width}));
      own_.push_back(rows.back());
    }
    if (own_projections && i > 0) {
      projections.push_back(tables->add("projection", {width, bands_[i].width}));
      own_.push_back(projections.back());
    }
  }
}

void AdaptiveHead::reset_parameters(const ModelOptions&) {
  for (const Tensor& parameter : own_) xavier_uniform(parameter);
}

Tensor AdaptiveHead::dropped_out(const Tensor& x) const {
  return is_training() && dropout_ > 0 ? at::dropout(x, dropout_, true) : x;
}

Tensor AdaptiveHead::first_matrix() const {
  return torch::cat({rows[0], clusters});
}

Tensor AdaptiveHead::first_targets(const Tensor& targets) const {
  auto places = targets.clone();
  for (size_t i = 1; i < bands_.size(); ++i) {
    places.index_fill_(0, places_in(targets, bands_[i]),
                       bands_[0].end + static_cast<int64_t>(i) - 1);
  }
  return places;
}

Tensor AdaptiveHead::projected(const Tensor& hidden, size_t band) const {
  return dropped_out(at::matmul(hidden, projections[band - 1].to(hidden.scalar_type())));
}

Tensor AdaptiveHead::mean_nats(const Tensor& hidden, const Tensor& targets) const {
  const auto scored = targets.ge(0).nonzero().squeeze(1);
  TORCH_CHECK(scored.size(0) > 0, "no target is scored");
  if (scored.size(0) < targets.size(0)) {
    return mean_nats(hidden.index_select(0, sent(scored, hidden.device())),
                     targets.index_select(0, scored));
  }
  const auto count = static_cast<double>(targets.size(0));
  const auto input = dropped_out(hidden);
  auto nats = lengthwise::mean_nats(input, first_matrix(), first_targets(targets));
  for (size_t i = 1; i < bands_.size(); ++i) {
    const auto places = places_in(targets, bands_[i]);
    const auto of_band = projected(input.index_select(0, sent(places, hidden.device())), i);
    if (places.size(0) == 0) {
      // Gradients of zeros, for weights that are not read.
      nats = nats + of_band.sum() + rows[i].slice(0, 0, 0).sum();
      continue;
    }
    const auto wanted = targets.index_select(0, places) - bands_[i].begin;
    nats = nats + lengthwise::mean_nats(of_band, rows[i], wanted) *
                      (static_cast<double>(places.size(0)) / count);
  }
  return nats;
}

Tensor AdaptiveHead::token_nats(const Tensor& hidden, const Tensor& targets) const {
  const torch::NoGradGuard no_grad;
  auto nats = lengthwise::token_nats(hidden, first_matrix(), first_targets(targets));
  for (size_t i = 1; i < bands_.size(); ++i) {
    const auto places = places_in(targets, bands_[i]);
    if (places.size(0) == 0) continue;
    const auto there = sent(places, hidden.device());
    nats.index_add_(0, there,
                    lengthwise::token_nats(projected(hidden.index_select(0, there), i), rows[i],
                                           targets.index_select(0, places) - bands_[i].begin));
  }
  return nats;
}

Tensor AdaptiveHead::likeliest_tokens(const Tensor& hidden) const {
  const torch::NoGradGuard no_grad;
  const auto first = lengthwise::likeliest_tokens(hidden, rows[0], clusters);
  auto tokens = first.tokens, best = first.log_likelihoods;
  for (size_t i = 1; i < bands_.size(); ++i) {
    const auto of_band = lengthwise::likeliest_tokens(projected(hidden, i), rows[i]);
    const auto here = first.others.select(1, static_cast<int64_t>(i) - 1) + of_band.log_likelihoods;
    const auto better = here.gt(best);
    tokens = torch::where(better, of_band.tokens + bands_[i].begin, tokens);
    best = torch::where(better, here, best);
  }
  return tokens;
}

}  // namespace lengthwise
