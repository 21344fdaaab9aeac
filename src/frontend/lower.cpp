// The driver: lowers the kernel, then each function that was called on the way.
#include "frontend/lower.h"

#include <algorithm>
#include <utility>

#include "frontend/complex_functions.h"
#include "frontend/function_lowering.h"

namespace cudapy::frontend {

int32_t ProgramLowering::index_of(Span span, const Specialisation& callee) {
  const auto next = static_cast<int32_t>(functions_.size());
  int32_t index = indices_.try_emplace(callee.key(), next).first->second;
  constexpr int32_t kMostFunctions = 10'000;
  if (index == kMostFunctions) {
    if (diagnostics_.ok())
      diagnostics_.error("nesting", span, "this kernel calls more than 10,000 functions",
                         "write loops in place of chains of functions");
    return 0;
  }
  if (index == next) {
    const auto is_same = [&](const Specialisation& other) {
      return other.function->nested == callee.function->nested &&
             other.function->target.function == callee.function->target.function;
    };
    // A function that hands itself a new function at each call has no end.
    constexpr auto kMostSpecialisations = 100;
    if (std::count_if(functions_.begin(), functions_.end(), is_same) < kMostSpecialisations) {
      functions_.push_back(callee);
    } else {
      index = static_cast<int32_t>(std::find_if(functions_.begin(), functions_.end(), is_same) -
                                   functions_.begin());
      if (diagnostics_.ok())
        diagnostics_.error("recursion", span,
                           "this function calls itself with a new function each time",
                           "hand on the function that it is handed");
    }
  }
  return index;
}

const LoadedFunction* ProgramLowering::load(const FunctionValue& function) {
  if (!function.nested) return resolver_.load(function.target.function, Span{}, diagnostics_);
  LoadedFunction& made = nested_[function.nested.get()];
  made.definition = *function.nested;
  made.source = function.nested->span.source;
  return &made;
}

std::optional<ir::Program> ProgramLowering::lower() {
  ir::Program program;
  auto kernel = std::make_shared<FunctionValue>();
  kernel->target.kind = Resolved::Kind::Function;
  kernel->target.function = 0;
  const Specialisation first{std::move(kernel), {}};
  // Not in indices_: where the kernel is called, it is a helper.
  functions_.push_back(first);
  if (!lower_rest(program)) return std::nullopt;
  if (diagnostics_.ok() && may_be_complex(program) && !add_complex_functions(program))
    return std::nullopt;
  if (!diagnostics_.ok()) return std::nullopt;
  return program;
}

// Those that were called and are not lowered yet. false: one cannot be read.
bool ProgramLowering::lower_rest(ir::Program& program) {
  for (size_t i = program.functions.size(); i < functions_.size(); ++i) {
    const LoadedFunction* loaded = load(*functions_[i].function);
    if (loaded == nullptr) return false;
    program.functions.push_back(
        FunctionLowering(*this, static_cast<int32_t>(i), functions_[i], *loaded).lower());
    if (failed_) return false;
  }
  return true;
}

// The package's own functions need none in turn.
bool ProgramLowering::add_complex_functions(ir::Program& program) {
  const auto find = [&](const std::string& name, Span span) -> int32_t {
    auto function = std::make_shared<FunctionValue>();
    function->target.kind = Resolved::Kind::Function;
    function->target.function = resolver_.complex_function(name);
    if (function->target.function < 0) return -1;
    return index_of(span, {std::move(function), {}});
  };
  for (ir::Function& function : program.functions) give_complex_functions(function.body, find);
  return lower_rest(program);
}

std::optional<ir::Program> lower(NameResolver& resolver, Diagnostics& diagnostics) {
  return ProgramLowering(resolver, diagnostics).lower();
}

}  // namespace cudapy::frontend
