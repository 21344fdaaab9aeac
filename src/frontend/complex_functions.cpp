#include "frontend/complex_functions.h"

#include <algorithm>
#include <vector>

namespace cudapy::frontend {

namespace {

using ir::ExprKind;

bool has_complex(const ir::Type& type) {
  if (!type.is_scalar() && !type.is_array() && !type.is_aggregate()) return false;
  const ir::Type element = type.is_array() ? type.element() : type;
  if (ir::is_complex(element)) return true;
  if (!element.is_aggregate()) return false;
  const std::vector<ir::Type> elements = ir::elements_of(element);
  return std::ranges::any_of(elements, has_complex);
}

bool makes_complex(const ir::Block& block);

bool makes_complex(const ir::Expr& expr) {
  const bool is_one =
      (expr.kind == ExprKind::Constant && expr.constant.kind == ir::ConstantValue::Kind::Complex) ||
      (expr.kind == ExprKind::CallBuiltin && expr.builtin == ir::Builtin::Complex) ||
      (expr.kind == ExprKind::Cast && has_complex(expr.type));
  return is_one || makes_complex(expr.body) ||
         std::ranges::any_of(expr.operands,
                             [](const ir::ExprPtr& operand) { return makes_complex(*operand); });
}

bool makes_complex(const ir::Block& block) {
  return std::ranges::any_of(block, [](const ir::StmtPtr& stmt) {
    return (stmt->value && makes_complex(*stmt->value)) ||
           std::ranges::any_of(
               stmt->operands,
               [](const ir::ExprPtr& operand) { return makes_complex(*operand); }) ||
           makes_complex(stmt->body) || makes_complex(stmt->else_body);
  });
}

// Of a parameter: what the call gives, where nothing is declared.
bool may_be_complex(const ir::Function& function, size_t local) {
  const ir::Type& declared = function.locals[local].declared;
  if (!declared.is_unknown()) return has_complex(declared);
  const bool is_signed = function.signature && local < function.signature->parameters.size() &&
                         !function.signature->parameters[local].is_unknown();
  return is_signed ? has_complex(function.signature->parameters[local]) : true;
}

// What the package's own products are written out for: see sema::Inference::complex_power.
bool is_small_power(const ir::Expr& exponent) {
  const bool negated = exponent.kind == ExprKind::Unary && exponent.unary_op == ir::UnaryOp::Negate;
  const ir::Expr& size = negated ? *exponent.operands[0] : exponent;
  return size.kind == ExprKind::Constant &&
         size.constant.kind == ir::ConstantValue::Kind::Integer && size.constant.integer >= -64 &&
         size.constant.integer <= 64;
}

}  // namespace

bool may_be_complex(const ir::Program& program) {
  const ir::Function& kernel = program.functions[0];
  for (int32_t i = 0; i < kernel.parameter_count; ++i) {
    if (may_be_complex(kernel, static_cast<size_t>(i))) return true;
  }
  return std::ranges::any_of(program.functions, [](const ir::Function& function) {
    return makes_complex(function.body) ||
           std::ranges::any_of(function.locals, [](const ir::Local& local) {
             return has_complex(local.type) || has_complex(local.declared);
           });
  });
}

namespace {

class Giver {
 public:
  explicit Giver(const std::function<int32_t(const std::string&, Span)>& find) : find_(find) {}

  void block(ir::Block& block) {
    for (ir::StmtPtr& stmt : block) {
      if (stmt->value) expr(*stmt->value);
      for (ir::ExprPtr& operand : stmt->operands) expr(*operand);
      this->block(stmt->body);
      this->block(stmt->else_body);
    }
  }

 private:
  void expr(ir::Expr& expr) {
    for (ir::ExprPtr& operand : expr.operands) this->expr(*operand);
    block(expr.body);
    if (expr.kind == ExprKind::Math && expr.callee == kComplexFunction) {
      expr.callee = find_(std::string(ir::info(expr.math).name), expr.span);
    } else if (expr.kind == ExprKind::Binary && expr.binary_op == ir::BinaryOp::Power &&
               !is_small_power(*expr.operands[1])) {
      expr.callee = find_("power", expr.span);
    }
  }

  const std::function<int32_t(const std::string&, Span)>& find_;
};

}  // namespace

void give_complex_functions(ir::Block& body,
                            const std::function<int32_t(const std::string&, Span)>& find) {
  Giver(find).block(body);
}

}  // namespace cudapy::frontend
