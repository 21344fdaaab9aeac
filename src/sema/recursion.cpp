// A walk of the calls, repeated until nothing changes, then one for the mistakes.
#include "sema/recursion.h"

#include <algorithm>

#include "ir/call_cycles.h"
#include "ir/warps.h"

namespace cudapy::sema {

void report_written_constant(const ir::Local& array, Span span, Diagnostics& diagnostics) {
  const auto& errors = diagnostics.errors();
  const bool is_said = std::any_of(errors.begin(), errors.end(), [&](const Diagnostic& error) {
    return error.code == "captured-array-written" && error.span.line == span.line &&
           error.span.column == span.column;
  });
  if (is_said) return;
  diagnostics.error("captured-array-written", span,
                    "`" + array.name +
                        "` is an array from outside of the kernel, which is a "
                        "constant there and cannot be written",
                    "pass it as an argument of the launch");
}

namespace {

using namespace ir;

// The array that an argument is, or is a view of; null: it is neither.
const Expr* array_of(const Expr& argument) {
  if (argument.kind == ExprKind::Local) return &argument;
  return argument.operands.empty() ? nullptr : array_of(*argument.operands[0]);
}

LocalId root_of(const Expr& argument) {
  const Expr* array = array_of(argument);
  return array != nullptr ? array->local : kNoLocal;
}

bool has_barrier(const Block& block) {
  return std::any_of(block.begin(), block.end(), [](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Barrier || has_barrier(stmt->body) ||
           has_barrier(stmt->else_body);
  });
}

bool pass_on(Function& caller, const Function& callee, const Expr& call) {
  bool changed = callee.uses_block_shape && !caller.uses_block_shape;
  caller.uses_block_shape = caller.uses_block_shape || callee.uses_block_shape;
  for (size_t i = 0; i < call.operands.size(); ++i) {
    if (!call.operands[i]->type.is_array() || !callee.written[i]) continue;
    const LocalId root = root_of(*call.operands[i]);
    if (root < 0 || root >= caller.parameter_count || caller.written[static_cast<size_t>(root)])
      continue;
    caller.written[static_cast<size_t>(root)] = true;
    changed = true;
  }
  return changed;
}

class RecursionCheck {
 public:
  RecursionCheck(const Program& program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics), reached_(reachable_functions(program)) {}

  void run() {
    for (size_t i = 0; i < program_.functions.size(); ++i) {
      constants_written(i);
      if (!reached_[i][i]) continue;
      own_arrays(i);
      for (size_t callee = 0; callee < program_.functions.size(); ++callee) {
        if (reached_[i][callee]) cooperation(i, callee);
      }
    }
  }

 private:
  [[nodiscard]] const Function& function(size_t index) const { return program_.functions[index]; }

  // `index`: what the function `caller` that calls itself calls, itself included.
  void cooperation(size_t caller, size_t index) {
    const Function& callee = function(index);
    const std::string name = "`" + function(caller).name + "`";
    const auto refuse = [&](Span span, const std::string& what) {
      if (std::find(refused_.begin(), refused_.end(), index) != refused_.end()) return;
      refused_.push_back(index);
      diagnostics_.error("recursion", span,
                         what + " cannot stand in " + name + ", which calls itself",
                         "do it in the kernel: the calls of a thread are its own, and threads come "
                         "to them at different times");
    };
    for (const Local& local : callee.locals) {
      if (local.storage == Storage::Block) refuse(local.span, "a shared array");
    }
    if (has_barrier(callee.body)) refuse(callee.span, "`syncthreads()`");
    if (has_warp_operation(callee.body)) refuse(callee.span, "an operation of a warp");
  }

  // Where the caller was built before it was known what the callee writes.
  void constants_written(size_t index) {
    const Function& caller = function(index);
    for_each_call(caller.body, [&](const Expr& call) {
      const std::vector<bool>& written = function(static_cast<size_t>(call.callee)).written;
      for (size_t i = 0; i < call.operands.size(); ++i) {
        if (!call.operands[i]->type.is_array() || !written[i]) continue;
        const Expr* array = array_of(*call.operands[i]);
        if (array == nullptr || array->local < 0) continue;
        const Local& local = caller.locals[static_cast<size_t>(array->local)];
        if (local.storage == Storage::Constant)
          report_written_constant(local, array->span, diagnostics_);
      }
    });
  }

  // Each call has arrays of its own, and there would be no end of functions to make for them.
  void own_arrays(size_t index) {
    const Function& caller = function(index);
    for_each_call(caller.body, [&](const Expr& call) {
      if (!reached_[static_cast<size_t>(call.callee)][index]) return;
      for (const ExprPtr& operand : call.operands) {
        if (!operand->type.is_array()) continue;
        const LocalId root = root_of(*operand);
        if (root < 0 || caller.locals[static_cast<size_t>(root)].storage != Storage::Thread)
          continue;
        diagnostics_.error("recursion", operand->span,
                           "`" + caller.locals[static_cast<size_t>(root)].name +
                               "` is an array that `" + caller.name +
                               "` declares, and is handed to its own next call",
                           "declare it in the kernel, and hand it to the first call");
      }
    });
  }

  const Program& program_;
  Diagnostics& diagnostics_;
  std::vector<std::vector<bool>> reached_;
  std::vector<size_t> refused_;
};

}  // namespace

void complete_recursion(Program& typed, Diagnostics& diagnostics) {
  const std::vector<bool> in_cycle = functions_in_cycles(typed);
  if (std::none_of(in_cycle.begin(), in_cycle.end(), [](bool cycles) { return cycles; })) return;
  for (bool changed = true; changed;) {
    changed = false;
    for (Function& caller : typed.functions) {
      for_each_call(caller.body, [&](const Expr& call) {
        const Function& callee = typed.functions[static_cast<size_t>(call.callee)];
        changed = pass_on(caller, callee, call) || changed;
      });
    }
  }
  RecursionCheck(typed, diagnostics).run();
}

}  // namespace cudapy::sema
