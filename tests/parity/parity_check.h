#pragma once

#include "base/safetensors.h"
#include "position/options.h"
#include "position/registry.h"
#include "position/scheme.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {

/// The packages compute in float32: angles of up to 63 are off by 4e-6, biases of 20 by 2e-6.
constexpr double kTolerance = 1e-5;

/// What make_reference.py saved.
inline const SafetensorsFile& reference() {
  static const SafetensorsFile file(fs::path(LENGTHWISE_SOURCE) /
                                    "tests/parity/reference.safetensors");
  return file;
}

inline torch::ScalarType scalar_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::F32:
      return torch::kFloat32;
    case Dtype::F64:
      return torch::kFloat64;
    default:
      REQUIRE(dtype == Dtype::I64);
      return torch::kInt64;
  }
}

inline torch::Tensor saved(const std::string& name) {
  CAPTURE(name);
  const auto found = reference().arrays().find(name);
  REQUIRE(found != reference().arrays().end());
  const ArrayView& array = found->second;
  // from_blob wants a pointer that may be written through; the clone is all that leaves.
  return torch::from_blob(const_cast<std::byte*>(array.bytes.data()), array.shape,
                          scalar_type(array.dtype))
      .clone();
}

/// All other options as they begin.
inline PositionOptions with_scheme(const std::string& scheme) {
  PositionOptions options;
  options.scheme = scheme;
  return options;
}

/// Not evenly spaced.
inline Positions saved_positions() {
  const auto values = saved("positions").to(torch::kFloat64);
  return {values, std::nullopt, values.max().item<double>() + 1};
}

/// A scheme where a model would have it, asked as a layer asks it.
class Placed {
 public:
  Placed(const PositionOptions& options, const ModelShape& shape, const Positions& positions)
      : scheme_(validated(options, shape)),
        positions_(positions),
        tables_(scheme_->tables(positions_)) {}
  Placed(const PositionOptions& options, const ModelShape& shape, int64_t length)
      : Placed(options, shape, make_scheme(options, shape)->positions(length, 0)) {}

  torch::Tensor parameter(const std::string& name) const {
    return scheme_->named_parameters()[name];
  }
  QueriesKeys turned(const QueriesKeys& pair) const {
    return scheme_->apply_to_queries_keys(pair, context());
  }
  AttentionBias bias() const { return scheme_->attention_bias(context()); }

 private:
  static std::shared_ptr<PositionScheme> validated(const PositionOptions& options,
                                                   const ModelShape& shape) {
    options.validate(shape);
    auto scheme = make_scheme(options, shape);
    scheme->reset_parameters();
    return scheme;
  }
  LayerContext context() const {
    return {.layer = 0, .positions = positions_, .tables = tables_, .hidden = {}};
  }

  std::shared_ptr<PositionScheme> scheme_;
  Positions positions_;
  std::vector<torch::Tensor> tables_;
};

inline ModelShape shape_of(int64_t heads, int64_t head_width, int64_t train_length) {
  return {.width = heads * head_width, .heads = heads, .layers = 1, .train_length = train_length};
}

}  // namespace lengthwise
