// What the lanes of a warp do together: the types. A shuffle gives its value's own type.
#include <utility>

#include "sema/builder.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprPtr;
using ir::Intrinsic;
using ir::Type;

bool is_python_vote(const Expr& expr) {
  return (expr.intrinsic == Intrinsic::Any || expr.intrinsic == Intrinsic::All) &&
         expr.operands[0]->type.is_aggregate();
}

Type Inference::warp_operation(Expr& expr) {
  for (const ExprPtr& operand : expr.operands) infer(*operand);
  const std::string name = "`" + std::string(ir::info(expr.intrinsic).name) + "`";
  if (is_python_vote(expr))  // Python's, of a tuple
    return is_erroneous(common_number(*expr.operands[0], name)) ? kErroneous : kBool;
  const bool takes_any = ir::is_shuffle(expr.intrinsic) || expr.intrinsic == Intrinsic::MatchAny;
  const bool is_compound = takes_any && (ir::is_struct(expr.operands[0]->type) ||
                                         ir::is_complex(expr.operands[0]->type));
  for (size_t i = is_compound ? 1 : 0; i < expr.operands.size(); ++i) {
    const Type& type = expr.operands[i]->type;
    if (type.is_unknown()) return type;
    if (!is_value(*expr.operands[i], name.c_str())) return kErroneous;
    if (takes_any && ir::is_complex(type)) {
      return wrong("complex-operand", expr.operands[i]->span,
                   name + " needs the number of a lane, and this is " + describe(type),
                   "say which part: `.real`, `.imag`, or `abs(...)`");
    }
  }
  switch (expr.intrinsic) {
    case Intrinsic::Ballot:
    case Intrinsic::MatchAny:
    case Intrinsic::ActiveMask:
      return Type::of(ir::Scalar::U32);
    case Intrinsic::Any:
    case Intrinsic::All:
      return kBool;
    case Intrinsic::SyncWarp:
      return Type::void_();
    case Intrinsic::LaneId:
    case Intrinsic::WarpId:
      return kInt32;
    default:
      break;
  }
  const Expr& lane = *expr.operands[1];
  if (ir::is_float(lane.type)) {
    return wrong(
        "float-bits", lane.span,
        name + " needs the number of a lane, and " + name_of(lane) + " is " + describe(lane.type),
        "convert it first: `int(...)`");
  }
  if (is_compound) return settled(expr.operands[0]->type, default_float());
  return alone(*expr.operands[0], instance_, instances_);
}

ExprPtr Builder::warp_operation(ExprPtr expr) {
  if (is_python_vote(*expr)) return vote_of_tuple(std::move(expr));
  // Warps are parts of blocks: these keep the shape that the launch says.
  uses_block_shape_ = true;
  const bool is_shuffle = ir::is_shuffle(expr->intrinsic);
  if (expr->intrinsic >= Intrinsic::Ballot && expr->intrinsic <= Intrinsic::All) {
    expr->operands[0] = condition(std::move(expr->operands[0]));
    return expr;
  }
  for (size_t i = 0; i < expr->operands.size(); ++i) {
    ExprPtr& operand = expr->operands[i];
    operand = natural(std::move(operand));
    const bool is_number = expr->intrinsic >= Intrinsic::LaneId || (is_shuffle && i > 0);
    if (is_number) operand = convert(std::move(operand), kInt32);
  }
  return expr;
}

}  // namespace cudapy::sema
