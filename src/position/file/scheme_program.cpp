#include "position/file/scheme_program.h"

#include <fmt/ranges.h>
#include <torch/csrc/jit/frontend/parser.h>
#include <torch/csrc/jit/frontend/resolver.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/interpreter.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "base/error.h"
#include "base/text.h"
#include "position/file/compiler_error.h"
#include "position/file/scheme_operators.h"

namespace lengthwise {
namespace {

namespace jit = torch::jit;
using jit::ErrorReport;
using jit::SourceRange;
using jit::SugaredValue;
using SugaredPtr = std::shared_ptr<SugaredValue>;
using Stack = std::vector<c10::IValue>;

const std::map<std::string, c10::ScalarType, std::less<>> kTypes = {
    {"float64", torch::kFloat64},
    {"double", torch::kFloat64},
    {"float32", torch::kFloat32},
    {"float", torch::kFloat32},
    {"bfloat16", torch::kBFloat16},
    {"float16", torch::kFloat16},
    {"half", torch::kFloat16},
    {"int64", torch::kInt64},
    {"long", torch::kInt64},
    {"int32", torch::kInt32},
    {"int", torch::kInt32},
    {"int16", torch::kInt16},
    {"int8", torch::kInt8},
    {"uint8", torch::kUInt8},
    {"bool", torch::kBool},
    {"complex64", torch::kComplexFloat},
    {"complex128", torch::kComplexDouble}};

const std::map<std::string, double, std::less<>> kNumbers = {
    {"pi", std::numbers::pi},
    {"e", std::numbers::e},
    {"tau", 2 * std::numbers::pi},
    {"inf", std::numeric_limits<double>::infinity()},
    {"nan", std::numeric_limits<double>::quiet_NaN()}};

constexpr std::string_view kModules[] = {"torch",         "math",         "torch.nn",
                                         "torch.special", "torch.linalg", "torch.nn.functional"};

SugaredPtr constant(const c10::IValue& value, jit::GraphFunction& function,
                    const SourceRange& range) {
  return std::make_shared<jit::SimpleValue>(function.graph()->insertConstant(value, range));
}

SugaredPtr builtin(const std::string& name) {
  return std::make_shared<jit::BuiltinFunction>(c10::Symbol::aten(name), std::nullopt);
}

/// What the names of modules stand for in a scheme file.
class Names final : public jit::Resolver, public std::enable_shared_from_this<Names> {
 public:
  /// prelude: its functions, where it is compiled already.
  Names(std::map<std::string, std::string> imports, const jit::CompilationUnit* prelude)
      : imports_(std::move(imports)), prelude_(prelude) {
    imports_.emplace("torch", "torch");
    imports_.emplace("math", "math");
  }

  void define(const std::string& name, c10::IValue value) { constants_[name] = std::move(value); }

  SugaredPtr resolveValue(const std::string& name, jit::GraphFunction& function,
                          const SourceRange& range) override {
    if (const auto value = constants_.find(name); value != constants_.end()) {
      return constant(value->second, function, range);
    }
    const auto imported = imports_.find(name);
    return imported == imports_.end() ? nullptr : value_of(imported->second, function, range);
  }

  c10::TypePtr resolveType(const std::string& name, const SourceRange&) override {
    const auto imported = imports_.find(name);
    const bool tensor = imported != imports_.end() && imported->second == "torch.Tensor";
    return tensor ? c10::TensorType::get() : nullptr;
  }

  /// Of "torch.nn.functional.softplus".
  SugaredPtr value_of(const std::string& path, jit::GraphFunction& function,
                      const SourceRange& range);

 private:
  SugaredPtr from_prelude(const std::string& name) const {
    auto* found = prelude_ == nullptr ? nullptr : prelude_->find_function(c10::QualifiedName(name));
    return found == nullptr ? nullptr : std::make_shared<jit::FunctionValue>(found);
  }

  std::map<std::string, std::string> imports_;
  std::map<std::string, c10::IValue> constants_;
  const jit::CompilationUnit* prelude_;
};

class Module final : public SugaredValue {
 public:
  Module(std::string path, std::shared_ptr<Names> names)
      : path_(std::move(path)), names_(std::move(names)) {}

  std::string kind() const override { return "module " + path_; }
  SugaredPtr attr(const SourceRange& range, jit::GraphFunction& function,
                  const std::string& field) override {
    return names_->value_of(path_ + "." + field, function, range);
  }

 private:
  std::string path_;
  std::shared_ptr<Names> names_;
};

[[noreturn]] void fail_unknown(const std::string& module, const std::string& name,
                               const SourceRange& range) {
  if (!jit::getAllOperatorsFor(c10::Symbol::aten(name)).empty()) {
    throw ErrorReport(range) << module << '.' << name
                             << " is not among the operators that a scheme file may use";
  }
  const auto nearest = nearest_name(name, allowed_torch_names());
  throw ErrorReport(range) << module << '.' << name << " is unknown"
                           << (nearest ? fmt::format("; did you mean '{}'?", *nearest) : "");
}

SugaredPtr Names::value_of(const std::string& path, jit::GraphFunction& function,
                           const SourceRange& range) {
  if (std::ranges::find(kModules, path) != std::end(kModules)) {
    return std::make_shared<Module>(path, shared_from_this());
  }
  const size_t dot = path.rfind('.');
  const std::string module = path.substr(0, dot), name = path.substr(dot + 1);
  if (module == "typing" || path == "typing") return nullptr;
  if (module == "torch") {
    if (const auto type = kTypes.find(name); type != kTypes.end()) {
      return constant(static_cast<int64_t>(type->second), function, range);
    }
  }
  if (const auto number = kNumbers.find(name);
      number != kNumbers.end() && (module == "torch" || module == "math")) {
    return constant(number->second, function, range);
  }
  if (module == "torch.nn.functional") {
    if (auto found = from_prelude("functional_" + name)) return found;
  }
  if (module == "math") {
    if (auto found = from_prelude("math_" + name)) return found;
  }
  const bool in_family = module == "torch.special" || module == "torch.linalg";
  const std::string operator_name =
      in_family ? module.substr(module.rfind('.') + 1) + "_" + name : name;
  const auto symbol = "aten::" + operator_name;
  if (!is_allowed_operator(symbol) ||
      jit::getAllOperatorsFor(c10::Symbol::aten(operator_name)).empty()) {
    fail_unknown(module, name, range);
  }
  return builtin(operator_name);
}

/// Parses and compiles functions into a unit.
void compile_into(jit::CompilationUnit& unit, std::string_view text, const std::string& path,
                  const std::shared_ptr<Names>& names,
                  const std::function<jit::Def(jit::Def)>& adapted) {
  jit::Parser parser(std::make_shared<jit::Source>(text, path, /*starting_line_no=*/1));
  std::vector<jit::Def> definitions;
  while (parser.lexer().cur().kind != jit::TK_EOF) {
    definitions.push_back(adapted(jit::Def(parser.parseFunction(/*is_method=*/false))));
  }
  const std::vector<jit::ResolverPtr> resolvers(definitions.size(), names);
  unit.define(std::nullopt, {}, {}, definitions, resolvers, nullptr);
}

const jit::CompilationUnit& prelude() {
  static const auto* compiled = [] {
    auto* unit = new jit::CompilationUnit();
    compile_into(*unit, kSchemePrelude, "prelude",
                 std::make_shared<Names>(std::map<std::string, std::string>(), nullptr),
                 [](jit::Def def) { return def; });
    return unit;
  }();
  return *compiled;
}

c10::TypePtr type_of(const std::string& type) {
  if (type == "Dict[str, Tensor]") {
    return c10::DictType::create(c10::StringType::get(), c10::TensorType::get());
  }
  if (type == "int") return c10::IntType::get();
  return c10::TensorType::get();
}

void for_each_node(const jit::Block& block, const std::function<void(const jit::Node&)>& visit) {
  for (const jit::Node* node : block.nodes()) {
    visit(*node);
    for (const jit::Block* inner : node->blocks()) for_each_node(*inner, visit);
  }
}

void check_operators(const jit::Function& function) {
  for_each_node(*jit::toGraphFunction(function).graph()->block(), [](const jit::Node& node) {
    const std::string name = node.kind().toQualString();
    if (is_allowed_operator(name) && node.kind() != c10::prim::PythonOp) return;
    throw ErrorReport(node.sourceRange())
        << "'" << (name == "prim::Print" ? "print" : name.substr(name.find("::") + 2))
        << "' is not among the operators that a scheme file may use";
  });
}

void check_draws_nothing(const jit::Graph& graph, const std::string& hook) {
  for_each_node(*graph.block(), [&](const jit::Node& node) {
    if (!draws_random_numbers(node.kind().toQualString())) return;
    throw ErrorReport(node.sourceRange())
        << hook << " draws random numbers, which only `parameters` may: a block is computed again "
        << "in backward";
  });
}

/// Of all tensors handed over, how often each was changed in place.
std::vector<uint32_t> versions(const Stack& arguments) {
  std::vector<uint32_t> all;
  const auto add = [&](const torch::Tensor& tensor) {
    if (tensor.defined() && !tensor.is_inference()) all.push_back(tensor._version());
  };
  for (const c10::IValue& value : arguments) {
    if (value.isTensor()) add(value.toTensor());
    if (!value.isGenericDict()) continue;
    for (const auto& entry : value.toGenericDict()) add(entry.value().toTensor());
  }
  return all;
}

/// Runs what may throw any of LibTorch's errors; they come out as UserErrors of one line.
template <class Work>
std::invoke_result_t<Work> in_one_line(const SchemeSource& source, int64_t otherwise, Work&& work) {
  const auto say = [&](std::string_view text) {
    const CompilerError error = read_compiler_error(text, source.path, otherwise);
    fail_in_scheme_file(source.path, error.line, error.what);
  };
  try {
    return work();
  } catch (const UserError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& error) {
    say(error.what_without_backtrace());
  } catch (const std::exception& error) {
    say(error.what());
  }
  throw std::logic_error("not reached");
}

}  // namespace

struct SchemeProgram::Compiled {
  struct Function {
    std::vector<std::string> arguments;
    jit::Code code;
    int64_t line;
  };

  jit::CompilationUnit unit;
  std::map<std::string, Function> hooks;
};

namespace {

/// Its arguments with the types that the program hands over, where the file says none.
jit::Def with_types(const jit::Def& def, const SchemeHook& hook) {
  std::vector<jit::Param> params;
  for (const jit::Param& param : def.decl().params()) {
    const std::string name = param.ident().name();
    const auto known = std::ranges::find(hook.arguments, name, &SchemeArgument::name);
    if (known == hook.arguments.end()) {
      throw ErrorReport(param.range())
          << hook.name << " is handed no '" << name << "'; it is " << signature_text(hook);
    }
    if (param.type().present()) {
      params.push_back(param);
      continue;
    }
    jit::Parser parser(std::make_shared<jit::Source>(known->type));
    params.push_back(
        param.withType(jit::Maybe<jit::Expr>::create(param.range(), parser.parseExp())));
  }
  return def.withDecl(jit::Decl::create(def.decl().range(),
                                        jit::List<jit::Param>::create(def.decl().range(), params),
                                        def.decl().return_type()));
}

void check_signature(const jit::Function& function, const SchemeHook& hook, int64_t line,
                     const SchemeSource& source) {
  const c10::FunctionSchema& schema = function.getSchema();
  for (const c10::Argument& argument : schema.arguments()) {
    const auto known = std::ranges::find(hook.arguments, argument.name(), &SchemeArgument::name);
    if (*argument.type() == *type_of(known->type)) continue;
    fail_in_scheme_file(
        source.path, line,
        fmt::format("{}: '{}' is {}, not {}; it is {}", hook.name, argument.name(), known->type,
                    argument.type()->annotation_str(), signature_text(hook)));
  }
  const c10::TypePtr& result = schema.returns().at(0).type();
  if (*result == *type_of(hook.result)) return;
  fail_in_scheme_file(source.path, line,
                      fmt::format("{} returns {}; it is {}", hook.name, result->annotation_str(),
                                  signature_text(hook)));
}

c10::IValue constant_value(const SchemeSource& source, const SchemeSource::Constant& each,
                           const std::shared_ptr<Names>& names) {
  return in_one_line(source, each.line, [&] {
    jit::CompilationUnit unit;
    const std::string text = "def value():\n    return (" + each.expression + ")\n";
    compile_into(unit, text, each.name, names, [](jit::Def def) { return def; });
    const jit::Function& function = unit.get_function(c10::QualifiedName("value"));
    check_operators(function);
    auto graph = jit::toGraphFunction(function).graph()->copy();
    check_draws_nothing(*graph, each.name);
    Stack stack;
    jit::InterpreterState(jit::Code(graph, "value")).run(stack);
    return stack.at(0);
  });
}

}  // namespace

SchemeProgram::SchemeProgram(SchemeSource source, const std::vector<SchemeHook>& hooks)
    : source_(std::move(source)), compiled_(std::make_unique<Compiled>()) {
  const auto names = std::make_shared<Names>(source_.imports, &prelude());
  for (const SchemeSource::Constant& each : source_.constants) {
    names->define(each.name, constant_value(source_, each, names));
  }
  std::map<std::string, int64_t> lines;
  in_one_line(source_, 1, [&] {
    compile_into(compiled_->unit, source_.functions, source_.path, names, [&](const jit::Def& def) {
      const std::string name = def.name().name();
      const SourceRange range = def.name().range();
      const auto line = static_cast<int64_t>(range.source()->lineno_for_offset(range.start())) + 1;
      if (!lines.emplace(name, line).second) {
        throw ErrorReport(range) << name << " is defined twice";
      }
      const auto hook = std::ranges::find(hooks, name, &SchemeHook::name);
      return hook == hooks.end() ? def : with_types(def, *hook);
    });
    for (const jit::Function* function : compiled_->unit.get_functions()) {
      in_one_line(source_, lines.at(function->name()), [&] { check_operators(*function); });
    }
    for (const SchemeHook& hook : hooks) {
      const jit::Function* function = compiled_->unit.find_function(c10::QualifiedName(hook.name));
      if (function == nullptr) continue;
      check_signature(*function, hook, lines.at(hook.name), source_);
      auto graph = jit::toGraphFunction(*function).graph()->copy();
      jit::Inline(*graph);
      if (!hook.draws) check_draws_nothing(*graph, hook.name);
      Compiled::Function& compiled = compiled_->hooks[hook.name];
      for (const c10::Argument& argument : function->getSchema().arguments()) {
        compiled.arguments.push_back(argument.name());
      }
      compiled.code = jit::Code(graph, hook.name);
      compiled.line = lines.at(hook.name);
    }
  });
}

SchemeProgram::~SchemeProgram() = default;

bool SchemeProgram::defines(const std::string& function) const {
  return compiled_->hooks.contains(function);
}

const std::vector<std::string>& SchemeProgram::arguments(const std::string& function) const {
  return compiled_->hooks.at(function).arguments;
}

int64_t SchemeProgram::line_of(const std::string& function) const {
  return compiled_->hooks.at(function).line;
}

c10::IValue SchemeProgram::call(const std::string& function, Stack arguments) const {
  const Compiled::Function& compiled = compiled_->hooks.at(function);
  const auto before = versions(arguments);
  Stack stack = arguments;
  in_one_line(source_, compiled.line, [&] {
    jit::InterpreterState(compiled.code).run(stack);
    return true;
  });
  if (versions(arguments) != before) {
    fail_at(function, "changes what it is handed in place; work on a copy, as x.clone()");
  }
  return stack.at(0);
}

void SchemeProgram::fail_at(const std::string& function, const std::string& what) const {
  fail_in_scheme_file(source_.path, line_of(function), fmt::format("{} {}", function, what));
}

std::string signature_text(const SchemeHook& hook) {
  std::vector<std::string> arguments;
  for (const SchemeArgument& each : hook.arguments) {
    arguments.push_back(fmt::format("{}: {}", each.name, each.type));
  }
  return fmt::format("def {}({}) -> {}, of which it takes what it needs", hook.name,
                     fmt::join(arguments, ", "), hook.result);
}

}  // namespace lengthwise
