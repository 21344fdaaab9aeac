// Lowering of what looks through the elements of a tuple:
//     x in (a, b)        { %x = x; %item = b; yield %x == a or %x == %item }
//     x in t             contains(x, t), a function of the package
//     sum((a, b))        0 + a + b
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

// A call of a function that the package has in the kernel language.
ir::ExprPtr FunctionLowering::call_packaged(const std::string& name,
                                            std::vector<ir::ExprPtr> arguments, Span span) {
  auto function = std::make_shared<FunctionValue>();
  function->target = resolve({"%" + name});
  ir::ExprPtr call = make_expr(ir::ExprKind::Call, span);
  Specialisation wanted{function, {}};
  wanted.arguments.resize(arguments.size());
  call->operands = std::move(arguments);
  call->callee = program_.index_of(span, wanted);
  return call;
}

// value == a or value == b, of the elements of a tuple that is written out or a constant.
ir::ExprPtr FunctionLowering::equal_to_one(ir::ExprPtr value, const ir::Expr& tuple, Span span) {
  ir::ExprPtr sequence = make_expr(ir::ExprKind::Sequence, span);
  const auto held = [&](ir::ExprPtr part) {
    if (is_cheap(*part)) return part;
    const Span place = part->span;
    auto keep = std::make_unique<ir::Stmt>();
    keep->kind = ir::StmtKind::Assign;
    keep->span = place;
    keep->local = temporary("item", place);
    keep->value = std::move(part);
    sequence->body.push_back(std::move(keep));
    return make_local(sequence->body.back()->local, place);
  };
  value = held(std::move(value));
  ir::ExprPtr found;
  for (const ir::ExprPtr& operand : tuple.operands) {
    ir::ExprPtr one =
        make_expr(ir::ExprKind::Compare, span, ir::clone(*value), held(ir::clone(*operand)));
    one->compare_op = ir::CompareOp::Equal;
    found = found ? make_expr(ir::ExprKind::Or, span, std::move(found), std::move(one))
                  : std::move(one);
  }
  if (sequence->body.empty()) return found;
  sequence->operands.push_back(std::move(found));
  return sequence;
}

// x in t, x not in t
ir::ExprPtr FunctionLowering::lower_membership(const syntax::Expr& expr) {
  const size_t before = diagnostics_.errors().size();
  ir::ExprPtr value = lower(expr.operands[0]);
  ir::ExprPtr tuple = lower(expr.operands[1]);
  if (diagnostics_.errors().size() != before) return make_integer(0, expr.span);
  ir::ExprPtr found;
  if (tuple->kind == ir::ExprKind::MakeAggregate && tuple->type.is_unknown() &&
      tuple->name.empty()) {
    found = equal_to_one(std::move(value), *tuple, expr.span);
  } else {
    std::vector<ir::ExprPtr> operands;
    operands.push_back(std::move(value));
    operands.push_back(std::move(tuple));
    found = call_packaged("contains", std::move(operands), expr.span);
  }
  if (expr.compare_ops[0] == syntax::CompareOp::In) return found;
  ir::ExprPtr result = make_expr(ir::ExprKind::Unary, expr.span, std::move(found));
  result->unary_op = ir::UnaryOp::Not;
  return result;
}

// Of a tuple that is written out; null: the call is none of `sum`, or of something else.
ir::ExprPtr FunctionLowering::sum_of_values(const syntax::Expr& call) {
  const bool is_call = call.operands.size() == 2 && call.keywords.empty() &&
                       call.operands[1].kind == ExprKind::Tuple &&
                       call.operands[0].kind == ExprKind::Name && call.operands[0].text == "sum";
  if (!is_call || flow_.functions.contains("sum")) return nullptr;
  const Resolved named = resolve({"sum"});
  if (named.kind != Resolved::Kind::Function || named.function != resolve({"%sum"}).function)
    return nullptr;
  const ir::ExprPtr tuple = lower(call.operands[1]);
  if (tuple->kind != ir::ExprKind::MakeAggregate) {
    std::vector<ir::ExprPtr> operands;
    operands.push_back(ir::clone(*tuple));
    operands.push_back(make_integer(0, call.span));
    return call_packaged("sum", std::move(operands), call.span);
  }
  ir::ExprPtr total = make_integer(0, call.span);
  for (ir::ExprPtr& operand : tuple->operands)
    total = make_binary(ir::BinaryOp::Add, call.span, std::move(total), std::move(operand));
  return total;
}

}  // namespace cudapy::frontend
