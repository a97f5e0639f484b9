#include "training/checkpoint.h"

#include <cmath>

#include "temporary_folder.h"
#include "tensor_check.h"
#include "test.h"
#include "user_error_text.h"

namespace lengthwise {
namespace {

/// The line a user would read; empty where the file was taken.
std::string refusal(const fs::path& path, const NamedTensors& tensors) {
  return user_error_text([&] { load_tensors(SafetensorsFile(path), tensors); });
}

}  // namespace

TEST_CASE("Tensors come back from a checkpoint bit for bit, with its metadata", "[training]") {
  const TemporaryFolder folder;
  torch::manual_seed(1);
  const NamedTensors saved{{"weight", torch::randn({3, 5}).requires_grad_()},
                           {"transposed", torch::randn({4, 2}).t()},
                           {"place", torch::randn({3}, torch::kFloat64)},
                           {"scalar", torch::tensor(0.1f)},
                           {"odd", torch::tensor({-0.0f, 1e-42f, 3e38f})}};
  save_tensors(folder / "a.safetensors", saved, {{"step", "12"}, {"scheme", "alibi"}});

  NamedTensors loaded;
  for (const auto& [name, tensor] : saved) {
    loaded[name] = torch::full(tensor.sizes(), 7, tensor.scalar_type());
  }
  const SafetensorsFile file(folder / "a.safetensors");
  load_tensors(file, loaded);
  for (const auto& [name, tensor] : saved) {
    CAPTURE(name);
    CHECK(torch::equal(loaded.at(name), tensor));
  }
  CHECK(std::signbit(loaded.at("odd")[0].item<float>()));
  CHECK(file.metadata("step") == "12");
  CHECK(file.metadata("scheme") == "alibi");
}

TEST_CASE("Loading writes into parameters that need gradients", "[training]") {
  const TemporaryFolder folder;
  save_tensors(folder / "a.safetensors", {{"weight", torch::ones({2})}}, {});
  const NamedTensors mine{{"weight", torch::zeros({2}).requires_grad_()}};
  load_tensors(SafetensorsFile(folder / "a.safetensors"), mine);
  CHECK(largest_difference(mine.at("weight"), torch::ones({2})) == 0);
  CHECK(mine.at("weight").requires_grad());
}

TEST_CASE("A checkpoint of another model is refused, saying what differs", "[training]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.safetensors";
  save_tensors(path, {{"first", torch::ones({2, 3})}, {"second", torch::ones({4})}}, {});
  const auto first = torch::zeros({2, 3}), second = torch::zeros({4});
  REQUIRE(refusal(path, {{"first", first}, {"second", second}}).empty());

  SECTION("one is missing") {
    const auto line = refusal(path, {{"first", first}, {"second", second}, {"third", second}});
    CHECK(contains(line, path.string()));
    CHECK(contains(line, "lacks 'third'"));
  }
  SECTION("one is too many") {
    const auto line = refusal(path, {{"first", first}});
    CHECK(contains(line, path.string()));
    CHECK(contains(line, "holds 'second'"));
  }
  SECTION("another shape of as many numbers") {
    const auto line = refusal(path, {{"first", torch::zeros({3, 2})}, {"second", second}});
    CHECK(contains(line, "'first' is F32 [2, 3], here it is F32 [3, 2]"));
  }
  SECTION("another type") {
    const auto line =
        refusal(path, {{"first", first}, {"second", torch::zeros({4}, torch::kFloat64)}});
    CHECK(contains(line, "'second' is F32 [4], here it is F64 [4]"));
  }
}

TEST_CASE("A module's parameters go by their full names", "[training]") {
  struct Inner : torch::nn::Module {
    Inner() { register_parameter("weight", torch::ones({2})); }
  };
  struct Outer : torch::nn::Module {
    Outer() {
      register_module("inner", std::make_shared<Inner>());
      register_parameter("bias", torch::zeros({3}));
    }
  };
  const NamedTensors named = named_parameters(Outer());
  REQUIRE(named.size() == 2);
  CHECK(named.at("inner.weight").size(0) == 2);
  CHECK(named.at("bias").size(0) == 3);
}

}  // namespace lengthwise
