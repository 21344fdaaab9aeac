// The driver: lowers the kernel, then each function that was called on the way, and refuses
// recursion.
#include "frontend/lower.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

int32_t ProgramLowering::index_of(int32_t caller, Span span, const Specialisation& callee) {
  const auto next = static_cast<int32_t>(functions_.size());
  int32_t index = indices_.try_emplace(callee.key(), next).first->second;
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
    }
  }
  calls_.push_back({caller, index, span});
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
  functions_.push_back(first);
  indices_.emplace(first.key(), 0);
  for (size_t i = 0; i < functions_.size(); ++i) {
    const LoadedFunction* loaded = load(*functions_[i].function);
    if (loaded == nullptr) return std::nullopt;
    program.functions.push_back(
        FunctionLowering(*this, static_cast<int32_t>(i), functions_[i], *loaded).lower());
    if (failed_) return std::nullopt;
  }
  refuse_recursion(program);
  if (!diagnostics_.ok()) return std::nullopt;
  return program;
}

// Depth first over the calls; each call that closes a cycle is one error, which names the cycle.
void ProgramLowering::refuse_recursion(const ir::Program& program) {
  std::vector<int32_t> path;
  std::set<int32_t> finished;
  const auto name = [&](int32_t index) {
    return "`" + program.functions[static_cast<size_t>(index)].name + "`";
  };
  const std::function<void(int32_t)> visit = [&](int32_t index) {
    path.push_back(index);
    for (const CallSite& call : calls_) {
      if (call.caller != index || finished.contains(call.callee)) continue;
      const auto start = std::find(path.begin(), path.end(), call.callee);
      if (start == path.end()) {
        visit(call.callee);
        continue;
      }
      std::string cycle;
      std::string last;
      for (auto step = start; step != path.end(); ++step) {
        if (name(*step) != last) cycle += name(*step) + " calls ";
        last = name(*step);
      }
      diagnostics_.error("recursion", call.span,
                         "recursion is not supported yet: " + cycle + name(call.callee),
                         "write it as a loop");
    }
    path.pop_back();
    finished.insert(index);
  };
  visit(0);
}

std::optional<ir::Program> lower(NameResolver& resolver, Diagnostics& diagnostics) {
  return ProgramLowering(resolver, diagnostics).lower();
}

}  // namespace cudapy::frontend
