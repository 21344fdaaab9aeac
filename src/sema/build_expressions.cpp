// Typed expressions.
#include <cassert>
#include <cmath>

#include "sema/builder.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Builtin;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Scalar;
using ir::Type;

namespace {

constexpr Type kFloat64 = Type::of(Scalar::F64);

bool is_weak(const Type& type) {
  return type.is_scalar() && type.weak;
}

}  // namespace

ExprPtr Builder::node(ExprKind kind, const Type& type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  expr->span = span;
  return expr;
}

ExprPtr Builder::number(const WeakNumber& number, Type type, Span span) {
  ExprPtr expr = node(ExprKind::Constant, type, span);
  expr->constant = to_constant(number, type.scalar);
  return expr;
}

ExprPtr Builder::local(ir::LocalId id, Type type, Span span) {
  ExprPtr expr = node(ExprKind::Local, type, span);
  expr->local = id;
  return expr;
}

ExprPtr Builder::binary_node(BinaryOp op, ExprPtr a, ExprPtr b) {
  ExprPtr expr = node(ExprKind::Binary, a->type, a->span);
  expr->binary_op = op;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

ExprPtr Builder::math_node(ir::MathFunction function, ExprPtr argument) {
  ExprPtr expr = node(ExprKind::Math, argument->type, argument->span);
  expr->math = function;
  expr->operands.push_back(std::move(argument));
  return expr;
}

ExprPtr Builder::convert(ExprPtr expr, Type type) {
  if (expr->type == type) return expr;
  if (type.is_aggregate()) return convert_aggregate(std::move(expr), type);
  const Span span = expr->span;
  if (type == kBool) {
    ExprPtr zero = number(weak_integer(0), expr->type, span);
    return compare_node(ir::CompareOp::NotEqual, std::move(expr), std::move(zero));
  }
  ExprPtr cast = node(ExprKind::Cast, type, span);
  cast->operands.push_back(std::move(expr));
  return cast;
}

ExprPtr Builder::natural(ExprPtr expr) {
  if (expr->type.is_aggregate()) {
    const Type type = settled_type(expr->type);
    return aggregate_as(std::move(expr), type);
  }
  if (!is_weak(expr->type)) return strong(std::move(expr));
  const Type type = alone_type(*expr);
  return weak_as(std::move(expr), type);
}

ExprPtr Builder::as(ExprPtr expr, Type type) {
  if (type == kBool) return condition(std::move(expr));
  if (type.is_aggregate()) return aggregate_as(std::move(expr), type);
  if (is_weak(expr->type)) return weak_as(std::move(expr), type);
  return convert(strong(std::move(expr)), type);
}

ExprPtr Builder::condition(ExprPtr expr) {
  const Span span = expr->span;
  const WeakResult known = constant_of(*expr, instance_);
  if (known.number) return number(weak_bool(known.number->truth()), kBool, span);
  if (expr->kind == ExprKind::And || expr->kind == ExprKind::Or)
    return logical(std::move(expr), kBool);
  return convert(natural(std::move(expr)), kBool);
}

// A weak expression at a type that it is asked for: constants have it from the start, and so have
// the operations on them. A weak integer that is no constant is computed as an integer first if a
// float is wanted.
ExprPtr Builder::weak_as(ExprPtr expr, Type type) {
  const Span span = expr->span;
  const WeakResult known = constant_of(*expr, instance_);
  if (known.number) {
    if (!known.number->is_float() && !integer_type_of(*known.number) && ir::is_integer(type)) {
      diagnostics_.error("constant-too-large", span,
                         to_string(*known.number) + " fits no integer type",
                         "make it a float: `float(...)`");
    } else if (!fits(*known.number, type.scalar)) {
      diagnostics_.error("constant-out-of-range", span,
                         to_string(*known.number) + " does not fit " + describe(type) +
                             ", which it has to be here",
                         "convert the other values to a wider type");
    }
    return number(*known.number, type, span);
  }
  if (expr->kind == ExprKind::Constant) {  // a complex one
    expr->type = type;
    return expr;
  }
  const bool as_integer = ir::is_integer(expr->type) && !ir::is_integer(type);
  if (as_integer && expr->kind != ExprKind::Select) {
    const Type own = alone_type(*expr);
    return convert(weak_as(std::move(expr), own), type);
  }
  switch (expr->kind) {
    case ExprKind::Unary:
      return unary(std::move(expr), type);
    case ExprKind::Binary:
      return binary(std::move(expr), type);
    case ExprKind::Select:
      return select(std::move(expr), type);
    case ExprKind::And:
    case ExprKind::Or:
      return logical(std::move(expr), type);
    case ExprKind::CallBuiltin:
      return builtin(std::move(expr), type);
    case ExprKind::Sequence:
      expr->body = block(std::move(expr->body));
      expr->operands[0] = as(std::move(expr->operands[0]), type);
      expr->type = type;
      return expr;
    default:
      return convert(strong(std::move(expr)), type);
  }
}

// An expression at its own, strong type; calls and locals, whose weak values are held in one, come
// here as well.
ExprPtr Builder::strong(ExprPtr expr) {
  const Type type = expr->type;
  switch (expr->kind) {
    case ExprKind::Constant:
      if (ir::is_float(type) && expr->constant.kind != ir::ConstantValue::Kind::Float) {
        expr->constant.real = static_cast<double>(expr->constant.integer);
        expr->constant.kind = ir::ConstantValue::Kind::Float;
      }
      return expr;
    case ExprKind::Local:
      if (const ExprPtr& named = arrays_[static_cast<size_t>(expr->local)]) {
        ExprPtr array = ir::clone(*named);
        array->span = expr->span;
        return array;
      }
      expr->local = mapped(expr->local);
      expr->type = locals_[static_cast<size_t>(expr->local)].type;
      return expr;
    case ExprKind::ThreadIndex:
      uses_block_shape_ = uses_block_shape_ || expr->thread_index > ir::ThreadIndex::Idz;
      return expr;
    case ExprKind::Unary:
      return unary(std::move(expr), type);
    case ExprKind::Binary:
      return binary(std::move(expr), type);
    case ExprKind::Compare:
      return compare(std::move(expr));
    case ExprKind::And:
    case ExprKind::Or:
      return logical(std::move(expr), type);
    case ExprKind::Select:
      return select(std::move(expr), type);
    case ExprKind::Cast:
      return cast(std::move(expr));
    case ExprKind::Math:
      return math(std::move(expr));
    case ExprKind::Call:
      return call(std::move(expr));
    case ExprKind::Sequence:
      expr->body = block(std::move(expr->body));
      if (!expr->operands.empty()) expr->operands[0] = natural(std::move(expr->operands[0]));
      return expr;
    case ExprKind::MakeAggregate:
      return aggregate_as(std::move(expr), type);
    case ExprKind::Field: {
      if (expr->operands[0]->type.is_array()) return unpacked(std::move(expr));
      ExprPtr whole = natural(std::move(expr->operands[0]));
      int field = expr->name.empty() ? expr->field : ir::field_of(whole->type, expr->name);
      if (field < 0) field += static_cast<int>(whole->type.aggregate->elements.size());
      return field_node(std::move(whole), static_cast<size_t>(field));
    }
    case ExprKind::Load:
      if (expr->operands[0]->type.is_aggregate()) return tuple_element(std::move(expr));
      return load(std::move(expr));
    case ExprKind::Len:
      return length(*expr, 0);
    case ExprKind::Stride:  // made of A.strides
    case ExprKind::Slice:
    case ExprKind::Bound:
      return expr;  // indices alone
    case ExprKind::Argument:
      return expr;  // later on
    case ExprKind::Intrinsic:
      return intrinsic(std::move(expr));
    case ExprKind::Atomic:
      return atomic(std::move(expr));
    case ExprKind::CallBuiltin:
      return builtin(std::move(expr), type);
  }
  return expr;
}

ExprPtr Builder::unary(ExprPtr expr, Type type) {
  if (expr->unary_op == ir::UnaryOp::Not) {
    expr->operands[0] = condition(std::move(expr->operands[0]));
    return expr;
  }
  ExprPtr operand = as(std::move(expr->operands[0]), type);
  if (expr->unary_op == ir::UnaryOp::Plus) return operand;
  expr->type = type;
  expr->operands[0] = std::move(operand);
  return expr;
}

ExprPtr Builder::binary(ExprPtr expr, Type type) {
  if (expr->binary_op == BinaryOp::Power && ir::is_complex(type))
    return complex_power(std::move(expr), type);
  if (type.is_aggregate()) return tuple_operation(std::move(expr), type);
  expr->callee = -1;
  expr->type = type;
  expr->operands[0] = as(std::move(expr->operands[0]), type);
  const bool shift =
      expr->binary_op == BinaryOp::ShiftLeft || expr->binary_op == BinaryOp::ShiftRight;
  expr->operands[1] = shift ? shift_count(std::move(expr->operands[1]), type)
                            : as(std::move(expr->operands[1]), type);
  return expr;
}

// A count of another type is clipped to the width first, where narrowing could make a large one
// small, or a negative one positive.
ExprPtr Builder::shift_count(ExprPtr count, Type type) {
  const int width = 8 * ir::size_of(type.scalar);
  const WeakResult known = constant_of(*count, instance_);
  if (known.number && is_weak(count->type)) {
    const bool large = known.number->integer > width;
    return number(large ? weak_integer(width) : *known.number, type, count->span);
  }
  const Span span = count->span;
  ExprPtr built = natural(std::move(count));
  const int count_width = 8 * ir::size_of(built->type.scalar);
  const bool may_change =
      count_width > width ||
      (count_width == width && ir::is_unsigned(built->type.scalar) && ir::is_signed(type.scalar));
  if (may_change) {
    ExprPtr limit = number(weak_integer(width), built->type, span);
    const bool may_be_negative = ir::is_signed(built->type.scalar);
    built = binary_node(BinaryOp::Minimum, std::move(built), std::move(limit));
    if (may_be_negative) {
      ExprPtr negative = number(weak_integer(-1), built->type, span);
      built = binary_node(BinaryOp::Maximum, std::move(built), std::move(negative));
    }
  }
  return convert(std::move(built), type);
}

ExprPtr Builder::compare(ExprPtr expr) {
  const Span span = expr->span;
  const WeakResult known = constant_of(*expr, instance_);
  if (known.number) return number(*known.number, kBool, span);
  if (expr->operands[0]->type.is_aggregate()) return compare_tuples(std::move(expr));
  const Expr& a = *expr->operands[0];
  const Expr& b = *expr->operands[1];
  Type common = common_type(a, b, instance_, instances_);
  if (common.weak) {
    common = ir::is_integer(common) ? Type::of(promote(alone_type(a).scalar, alone_type(b).scalar))
                                    : settled_type(common);
  }
  expr->operands[0] = as(std::move(expr->operands[0]), common);
  expr->operands[1] = as(std::move(expr->operands[1]), common);
  return expr;
}

// Of bools, or where only the truth matters: bools. Else the operand that decides, as Python has
// it: `a and b` is { %t = a; yield b if %t != 0 else %t }.
ExprPtr Builder::logical(ExprPtr expr, Type type) {
  if (type == kBool) {
    for (ExprPtr& operand : expr->operands) operand = condition(std::move(operand));
    expr->type = kBool;
    return expr;
  }
  const bool conjunction = expr->kind == ExprKind::And;
  ExprPtr second = as(std::move(expr->operands[1]), type);
  return with_temporary(as(std::move(expr->operands[0]), type), [&](auto first) {
    ExprPtr select = node(ExprKind::Select, type, expr->span);
    select->operands.push_back(convert(first(), kBool));
    select->operands.push_back(conjunction ? std::move(second) : first());
    select->operands.push_back(conjunction ? first() : std::move(second));
    return select;
  });
}

ExprPtr Builder::select(ExprPtr expr, Type type) {
  expr->operands[0] = condition(std::move(expr->operands[0]));
  expr->operands[1] = as(std::move(expr->operands[1]), type);
  expr->operands[2] = as(std::move(expr->operands[2]), type);
  expr->type = type;
  return expr;
}

ExprPtr Builder::cast(ExprPtr expr) {
  const Type type = expr->type;
  ExprPtr operand = std::move(expr->operands[0]);
  if (type == kBool) return condition(std::move(operand));
  const WeakResult known = constant_of(*operand, instance_);
  if (known.number && is_weak(operand->type)) {
    const Span span = operand->span;
    if (!known.number->is_float() || !ir::is_integer(type))
      return number(*known.number, type, span);
    return convert(number(*known.number, kFloat64, span), type);
  }
  if (ir::is_complex(operand->type) && is_weak(operand->type))
    return weak_as(std::move(operand), type);
  ExprPtr built = natural(std::move(operand));
  if (built->type == type) return built;
  return convert(std::move(built), type);
}

ExprPtr Builder::math(ExprPtr expr) {
  if (expr->callee >= 0 && ir::is_complex(expr->operands[0]->type)) {
    const Type type = settled_type(expr->operands[0]->type);
    return complex_function(std::move(expr), type);
  }
  expr->callee = -1;
  const ir::MathInfo& function = ir::info(expr->math);
  Type floating = Type::unknown();
  for (size_t i = 0; i < expr->operands.size(); ++i) {
    const Type& type = expr->operands[i]->type;
    if (function.arguments[i] == ir::MathKind::Float && ir::is_float(type) && !type.weak) {
      floating = join(floating, type, instances_.default_float());
    }
  }
  if (floating.is_unknown()) floating = Type::of(instances_.default_float());
  if (expr->math_single) floating = Type::of(Scalar::F32);
  for (size_t i = 0; i < expr->operands.size(); ++i) {
    const ir::MathKind kind = function.arguments[i];
    const Type wanted = kind == ir::MathKind::Int32   ? kInt32
                        : kind == ir::MathKind::Int64 ? kInt64
                                                      : floating;
    expr->operands[i] = as(std::move(expr->operands[i]), wanted);
  }
  expr->math_single = false;
  return expr;
}

ExprPtr Builder::call(ExprPtr expr) {
  Instance& callee = instances_.get(expr->callee, passed_types(*expr, instance_, instances_));
  expr->callee = build_typed(callee, instances_, typed_, diagnostics_);
  // Not held by reference: building an argument may add functions.
  const auto target = static_cast<size_t>(expr->callee);
  for (size_t i = 0; i < expr->operands.size(); ++i) {
    const Type type = typed_.functions[target].locals[i].type;
    if (type.is_array()) {
      expr->operands[i] = natural(std::move(expr->operands[i]));
      if (typed_.functions[target].written[i]) mark_written(*expr->operands[i]);
    } else {
      expr->operands[i] = as(std::move(expr->operands[i]), type);
    }
  }
  expr->type = typed_.functions[target].result;
  uses_block_shape_ = uses_block_shape_ || typed_.functions[target].uses_block_shape;
  return expr;
}

ExprPtr Builder::builtin(ExprPtr expr, Type type) {
  switch (expr->builtin) {
    case Builtin::Len: {
      if (expr->operands[0]->type.is_aggregate()) {
        const size_t count = expr->operands[0]->type.aggregate->elements.size();
        return number(weak_integer(static_cast<int64_t>(count)), type, expr->span);
      }
      return length(*expr, 0);
    }
    case Builtin::Shape:
    case Builtin::Strides:
    case Builtin::Ndim:
    case Builtin::Size:
      return array_property(std::move(expr));
    case Builtin::Min:
    case Builtin::Max:
      return extremum(std::move(expr), type);
    case Builtin::Abs:
      return absolute(std::move(expr), type);
    case Builtin::Round:
      return rounded(std::move(expr), type);
    case Builtin::Floor:
      return to_whole(std::move(expr->operands[0]), type, ir::MathFunction::Floor);
    case Builtin::Ceil:
      return to_whole(std::move(expr->operands[0]), type, ir::MathFunction::Ceil);
    case Builtin::Trunc:
      return to_whole(std::move(expr->operands[0]), type, ir::MathFunction::Trunc);
    case Builtin::Real:
    case Builtin::Imag:
    case Builtin::Conjugate:
    case Builtin::Complex:
      return complex_builtin(std::move(expr), type);
    case Builtin::Transpose:
      return transposed(std::move(expr));
    case Builtin::Dtype:
      break;  // goes with what it is the type of
    case Builtin::Pow: {
      if (ir::is_complex(type)) return complex_power(std::move(expr), type);
      ExprPtr base = as(std::move(expr->operands[0]), type);
      return binary_node(BinaryOp::Power, std::move(base), as(std::move(expr->operands[1]), type));
    }
  }
  return expr;
}

ExprPtr Builder::extremum(ExprPtr expr, Type type) {
  if (type.is_aggregate()) return extreme_tuple(std::move(expr), settled_type(type));
  const BinaryOp op = expr->builtin == Builtin::Min ? BinaryOp::Minimum : BinaryOp::Maximum;
  const Type computed = type == kBool ? kInt32 : type;
  if (expr->operands[0]->type.is_aggregate())
    return convert(fold_tuple(std::move(expr->operands[0]), op, computed), type);
  ExprPtr best = as(std::move(expr->operands[0]), computed);
  for (size_t i = 1; i < expr->operands.size(); ++i) {
    best = binary_node(op, std::move(best), as(std::move(expr->operands[i]), computed));
    best->span = expr->span;
  }
  return convert(std::move(best), type);
}

ExprPtr Builder::absolute(ExprPtr expr, Type type) {
  if (ir::is_complex(expr->operands[0]->type))
    return convert(complex_size(natural(std::move(expr->operands[0]))), type);
  ExprPtr operand = as(std::move(expr->operands[0]), type);
  if (ir::is_float(type)) return math_node(ir::MathFunction::Fabs, std::move(operand));
  if (ir::is_unsigned(type.scalar)) return operand;
  // The most negative integer stays as it is, for it has no opposite.
  return with_temporary(std::move(operand), [&](auto value) {
    ExprPtr negated = node(ExprKind::Unary, type, expr->span);
    negated->unary_op = ir::UnaryOp::Negate;
    negated->operands.push_back(value());
    return binary_node(BinaryOp::Maximum, value(), std::move(negated));
  });
}

// round(x) rounds half to even, to an int32. round(x, n) is scaled in float64, where a float32
// loses nothing; a float64 may differ from Python's decimal rounding in its last place.
ExprPtr Builder::rounded(ExprPtr expr, Type type) {
  if (expr->operands.size() == 1)
    return to_whole(std::move(expr->operands[0]), type, ir::MathFunction::Rint);
  if (!ir::is_float(type)) return as(std::move(expr->operands[0]), type);
  const Span span = expr->span;
  const auto digits =
      static_cast<double>(constant_of(*expr->operands[1], instance_).number->integer);
  ExprPtr scaled = convert(as(std::move(expr->operands[0]), type), kFloat64);
  const auto scale = [&] {
    return number(weak_float(std::pow(10.0, std::fabs(digits))), kFloat64, span);
  };
  const BinaryOp up = digits < 0 ? BinaryOp::Divide : BinaryOp::Multiply;
  const BinaryOp down = digits < 0 ? BinaryOp::Multiply : BinaryOp::Divide;
  scaled = math_node(ir::MathFunction::Rint, binary_node(up, std::move(scaled), scale()));
  return convert(binary_node(down, std::move(scaled), scale()), type);
}

ExprPtr Builder::to_whole(ExprPtr expr, Type type, ir::MathFunction function) {
  if (!ir::is_float(expr->type)) return as(std::move(expr), type);
  ExprPtr value = natural(std::move(expr));
  // A cast truncates by itself.
  if (function != ir::MathFunction::Trunc) value = math_node(function, std::move(value));
  return convert(std::move(value), type);
}

}  // namespace cudapy::sema
