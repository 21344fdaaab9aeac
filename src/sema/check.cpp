// Sema from end to end: choose the default float, infer, report, build.
#include "sema/check.h"

#include <string>
#include <vector>

#include "ir/verifier.h"
#include "sema/barriers.h"
#include "sema/build.h"
#include "sema/inlined_size.h"
#include "sema/instance.h"
#include "sema/recursion.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::Scalar;
using ir::Type;

namespace {

// Visits the functions that the kernel calls, directly or not, each once; notes whether anything
// that is written in them is a float64.
class Survey {
 public:
  explicit Survey(const ir::Program& program)
      : program_(program), visited_(program.functions.size()) {}

  void function(int32_t index) {
    visited_[static_cast<size_t>(index)] = true;
    const ir::Function& function = program_.functions[static_cast<size_t>(index)];
    for (const ir::Local& local : function.locals) type(local.declared);
    if (function.signature && index != 0) {
      for (const Type& parameter : function.signature->parameters) type(parameter);
      type(function.signature->result);
    }
    block(function.body);
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
    if (expr.kind == ExprKind::Call && !visited_[static_cast<size_t>(expr.callee)])
      function(expr.callee);
  }

  const ir::Program& program_;
  std::vector<bool> visited_;
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

  Survey survey(untyped);
  for (const Type& type : argument_types) survey.type(type);
  survey.function(0);

  Instances instances(untyped, options, survey.touches_float64() ? Scalar::F64 : Scalar::F32);
  Instance& kernel = instances.get(0, {argument_types.begin(), argument_types.end()});
  if (instances.runaway() >= 0) {
    const ir::Function& function = untyped.functions[static_cast<size_t>(instances.runaway())];
    diagnostics.error("recursion", function.span,
                      "`" + function.name + "` calls itself with arguments of a new type each time",
                      "pass arguments of the types that the function itself is called with");
    return std::nullopt;
  }
  report_mistakes(kernel, instances, diagnostics);
  if (failed()) return std::nullopt;

  ir::Program typed;
  typed.sources = untyped.sources;
  typed.functions.emplace_back();
  build_typed(kernel, instances, typed, diagnostics);
  complete_recursion(typed, diagnostics);
  check_barriers(typed, diagnostics);
  check_inlined_size(typed, diagnostics);
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
