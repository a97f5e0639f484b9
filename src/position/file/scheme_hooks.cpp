#include "position/file/scheme_hooks.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"

namespace lengthwise {
namespace {

constexpr const char* kTensor = "Tensor";
constexpr const char* kWhole = "int";
constexpr const char* kTensors = "Dict[str, Tensor]";

/// After what is the hook's own: the parameters, the window and the model.
SchemeHook hook(std::string name, const std::vector<std::string>& tensors) {
  SchemeHook made{std::move(name), {}, kTensor};
  for (const std::string& tensor : tensors) made.arguments.push_back({tensor, kTensor});
  made.arguments.push_back({"p", kTensors});
  made.arguments.push_back({"length", kWhole});
  return made;
}

SchemeHook before_training(std::string name, std::string result, bool draws) {
  return {std::move(name), {}, std::move(result), draws};
}

std::vector<SchemeHook> make_hooks() {
  std::vector<SchemeHook> hooks = {
      before_training("parameters", kTensors, true),
      before_training("shared_parameters", kTensors, true),
      before_training("max_length", kWhole, false),
      hook("embed", {"x", "positions"}),
      hook("rotate", {"x", "positions"}),
      hook("rotate_queries", {"x", "positions"}),
      hook("rotate_keys", {"x", "positions"}),
      hook("bias", {"distance"}),
      hook("key_bias", {"hidden", "positions"}),
      hook("pair_bias", {"query_position", "key_position"}),
      hook("change", {"logits", "queries", "query_position", "key_position", "visible"}),
  };
  for (SchemeHook& each : hooks) {
    for (const char* size : {"heads", "width", "head_width", "layers", "train_length"}) {
      each.arguments.push_back({size, kWhole});
    }
  }
  return hooks;
}

void refuse_together(const SchemeProgram& program, const std::string& one,
                     const std::string& other) {
  if (!program.defines(one) || !program.defines(other)) return;
  fail_in_scheme_file(
      program.source().path, std::max(program.line_of(one), program.line_of(other)),
      fmt::format("{} and {} cannot stand together; leave one of them out", one, other));
}

}  // namespace

const std::vector<SchemeHook>& scheme_hooks() {
  static const std::vector<SchemeHook> hooks = make_hooks();
  return hooks;
}

int64_t size_of(const ModelShape& shape, std::string_view name) {
  if (name == "heads") return shape.heads;
  if (name == "width") return shape.width;
  if (name == "head_width") return shape.head_width();
  return name == "layers" ? shape.layers : shape.train_length;
}

const std::vector<std::string>& bias_hooks() {
  static const std::vector<std::string> hooks = {"bias", "key_bias", "pair_bias", "change"};
  return hooks;
}

void check_hooks(const SchemeProgram& program) {
  const std::vector<std::string> acting = {"embed", "rotate",   "rotate_queries", "rotate_keys",
                                           "bias",  "key_bias", "pair_bias",      "change"};
  const auto defined = [&](const std::string& name) { return program.defines(name); };
  if (std::ranges::none_of(acting, defined)) {
    fail_in_scheme_file(
        program.source().path, 1,
        fmt::format("defines none of {}; a scheme needs one", fmt::join(acting, ", ")));
  }
  for (const std::string& one : bias_hooks()) {
    for (const std::string& other : bias_hooks()) {
      if (one < other) refuse_together(program, one, other);
    }
  }
  refuse_together(program, "rotate", "rotate_queries");
  refuse_together(program, "rotate", "rotate_keys");
}

RotateHooks rotate_hooks(const SchemeProgram& program) {
  const auto one_of = [&](const std::string& name) {
    return program.defines(name) ? name : program.defines("rotate") ? "rotate" : std::string();
  };
  return {one_of("rotate_queries"), one_of("rotate_keys")};
}

std::string bias_hook(const SchemeProgram& program) {
  const auto found = std::ranges::find_if(
      bias_hooks(), [&](const std::string& name) { return program.defines(name); });
  return found == bias_hooks().end() ? "" : *found;
}

}  // namespace lengthwise
