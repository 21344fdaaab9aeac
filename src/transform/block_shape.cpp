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

  // Puts the block's shape in the place of blockDim, and lengths that are known then.
  void array(Local& local) const {
    bool is_known = true;
    for (size_t i = 0; i < local.sizes.size(); ++i) {
      bool has_parameter = false;
      for (SizeStep& step : local.sizes[i]) {
        if (step.kind == SizeStep::Kind::BlockDim)
          step = {SizeStep::Kind::Constant, shape_[step.value]};
        has_parameter = has_parameter || step.kind == SizeStep::Kind::Parameter;
      }
      if (!has_parameter) {
        const auto length =
            evaluate(local.sizes[i], [](const SizeStep& step) { return step.value; });
        if (length && *length > 0 && *length <= kMostBlockBytes) local.extents[i] = *length;
      }
      is_known = is_known && local.extents[i] > 0;
    }
    if (is_known) local.sizes.clear();
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
  if (function.block[0] == 0) return;
  const ShapeFixer fixer(function.block);
  fixer.block(function.body);
  for (Local& local : function.locals) fixer.array(local);
}

}  // namespace cudapy::transform
