#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

/// Attention and its gradients in float64, by the definition, with a bound on what the kernels'
/// rounding may add to each number.
namespace lengthwise::cuda {

using Numbers = std::vector<double>;

/// A result, and how far the kernels may be from it.
struct Expected {
  Numbers value, bound;
  explicit Expected(int64_t count) : value(count), bound(count) {}
};

struct ReferenceShape {
  int64_t batch, heads, queries, length, width;
  double scale;
  int64_t window, sinks;  // window 0: all

  bool sees(int64_t place, int64_t key) const {
    return key <= place && (window == 0 || place - key < window || key < sinks);
  }
};

/// Inputs are contiguous [B, H, Q or T, K], already rounded to bfloat16; bias [H, T] or empty.
struct Reference {
  Expected output, log_sum, d_q, d_k, d_v, d_bias;

  Reference(const ReferenceShape& shape, const Numbers& q, const Numbers& k, const Numbers& v,
            const Numbers& bias, const Numbers& d_output)
      : output(shape.batch * shape.heads * shape.queries * shape.width),
        log_sum(shape.batch * shape.heads * shape.queries),
        d_q(output.value.size()),
        d_k(shape.batch * shape.heads * shape.length * shape.width),
        d_v(d_k.value.size()),
        d_bias(shape.heads * shape.length) {
    for (int64_t head = 0; head < shape.batch * shape.heads; ++head) {
      const double* own_bias =
          bias.empty() ? nullptr : bias.data() + head % shape.heads * shape.length;
      for (int64_t row = 0; row < shape.queries; ++row) {
        add_row(shape, head, row, q, k, v, own_bias, d_output);
      }
    }
    for (Expected* result : {&d_q, &d_k, &d_v}) {
      for (size_t x = 0; x < result->value.size(); ++x) {
        result->bound[x] += kHalfUlp * std::abs(result->value[x]) + kFloat;
      }
    }
    for (double& bound : d_bias.bound) bound += kFloat;
  }

 private:
  /// Rounding to bfloat16, relative; and what float32 sums and exp2 may be off, relative to the
  /// sizes of what they add up.
  static constexpr double kHalfUlp = 1.02 / 256, kFloat = 2e-5;

  void add_row(const ReferenceShape& shape, int64_t head, int64_t row, const Numbers& q,
               const Numbers& k, const Numbers& v, const double* bias, const Numbers& d_output) {
    const int64_t width = shape.width, place = shape.length - shape.queries + row;
    const int64_t own = (head * shape.queries + row) * width, all = head * shape.length * width;
    const auto dot = [&](const double* a, const double* b) {
      double sum = 0;
      for (int64_t x = 0; x < width; ++x) sum += a[x] * b[x];
      return sum;
    };
    std::vector<int64_t> seen;
    Numbers weights;
    double most = -INFINITY, total = 0;
    for (int64_t key = 0; key <= place; ++key) {
      if (!shape.sees(place, key)) continue;
      seen.push_back(key);
      weights.push_back(shape.scale * dot(&q[own], &k[all + key * width]) +
                        (bias != nullptr ? bias[place - key] : 0));
      most = std::max(most, weights.back());
    }
    for (double& weight : weights) total += weight = std::exp(weight - most);
    for (double& weight : weights) weight /= total;
    const int64_t at = head * shape.queries + row;
    log_sum.value[at] = most + std::log(total);
    log_sum.bound[at] = kFloat * (1 + std::abs(log_sum.value[at]));

    double delta = 0, delta_bound = 0, delta_size = 0;
    for (int64_t x = 0; x < width; ++x) {
      double sum = 0, size = 0;
      for (size_t n = 0; n < seen.size(); ++n) {
        const double value = v[all + seen[n] * width + x];
        sum += weights[n] * value;
        size += weights[n] * std::abs(value);
      }
      output.value[own + x] = sum;
      output.bound[own + x] = kHalfUlp * (size + std::abs(sum)) + kFloat * (1 + size);
      delta += d_output[own + x] * sum;
      delta_bound += std::abs(d_output[own + x]) * output.bound[own + x];
      delta_size += std::abs(d_output[own + x] * sum);
    }
    for (size_t n = 0; n < seen.size(); ++n) {
      const int64_t key = all + seen[n] * width;
      const double weight = weights[n], upstream = dot(&d_output[own], &v[key]);
      const double slope = weight * (upstream - delta);
      const double float_bound =
          weight * (delta_bound + kFloat * (1 + std::abs(upstream) + delta_size));
      const double bound = float_bound + kHalfUlp * std::abs(slope);
      const int64_t of_bias = head % shape.heads * shape.length + place - seen[n];
      d_bias.value[of_bias] += slope;
      d_bias.bound[of_bias] += float_bound;
      for (int64_t x = 0; x < width; ++x) {
        d_q.value[own + x] += shape.scale * slope * k[key + x];
        d_q.bound[own + x] += shape.scale * bound * std::abs(k[key + x]);
        d_k.value[key + x] += shape.scale * slope * q[own + x];
        d_k.bound[key + x] += shape.scale * bound * std::abs(q[own + x]);
        d_v.value[key + x] += weight * d_output[own + x];
        d_v.bound[key + x] += (kHalfUlp + kFloat) * weight * std::abs(d_output[own + x]);
      }
    }
  }
};

}  // namespace lengthwise::cuda
