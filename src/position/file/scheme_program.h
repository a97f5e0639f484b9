#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/torch.h"
#include "position/file/scheme_source.h"

namespace lengthwise {

/// An argument of a function that the program calls, by its name and type as Python writes them.
struct SchemeArgument {
  std::string name, type;  // "p", "Dict[str, Tensor]"
};

/// A function that a scheme file may define for the program to call.
struct SchemeHook {
  std::string name;
  std::vector<SchemeArgument> arguments;  // that it may take, in any order, any of them
  std::string result;                     // its type
  bool draws = false;                     // may draw random numbers
};

/// A scheme file compiled by LibTorch itself (TorchScript): no compiler, no Python. It runs
/// operator by operator, without fusion or profiling, so that the same call gives the same bits.
/// Errors are UserErrors of one line with the file's name and line.
class SchemeProgram {
 public:
  /// UserError where the text does not compile, uses an operator that is not allowed
  /// (scheme_operators.h), or defines a hook with other arguments or another result.
  SchemeProgram(SchemeSource source, const std::vector<SchemeHook>& hooks);
  ~SchemeProgram();
  SchemeProgram(const SchemeProgram&) = delete;
  SchemeProgram& operator=(const SchemeProgram&) = delete;

  const SchemeSource& source() const { return source_; }
  bool defines(const std::string& function) const;
  /// The names of its arguments in their order.
  const std::vector<std::string>& arguments(const std::string& function) const;
  int64_t line_of(const std::string& function) const;

  /// UserError with the line where an operator refuses its arguments, or where the function changes
  /// one of its tensors in place.
  c10::IValue call(const std::string& function, std::vector<c10::IValue> arguments) const;

  /// "my_idea.py:7: bias ..." for what a result is found to be.
  [[noreturn]] void fail_at(const std::string& function, const std::string& what) const;

 private:
  struct Compiled;
  SchemeSource source_;
  std::unique_ptr<Compiled> compiled_;
};

/// "bias(distance: Tensor, p: Dict[str, Tensor]) -> Tensor", with all it may take.
std::string signature_text(const SchemeHook& hook);

}  // namespace lengthwise
