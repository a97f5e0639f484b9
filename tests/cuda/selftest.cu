#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <tuple>

#include "attention.h"
#include "selftest_reference.h"

/// selftest            compares with float64 on small shapes; a line a case, exit code 1 on failure
/// selftest N          the same, of case N alone
/// selftest time       times larger shapes
namespace lengthwise::cuda {
namespace {

void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::printf("%s: %s\n", what, cudaGetErrorString(error));
  std::exit(2);
}

void check_code(int code, const char* what) {
  if (code == 0) return;
  std::printf("%s: code %d, %s\n", what, code, lengthwise_attention_message(code));
  std::exit(2);
}

float widen(uint16_t half) {
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}

uint16_t narrow(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Memory of the device, all bits 1 at first: NaN.
template <class Number>
class Buffer {
 public:
  explicit Buffer(int64_t count) : count_(count) {
    check(cudaMalloc(reinterpret_cast<void**>(&data_), bytes()), "cudaMalloc");
    spoil();
  }
  ~Buffer() { cudaFree(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  Number* data() const { return data_; }
  int64_t bytes() const { return count_ * static_cast<int64_t>(sizeof(Number)); }
  void spoil() { check(cudaMemset(data_, 0xff, bytes()), "cudaMemset"); }
  void fill(const std::vector<Number>& from) {
    check(cudaMemcpy(data_, from.data(), bytes(), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  std::vector<Number> read() const {
    std::vector<Number> all(count_);
    check(cudaMemcpy(all.data(), data_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return all;
  }

 private:
  int64_t count_;
  Number* data_ = nullptr;
};

enum Storage { kPlain, kPacked, kPadded };  // [B,H,T,K]; [B,T,3,H,K]; gaps behind rows and heads

struct Case {
  int64_t batch, heads, queries, length, width;
  bool bias = false;
  int64_t window = 0, sinks = 0;
  Storage storage = kPlain;
};

/// Where a tensor lies within a buffer.
struct Place {
  int64_t offset, batch_stride, head_stride, row_stride, rows;

  Rows in(const Buffer<uint16_t>& buffer) const {
    return {buffer.data() + offset, batch_stride, head_stride, row_stride};
  }
};

/// Calls visit(place in the buffer, index in [B, H, rows, K]).
template <class Visit>
void for_each(const Case& shape, const Place& place, Visit&& visit) {
  int64_t index = 0;
  for (int64_t b = 0; b < shape.batch; ++b) {
    for (int64_t h = 0; h < shape.heads; ++h) {
      for (int64_t r = 0; r < place.rows; ++r) {
        for (int64_t x = 0; x < shape.width; ++x) {
          visit(place.offset + b * place.batch_stride + h * place.head_stride +
                    r * place.row_stride + x,
                index++);
        }
      }
    }
  }
}

/// Tensors that share a buffer: three of queries, keys, values, or one of queries alone.
struct Places {
  std::vector<Place> all;
  int64_t count = 0;

  Places(const Case& shape, bool three) {
    const int64_t heads = shape.heads, width = shape.width;
    if (shape.storage == kPacked) {
      const int64_t of_one = heads * width, row = (three ? 3 : 1) * of_one;
      for (int64_t x = 0; x < (three ? 3 : 1); ++x) {
        const int64_t rows = x == 0 ? shape.queries : shape.length;
        const int64_t skipped = three ? shape.length - rows : 0;
        all.push_back({skipped * row + x * of_one, (three ? shape.length : shape.queries) * row,
                       width, row, rows});
      }
      count = shape.batch * (three ? shape.length : shape.queries) * row;
      return;
    }
    const int64_t gap = shape.storage == kPadded ? 8 : 0;
    for (int64_t x = 0; x < (three ? 3 : 1); ++x) {
      const int64_t rows = x == 0 ? shape.queries : shape.length, row = width + gap;
      const int64_t head = rows * row + 2 * gap, batch = heads * head + gap;
      all.push_back({count, batch, head, row, rows});
      count += shape.batch * batch;
    }
  }
};

struct Inputs {
  Places three, one;
  Buffer<uint16_t> qkv, upstream;
  std::unique_ptr<Buffer<float>> bias;
  Numbers q, k, v, d_output, bias_values;  // what the device was given

  Inputs(const Case& shape, uint64_t seed)
      : three(shape, true), one(shape, false), qkv(three.count), upstream(one.count) {
    std::mt19937_64 bits(seed);
    std::normal_distribution<float> normal;
    const auto draw = [&](const Places& places, size_t which, std::vector<uint16_t>& to) {
      Numbers values(shape.batch * shape.heads * places.all[which].rows * shape.width);
      for_each(shape, places.all[which], [&](int64_t at, int64_t index) {
        to[at] = narrow(normal(bits));
        values[index] = widen(to[at]);
      });
      return values;
    };
    std::vector<uint16_t> host(three.count, 0xffff);
    q = draw(three, 0, host);
    k = draw(three, 1, host);
    v = draw(three, 2, host);
    qkv.fill(host);
    host.assign(one.count, 0xffff);
    d_output = draw(one, 0, host);
    upstream.fill(host);
    if (!shape.bias) return;
    std::vector<float> values(shape.heads * (shape.length + 3), NAN);
    for (int64_t h = 0; h < shape.heads; ++h) {
      for (int64_t d = 0; d < shape.length; ++d) {
        const float slope = 0.02F * static_cast<float>(h + 1);
        values[h * (shape.length + 3) + d] = 0.5F * normal(bits) - slope * static_cast<float>(d);
        bias_values.push_back(values[h * (shape.length + 3) + d]);
      }
    }
    bias = std::make_unique<Buffer<float>>(static_cast<int64_t>(values.size()));
    bias->fill(values);
  }
};

/// The largest error in units of its bound, and the errors' size relative to the values'.
struct Difference {
  double worst = 0, relative = 0;
  bool stray = false;  // something was written beside the result, or is missing

  template <class Value>
  void compare(const Expected& expected, Value&& value) {
    double errors = 0, values = 0;
    for (size_t x = 0; x < expected.value.size(); ++x) {
      const double found = value(x), error = std::abs(found - expected.value[x]);
      if (!std::isfinite(found)) stray = true;
      worst = std::max(worst, error / expected.bound[x]);
      errors += error * error;
      values += expected.value[x] * expected.value[x];
    }
    relative = values > 0 ? std::sqrt(errors / values) : std::sqrt(errors);
  }
  Difference worse(const Difference& other) const {
    return {std::max(worst, other.worst), std::max(relative, other.relative), stray || other.stray};
  }
  bool fine() const { return worst <= 1 && relative <= 0.01 && !stray; }
};

/// Of bfloat16 tensors in one buffer.
std::vector<Difference> compare_rows(const Case& shape, const Places& places,
                                     const std::vector<uint16_t>& found,
                                     const std::vector<const Expected*>& expected) {
  std::vector<Difference> differences(expected.size());
  std::vector<bool> written(found.size());
  for (size_t which = 0; which < expected.size(); ++which) {
    Numbers values(expected[which]->value.size());
    for_each(shape, places.all[which], [&](int64_t at, int64_t index) {
      values[index] = widen(found[at]);
      written[at] = true;
    });
    differences[which].compare(*expected[which], [&](size_t x) { return values[x]; });
  }
  for (size_t x = 0; x < found.size(); ++x) {
    if (!written[x] && found[x] != 0xffff) differences[0].stray = true;
  }
  return differences;
}

template <class Number>
bool same_bits(const std::vector<Number>& a, const std::vector<Number>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(Number)) == 0;
}

bool run_case(const Case& shape, int number) {
  const Inputs inputs(shape, 1000 + number);
  const double scale = 1 / std::sqrt(static_cast<double>(shape.width));
  Buffer<uint16_t> output(inputs.one.count), gradients(inputs.three.count);
  Buffer<float> log_sum(shape.batch * shape.heads * shape.queries);
  Buffer<float> d_bias(shape.heads * (shape.length + 1));

  AttentionShape described{shape.batch,  shape.heads, shape.queries,
                           shape.length, shape.width, static_cast<float>(scale)};
  described.bias = shape.bias ? inputs.bias->data() : nullptr;
  described.bias_stride = shape.length + 3;
  described.window = shape.window;
  described.sinks = shape.sinks;
  AttentionForward forward{described};
  forward.q = inputs.three.all[0].in(inputs.qkv);
  forward.k = inputs.three.all[1].in(inputs.qkv);
  forward.v = inputs.three.all[2].in(inputs.qkv);
  forward.output = inputs.one.all[0].in(output);
  forward.log_sum = log_sum.data();
  check_code(lengthwise_attention_forward(&forward, nullptr), "forward");
  check(cudaDeviceSynchronize(), "forward");

  AttentionBackward backward{described, forward.q, forward.k, forward.v, forward.output};
  backward.d_output = inputs.one.all[0].in(inputs.upstream);
  backward.log_sum = log_sum.data();
  backward.d_q = inputs.three.all[0].in(gradients);
  backward.d_k = inputs.three.all[1].in(gradients);
  backward.d_v = inputs.three.all[2].in(gradients);
  backward.d_bias = d_bias.data();
  backward.d_bias_stride = shape.length + 1;
  backward.workspace_bytes = lengthwise_attention_workspace(&backward);
  Buffer<float> workspace(backward.workspace_bytes / 4);
  backward.workspace = workspace.data();
  const auto run_backward = [&] {
    gradients.spoil();
    d_bias.spoil();
    workspace.spoil();
    check_code(lengthwise_attention_backward(&backward, nullptr), "backward");
    check(cudaDeviceSynchronize(), "backward");
  };
  run_backward();
  const auto found = gradients.read();
  const auto found_bias = d_bias.read();
  run_backward();
  bool same = same_bits(found, gradients.read()) && same_bits(found_bias, d_bias.read());
  // Without the bias's gradient other kernels run, which need not round alike.
  backward.d_bias = nullptr;
  run_backward();
  const auto found_without = gradients.read();
  run_backward();
  same = same && same_bits(found_without, gradients.read());

  const Reference reference({shape.batch, shape.heads, shape.queries, shape.length, shape.width,
                             static_cast<float>(scale), shape.window, shape.sinks},
                            inputs.q, inputs.k, inputs.v, inputs.bias_values, inputs.d_output);
  std::vector<Difference> all = compare_rows(shape, inputs.one, output.read(), {&reference.output});
  const auto sums = log_sum.read();
  all.emplace_back().compare(reference.log_sum, [&](size_t x) { return sums[x]; });
  const std::vector<const Expected*> slopes{&reference.d_q, &reference.d_k, &reference.d_v};
  const auto with = compare_rows(shape, inputs.three, found, slopes);
  const auto without = compare_rows(shape, inputs.three, found_without, slopes);
  for (size_t x = 0; x < slopes.size(); ++x) all.push_back(with[x].worse(without[x]));
  all.emplace_back().compare(reference.d_bias, [&](size_t x) {
    return found_bias[x / shape.length * (shape.length + 1) + x % shape.length];
  });

  bool fine = same;
  const auto width = [](int64_t x) { return static_cast<long long>(x); };
  std::printf("%2d B%lld H%lld Q%lld T%lld K%lld %s window %lld sinks %lld %s:", number,
              width(shape.batch), width(shape.heads), width(shape.queries), width(shape.length),
              width(shape.width), shape.bias ? "bias" : "plain", width(shape.window),
              width(shape.sinks),
              shape.storage == kPlain    ? "[BHTK]"
              : shape.storage == kPacked ? "[BT3HK]"
                                         : "gaps");
  const char* names[] = {"o", "lse", "dq", "dk", "dv", "dbias"};
  for (size_t x = 0; x < all.size(); ++x) {
    fine = fine && all[x].fine();
    std::printf(" %s %.2f (%.1e)%s", names[x], all[x].worst, all[x].relative,
                all[x].stray ? " STRAY" : "");
  }
  std::printf("%s %s\n", same ? "" : " NOT THE SAME BITS", fine ? "ok" : "FAILED");
  std::fflush(stdout);
  return fine;
}

bool run_cases(int only) {
  std::vector<Case> cases;
  for (const int64_t width : {16, 32, 64, 96, 128}) {
    cases.push_back({1, 1, 64, 64, width});
    cases.push_back({2, 2, 200, 200, width, true, 0, 0, kPacked});
    cases.push_back({1, 2, 77, 333, width, true, 0, 0, kPadded});
    cases.push_back({1, 2, 300, 300, width, true, 50, 5, kPlain});
  }
  for (const int64_t width : {64, 128}) {
    cases.push_back({1, 1, 1, 1, width, true});
    cases.push_back({1, 3, 1, 129, width, true, 0, 0, kPacked});
    cases.push_back({2, 1, 130, 130, width, false, 0, 0, kPacked});
    cases.push_back({1, 1, 700, 700, width, true, 64, 0});   // far tiles left out
    cases.push_back({1, 2, 700, 700, width, true, 33, 70});  // a gap, then sinks
    cases.push_back({1, 1, 650, 1000, width, false, 100, 130});
    cases.push_back({1, 1, 40, 900, width, true, 20, 1, kPadded});  // keys that nobody sees
    cases.push_back({1, 1, 100, 257, width, true, 300, 7});         // a window wider than the text
    cases.push_back({1, 1, 1100, 1100, width, true});
    cases.push_back({1, 1, 70, 20000, width});
    cases.push_back({3, 2, 512, 512, width, true, 1, 0});  // itself alone
  }
  bool fine = true;
  for (size_t x = 0; x < cases.size(); ++x) {
    if (only >= 0 && only != static_cast<int>(x)) continue;
    fine = run_case(cases[x], static_cast<int>(x)) && fine;
  }
  AttentionForward wrong{{1, 1, 8, 8, 48, 1}};
  const int code = lengthwise_attention_forward(&wrong, nullptr);
  std::printf("K 48: code %d, %s\n", code, lengthwise_attention_message(code));
  return fine && code != 0;
}

// ---- Times ----------------------------------------------------------------------------------

template <class Run>
double milliseconds(Run&& run) {
  constexpr int kRuns = 20;
  for (int x = 0; x < 3; ++x) run();
  cudaEvent_t begin, end;
  check(cudaEventCreate(&begin), "event");
  check(cudaEventCreate(&end), "event");
  check(cudaEventRecord(begin), "event");
  for (int x = 0; x < kRuns; ++x) run();
  check(cudaEventRecord(end), "event");
  check(cudaEventSynchronize(end), "event");
  float total = 0;
  check(cudaEventElapsedTime(&total, begin, end), "event");
  return total / kRuns;
}

void time_shape(int64_t batch, int64_t heads, int64_t length, int64_t width) {
  const int64_t rows = batch * heads * length, count = rows * width;
  std::vector<uint16_t> host(count);
  uint64_t state = 1;
  for (uint16_t& number : host) {  // uniform in [-1.7, 1.7]: a variance of one
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    number = narrow(1.7F * (static_cast<float>(state >> 40) / (1 << 23) - 1));
  }
  Buffer<uint16_t> q(count), k(count), v(count), output(count), upstream(count);
  Buffer<uint16_t> d_q(count), d_k(count), d_v(count);
  const auto of = [&](const Buffer<uint16_t>& buffer) {
    return Rows{buffer.data(), heads * length * width, length * width, width};
  };
  int64_t turn = 0;
  for (Buffer<uint16_t>* buffer : {&q, &k, &v, &upstream}) {
    std::rotate(host.begin(), host.begin() + (++turn * 4099) % count, host.end());
    buffer->fill(host);
  }
  std::vector<float> slopes(heads * length);
  for (int64_t x = 0; x < heads * length; ++x) slopes[x] = -0.01F * static_cast<float>(x % length);
  Buffer<float> log_sum(rows), bias(heads * length), d_bias(heads * length);
  bias.fill(slopes);

  AttentionShape shape{batch,  heads, length,
                       length, width, 1 / std::sqrt(static_cast<float>(width))};
  shape.bias_stride = length;
  AttentionForward forward{shape, of(q), of(k), of(v), of(output), log_sum.data()};
  AttentionBackward backward{shape,          of(q),   of(k),   of(v),   of(output),    of(upstream),
                             log_sum.data(), of(d_q), of(d_k), of(d_v), d_bias.data(), length};
  backward.workspace_bytes = lengthwise_attention_workspace(&backward);
  Buffer<float> workspace(backward.workspace_bytes / 4);
  backward.workspace = workspace.data();

  const double flops = 4.0 * static_cast<double>(rows) * static_cast<double>(length) *
                       static_cast<double>(width) / 2;
  std::printf("B%lld H%lld T%lld K%lld\n", static_cast<long long>(batch),
              static_cast<long long>(heads), static_cast<long long>(length),
              static_cast<long long>(width));
  for (const auto& [name, with_bias, with_gradient] :
       {std::tuple("plain", false, false), std::tuple("bias", true, false),
        std::tuple("bias and d_bias", true, true)}) {
    forward.shape.bias = backward.shape.bias = with_bias ? bias.data() : nullptr;
    backward.d_bias = with_gradient ? d_bias.data() : nullptr;
    const double there = milliseconds(
        [&] { check_code(lengthwise_attention_forward(&forward, nullptr), "forward"); });
    const double back = milliseconds(
        [&] { check_code(lengthwise_attention_backward(&backward, nullptr), "backward"); });
    check(cudaDeviceSynchronize(), "timing");
    std::printf("  %-16s forward %8.3f ms %6.1f TFLOP/s, backward %8.3f ms %6.1f TFLOP/s\n", name,
                there, flops / there / 1e9, back, 2.5 * flops / back / 1e9);
    std::fflush(stdout);
  }
}

void time_all() {
  time_shape(32, 8, 512, 128);
  time_shape(8, 8, 2048, 128);
  time_shape(8, 16, 2048, 64);
  time_shape(1, 8, 16384, 128);
}

}  // namespace
}  // namespace lengthwise::cuda

int main(int count, char** words) {
  using namespace lengthwise::cuda;
  const std::string word = count > 1 ? words[1] : "";
  if (word == "time") {
    time_all();
    return 0;
  }
  const bool fine = run_cases(word.empty() ? -1 : std::atoi(word.c_str()));
  std::printf("%s\n", fine ? "all cases are ok" : "THERE ARE FAILURES");
  return fine ? 0 : 1;
}
