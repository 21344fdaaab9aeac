#include "transform/place_checks.h"

#include <functional>
#include <vector>

#include "transform/single_assignments.h"

namespace cudapy::transform {

namespace {

using namespace ir;

// An integer in terms of idx and what is the same for all threads of a row.
struct RowIndex {
  bool has_idx = false;
  ExprPtr offset;  // null: 0
};

class CheckPlacer {
 public:
  explicit CheckPlacer(Function& function) : function_(function), assignments_(function) {}

  void block(Block& block) {
    for (StmtPtr& stmt : block) {
      if (stmt->value) expression(*stmt->value);
      for (ExprPtr& operand : stmt->operands) expression(*operand);
      if (stmt->kind == StmtKind::Store) {
        stmt->fault_site = add_index_sites(stmt->span, stmt->operands);
        stmt->row_access = add_row_access(*stmt->operands[0], *stmt->operands[1]);
      }
      this->block(stmt->body);
      this->block(stmt->else_body);
    }
  }

 private:
  void expression(Expr& expr) {
    for (ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
    if (expr.kind == ExprKind::Load) {
      expr.fault_site = add_index_sites(expr.span, expr.operands);
      expr.row_access = add_row_access(*expr.operands[0], *expr.operands[1]);
    } else if (divides_integers(expr)) {
      expr.fault_site = add_site(FaultKind::Division, expr.span, *expr.operands[1]);
    }
  }

  static bool divides_integers(const Expr& expr) {
    if (expr.kind != ExprKind::Binary || !is_integer(expr.type)) return false;
    if (expr.binary_op != BinaryOp::FloorDivide && expr.binary_op != BinaryOp::Modulo) return false;
    const Expr& divisor = *expr.operands[1];
    return divisor.kind != ExprKind::Constant || divisor.constant.integer == 0;
  }

  int32_t add_site(FaultKind kind, Span span, const Expr& subject) {
    FaultSite site;
    site.kind = kind;
    site.span = span;
    if (subject.kind == ExprKind::Local)
      site.subject = function_.locals[static_cast<size_t>(subject.local)].name;
    function_.fault_sites.push_back(std::move(site));
    return static_cast<int32_t>(function_.fault_sites.size()) - 1;
  }

  // One site for each index, one after the other; the first.
  int32_t add_index_sites(Span span, const std::vector<ExprPtr>& operands) {
    const auto first = static_cast<int32_t>(function_.fault_sites.size());
    for (size_t i = 1; i < operands.size(); ++i) {
      add_site(FaultKind::Index, span, *operands[0]);
      if (operands.size() > 2) function_.fault_sites.back().axis = static_cast<int8_t>(i - 1);
    }
    return first;
  }

  bool add_row_access(const Expr& array, const Expr& index) {
    if (array.local >= function_.parameter_count) return false;
    if (index.type.scalar != Scalar::I32 && index.type.scalar != Scalar::I64) return false;
    RowIndex row;
    if (!decompose(index, row) || !row.has_idx) return false;
    function_.row_accesses.push_back({array.local, std::move(row.offset)});
    return true;
  }

  bool decompose(const Expr& expr, RowIndex& out) const {
    switch (expr.kind) {
      case ExprKind::ThreadIndex:
        if (expr.thread_index == ThreadIndex::Idx) return out.has_idx = true;
        break;
      case ExprKind::Local:
        if (const Expr* value = assignments_.value_of(expr.local)) return decompose(*value, out);
        break;
      case ExprKind::Cast:
        // Widening what may have wrapped is no longer a progression; idx itself has not.
        if (expr.operands[0]->kind == ExprKind::ThreadIndex && is_integer(expr.type))
          return decompose(*expr.operands[0], out);
        break;
      case ExprKind::Binary:
        if (expr.binary_op == BinaryOp::Add || expr.binary_op == BinaryOp::Subtract)
          return decompose_sum(expr, out);
        break;
      default:
        break;
    }
    out.offset = row_constant(expr);
    return out.offset != nullptr;
  }

  bool decompose_sum(const Expr& expr, RowIndex& out) const {
    RowIndex left;
    RowIndex right;
    if (!decompose(*expr.operands[0], left) || !decompose(*expr.operands[1], right)) return false;
    bool subtracts = expr.binary_op == BinaryOp::Subtract;
    if ((left.has_idx && right.has_idx) || (subtracts && right.has_idx)) return false;
    out.has_idx = left.has_idx || right.has_idx;
    if (!right.offset) {
      out.offset = std::move(left.offset);
    } else if (!left.offset && !subtracts) {
      out.offset = std::move(right.offset);
    } else {
      if (!left.offset) left.offset = zero(expr.type);
      out.offset = std::make_unique<Expr>();
      out.offset->kind = ExprKind::Binary;
      out.offset->binary_op = expr.binary_op;
      out.offset->type = expr.type;
      out.offset->span = expr.span;
      out.offset->operands.push_back(std::move(left.offset));
      out.offset->operands.push_back(std::move(right.offset));
    }
    return true;
  }

  static ExprPtr zero(Type type) {
    auto expr = std::make_unique<Expr>();
    expr->type = type;
    return expr;
  }

  // A copy of `expr` in terms of parameters, idy and idz; null if that cannot be had, or it might
  // fault.
  ExprPtr row_constant(const Expr& expr) const {
    if (!is_integer(expr.type)) return nullptr;
    switch (expr.kind) {
      case ExprKind::Constant:
        return clone(expr);
      case ExprKind::Len:
        return expr.operands[0]->local < function_.parameter_count ? clone(expr) : nullptr;
      case ExprKind::ThreadIndex:
        return expr.thread_index == ThreadIndex::Idy || expr.thread_index == ThreadIndex::Idz
                   ? clone(expr)
                   : nullptr;
      case ExprKind::Local:
        if (assignments_.is_argument(expr.local)) return clone(expr);
        if (const Expr* value = assignments_.value_of(expr.local)) return row_constant(*value);
        return nullptr;
      case ExprKind::Binary:
        if (expr.binary_op != BinaryOp::Add && expr.binary_op != BinaryOp::Subtract &&
            expr.binary_op != BinaryOp::Multiply)
          return nullptr;
        break;
      case ExprKind::Cast:
        break;
      default:
        return nullptr;
    }
    ExprPtr copy = clone(expr);
    for (ExprPtr& operand : copy->operands) {
      operand = row_constant(*operand);
      if (!operand) return nullptr;
    }
    return copy;
  }

  Function& function_;
  SingleAssignments assignments_;
};

}  // namespace

void place_checks(Function& function) {
  CheckPlacer(function).block(function.body);
}

namespace {

void place_raises(Function& function, Block& block, bool keep_assertions) {
  std::erase_if(block, [&](const StmtPtr& stmt) {
    return stmt->kind == StmtKind::Raise && stmt->is_assertion && !keep_assertions;
  });
  const std::function<void(Expr&)> inside = [&](Expr& expr) {
    for (ExprPtr& operand : expr.operands) inside(*operand);
    place_raises(function, expr.body, keep_assertions);
  };
  for (StmtPtr& stmt : block) {
    if (stmt->value) inside(*stmt->value);
    for (ExprPtr& operand : stmt->operands) inside(*operand);
    place_raises(function, stmt->body, keep_assertions);
    place_raises(function, stmt->else_body, keep_assertions);
    if (stmt->kind != StmtKind::Raise) continue;
    FaultSite site;
    site.kind = FaultKind::Raise;
    site.span = stmt->span;
    site.subject = stmt->exception;
    site.message = stmt->message;
    stmt->fault_site = static_cast<int32_t>(function.fault_sites.size());
    function.fault_sites.push_back(std::move(site));
  }
}

}  // namespace

void place_raises(Function& function, bool keep_assertions) {
  place_raises(function, function.body, keep_assertions);
}

}  // namespace cudapy::transform
