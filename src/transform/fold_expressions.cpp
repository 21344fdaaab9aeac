// Identities that hold for every value: for floats that is fewer than one thinks (x + 0.0 is not x
// for x = -0.0).
#include "transform/fold_expressions.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "transform/typed_arithmetic.h"
#include "transform/typed_nodes.h"

namespace cudapy::transform {

using ir::BinaryOp;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Scalar;
using ir::Type;

namespace {

constexpr Type kBool = Type::of(Scalar::Bool);
constexpr int64_t kLargestIntegerExponent = 64;
constexpr int64_t kLargestFloatExponent = 4;

bool is_constant(const ExprPtr& expr) {
  return expr->kind == ExprKind::Constant;
}

bool is_integer(const ExprPtr& expr, int64_t number) {
  return is_constant(expr) && is_integer_value(expr->constant, expr->type.scalar, number);
}

bool is_real(const ExprPtr& expr, double number) {
  return is_constant(expr) && is_float_value(expr->constant, expr->type.scalar, number);
}

bool is_one(const ExprPtr& expr) {
  return is_integer(expr, 1) || is_real(expr, 1.0);
}

ExprPtr constant(const Value& value, const Type& type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Constant;
  expr->type = type;
  expr->span = span;
  expr->constant = value;
  return expr;
}

Value integer_value(int64_t number) {
  Value value;
  value.kind = Value::Kind::Integer;
  value.integer = number;
  return value;
}

Value float_value(double number) {
  Value value;
  value.kind = Value::Kind::Float;
  value.real = number;
  return value;
}

void become(ExprPtr& expr, const Value& value) {
  expr = constant(value, expr->type, expr->span);
}

// `expr = std::move(expr->operands[i])` would destroy the operand with its owner.
void become_operand(ExprPtr& expr, size_t index) {
  ExprPtr operand = std::move(expr->operands[index]);
  expr = std::move(operand);
}

ExprPtr read(ir::LocalId local, const Type& type, Span span) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Local;
  expr->type = type;
  expr->span = span;
  expr->local = local;
  return expr;
}

// Every value of `from` is a value of `to`.
bool lossless(Scalar from, Scalar to) {
  if (from == to || from == Scalar::Bool) return true;
  if (to == Scalar::Bool) return false;
  const int from_bits = 8 * ir::size_of(from);
  const int to_bits = 8 * ir::size_of(to);
  if (ir::is_float(from)) return ir::is_float(to) && to_bits > from_bits;
  if (ir::is_float(to)) {
    const int digits = to == Scalar::F64 ? 53 : to == Scalar::F32 ? 24 : to == Scalar::F16 ? 11 : 8;
    return from_bits - (ir::is_signed(from) ? 1 : 0) <= digits;
  }
  if (ir::is_signed(from)) return ir::is_signed(to) && to_bits >= from_bits;
  return ir::is_signed(to) ? to_bits > from_bits : to_bits >= from_bits;
}

// The exponent of a power of two, if the constant is one that the type can hold.
std::optional<int> power_of_two(const ExprPtr& expr) {
  if (!is_constant(expr) || !ir::is_integer(expr->type)) return std::nullopt;
  const Value& value = expr->constant;
  const auto bits = static_cast<uint64_t>(value.integer);
  if ((!value.exceeds_int64 && value.integer <= 0) || !std::has_single_bit(bits))
    return std::nullopt;
  return std::countr_zero(bits);
}

}  // namespace

// Loads and integer divisions may fault.
bool is_droppable(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Load:
    case ExprKind::Call:
    case ExprKind::Sequence:
    case ExprKind::Atomic:
    case ExprKind::Bound:
      return false;
    case ExprKind::Intrinsic:
      if (ir::info(expr.intrinsic).has_effect) return false;
      break;
    case ExprKind::Binary:
      if (ir::is_integer(expr.type) &&
          (expr.binary_op == BinaryOp::FloorDivide || expr.binary_op == BinaryOp::Modulo)) {
        return false;
      }
      if (expr.binary_op == BinaryOp::ShiftLeft || expr.binary_op == BinaryOp::ShiftRight)
        return expr.operands[1]->kind == ExprKind::Constant && is_droppable(*expr.operands[0]);
      break;
    default:
      break;
  }
  return std::all_of(expr.operands.begin(), expr.operands.end(),
                     [](const ExprPtr& operand) { return is_droppable(*operand); });
}

void ExpressionFolder::fold(ExprPtr& expr) {
  switch (expr->kind) {
    case ExprKind::Local: {
      const auto local = static_cast<size_t>(expr->local);
      if (local >= constants_.size() || !constants_[local]) return;
      const Span span = expr->span;
      expr = ir::clone(*constants_[local]);
      expr->span = span;
      return;
    }
    case ExprKind::Len: {
      const Expr& array = *expr->operands[0];
      if (array.kind != ExprKind::Local || stage_ == Stage::BeforeContraction) return;
      const Type& type = function_.locals[static_cast<size_t>(array.local)].type;
      if (type.channels > 0 && expr->axis + 1 == type.rank)
        become(expr, integer_value(type.channels));
      return;
    }
    case ExprKind::Unary:
      return unary(expr);
    case ExprKind::Binary:
      return binary(expr);
    case ExprKind::Compare:
      return compare(expr);
    case ExprKind::And:
    case ExprKind::Or:
      return logical(expr);
    case ExprKind::Select:
      return select(expr);
    case ExprKind::Cast:
      return cast(expr);
    case ExprKind::Math:
      return math(expr);
    case ExprKind::Sequence:
      if (!expr->is_frame && expr->body.empty() && !expr->operands.empty()) become_operand(expr, 0);
      return;
    default:
      return;
  }
}

void ExpressionFolder::unary(ExprPtr& expr) {
  ExprPtr& operand = expr->operands[0];
  if (is_constant(operand)) {
    if (const auto value = evaluate(expr->unary_op, expr->type.scalar, operand->constant))
      return become(expr, *value);
    return;
  }
  if (operand->kind == ExprKind::Unary && operand->unary_op == expr->unary_op) {
    ExprPtr inner = std::move(operand->operands[0]);
    expr = std::move(inner);
    return;
  }
  // not (a < b) is a >= b, but not for nan.
  if (expr->unary_op == ir::UnaryOp::Not && operand->kind == ExprKind::Compare &&
      !ir::is_float(operand->operands[0]->type)) {
    using ir::CompareOp;
    constexpr CompareOp kOpposite[] = {CompareOp::NotEqual,     CompareOp::Equal,
                                       CompareOp::GreaterEqual, CompareOp::Greater,
                                       CompareOp::LessEqual,    CompareOp::Less};
    operand->compare_op = kOpposite[static_cast<size_t>(operand->compare_op)];
    become_operand(expr, 0);
  }
}

void ExpressionFolder::binary(ExprPtr& expr) {
  const bool is_power = expr->binary_op == BinaryOp::Power && ir::is_float(expr->type);
  if (is_power && stage_ == Stage::AfterContraction) return;
  const ExprPtr& a = expr->operands[0];
  const ExprPtr& b = expr->operands[1];
  if (is_constant(a) && is_constant(b)) {
    if (const auto value = evaluate(expr->binary_op, expr->type.scalar, a->constant, b->constant))
      return become(expr, *value);
  }
  switch (expr->binary_op) {
    case BinaryOp::Add:
    case BinaryOp::Subtract:
      return sum(expr);
    case BinaryOp::Multiply:
      return product(expr);
    case BinaryOp::Divide:
      return quotient(expr);
    case BinaryOp::FloorDivide:
    case BinaryOp::Modulo:
      return floor_division(expr);
    case BinaryOp::Power:
      return power(expr);
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
      return shift(expr);
    case BinaryOp::BitOr:
    case BinaryOp::BitXor:
      if (is_integer(b, 0)) return become_operand(expr, 0);
      if (is_integer(a, 0)) return become_operand(expr, 1);
      return;
    default:
      return;
  }
}

// x - 0.0 and x + -0.0 are x for every x; x + 0.0 is not.
void ExpressionFolder::sum(ExprPtr& expr) {
  const bool add = expr->binary_op == BinaryOp::Add;
  const ExprPtr& b = expr->operands[1];
  if (is_integer(b, 0) || is_real(b, add ? -0.0 : 0.0)) return become_operand(expr, 0);
  const ExprPtr& a = expr->operands[0];
  if (add && (is_integer(a, 0) || is_real(a, -0.0))) become_operand(expr, 1);
}

void ExpressionFolder::product(ExprPtr& expr) {
  if (is_one(expr->operands[1])) return become_operand(expr, 0);
  if (is_one(expr->operands[0])) return become_operand(expr, 1);
  for (size_t i = 0; i < 2; ++i) {
    if (is_integer(expr->operands[i], 0) && is_droppable(*expr->operands[1 - i]))
      return become_operand(expr, i);
  }
}

// Dividing by a power of two is multiplying by its reciprocal, bit for bit, if that is a normal
// number.
void ExpressionFolder::quotient(ExprPtr& expr) {
  ExprPtr& divisor = expr->operands[1];
  if (is_one(divisor)) return become_operand(expr, 0);
  if (!is_constant(divisor)) return;
  int exponent = 0;
  const double mantissa = std::frexp(divisor->constant.real, &exponent);
  if (std::fabs(mantissa) != 0.5) return;
  const int limit = expr->type.scalar == Scalar::F32 ? 125 : 1021;
  if (exponent < -limit || exponent > limit) return;
  expr->binary_op = BinaryOp::Multiply;
  divisor->constant.real = 1.0 / divisor->constant.real;
}

// Shifts round to minus infinity and masks have the divisor's sign: just what // and % do for a
// power of two.
void ExpressionFolder::floor_division(ExprPtr& expr) {
  const std::optional<int> exponent = power_of_two(expr->operands[1]);
  if (!exponent) return;
  const bool divide = expr->binary_op == BinaryOp::FloorDivide;
  if (divide && *exponent == 0) return become_operand(expr, 0);
  ExprPtr& divisor = expr->operands[1];
  expr->binary_op = divide ? BinaryOp::ShiftRight : BinaryOp::BitAnd;
  const int64_t mask = static_cast<int64_t>((uint64_t{1} << *exponent) - 1);
  divisor->constant = integer_value(divide ? *exponent : mask);
}

void ExpressionFolder::shift(ExprPtr& expr) {
  const ExprPtr& count = expr->operands[1];
  if (!is_constant(count)) return;
  const int bits = 8 * ir::size_of(expr->type.scalar);
  if (is_integer(count, 0)) return become_operand(expr, 0);
  if (!count->constant.exceeds_int64 && count->constant.integer < bits) return;
  if (expr->binary_op == BinaryOp::ShiftRight && ir::is_signed(expr->type.scalar)) {
    expr->operands[1]->constant = integer_value(bits - 1);
  } else if (is_droppable(*expr->operands[0])) {
    become(expr, integer_value(0));
  }
}

// x ** n by squaring: { b = x; s = b * b; yield s * b }. Integers lose nothing; a float loses at
// most what its up to three multiplications round.
void ExpressionFolder::power(ExprPtr& expr) {
  const ExprPtr& exponent = expr->operands[1];
  if (!is_constant(exponent)) return;
  const Type type = expr->type;
  const Span span = expr->span;
  const bool floating = ir::is_float(type);
  const Value& value = exponent->constant;
  if (floating && value.real != std::trunc(value.real)) return;
  const double magnitude = floating ? value.real : static_cast<double>(value.integer);
  const auto limit =
      static_cast<double>(floating ? kLargestFloatExponent : kLargestIntegerExponent);
  if (!(magnitude >= 0 && magnitude <= limit) || value.exceeds_int64) return;
  auto n = static_cast<int64_t>(magnitude);
  if (n == 1) return become_operand(expr, 0);
  if (n == 0) {
    if (is_droppable(*expr->operands[0]))
      become(expr, floating ? float_value(1.0) : integer_value(1));
    return;
  }
  auto sequence = std::make_unique<Expr>();
  sequence->kind = ExprKind::Sequence;
  sequence->type = type;
  sequence->span = span;
  const auto keep = [&](ExprPtr kept) {
    if (kept->kind == ExprKind::Local) return kept->local;
    ir::Local local;
    local.name = "%power";
    local.type = type;
    local.span = span;
    function_.locals.push_back(std::move(local));
    auto stmt = std::make_unique<ir::Stmt>();
    stmt->kind = ir::StmtKind::Assign;
    stmt->span = span;
    stmt->local = static_cast<ir::LocalId>(function_.locals.size() - 1);
    stmt->value = std::move(kept);
    sequence->body.push_back(std::move(stmt));
    return sequence->body.back()->local;
  };
  ir::LocalId square = keep(std::move(expr->operands[0]));
  ExprPtr result;
  for (;;) {
    if (n & 1) {
      ExprPtr factor = read(square, type, span);
      result = result ? transform::binary(BinaryOp::Multiply, std::move(factor), std::move(result))
                      : std::move(factor);
    }
    n >>= 1;
    if (n == 0) break;
    ExprPtr squared =
        transform::binary(BinaryOp::Multiply, read(square, type, span), read(square, type, span));
    if (n == 1 && !result) {
      result = std::move(squared);
      break;
    }
    square = keep(std::move(squared));
  }
  if (sequence->body.empty()) {
    expr = std::move(result);
    return;
  }
  sequence->operands.push_back(std::move(result));
  expr = std::move(sequence);
}

void ExpressionFolder::compare(ExprPtr& expr) {
  ExprPtr& a = expr->operands[0];
  const ExprPtr& b = expr->operands[1];
  if (is_constant(a) && is_constant(b)) {
    Value value;
    value.kind = Value::Kind::Bool;
    value.integer = evaluate(expr->compare_op, a->type.scalar, a->constant, b->constant) ? 1 : 0;
    return become(expr, value);
  }
  // int(flag) != 0 is the flag.
  const bool of_bool = a->kind == ExprKind::Cast && a->operands[0]->type == kBool;
  if (!of_bool || !is_constant(b) || !(is_integer(b, 0) || is_real(b, 0.0))) return;
  if (expr->compare_op != ir::CompareOp::NotEqual && expr->compare_op != ir::CompareOp::Equal)
    return;
  ExprPtr flag = std::move(a->operands[0]);
  if (expr->compare_op == ir::CompareOp::NotEqual) {
    expr = std::move(flag);
    return;
  }
  auto negated = std::make_unique<Expr>();
  negated->kind = ExprKind::Unary;
  negated->unary_op = ir::UnaryOp::Not;
  negated->type = kBool;
  negated->span = expr->span;
  negated->operands.push_back(std::move(flag));
  expr = std::move(negated);
}

void ExpressionFolder::logical(ExprPtr& expr) {
  const bool decides =
      expr->kind == ExprKind::Or;  // the value that makes the other operand irrelevant
  const ExprPtr& a = expr->operands[0];
  const ExprPtr& b = expr->operands[1];
  if (is_constant(a)) return become_operand(expr, (a->constant.integer != 0) == decides ? 0 : 1);
  if (!is_constant(b)) return;
  if ((b->constant.integer != 0) != decides) return become_operand(expr, 0);
  if (is_droppable(*a)) become_operand(expr, 1);
}

void ExpressionFolder::select(ExprPtr& expr) {
  const ExprPtr& condition = expr->operands[0];
  if (is_constant(condition)) become_operand(expr, condition->constant.integer != 0 ? 1 : 2);
}

// A conversion by way of a type that holds every value is the direct one; so is one integer through
// a wider integer.
void ExpressionFolder::cast(ExprPtr& expr) {
  ExprPtr& operand = expr->operands[0];
  if (operand->type == expr->type) return become_operand(expr, 0);
  if (is_constant(operand))
    return become(expr, convert(operand->type.scalar, expr->type.scalar, operand->constant));
  if (operand->kind != ExprKind::Cast) return;
  const Scalar from = operand->operands[0]->type.scalar;
  const Scalar through = operand->type.scalar;
  const Scalar to = expr->type.scalar;
  const bool truncations = ir::is_integer(from) && ir::is_integer(through) && ir::is_integer(to) &&
                           ir::size_of(to) <= ir::size_of(through);
  if (!lossless(from, through) && !truncations) return;
  ExprPtr inner = std::move(operand->operands[0]);
  operand = std::move(inner);
  if (operand->type == expr->type) become_operand(expr, 0);
}

void ExpressionFolder::math(ExprPtr& expr) {
  if (expr->operands.size() != 1 || !is_constant(expr->operands[0]) || !ir::is_float(expr->type))
    return;
  if (const auto value = evaluate(expr->math, expr->type.scalar, expr->operands[0]->constant))
    become(expr, *value);
}

}  // namespace cudapy::transform
