// Sema from end to end: refuse recursion, choose the default float, infer, report, build.
#include "sema/check.h"

#include <string>
#include <vector>

#include "ir/verifier.h"
#include "sema/barriers.h"
#include "sema/build.h"
#include "sema/instance.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::Scalar;
using ir::Type;

namespace {

// Visits the functions that the kernel calls, directly or not, each once; reports those that call
// themselves; notes whether anything that is written in them is a float64.
class Survey {
 public:
  Survey(const ir::Program& program, Diagnostics& diagnostics)
      : program_(program),
        diagnostics_(diagnostics),
        states_(program.functions.size(), State::New) {}

  void function(int32_t index) {
    states_[static_cast<size_t>(index)] = State::Open;
    path_.push_back(index);
    const ir::Function& function = program_.functions[static_cast<size_t>(index)];
    for (const ir::Local& local : function.locals) type(local.declared);
    if (function.signature && index != 0) {
      for (const Type& parameter : function.signature->parameters) type(parameter);
      type(function.signature->result);
    }
    block(function.body);
    path_.pop_back();
    states_[static_cast<size_t>(index)] = State::Done;
  }

  void type(const Type& type) {
    if (type.is_unknown() || type.is_void() || type.weak) return;
    std::vector<Type> leaves;
    ir::append_leaves(type.is_array() ? type.element() : type, leaves);
    for (const Type& leaf : leaves)
      touches_float64_ = touches_float64_ || (leaf.scalar == Scalar::F64 && !leaf.weak);
  }

  [[nodiscard]] bool touches_float64() const { return touches_float64_; }

 private:
  enum class State : uint8_t { New, Open, Done };

  void block(const ir::Block& block) {
    for (const ir::StmtPtr& stmt : block) {
      if (stmt->value) expr(*stmt->value);
      for (const ir::ExprPtr& operand : stmt->operands) expr(*operand);
      this->block(stmt->body);
      this->block(stmt->else_body);
    }
  }

  void expr(const Expr& expr) {
    if (expr.kind == ExprKind::Constant || expr.kind == ExprKind::Cast) type(expr.type);
    for (const ir::ExprPtr& operand : expr.operands) this->expr(*operand);
    if (!expr.body.empty()) block(expr.body);
    if (expr.kind != ExprKind::Call) return;
    const State state = states_[static_cast<size_t>(expr.callee)];
    if (state == State::New) function(expr.callee);
    if (state == State::Open) recursion(expr);
  }

  void recursion(const Expr& call) {
    const std::string name = "`" + program_.functions[static_cast<size_t>(call.callee)].name + "`";
    std::string message = name + " calls itself";
    if (path_.back() != call.callee) {
      message += " through `" + program_.functions[static_cast<size_t>(path_.back())].name + "`";
    }
    diagnostics_.error("recursion", call.span, message + ", and recursion is not supported",
                       "write it as a loop");
  }

  const ir::Program& program_;
  Diagnostics& diagnostics_;
  std::vector<State> states_;
  std::vector<int32_t> path_;
  bool touches_float64_ = false;
};

bool arguments_match(const ir::Function& kernel, std::span<const Type> arguments,
                     Diagnostics& diagnostics) {
  if (arguments.size() == static_cast<size_t>(kernel.parameter_count)) return true;
  diagnostics.error("argument-count", kernel.span,
                    "`" + kernel.name + "` takes " + std::to_string(kernel.parameter_count) +
                        " arguments, and " + std::to_string(arguments.size()) + " are given");
  return false;
}

}  // namespace

std::optional<ir::Program> check(const ir::Program& untyped, std::span<const Type> argument_types,
                                 const Options& options, Diagnostics& diagnostics) {
  const size_t errors_before = diagnostics.errors().size();
  const auto failed = [&] { return diagnostics.errors().size() != errors_before; };
  if (!arguments_match(untyped.functions[0], argument_types, diagnostics)) return std::nullopt;

  Survey survey(untyped, diagnostics);
  for (const Type& type : argument_types) survey.type(type);
  survey.function(0);
  if (failed()) return std::nullopt;

  Instances instances(untyped, options, survey.touches_float64() ? Scalar::F64 : Scalar::F32);
  Instance& kernel = instances.get(0, {argument_types.begin(), argument_types.end()});
  report_mistakes(kernel, instances, diagnostics);
  if (failed()) return std::nullopt;

  ir::Program typed;
  typed.sources = untyped.sources;
  typed.functions.emplace_back();
  build_typed(kernel, instances, typed, diagnostics);
  check_barriers(typed, diagnostics);
  if (failed()) return std::nullopt;
#ifndef NDEBUG
  for (const std::string& problem : ir::verify(typed)) {
    diagnostics.error("internal", untyped.functions[0].span, "the typed tree is broken: " + problem,
                      "this is a mistake in cudapy: please report it with the kernel");
  }
  if (failed()) return std::nullopt;
#endif
  return typed;
}

}  // namespace cudapy::sema
