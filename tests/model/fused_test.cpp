#include <cstdlib>
#include <functional>

#include "fused/adamw.h"
#include "fused/library.h"
#include "fused/linear.h"
#include "fused/loss_rows.h"
#include "fused/norm.h"
#include "fused/turn.h"
#include "model/device.h"
#include "test.h"

namespace lengthwise {
namespace {

using torch::Tensor;
using Tensors = std::vector<Tensor>;
using Operation = std::function<Tensors(const Tensors&)>;

constexpr auto kBf16 = torch::kBFloat16;
constexpr auto kFloat = torch::kFloat32;
constexpr auto kDouble = torch::kFloat64;

struct Shape {
  int64_t rows, columns;
};

/// "cuda" where LENGTHWISE_TEST_DEVICE says so; then the kernels must be there.
std::optional<torch::Device> kernels_device() {
  const char* name = std::getenv("LENGTHWISE_TEST_DEVICE");
  if (name == nullptr) return std::nullopt;
  const auto device = open_device(name);
  REQUIRE(open_cuda_kernels().empty());
  REQUIRE(kernels_reach(torch::zeros({1}, device)));
  return device;
}

double largest_difference(const Tensor& found, const Tensor& expected) {
  const auto exact = expected.to(kDouble);
  REQUIRE(found.sizes() == expected.sizes());
  return ((found.cpu().to(kDouble) - exact).abs().max() / exact.abs().max().clamp_min(1e-6))
      .item<double>();
}

/// What an operation gives, and the gradients of its inputs under a fixed weighting of it.
struct Result {
  Tensors outputs, gradients;
};

Result run(const Operation& operation, const Tensors& inputs) {
  Tensors leaves;
  for (const Tensor& x : inputs) leaves.push_back(x.detach().clone().requires_grad_());
  Result result{operation(leaves), {}};
  Tensor total = torch::zeros({}, inputs[0].options().dtype(kDouble));
  torch::manual_seed(9);
  for (const Tensor& output : result.outputs) {
    const auto slope = torch::randn(output.sizes()).to(kBf16).to(output.options());
    total = total + (output * slope).sum(kDouble);
  }
  total.backward();
  for (const Tensor& leaf : leaves) result.gradients.push_back(leaf.grad());
  return result;
}

void check_all(const Tensors& found, const Tensors& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    // Half a unit of bfloat16 is 2^-9 of the largest numbers; some pass through two roundings.
    CHECK(largest_difference(found[i], expected[i]) < 8e-3);
  }
}

/// The operation on the device against its twin in float64 on the CPU, and against itself.
void check_twin(torch::Device device, const Operation& fused, const Operation& plain,
                const Tensors& inputs) {
  Tensors there, exact;
  for (const Tensor& x : inputs) there.push_back(x.to(device)), exact.push_back(x.to(kDouble));
  const Result expected = run(plain, exact), found = run(fused, there);
  check_all(found.outputs, expected.outputs);
  check_all(found.gradients, expected.gradients);
  const Result again = run(fused, there);
  for (size_t i = 0; i < found.outputs.size(); ++i) {
    CHECK(torch::equal(found.outputs[i], again.outputs[i]));
  }
  for (size_t i = 0; i < found.gradients.size(); ++i) {
    CHECK(torch::equal(found.gradients[i], again.gradients[i]));
  }
}

TEST_CASE("Pairs are turned on the second device as by float64", "[model][device]") {
  const auto device = kernels_device();
  if (!device) return;
  torch::manual_seed(1);
  constexpr int64_t kLength = 13, kHeads = 3;
  for (const std::string pairing : {"half", "interleaved"}) {
    struct Turn {
      int64_t width, turned, queries;
    };
    for (const Turn shape : {Turn{64, 64, 13}, Turn{32, 16, 13}, Turn{40, 24, 5}}) {
      const int64_t width = shape.width, turned = shape.turned, queries = shape.queries;
      CAPTURE(pairing, width, turned, queries);
      const auto angles = torch::randn({kLength, turned / 2});
      const auto operation = [&](bool fused) {
        return [&, fused](const Tensors& in) {
          const auto type = fused ? kFloat : kDouble;
          const auto cosines = angles.cos().to(in[0].device(), type);
          const auto sines = angles.sin().to(in[0].device(), type);
          const auto parts =
              fused ? split_heads(in[0], 3, kHeads) : plain_split_heads(in[0], 3, kHeads);
          const auto queried = parts[0].slice(2, kLength - queries);
          const auto turn = fused ? turn_pairs : plain_turn_pairs;
          return Tensors{turn(queried, cosines, sines, pairing, 0.7),
                         turn(parts[1], cosines, sines, pairing, 1), parts[2] * 1};
        };
      };
      check_twin(*device, operation(true), operation(false),
                 {torch::randn({2, kLength, 3 * kHeads * width}).to(kBf16)});
    }
  }
}

TEST_CASE("Residuals and norms on the second device are float64's", "[model][device]") {
  const auto device = kernels_device();
  if (!device) return;
  torch::manual_seed(2);
  for (const Shape shape : {Shape{37, 48}, Shape{5, 1000}, Shape{2300, 64}}) {
    const int64_t rows = shape.rows, width = shape.columns;
    for (const bool layer_norm : {true, false}) {
      for (const bool branch : {true, false}) {
        CAPTURE(rows, width, layer_norm, branch);
        const auto operation = [&](bool fused) {
          return [&, fused](const Tensors& in) {
            const NormParameters parameters{in[1], layer_norm ? in[2] : Tensor(), 1e-5};
            const auto added = branch ? in.back() : Tensor();
            const auto [sum, normed] = fused
                                           ? add_and_norm(in[0], added, parameters, kBf16)
                                           : plain_add_and_norm(in[0], added, parameters, kDouble);
            return Tensors{sum * 1, normed};
          };
        };
        Tensors inputs{torch::randn({rows, width}) * 3 + 1, torch::rand({width}) + 0.5};
        if (layer_norm) inputs.push_back(torch::randn({width}));
        if (branch) inputs.push_back(torch::randn({rows, width}).to(kBf16));
        check_twin(*device, operation(true), operation(false), inputs);
      }
    }
  }
}

TEST_CASE("Linear maps with activations on the second device are float64's", "[model][device]") {
  const auto device = kernels_device();
  if (!device) return;
  torch::manual_seed(3);
  for (const Shape shape : {Shape{48, 16}, Shape{2064, 24}}) {
    const int64_t out_width = shape.rows, in_width = shape.columns;
    const auto x = torch::randn({2, 7, in_width}).to(kBf16);
    const auto matrix = [&] { return (torch::randn({out_width, in_width}) / 4).to(kBf16); };
    const auto vector = [&] { return torch::randn({out_width}).to(kBf16); };
    for (const auto activation : {Activation::none, Activation::relu, Activation::gelu}) {
      for (const bool bias : {true, false}) {
        CAPTURE(in_width, out_width, static_cast<int>(activation), bias);
        const auto operation = [&](bool fused) {
          return [&, fused](const Tensors& in) {
            const LinearParameters parameters{in[1], bias ? in[2] : Tensor()};
            return Tensors{(fused ? linear : plain_linear)(in[0], parameters, activation)};
          };
        };
        Tensors inputs{x, matrix().to(kFloat)};
        if (bias) inputs.push_back(vector().to(kFloat));
        check_twin(*device, operation(true), operation(false), inputs);
      }
    }
    const auto gated = [&](bool fused) {
      return [fused](const Tensors& in) {
        return Tensors{
            (fused ? gated_linear : plain_gated_linear)(in[0], {in[1], in[2]}, {in[3], in[4]})};
      };
    };
    check_twin(
        *device, gated(true), gated(false),
        {x, matrix().to(kFloat), vector().to(kFloat), matrix().to(kFloat), vector().to(kFloat)});
  }
}

TEST_CASE("Cross-entropy's rows on the second device are float64's", "[model][device]") {
  const auto device = kernels_device();
  if (!device) return;
  torch::manual_seed(4);
  constexpr double kWeight = 0.25;
  for (const Shape shape : {Shape{50, 64}, Shape{33, 36}, Shape{9001, 9024}}) {
    const int64_t vocabulary = shape.rows, columns = shape.columns;
    CAPTURE(vocabulary, columns);
    const auto logits = torch::randn({5, columns}) * 4;
    const auto targets =
        torch::tensor({int64_t{0}, vocabulary - 1, int64_t{7}, int64_t{8}, int64_t{31}});
    const auto expected = plain_loss_rows(logits.slice(1, 0, vocabulary).to(kDouble), targets,
                                          vocabulary, kWeight, kDouble);
    const auto find = [&] {
      return loss_rows(logits.to(*device), targets.to(*device), vocabulary, kWeight, kBf16);
    };
    const auto found = find(), again = find();
    CHECK(largest_difference(found.nats, expected.nats) < 2e-6);
    CHECK(largest_difference(found.gradient.slice(1, 0, vocabulary), expected.gradient) < 4e-3);
    CHECK(found.gradient.slice(1, vocabulary).abs().max().item<double>() == 0);
    CHECK(torch::equal(found.nats, again.nats));
    CHECK(torch::equal(found.gradient, again.gradient));
  }
}

TEST_CASE("AdamW on the second device is the CPU's, its factor included", "[model][device]") {
  const auto device = kernels_device();
  if (!device) return;
  torch::manual_seed(5);
  AdamWLists here, there;
  for (int64_t size = 1; size <= 70; ++size) {  // more tensors than a launch takes
    here.values.push_back(torch::randn({size * size + 3}));
    here.means.push_back(torch::zeros({size * size + 3}));
    here.squares.push_back(torch::zeros({size * size + 3}));
  }
  const auto sent_there = [&](const Tensors& tensors) {
    Tensors sent;
    for (const Tensor& x : tensors) sent.push_back(x.to(*device, x.scalar_type(), false, true));
    return sent;
  };
  there = {sent_there(here.values), {}, sent_there(here.means), sent_there(here.squares)};
  for (int64_t step = 1; step <= 4; ++step) {
    here.gradients.clear();
    for (const Tensor& x : here.values) here.gradients.push_back(torch::randn_like(x));
    there.gradients = sent_there(here.gradients);
    const AdamWRates rates{0.1, 0.9, 0.98, 0.2, 1e-8, step};
    const auto factor = torch::full({}, 0.3f);
    const auto version = there.values[0]._version();
    adamw(there, rates, factor.to(*device));
    plain_adamw(here, rates, factor);
    CHECK(there.values[0]._version() > version);
  }
  for (size_t i = 0; i < here.values.size(); ++i) {
    CAPTURE(i);
    CHECK(largest_difference(there.values[i], here.values[i]) < 2e-6);
    CHECK(largest_difference(there.means[i], here.means[i]) < 2e-6);
    CHECK(largest_difference(there.squares[i], here.squares[i]) < 2e-6);
  }
}

}  // namespace
}  // namespace lengthwise
