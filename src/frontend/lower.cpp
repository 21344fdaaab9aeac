// The driver: lowers the kernel, then each function that was called on the way, and refuses
// recursion.
#include "frontend/lower.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

int32_t ProgramLowering::index_of(const CallSite& call) {
  calls_.push_back(call);
  auto found = std::find(functions_.begin(), functions_.end(), call.callee);
  if (found == functions_.end()) found = functions_.insert(functions_.end(), call.callee);
  return static_cast<int32_t>(found - functions_.begin());
}

std::optional<ir::Program> ProgramLowering::lower() {
  ir::Program program;
  std::vector<std::string> names;
  functions_.push_back(0);
  for (size_t i = 0; i < functions_.size(); ++i) {
    const LoadedFunction* loaded = resolver_.load(functions_[i], Span{}, diagnostics_);
    if (loaded == nullptr) return std::nullopt;
    program.functions.push_back(FunctionLowering(*this, functions_[i], *loaded).lower());
    if (failed_) return std::nullopt;
  }
  refuse_recursion();
  if (!diagnostics_.ok()) return std::nullopt;
  return program;
}

// Depth first over the calls; each call that closes a cycle is one error, which names the cycle.
void ProgramLowering::refuse_recursion() {
  std::vector<FunctionId> path;
  std::set<FunctionId> finished;
  const auto name = [&](FunctionId id) {
    return "`" + resolver_.load(id, Span{}, diagnostics_)->definition.name + "`";
  };
  const std::function<void(FunctionId)> visit = [&](FunctionId id) {
    path.push_back(id);
    for (const CallSite& call : calls_) {
      if (call.caller != id || finished.contains(call.callee)) continue;
      const auto start = std::find(path.begin(), path.end(), call.callee);
      if (start == path.end()) {
        visit(call.callee);
        continue;
      }
      std::string cycle;
      for (auto step = start; step != path.end(); ++step) cycle += name(*step) + " calls ";
      diagnostics_.error("recursion", call.span,
                         "recursion is not supported yet: " + cycle + name(call.callee),
                         "write it as a loop");
    }
    path.pop_back();
    finished.insert(id);
  };
  visit(0);
}

std::optional<ir::Program> lower(NameResolver& resolver, Diagnostics& diagnostics) {
  return ProgramLowering(resolver, diagnostics).lower();
}

}  // namespace cudapy::frontend
