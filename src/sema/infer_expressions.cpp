// The types of expressions, and what can be wrong with them.
#include <algorithm>

#include "sema/inference.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Builtin;
using ir::Expr;
using ir::ExprKind;
using ir::Scalar;
using ir::Type;

namespace {

bool is_weak(const Type& type) {
  return type.is_scalar() && type.weak;
}

const char* symbol(BinaryOp op) {
  switch (op) {
    case BinaryOp::Add:
      return "+";
    case BinaryOp::Subtract:
      return "-";
    case BinaryOp::Multiply:
      return "*";
    case BinaryOp::Divide:
      return "/";
    case BinaryOp::FloorDivide:
      return "//";
    case BinaryOp::Modulo:
      return "%";
    case BinaryOp::Power:
      return "**";
    case BinaryOp::ShiftLeft:
      return "<<";
    case BinaryOp::ShiftRight:
      return ">>";
    case BinaryOp::BitAnd:
      return "&";
    case BinaryOp::BitOr:
      return "|";
    case BinaryOp::BitXor:
      return "^";
    case BinaryOp::Minimum:
      return "min";
    case BinaryOp::Maximum:
      return "max";
  }
  return "?";
}

}  // namespace

Type Inference::infer(Expr& expr) {
  // A cast's type, and a typed constant's, is what the source says.
  const Type type = rule(expr);
  if (expr.kind != ExprKind::Cast) expr.type = type;
  if (type.is_unknown() && reporting() && !unknown_) unknown_ = expr.span;
  return type;
}

Type Inference::rule(Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Constant:
      return constant(expr);
    case ExprKind::Local:
      return local(expr);
    case ExprKind::ThreadIndex:
      return expr.thread_index <= ir::ThreadIndex::Idz ? instances_.index_type() : kInt32;
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
    case ExprKind::Call:
      return call(expr);
    case ExprKind::Sequence:
      block(expr.body);
      return expr.operands.empty() ? Type::void_() : infer(*expr.operands[0]);
    case ExprKind::Load:
      return load(expr);
    case ExprKind::Len:
      return length(expr);
    case ExprKind::Intrinsic:
      return intrinsic(expr);
    case ExprKind::Atomic:
      return atomic(expr);
    case ExprKind::CallBuiltin:
      return builtin(expr);
    case ExprKind::MakeAggregate:
      return make_tuple(expr);
    case ExprKind::Field:
      return field(expr);
    case ExprKind::Slice:
      return slice(expr);
    case ExprKind::Stride:
    case ExprKind::Bound:
    case ExprKind::Argument:
      break;  // made later
  }
  return kErroneous;
}

std::string Inference::name_of(const Expr& expr) const {
  if (expr.kind == ExprKind::Local) {
    const std::string& name = instance_.local(expr.local).name;
    if (!name.empty() && name[0] != '%') return quoted(name);
  }
  return "this";
}

// Of a call of a function that returns nothing.
void Inference::refuse_no_value(const Expr& call, const std::string& use, std::string help) {
  wrong("no-value", call.span, "the function returns no value, so it can't be " + use,
        std::move(help));
}

bool Inference::is_value(const Expr& expr, const char* doing) {
  if (expr.type.is_void()) {
    refuse_no_value(expr, std::string("used in ") + doing,
                    "give the function a `return` with a value, or call it on a line of its own");
    return false;
  }
  if (expr.type.is_array()) {
    wrong(
        "whole-array", expr.span,
        name_of(expr) + " is " + describe(expr.type) + "; " + doing + " needs one of its elements",
        expr.kind == ExprKind::Local
            ? "write " + quoted(instance_.local(expr.local).name + "[idx]") + ", or another index"
            : "index the array");
    return false;
  }
  if (ir::is_struct(expr.type)) {
    wrong("whole-struct", expr.span,
          name_of(expr) + " is " + describe(expr.type) + "; " + doing + " needs one of its fields",
          "name the field: `." + expr.type.aggregate->names[0] + "`");
    return false;
  }
  if (expr.type.is_aggregate()) {
    wrong(
        "whole-tuple", expr.span,
        name_of(expr) + " is " + describe(expr.type) + "; " + doing + " needs one of its elements",
        name_of(expr) != "this"
            ? "write " + quoted(instance_.local(expr.local).name + "[0]") + ", or unpack it"
            : "unpack the tuple first: `a, b = ...`");
    return false;
  }
  return true;
}

// Unknown unless all operands are values of a known type; then their join, which only callers with
// like operands use.
Type Inference::operands_of(const Expr& expr, const char* doing) {
  bool erroneous = false;
  bool unknown = false;
  for (const ir::ExprPtr& operand : expr.operands) {
    if (is_erroneous(operand->type)) {
      erroneous = true;
    } else if (operand->type.is_unknown()) {
      unknown = true;
    }
  }
  for (const ir::ExprPtr& operand : expr.operands) {
    // What a tuple or a struct meets may well be another.
    const bool may_fit = (erroneous || unknown) && operand->type.is_aggregate();
    if (!operand->type.is_unknown() && !may_fit && !is_value(*operand, doing)) {
      erroneous = true;
    }
  }
  if (erroneous) return kErroneous;
  return unknown ? Type::unknown() : kBool;
}

Type Inference::constant(const Expr& expr) {
  if (expr.type.is_scalar() && !expr.type.weak) return expr.type;
  switch (expr.constant.kind) {
    case ir::ConstantValue::Kind::Bool:
      return kBool;
    case ir::ConstantValue::Kind::Integer:
      return Type::weak_int();
    case ir::ConstantValue::Kind::Float:
      return Type::weak_float();
    case ir::ConstantValue::Kind::Complex:
      return Type::weak_complex();
  }
  return kErroneous;
}

Type Inference::local(const Expr& expr) {
  const Type& type = instance_.type_of(expr.local);
  if (!reporting() || !type.is_unknown() || is_erroneous(type)) return type;
  // Its value comes from something else that has been complained of, unless it has none but itself.
  if (!only_from_itself(expr.local)) return kErroneous;
  Seen& seen = seen_[static_cast<size_t>(expr.local)];
  if (seen.complained) return kErroneous;
  seen.complained = true;
  return wrong("used-before-assignment", expr.span,
               name_of(expr) + " is used before it is given a value",
               "assign it before this line, for example " +
                   quoted(instance_.local(expr.local).name + " = 0"));
}

Type Inference::unary(Expr& expr) {
  infer(*expr.operands[0]);
  const Expr& operand = *expr.operands[0];
  const Type known = operands_of(expr, expr.unary_op == ir::UnaryOp::Not ? "`not`" : "arithmetic");
  if (known.is_unknown()) return known;
  if (expr.unary_op == ir::UnaryOp::Not) return kBool;
  if (expr.unary_op == ir::UnaryOp::Invert && refuses_complex(expr, "`~`")) return kErroneous;
  if (expr.unary_op == ir::UnaryOp::Invert && ir::is_float(operand.type)) {
    return wrong("float-bits", expr.span,
                 "`~` needs an integer, and " + name_of(operand) + " is " + describe(operand.type),
                 "convert it first: `~int(...)`");
  }
  if (is_weak(operand.type)) {
    const WeakResult result = constant_of(expr, instance_);
    if (result.error) return wrong("constant", expr.span, result.error);
  }
  return operand.type == kBool ? kInt32 : operand.type;
}

void Inference::check_zero_divisor(const Expr& expr) {
  if (!reporting()) return;
  const WeakResult divisor = constant_of(*expr.operands[1], instance_);
  if (!divisor.number || divisor.number->truth()) return;
  wrong("division-by-zero", expr.operands[1]->span,
        std::string("`") + symbol(expr.binary_op) + "` by a constant zero",
        "Python raises ZeroDivisionError here");
}

Type Inference::binary(Expr& expr) {
  infer(*expr.operands[0]);
  infer(*expr.operands[1]);
  const Expr& a = *expr.operands[0];
  const Expr& b = *expr.operands[1];
  if (const std::optional<Type> made = tuple_operation(expr)) return *made;
  const Type known = operands_of(expr, "arithmetic");
  if (known.is_unknown()) return known;
  if (is_weak(a.type) && is_weak(b.type)) {
    const WeakResult result = constant_of(expr, instance_);
    if (result.error)
      return wrong("constant", expr.span,
                   std::string(result.error) + " in this constant expression");
  } else if (expr.binary_op == BinaryOp::Divide || expr.binary_op == BinaryOp::FloorDivide ||
             expr.binary_op == BinaryOp::Modulo) {
    check_zero_divisor(expr);
  }
  const bool for_complex = expr.binary_op <= BinaryOp::Divide || expr.binary_op == BinaryOp::Power;
  if (!for_complex && refuses_complex(expr, quoted(symbol(expr.binary_op)))) return kErroneous;
  switch (expr.binary_op) {
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
    case BinaryOp::BitAnd:
    case BinaryOp::BitOr:
    case BinaryOp::BitXor:
      return bit_operation(expr);
    case BinaryOp::Power:
      return power(expr);
    case BinaryOp::Divide: {
      const Type common = meet(a, b);
      if (ir::is_float(common) || ir::is_complex(common)) return common;
      return common.weak ? Type::weak_float() : Type::of(default_float());
    }
    default:
      return meet(a, b);
  }
}

Type Inference::bit_operation(const Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) {
    if (!ir::is_float(operand->type)) continue;
    return wrong("float-bits", operand->span,
                 std::string("`") + symbol(expr.binary_op) + "` needs integers, and " +
                     name_of(*operand) + " is " + describe(operand->type),
                 "convert it first: `int(...)`");
  }
  if (expr.binary_op == BinaryOp::ShiftLeft || expr.binary_op == BinaryOp::ShiftRight)
    return shift(expr);
  const Expr& a = *expr.operands[0];
  const Expr& b = *expr.operands[1];
  return a.type == kBool && b.type == kBool ? kBool : meet(a, b);
}

// The left operand's type; a number alone takes at least 32 bits, so that `1 << k` is what it is
// for any small k.
Type Inference::shift(const Expr& expr) {
  const Type& left = expr.operands[0]->type;
  const Type& right = expr.operands[1]->type;
  if (right == Type::weak_int() && reporting()) {
    const WeakResult count = constant_of(*expr.operands[1], instance_);
    if (count.number && count.number->integer < 0) {
      return wrong("negative-shift", expr.operands[1]->span, "a shift by a negative count",
                   expr.binary_op == BinaryOp::ShiftLeft ? "write `>>` to shift to the right"
                                                         : "write `<<` to shift to the left");
    }
  }
  if (left == kBool) return kInt32;
  if (!left.weak) return left;
  if (right.weak) return Type::weak_int();
  const Type own = beside(*expr.operands[0], right);
  if (!own.weak) return own;
  return right.scalar != Scalar::Bool && ir::size_of(right.scalar) >= 4 ? right : kInt32;
}

Type Inference::power(const Expr& expr) {
  const Type common = meet(*expr.operands[0], *expr.operands[1]);
  if (ir::is_float(common)) return common;
  if (ir::is_complex(common)) return complex_power(expr);
  const WeakResult exponent = constant_of(*expr.operands[1], instance_);
  if (!exponent.number || exponent.number->is_float() || exponent.number->integer >= 0)
    return common;
  return common.weak ? Type::weak_float() : Type::of(default_float());
}

Type Inference::compare(Expr& expr) {
  infer(*expr.operands[0]);
  infer(*expr.operands[1]);
  if (expr.operands[0]->type.is_aggregate() && expr.operands[1]->type.is_aggregate())
    return is_comparable(expr) ? kBool : kErroneous;
  const Type known = operands_of(expr, "a comparison");
  if (known.is_unknown()) return known;
  const bool ordered =
      expr.compare_op != ir::CompareOp::Equal && expr.compare_op != ir::CompareOp::NotEqual;
  const bool complex =
      ir::is_complex(expr.operands[0]->type) || ir::is_complex(expr.operands[1]->type);
  if (!ordered || !complex) return kBool;
  return wrong("complex-order", expr.span, "complex numbers have no order",
               "compare their sizes: `abs(z) < abs(w)`");
}

Type Inference::logical(Expr& expr) {
  infer(*expr.operands[0]);
  infer(*expr.operands[1]);
  const Type known = operands_of(expr, expr.kind == ExprKind::And ? "`and`" : "`or`");
  if (known.is_unknown()) return known;
  return join(beside(*expr.operands[0], expr.operands[1]->type),
              beside(*expr.operands[1], expr.operands[0]->type), default_float());
}

Type Inference::select(Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  if (expr.operands[1]->type.is_aggregate() && expr.operands[2]->type.is_aggregate())
    return select_tuple(expr);
  // What a function gives that is just being looked at is not known yet: the other arm says.
  for (const size_t arm : {1U, 2U}) {
    const Type& type = expr.operands[arm]->type;
    const Type& other = expr.operands[3 - arm]->type;
    if (!reporting() && type.is_unknown() && !is_erroneous(type) && !other.is_unknown())
      return other;
  }
  const Type known = operands_of(expr, "a conditional expression");
  if (known.is_unknown()) return known;
  const Expr& a = *expr.operands[1];
  const Expr& b = *expr.operands[2];
  return join(beside(a, b.type), beside(b, a.type), default_float());
}

Type Inference::cast(Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  if (expr.operands.size() == 2) {
    expr.type = expr.operands[1]->type;
    if (expr.type.is_unknown()) return expr.type;
    if (!expr.type.is_scalar())
      return expr.type = refuse_struct_dtype(*expr.operands[1], "a conversion");
  }
  const Type known = operands_of(expr, "a conversion");
  if (known.is_unknown()) return known;
  const bool keeps = ir::is_complex(expr.type) || expr.type == kBool;
  if (!keeps && refuses_complex(expr, "a conversion to " + describe(expr.type))) return kErroneous;
  return expr.type;
}

void Inference::check_index(const Expr& index, const Expr& array) {
  if (index.type.is_unknown() || !is_value(index, "an index")) return;
  if (index.type == kBool) {
    wrong("bool-index", index.span,
          "an index must be an integer, and " + name_of(index) + " is a bool",
          "write `int(...)`, or `x if condition else y` to choose between two elements");
  } else if (!ir::is_integer(index.type)) {
    wrong("float-index", index.span,
          "an index must be an integer, and " + name_of(index) + " is " + describe(index.type),
          "write `int(...)` around it, or `//` where it was made with `/`", origin_of_float(index));
  }
  const WeakResult value = constant_of(index, instance_);
  if (index.type == Type::weak_int() && value.number && !integer_type_of(*value.number)) {
    wrong("constant-too-large", index.span, to_string(*value.number) + " fits no integer type");
  }
  (void)array;
}

// Of operands whose types are known: looked at twice, they would be for each of `A[i][j][k]`.
Type Inference::element(const std::vector<ir::ExprPtr>& operands, Span span) {
  const Expr& array = *operands[0];
  if (array.type.is_unknown()) return array.type;
  if (!array.type.is_array()) {
    const bool parameter = array.kind == ExprKind::Local && instance_.is_parameter(array.local);
    // The element that a loop over it would read: the loop has been complained about, and
    // its variable shall not be as well.
    if (span.column == array.span.column && span.end_column == array.span.end_column &&
        span.line == array.span.line) {
      return array.type;
    }
    if (ir::is_tuple(array.type)) {
      return wrong("tuple-assigned", array.span,
                   name_of(array) + " is a tuple, and its elements cannot be assigned",
                   "make an array of the thread, `t = local(3, float)`, or another tuple: "
                   "`t = (x, t[1], t[2])`");
    }
    std::string help;
    if (parameter && array.type.is_scalar() && instance_.function.signature) {
      help = "if it is meant to be an array, say so in the signature: `" +
             cast_name(array.type.scalar) + "* " + instance_.local(array.local).name + "`";
    }
    if (array.kind == ExprKind::Load && array.operands[0]->kind == ExprKind::Local) {
      const int rank = array.operands[0]->type.rank;
      help = name_of(*array.operands[0]) + " has " + std::to_string(rank) +
             (rank == 1 ? " dimension" : " dimensions") + ": this is one index too many";
    }
    return wrong("not-an-array", array.span,
                 name_of(array) + " is " + describe(array.type) + " and can't be indexed", help);
  }
  const size_t indices = operands.size() - 1;
  if (indices > array.type.rank) {
    const bool signed_parameter = array.kind == ExprKind::Local &&
                                  instance_.is_parameter(array.local) &&
                                  instance_.function.signature;
    std::string help;
    if (signed_parameter) {
      help = "if it has more, say so in the signature: `" + cast_name(array.type.scalar) +
             std::string(indices, '*') + " " + instance_.local(array.local).name + "`";
    }
    return wrong("index-count", span,
                 name_of(array) + " has " + std::to_string(array.type.rank) +
                     (array.type.rank == 1 ? " dimension, and " : " dimensions, and ") +
                     std::to_string(indices) +
                     (indices == 1 ? " index is given" : " indices are given"),
                 help);
  }
  size_t slices = 0;
  for (size_t i = 1; i < operands.size(); ++i) {
    if (operands[i]->kind == ExprKind::Slice) {
      ++slices;
      if (is_erroneous(operands[i]->type)) return kErroneous;
    } else if (reporting()) {
      check_index(*operands[i], array);
    }
  }
  return array.type.indexed(indices - slices);
}

// `start:stop:step`, of which any may be missing.
Type Inference::slice(Expr& expr) {
  bool erroneous = false;
  for (const ir::ExprPtr& operand : expr.operands)
    erroneous = is_erroneous(infer(*operand)) || erroneous;
  if (erroneous) return kErroneous;
  if (reporting()) {
    for (const ir::ExprPtr& operand : expr.operands) check_index(*operand, expr);
  }
  const WeakResult step = (expr.field & 4) != 0 ? constant_of(*expr.operands.back(), instance_)
                                                : WeakResult{weak_integer(1), nullptr};
  const bool is_step = step.number && step.number->kind == WeakNumber::Kind::Integer &&
                       step.number->integer != 0 && fits(*step.number, Scalar::I32);
  if (!is_step) {
    return wrong("slice-step", expr.operands.back()->span,
                 "the step of a slice must be an integer constant other than 0",
                 "leave it out and multiply the index, or write a loop over a range");
  }
  return instances_.index_type();
}

Type Inference::load(Expr& expr) {
  for (const ir::ExprPtr& operand : expr.operands) infer(*operand);
  return expr.operands[0]->type.is_aggregate() ? tuple_element(expr)
                                               : element(expr.operands, expr.span);
}

}  // namespace cudapy::sema
