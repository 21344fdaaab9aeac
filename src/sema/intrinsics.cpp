// CUDA's device functions: their types, and what the typed tree has for them. Random numbers are
// taken apart here into words of Philox and arithmetic, so that every device computes them alike:
//
//     rand(seed, i)       float32(int32(philox0(seed, i, 0) >> 8)) * 2**-24
//     rand64(seed, i)     float64(int64((philox1 << 32 | philox0) >> 11)) * 2**-53
//     randint(s, i, a, b) a + the upper half of (philox1 << 32 | philox0) * (b - a)
//     normal(seed, i)     sqrt(-2 log(u)) * cospi(v), u of philox2 in (0, 1), v of philox3 in [-1,
//     1)
#include <array>
#include <utility>

#include "sema/builder.h"
#include "sema/inference.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Intrinsic;
using ir::Scalar;
using ir::Type;

namespace {

constexpr Type kUInt32 = Type::of(Scalar::U32);
constexpr Type kUInt64 = Type::of(Scalar::U64);
constexpr Type kFloat32 = Type::of(Scalar::F32);
constexpr Type kFloat64 = Type::of(Scalar::F64);

// Integers of less than 32 bits, and bools, become int32, as C's do.
Type widened(const Type& type) {
  return type.scalar == Scalar::Bool || ir::size_of(type.scalar) < 4 ? kInt32 : type;
}

bool is_random(Intrinsic intrinsic) {
  return intrinsic >= Intrinsic::RandBits && intrinsic <= Intrinsic::Normal64;
}

}  // namespace

bool Inference::are_integers(const Expr& expr, size_t count, const std::string& name) {
  for (size_t i = 0; i < count; ++i) {
    const Expr& operand = *expr.operands[i];
    if (!ir::is_float(operand.type)) continue;
    wrong("float-bits", operand.span,
          name + " needs integers, and " + name_of(operand) + " is " + describe(operand.type),
          "convert it first: `int(...)`");
    return false;
  }
  return true;
}

// x.view(cp.int32), float_as_int(x)
Type Inference::view_of_bits(const Expr& expr) {
  const Expr& operand = *expr.operands[0];
  if (expr.intrinsic == Intrinsic::View) {
    const Type own = alone(operand, instance_, instances_);
    const Type wanted = expr.operands[1]->type;
    const bool has_bits = own != kBool && ir::size_of(own.scalar) == ir::size_of(wanted.scalar);
    if (has_bits && wanted != kBool) return wanted;
    if (own == kBool || wanted == kBool) {
      const bool is_own = own == kBool;
      const std::string what = is_own ? name_of(operand) + " is a bool" : "bools are none";
      return wrong("view-size", expr.span,
                   "a view reads a number's bits as another type of numbers, and " + what,
                   is_own ? "convert it: `" + cast_name(wanted.scalar) + "(...)`"
                          : "compare it: `... != 0`");
    }
    return wrong("view-size", expr.span,
                 "a view reads a number's bits as another type of its size, and " +
                     name_of(operand) + " is " + describe(own) + ", not of the size of " +
                     describe(wanted),
                 "convert it first, or convert alone: `" + cast_name(wanted.scalar) + "(...)`");
  }
  const auto [from, to] = ir::view_types(expr.intrinsic);
  const std::string name = quoted(ir::info(expr.intrinsic).name);
  const Type& type = operand.type;
  const bool same_kind = type != kBool && ir::is_float(type) == ir::is_float(from);
  const bool fits = type.weak || ir::size_of(type.scalar) <= ir::size_of(from);
  if (same_kind && fits) return Type::of(to);
  return wrong("view-type", operand.span,
               name + " needs " + describe(Type::of(from)) + ", and " + name_of(operand) + " is " +
                   describe(type),
               "convert it first: `" + cast_name(from) + "(...)`");
}

Type Inference::intrinsic(Expr& expr) {
  if (expr.intrinsic >= Intrinsic::Shfl && expr.intrinsic <= Intrinsic::WarpId)
    return warp_operation(expr);
  for (const ExprPtr& operand : expr.operands) infer(*operand);
  const bool is_method = expr.intrinsic == Intrinsic::View;
  const std::string name = quoted(is_method ? "view" : ir::info(expr.intrinsic).name);
  if (is_method && expr.operands[1]->type.is_aggregate())
    return refuse_struct_dtype(*expr.operands[1], "a view");
  const Type known = operands_of(expr, name.c_str());
  if (known.is_unknown() && !expr.operands.empty()) return known;
  if (refuses_complex(expr, name)) return kErroneous;
  if (ir::is_view(expr.intrinsic)) return view_of_bits(expr);
  if (!are_integers(expr, expr.operands.size(), name)) return kErroneous;
  const auto own = [&](size_t i) {
    return widened(alone(*expr.operands[i], instance_, instances_));
  };
  const auto common = [&](size_t a, size_t b) {
    const Type type = meet(*expr.operands[a], *expr.operands[b]);
    return type.weak ? Type::of(promote(own(a).scalar, own(b).scalar)) : widened(type);
  };
  switch (expr.intrinsic) {
    case Intrinsic::Popc:
    case Intrinsic::Clz:
    case Intrinsic::Ffs:
      return kInt32;
    case Intrinsic::Brev:
      return own(0);
    case Intrinsic::MulHigh:
      return common(0, 1);
    case Intrinsic::RandInt:
      return common(2, 3);
    case Intrinsic::Clock:
      return kInt64;
    case Intrinsic::Fence:
    case Intrinsic::FenceBlock:
    case Intrinsic::FenceSystem:
      return Type::void_();
    case Intrinsic::Rand:
    case Intrinsic::Normal:
      return kFloat32;
    case Intrinsic::Rand64:
    case Intrinsic::Normal64:
      return kFloat64;
    default:
      return kUInt32;
  }
}

namespace {

// A[i] of A[i].at.x.
const Expr& whole_of(const Expr& place) {
  const Expr* whole = &place;
  while (whole->kind == ExprKind::Field && !whole->name.empty()) whole = whole->operands[0].get();
  return *whole;
}

// Where in the element the place is.
int32_t offset_in_element(const Expr& place) {
  if (place.kind != ExprKind::Field) return 0;
  const Expr& whole = *place.operands[0];
  const auto field = static_cast<size_t>(ir::field_of(whole.type, place.name));
  return offset_in_element(whole) + ir::offset_of(whole.type, field);
}

bool is_aligned(const Expr& place) {
  const Type& array = whole_of(place).operands[0]->type;
  const int size = ir::size_of(place.type.scalar);
  const bool in_struct = array.aggregate != nullptr;
  return !in_struct || (offset_in_element(place) % size == 0 && ir::item_size(array) % size == 0);
}

}  // namespace

// The element before, or the field; only the Load says what the place is.
Type Inference::atomic(Expr& expr) {
  for (const ExprPtr& operand : expr.operands) infer(*operand);
  const Type element = expr.operands[0]->type;
  if (element.is_unknown()) return element;
  const std::string name = quoted("atomic." + std::string(ir::name_of(expr.atomic_op)));
  const Span span = expr.operands[0]->span;
  const Expr& place = *expr.operands[0];
  const Expr& whole = whole_of(place);
  if (whole.kind != ExprKind::Load || !whole.operands[0]->type.is_array()) {
    return wrong("atomic-place", span,
                 name + " needs an element of an array, and this is a value of the thread's own",
                 "name the place: `" + name.substr(1, name.size() - 2) + "(A[i], ...)`");
  }
  if (!element.is_scalar() || element == kBool) {
    return wrong("atomic-type", span, name + " needs numbers, and this is " + describe(element),
                 ir::is_struct(element) ? "name the field: `" + name.substr(1, name.size() - 2) +
                                              "(P[i]." + element.aggregate->names[0] + ", ...)`"
                 : element.is_array()   ? "give it all indices"
                                        : "use an array of int32 in place of the bools");
  }
  if (ir::is_complex(element)) {
    return wrong("atomic-type", span,
                 name + " needs real numbers, and this is " + describe(element),
                 "name the part: `" + name.substr(1, name.size() - 2) + "(Z[i].real, ...)`");
  }
  if (ir::needs_integer(expr.atomic_op) && ir::is_float(element)) {
    return wrong("atomic-type", span, name + " needs integers, and this is " + describe(element),
                 "use an array of integers");
  }
  if (!is_aligned(place)) {
    return wrong("atomic-alignment", span,
                 name + " needs a number that is aligned to its size, and `" + place.name +
                     "` lies " + std::to_string(offset_in_element(place)) +
                     " bytes into a struct of " +
                     std::to_string(ir::item_size(whole.operands[0]->type)),
                 "make the dtype with `align=True`, or use an array of the field alone");
  }
  if (!reporting()) return element;
  const std::string what = place.name.empty() ? "the element" : "the field " + quoted(place.name);
  for (size_t i = 1; i < expr.operands.size(); ++i) {
    if (expr.operands[i]->type.is_unknown() || !is_value(*expr.operands[i], name.c_str())) continue;
    check_conversion(*expr.operands[i], element, what);
  }
  return element;
}

namespace {

// Builds one draw of random numbers; the words' operands are copied for each word that is read.
class Draw {
 public:
  Draw(std::array<ExprPtr, 3> key, Span span) : key_(std::move(key)), span_(span) {}

  [[nodiscard]] ExprPtr word(int number) const {
    ExprPtr expr = node(ExprKind::Intrinsic, kUInt32);
    expr->intrinsic = static_cast<Intrinsic>(static_cast<int>(Intrinsic::Philox0) + number);
    for (const ExprPtr& operand : key_) expr->operands.push_back(ir::clone(*operand));
    return expr;
  }
  // Two words as a uint64.
  [[nodiscard]] ExprPtr pair(int low) const {
    return binary(BinaryOp::BitOr, cast(word(low), kUInt64),
                  binary(BinaryOp::ShiftLeft, cast(word(low + 1), kUInt64), integer(32, kUInt64)));
  }

  // [0, 1)
  [[nodiscard]] ExprPtr unit(bool wide) const {
    return wide ? scaled(binary(BinaryOp::ShiftRight, pair(0), integer(11, kUInt64)), kInt64,
                         0x1p-53)
                : scaled(binary(BinaryOp::ShiftRight, word(0), integer(8, kUInt32)), kInt32,
                         0x1p-24);
  }

  // Box and Muller's cosine; of words that rand does not use, so that it depends on no rand of the
  // same counter.
  [[nodiscard]] ExprPtr normal(bool wide) const {
    const Type type = wide ? kFloat64 : kFloat32;
    ExprPtr radius_bits =
        wide ? scaled(cast(word(2), kInt64), kInt64, 0x1p-32)
             : scaled(binary(BinaryOp::ShiftRight, word(2), integer(8, kUInt32)), kInt32, 0x1p-24);
    ExprPtr u = binary(BinaryOp::Add, std::move(radius_bits), real(wide ? 0x1p-33 : 0x1p-25, type));
    ExprPtr v = binary(BinaryOp::Multiply, cast(cast(word(3), kInt32), type), real(0x1p-31, type));
    ExprPtr square =
        binary(BinaryOp::Multiply, math(ir::MathFunction::Log, std::move(u)), real(-2.0, type));
    return binary(BinaryOp::Multiply, math(ir::MathFunction::Sqrt, std::move(square)),
                  math(ir::MathFunction::Cospi, std::move(v)));
  }

  // low + bits * (high - low) // 2**64, computed without wider integers for results of 32 bits and
  // less.
  [[nodiscard]] ExprPtr between(const Expr& low, ExprPtr high) const {
    const Type type = low.type;
    const bool wide = ir::size_of(type.scalar) == 8;
    const Type unsigned_type = wide ? kUInt64 : kUInt32;
    ExprPtr count = binary(BinaryOp::Subtract, cast(std::move(high), unsigned_type),
                           cast(ir::clone(low), unsigned_type));
    ExprPtr offset;
    if (wide) {
      offset = node(ExprKind::Intrinsic, kUInt64);
      offset->intrinsic = Intrinsic::MulHigh;
      offset->operands.push_back(pair(0));
      offset->operands.push_back(std::move(count));
    } else {
      const auto times = [&](int number) {
        return binary(BinaryOp::Multiply, cast(word(number), kUInt64),
                      cast(ir::clone(*count), kUInt64));
      };
      ExprPtr lower = binary(BinaryOp::ShiftRight, times(0), integer(32, kUInt64));
      ExprPtr sum = binary(BinaryOp::Add, times(1), std::move(lower));
      offset = cast(binary(BinaryOp::ShiftRight, std::move(sum), integer(32, kUInt64)), kUInt32);
    }
    return cast(binary(BinaryOp::Add, cast(ir::clone(low), unsigned_type), std::move(offset)),
                type);
  }

 private:
  [[nodiscard]] ExprPtr node(ExprKind kind, Type type) const {
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    expr->type = type;
    expr->span = span_;
    return expr;
  }
  [[nodiscard]] ExprPtr integer(int64_t value, Type type) const {
    ExprPtr expr = node(ExprKind::Constant, type);
    expr->constant.integer = value;
    return expr;
  }
  [[nodiscard]] ExprPtr real(double value, Type type) const {
    ExprPtr expr = node(ExprKind::Constant, type);
    expr->constant.kind = ir::ConstantValue::Kind::Float;
    expr->constant.real = value;
    return expr;
  }
  [[nodiscard]] ExprPtr cast(ExprPtr value, Type type) const {
    if (value->type == type) return value;
    ExprPtr expr = node(ExprKind::Cast, type);
    expr->operands.push_back(std::move(value));
    return expr;
  }
  [[nodiscard]] ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) const {
    ExprPtr expr = node(ExprKind::Binary, a->type);
    expr->binary_op = op;
    expr->operands.push_back(std::move(a));
    expr->operands.push_back(std::move(b));
    return expr;
  }
  [[nodiscard]] ExprPtr math(ir::MathFunction function, ExprPtr argument) const {
    ExprPtr expr = node(ExprKind::Math, argument->type);
    expr->math = function;
    expr->operands.push_back(std::move(argument));
    return expr;
  }
  // An unsigned integer that a signed one of its width holds, as a float of that width.
  [[nodiscard]] ExprPtr scaled(ExprPtr bits, Type signed_type, double factor) const {
    const Type type = signed_type == kInt64 ? kFloat64 : kFloat32;
    return binary(BinaryOp::Multiply, cast(cast(std::move(bits), signed_type), type),
                  real(factor, type));
  }

  std::array<ExprPtr, 3> key_;
  Span span_;
};

}  // namespace

ExprPtr Builder::intrinsic(ExprPtr expr) {
  const Type type = expr->type;
  if (is_random(expr->intrinsic)) return random(std::move(expr));
  if (expr->intrinsic >= Intrinsic::Shfl && expr->intrinsic <= Intrinsic::WarpId)
    return warp_operation(std::move(expr));
  if (expr->intrinsic == Intrinsic::View) {
    expr->operands.pop_back();
    expr->operands[0] = natural(std::move(expr->operands[0]));
    return expr;
  }
  if (ir::is_view(expr->intrinsic)) {
    const Scalar from = ir::view_types(expr->intrinsic).from;
    expr->operands[0] = as(std::move(expr->operands[0]), Type::of(from));
    expr->intrinsic = Intrinsic::View;
    return expr;
  }
  for (ExprPtr& operand : expr->operands) {
    switch (expr->intrinsic) {
      case Intrinsic::BytePerm:
        operand = as(std::move(operand), kUInt32);
        break;
      case Intrinsic::MulHigh:
        operand = as(std::move(operand), type);
        break;
      default: {
        ExprPtr own = natural(std::move(operand));
        const Type wide = widened(own->type);
        operand = convert(std::move(own), wide);
      }
    }
  }
  return expr;
}

// { %key = uint64(seed); %counter = uint64(i); %upper = uint64(j); [%low = low;] yield ... }
ExprPtr Builder::random(ExprPtr expr) {
  const Type type = expr->type;
  const Span span = expr->span;
  const bool ranged = expr->intrinsic == Intrinsic::RandInt;
  const size_t upper = ranged ? 4 : 2;
  ExprPtr sequence = std::make_unique<Expr>();
  sequence->kind = ExprKind::Sequence;
  sequence->type = type;
  sequence->span = span;
  const auto held = [&](ExprPtr value, const char* name) {
    auto assign = std::make_unique<ir::Stmt>();
    assign->kind = ir::StmtKind::Assign;
    assign->span = span;
    const Type held_type = value->type;
    assign->local = new_local(held_type, name, span);
    assign->value = std::move(value);
    ExprPtr read = local(assign->local, held_type, span);
    sequence->body.push_back(std::move(assign));
    return read;
  };
  const auto word = [&](size_t i, const char* name) {
    ExprPtr value = i < expr->operands.size()
                        ? convert(natural(std::move(expr->operands[i])), kUInt64)
                        : number(weak_integer(0), kUInt64, span);
    return held(std::move(value), name);
  };
  ExprPtr key = word(0, "%key");
  ExprPtr counter = word(1, "%counter");
  ExprPtr low = ranged ? held(as(std::move(expr->operands[2]), type), "%low") : nullptr;
  ExprPtr high = ranged ? held(as(std::move(expr->operands[3]), type), "%high") : nullptr;
  const Draw draw({std::move(key), std::move(counter), word(upper, "%upper")}, span);
  ExprPtr value;
  switch (expr->intrinsic) {
    case Intrinsic::RandBits:
      value = draw.word(0);
      break;
    case Intrinsic::RandInt:
      value = draw.between(*low, std::move(high));
      break;
    case Intrinsic::Normal:
    case Intrinsic::Normal64:
      value = draw.normal(expr->intrinsic == Intrinsic::Normal64);
      break;
    default:
      value = draw.unit(expr->intrinsic == Intrinsic::Rand64);
      break;
  }
  sequence->operands.push_back(std::move(value));
  return sequence;
}

ExprPtr Builder::atomic(ExprPtr expr) {
  const Type element = expr->operands[0]->type;
  const int32_t offset = offset_in_element(*expr->operands[0]);
  while (expr->operands[0]->kind == ExprKind::Field)
    expr->operands[0] = ExprPtr(std::move(expr->operands[0]->operands[0]));
  expr->operands[0]->type = element;
  expr->operands[0]->byte_offset = offset;
  ir::Block before;
  place(expr->operands[0]->operands, before);
  for (size_t i = 1; i < expr->operands.size(); ++i)
    expr->operands[i] = as(std::move(expr->operands[i]), element);
  mark_written(*expr->operands[0]->operands[0]);
  return after(std::move(before), std::move(expr));
}

}  // namespace cudapy::sema
