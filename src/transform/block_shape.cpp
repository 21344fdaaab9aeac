#include "transform/block_shape.h"

namespace cudapy::transform {

namespace {

using namespace ir;

class ShapeFixer {
 public:
  explicit ShapeFixer(const int32_t (&block)[3]) : shape_(block) {}

  void block(Block& statements) const {
    for (StmtPtr& stmt : statements) {
      if (stmt->value) expression(*stmt->value);
      for (ExprPtr& operand : stmt->operands) expression(*operand);
      block(stmt->body);
      block(stmt->else_body);
    }
  }

 private:
  void expression(Expr& expr) const {
    for (ExprPtr& operand : expr.operands) expression(*operand);
    block(expr.body);
    if (expr.kind != ExprKind::ThreadIndex) return;
    const auto index = static_cast<int>(expr.thread_index);
    const int size = index - static_cast<int>(ThreadIndex::BlockDimX);
    const int thread = index - static_cast<int>(ThreadIndex::ThreadIdxX);
    if (size >= 0 && size < 3) return constant(expr, shape_[size]);
    if (thread >= 0 && thread < 3 && shape_[thread] == 1) constant(expr, 0);
  }

  static void constant(Expr& expr, int64_t value) {
    expr.kind = ExprKind::Constant;
    expr.constant = {};
    expr.constant.integer = value;
  }

  const int32_t (&shape_)[3];
};

}  // namespace

void fix_block_shape(Function& function) {
  if (function.block[0] > 0) ShapeFixer(function.block).block(function.body);
}

}  // namespace cudapy::transform
