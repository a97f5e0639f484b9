#include "model/device.h"

#include <cstdlib>

#include "model/meta_shapes.h"
#include "model/transformer.h"
#include "position/registry.h"
#include "position/scheme_options.h"
#include "test.h"
#include "training/optimizer.h"
#include "training/options.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

constexpr int64_t kVocabularySize = 50, kLength = 24;

struct Kind {
  const char* name;
  int64_t window, sinks;
  double attention_dropout;
  torch::ScalarType products;
};
const Kind kKinds[] = {
    {"everything seen", 0, 0, 0, torch::kFloat32},
    {"a window with sinks", 7, 2, 0, torch::kFloat32},
    {"dropout of attention", 0, 0, 0.2, torch::kFloat32},
    {"products in bfloat16", 0, 0, 0, torch::kBFloat16},
    {"a window with sinks in bfloat16", 7, 2, 0, torch::kBFloat16},
};

Transformer model_of(const SchemeEntry& entry, const Kind& kind) {
  ModelOptions options;
  options.width = 32;
  options.layers = 2;
  options.heads = 2;
  options.feedforward = 48;
  options.train_length = 64;
  options.window = kind.window;
  options.sinks = kind.sinks;
  options.attention_dropout = kind.attention_dropout;
  Transformer model =
      make_transformer(options, options_of(entry, options.shape()), kVocabularySize);
  model->reset_parameters(3);
  model->products = kind.products;
  return model;
}

struct Batch {
  torch::Tensor inputs, targets;
};

Batch batch_of(torch::Device device) {
  torch::manual_seed(4);
  const auto tokens = torch::randint(kVocabularySize, {3, kLength + 1}, torch::kInt64);
  return {tokens.slice(1, 0, kLength).contiguous().to(device),
          tokens.slice(1, 1).contiguous().flatten()};
}

/// A step of training but for the update.
torch::Tensor loss_and_gradients(Transformer& model, const Batch& batch) {
  model->train();
  const auto hidden = model->forward(batch.inputs, /*draw=*/5).flatten(0, 1);
  auto loss = model->head->mean_nats(hidden, batch.targets);
  loss.backward();
  return loss;
}

/// What a module holds becomes shapes without numbers, in place: every handle to it sees that.
void move_to_meta(torch::nn::Module& module) {
  const auto move = [](const torch::Tensor& tensor) {
    const auto shape = torch::empty_like(tensor.detach(), torch::kMeta);
    tensor.unsafeGetTensorImpl()->shallow_copy_from(shape.getIntrusivePtr());
  };
  for (const auto& parameter : module.parameters()) move(parameter);
  for (const auto& buffer : module.buffers()) move(buffer);
}

/// "cuda" where LENGTHWISE_TEST_DEVICE says so.
std::optional<torch::Device> second_device() {
  const char* name = std::getenv("LENGTHWISE_TEST_DEVICE");
  if (name == nullptr) return std::nullopt;
  return open_device(name);
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  const auto exact = b.to(torch::kFloat64);
  return ((a.to(torch::kFloat64) - exact).abs().max() / exact.abs().max().clamp_min(1e-6))
      .item<double>();
}

TEST_CASE("Every scheme's step makes its tensors where positions and parameters are", "[model]") {
  // A tensor made on the CPU meets one without numbers, and LibTorch refuses.
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const Kind& kind : kKinds) {
      CAPTURE(entry.name, kind.name);
      Transformer model = model_of(entry, kind);
      move_to_meta(*model);
      const Batch batch = batch_of(torch::kMeta);
      CHECK(loss_and_gradients(model, batch).is_meta());
      const auto optimizer = make_optimizer(TrainingOptions{}, named_parameters(*model));
      CHECK(optimizer->clip_gradients(1).is_meta());
      for (const auto& parameter : model->parameters()) {
        REQUIRE(parameter.grad().defined());
        CHECK(parameter.grad().is_meta());
      }
      const torch::NoGradGuard no_grad;
      CHECK(model->forward_last(batch.inputs, 5, 1).is_meta());
      CHECK(model->products == model->forward(batch.inputs, 1).scalar_type());
    }
  }
}

TEST_CASE("Products in bfloat16 change losses and gradients by their rounding alone", "[model]") {
  for (const SchemeEntry& entry : scheme_entries()) {
    CAPTURE(entry.name);
    Transformer exact = model_of(entry, kKinds[0]), rounded = model_of(entry, kKinds[3]);
    const Batch batch = batch_of(torch::kCPU);
    const auto expected = loss_and_gradients(exact, batch);
    const auto found = loss_and_gradients(rounded, batch);
    CHECK(found.scalar_type() == torch::kFloat32);
    CHECK(found.item<double>() == Approx(expected.item<double>()).epsilon(0.003));
    double squares = 0, differences = 0;
    const auto exact_parameters = exact->parameters(), rounded_parameters = rounded->parameters();
    for (size_t i = 0; i < exact_parameters.size(); ++i) {
      REQUIRE(rounded_parameters[i].grad().scalar_type() == torch::kFloat32);
      squares += exact_parameters[i].grad().square().sum().item<double>();
      differences +=
          (rounded_parameters[i].grad() - exact_parameters[i].grad()).square().sum().item<double>();
    }
    CHECK(std::sqrt(differences / squares) < 0.03);
  }
}

TEST_CASE("Every scheme's step on the second device is the CPU's", "[model][device]") {
  const auto device = second_device();
  if (!device) return;
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const Kind& kind : kKinds) {
      if (kind.attention_dropout > 0) continue;  // another generator
      CAPTURE(entry.name, kind.name);
      Transformer here = model_of(entry, kind), there = model_of(entry, kind);
      there->to(*device);
      const auto expected = loss_and_gradients(here, batch_of(torch::kCPU));
      const auto found = loss_and_gradients(there, batch_of(*device));
      const double bound = kind.products == torch::kFloat32 ? 2e-5 : 0.05;
      CHECK(largest_difference(found.cpu(), expected) < bound);
      const auto here_parameters = here->parameters(), there_parameters = there->parameters();
      for (size_t i = 0; i < here_parameters.size(); ++i) {
        CHECK(largest_difference(there_parameters[i].grad().cpu(), here_parameters[i].grad()) <
              20 * bound);
      }
    }
  }
}

TEST_CASE("A step on the second device gives the same bits twice", "[model][device]") {
  const auto device = second_device();
  if (!device) return;
  for (const SchemeEntry& entry : scheme_entries()) {
    for (const Kind& kind : kKinds) {
      CAPTURE(entry.name, kind.name);
      Transformer first = model_of(entry, kind), second = model_of(entry, kind);
      first->to(*device);
      second->to(*device);
      const Batch batch = batch_of(*device);
      CHECK(torch::equal(loss_and_gradients(first, batch), loss_and_gradients(second, batch)));
      for (size_t i = 0; i < first->parameters().size(); ++i) {
        CHECK(torch::equal(first->parameters()[i].grad(), second->parameters()[i].grad()));
      }
    }
  }
}

TEST_CASE("A device that is none is refused by its name", "[model]") {
  for (const std::string name : {"gpu", "cuda:", "cuda:x", "CPU", "meta", ""}) {
    CHECK(user_error_text([&] { open_device(name); }) ==
          "run.device: '" + name + "' is no device; cpu, cuda or cuda:1");
  }
  CHECK(open_device("cpu").is_cpu());
  CHECK(open_precision("fp32", torch::kCPU, SlowProducts::refuse) == torch::kFloat32);
  CHECK(open_precision("bf16", torch::kCPU, SlowProducts::allow) == torch::kBFloat16);
}

}  // namespace
}  // namespace lengthwise
