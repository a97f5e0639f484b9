#include "position/file/scheme_program.h"

#include <cmath>

#include "position/file/scheme_hooks.h"
#include "position/file/scheme_operators.h"
#include "position/file/scheme_text.h"
#include "tensor_check.h"
#include "test.h"

namespace lengthwise {
namespace {

/// What `bias` gives at distances 0, 1, 2 and 3, of a file with these lines before it.
torch::Tensor bias_at_four(const std::string& before, const std::string& expression) {
  const std::string path =
      scheme_file(before + "\ndef bias(distance: Tensor, heads: int):\n    x = " + expression +
                  "\n    return x.expand(heads, -1)\n");
  const SchemeProgram program(read_scheme_source(path), scheme_hooks());
  return program.call("bias", {torch::arange(4, torch::kFloat64), int64_t{2}}).toTensor()[0];
}

void check_gives(const std::string& before, const std::string& expression,
                 const std::vector<double>& expected) {
  CAPTURE(before, expression);
  CHECK(largest_difference(bias_at_four(before, expression),
                           torch::tensor(expected, torch::kFloat64)) < 1e-12);
}

/// A file whose bias runs this line first, and uses the y that it may define: what nothing uses is
/// never run.
std::string with_line(const std::string& line) {
  const std::string use = line.starts_with("y") ? "\n    used = [y]" : "\n    used = [heads]";
  return "import torch\n\ndef bias(distance: Tensor, heads: int):\n    " + line + use +
         "\n    return -distance.expand(heads, -1) * len(used)\n";
}

}  // namespace

TEST_CASE("A scheme file may import torch, math and typing by any of their names",
          "[position][file]") {
  check_gives("import torch", "torch.log1p(distance)",
              {0, std::log(2.0), std::log(3.0), std::log(4.0)});
  check_gives("import torch as th", "th.exp(-distance)",
              {1, std::exp(-1.0), std::exp(-2.0), std::exp(-3.0)});
  check_gives("import math", "distance * math.pi", {0, M_PI, 2 * M_PI, 3 * M_PI});
  check_gives("from math import (\n    pi,\n    log as ln,\n)", "distance * ln(pi)",
              {0, std::log(M_PI), 2 * std::log(M_PI), 3 * std::log(M_PI)});
  check_gives("import math", "distance * math.log2(8.0)", {0, 3, 6, 9});
  check_gives("import torch.nn.functional as F", "F.softsign(distance)",
              {0, 1. / 2, 2. / 3, 3. / 4});
  check_gives("from torch.nn import functional as F", "F.relu(distance - 1)", {0, 0, 1, 2});
  check_gives("import torch", "torch.nn.functional.relu(distance - 2)", {0, 0, 0, 1});
  check_gives("from torch import Tensor, float32\nfrom typing import Dict, List",
              "distance.to(float32).to(torch.float64)", {0, 1, 2, 3});
  check_gives("import torch", "torch.special.expm1(distance)",
              {0, std::expm1(1.0), std::expm1(2.0), std::expm1(3.0)});
}

TEST_CASE("A value at the outermost level is known to functions and to later values",
          "[position][file]") {
  check_gives("import math\nBASE: float = 100.0\nHALF = math.log(BASE) / 2  # of it\n",
              "distance * HALF", {0, std::log(10.0), 2 * std::log(10.0), 3 * std::log(10.0)});
  check_gives("STEPS = [\n    1,\n    2,  # the second\n]", "distance * STEPS[1]", {0, 2, 4, 6});
  check_gives("import torch\nTABLE = torch.tensor([4.0, 3.0, 2.0, 1.0], dtype=torch.float64)",
              "TABLE[distance.to(torch.int64)]", {4, 3, 2, 1});
  check_gives("STEPS = {\n    'a': 1,\n    'b': 2,  # the last\n}", "distance * STEPS['b']",
              {0, 2, 4, 6});
  check_gives("NAME = 'a # in a string'", "distance * len(NAME)", {0, 15, 30, 45});
}

TEST_CASE("What Python alone runs, docstrings and comments are passed over", "[position][file]") {
  check_gives(
      "\"\"\"Of\nmany lines: def bias(\n\"\"\"\n# a comment\nif __name__ == \"__main__\":\n"
      "    import sys\n    print(sys.argv)\n",
      "distance", {0, 1, 2, 3});
}

TEST_CASE("The types of a hook's arguments need not be written, or may be in any spelling",
          "[position][file]") {
  const auto accepted = [](const std::string& arguments, const std::string& result) {
    return refusal_of(
        "import torch\nfrom typing import Dict\nfrom torch import Tensor\n\n"
        "def parameters(heads):\n    return {\"slope\": torch.ones([heads])}\n\n"
        "def bias(" +
        arguments + ")" + result + ":\n    return -p[\"slope\"][:, None] * distance\n");
  };
  CHECK(accepted("distance, p", "") == "");
  CHECK(accepted("p, distance", "") == "");
  CHECK(accepted("distance: Tensor, p: Dict[str, Tensor]", " -> Tensor") == "");
  CHECK(accepted("distance: torch.Tensor, p: dict[str, torch.Tensor]", " -> torch.Tensor") == "");
}

TEST_CASE("What is wrong with a scheme file is one line with its place", "[position][file]") {
  const auto refused = [](const std::string& text, const std::string& begins,
                          const std::string& says) {
    const std::string line = refusal_of(text);
    CAPTURE(text, line);
    CHECK(line.starts_with(begins));
    CHECK(contains(line, says));
    CHECK_FALSE(contains(line, "\n"));
  };
  refused("import torch\ndef bias(distance):\n    return distance[None] +\n",
          "idea.py:3: ", "expected");
  refused("import torch\ndef bias(distance:\n    return 1\n", "idea.py:2: ", "not closed");
  refused("X = 'open\n", "idea.py:1: ", "string has no end");
  refused("import torch\n\ndef bias(dist):\n    return -dist\n", "idea.py:3: ",
          "bias is handed no 'dist'; it is def bias(distance: Tensor, p: Dict[str, Tensor]");
  refused("def bias(distance: float, heads: int):\n    return distance\n",
          "idea.py:1: ", "'distance' is Tensor, not float");
  refused("def bias(distance, heads: int):\n    return heads\n", "idea.py:1: ", "bias returns int");
  refused("import torch\ndef bias(distance):\n    return torch.lg1p(distance)\n",
          "idea.py:3: ", "torch.lg1p is unknown");
  refused("import torch\ndef bias(distance):\n    return torch.lg1p(distance)\n",
          "idea.py:3: ", "did you mean 'log1p'?");
  refused("def bias(distance):\n    return distance.lg1p()\n", "idea.py:2: ", "lg1p");
  refused("def bias(distance):\n    return slope * distance\n", "idea.py:2: ", "slope");
  refused("import numpy as np\ndef bias(distance):\n    return distance\n",
          "idea.py:1: ", "imports numpy; a scheme file may import torch");
  refused("import torch\nclass Bias:\n    pass\n",
          "idea.py:2: ", "cannot stand at the outermost level");
  refused("import torch\nX = torch.lg1p(1.0)\ndef bias(distance):\n    return distance\n",
          "idea.py:2: ", "torch.lg1p is unknown");
  refused("def biass(distance):\n    return distance\n", "idea.py:1: ", "defines none of embed");
  refused("def bias(distance):\n    return distance\ndef bias(distance):\n    return distance\n",
          "idea.py:3: ", "defined twice");
  CHECK(contains(user_error_text([] { options_with("not/there.py").validate(kFileShape); }),
                 "position.scheme: not/there.py is not there"));
}

TEST_CASE("A scheme file reaches no file, no raw memory and no output", "[position][file]") {
  for (const std::string line : {"torch.save(distance, 'x')",
                                 "torch.load('x')",
                                 "y = torch.from_file('/etc/passwd', False, 10, dtype=torch.uint8)",
                                 "y = torch.jit.load('x')",
                                 "y = torch.ops.aten.from_file('x')",
                                 "y = torch.empty([heads])",
                                 "y = torch.empty_like(distance)",
                                 "y = distance.new_empty([heads])",
                                 "y = distance.as_strided([2], [1], 5)",
                                 "y = distance.resize_(100)",
                                 "y = distance.set_(distance)",
                                 "y = distance.data_ptr()",
                                 "y = distance.storage_offset()",
                                 "y = distance.record_stream(distance)",
                                 "y = torch.frombuffer(distance)",
                                 "y = torch._cufft_clear_plan_cache(0)",
                                 "y = torch.get_gradients(1)",
                                 "y = torch.wait(distance)",
                                 "y = torch.jit.fork(torch.abs, distance)",
                                 "y = torch.hub.load('x', 'y')",
                                 "y = torch.classes.x.y(1)",
                                 "y = torch.manual_seed(1)",
                                 "y = torch.set_grad_enabled(False)",
                                 "print(distance)",
                                 "y = open('x')",
                                 "y = __import__('os')",
                                 "y = eval('1')",
                                 "exec('1')",
                                 "y = distance.numpy()",
                                 "y = distance.grad",
                                 "y = distance.share_memory_()"}) {
    CAPTURE(line);
    const std::string said = refusal_of(with_line(line));
    const bool unplaced = contains(line, ".grad");  // the compiler tells the function's line alone
    CHECK(said.starts_with(unplaced ? "idea.py:3: " : "idea.py:4: "));
  }
  CHECK(refusal_of(with_line("y = torch.zeros_like(distance)")) == "");
  CHECK_FALSE(is_allowed_operator("aten::from_file"));
  CHECK_FALSE(is_allowed_operator("aten::save"));
  CHECK_FALSE(is_allowed_operator("aten::set_"));
  CHECK_FALSE(is_allowed_operator("prim::PythonOp"));
  CHECK_FALSE(is_allowed_operator("prim::fork"));
  CHECK_FALSE(is_allowed_operator("aten::"));
  CHECK_FALSE(is_allowed_operator("aten::a"));
  CHECK_FALSE(is_allowed_operator("other::add"));
}

TEST_CASE("A value at the outermost level is held to the same operators", "[position][file]") {
  const std::string said = refusal_of(
      "import torch\nX = torch.from_file('x', False, 1)\ndef bias(distance):\n    return "
      "distance\n");
  CHECK(contains(said, "idea.py:2: torch.from_file is not among the operators"));
}

TEST_CASE("Random numbers are drawn where training begins and nowhere else", "[position][file]") {
  CHECK(contains(refusal_of("import torch\ndef noise(x):\n    return torch.rand_like(x)\n"
                            "def bias(distance, heads: int):\n"
                            "    return noise(distance).expand(heads, -1)\n"),
                 "idea.py:3: bias draws random numbers"));
  CHECK(contains(refusal_of(with_line("y = distance.clone().normal_()")), "draws random numbers"));
}

TEST_CASE("What a function is handed it must not change in place", "[position][file]") {
  CHECK(contains(refusal_of(with_line("y = distance.add_(1)")), "in place; work on a copy"));
  CHECK(refusal_of(with_line("y = distance.clone().add_(1)")) == "");
}

TEST_CASE("A file's name must be one that Python could import, and no built-in scheme's",
          "[position][file]") {
  const auto refusal = [](const std::string& name) {
    const std::string path = scheme_file("def bias(distance):\n    return distance\n", name);
    return user_error_text([&] { scheme_name(path); });
  };
  CHECK(refusal("my_idea2.py") == "");
  CHECK(contains(refusal("my-idea.py"), "letters, digits and '_'"));
  CHECK(contains(refusal("2nd.py"), "letters, digits and '_'"));
  CHECK(contains(refusal("alibi.py"), "has the name of a built-in scheme"));
}

TEST_CASE("A scheme's summary is its file's first words", "[position][file]") {
  const auto summary = [](const std::string& text) {
    return scheme_summary(scheme_file(text + "\ndef bias(distance):\n    return distance\n"));
  };
  CHECK(summary("\"\"\"A decay.\n\nMore.\n\"\"\"") == "A decay.");
  CHECK(summary("# my_idea.py: a decay\nimport torch") == "my_idea.py: a decay");
  CHECK(summary("import torch") == "");
}

}  // namespace lengthwise
