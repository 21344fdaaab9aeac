#include "transform/row_index.h"

#include <algorithm>
#include <utility>

#include "transform/typed_nodes.h"

namespace cudapy::transform {

using namespace ir;

namespace {

// Bounds that types give are worth a look at run time where arrays may well be as long.
constexpr int64_t kMostOfType = 65'535;

bool mentions_thread(const Expr& expr) {
  return expr.kind == ExprKind::ThreadIndex ||
         std::any_of(expr.operands.begin(), expr.operands.end(),
                     [](const ExprPtr& operand) { return mentions_thread(*operand); });
}

// Whether all values of the type it has are kept.
bool keeps_value(const Expr& cast) {
  const Scalar from = cast.operands[0]->type.scalar;
  const Scalar to = cast.type.scalar;
  if (!is_integer(from) || !is_integer(to)) return false;
  if (is_signed(from) == is_signed(to)) return size_of(to) >= size_of(from);
  return is_signed(to) && size_of(to) > size_of(from);
}

ExprPtr extreme(BinaryOp which, ExprPtr a, ExprPtr b) {
  return binary(which, std::move(a), std::move(b));
}

std::optional<Ends> without_threads(ExprPtr first, ExprPtr last) {
  if (!first || !last || mentions_thread(*first) || mentions_thread(*last)) return std::nullopt;
  return Ends{std::move(first), std::move(last)};
}

}  // namespace

std::optional<Ends> RowIndices::ends_of(LocalId counter) {
  RowIndex values;
  const auto loop = loops_.find(counter);
  if (loop == loops_.end() || !values_of(*loop->second, values)) return std::nullopt;
  return without_threads(std::move(values.offset), std::move(values.last));
}

std::optional<Ends> RowIndices::ends_of(const Expr& operation) {
  for_blocks_ = true;
  Bounds bounds = bounds_of_binary(operation);
  for_blocks_ = false;
  return without_threads(std::move(bounds.least), std::move(bounds.greatest));
}

bool RowIndices::decompose(const Expr& expr, RowIndex& out) {
  switch (expr.kind) {
    case ExprKind::ThreadIndex:
      if (expr.thread_index == ThreadIndex::Idx) return out.has_idx = true;
      break;
    case ExprKind::Local:
      if (const auto loop = loops_.find(expr.local); loop != loops_.end())
        return values_of(*loop->second, out);
      if (const Expr* value = assignments_.value_of(expr.local)) return decompose(*value, out);
      break;
    case ExprKind::Cast:
      // Widening what may have wrapped is no longer a progression; idx itself and counters have
      // not.
      if (is_counted(*expr.operands[0]) && is_integer(expr.type) &&
          size_of(expr.type.scalar) >= size_of(expr.operands[0]->type.scalar))
        return decompose(*expr.operands[0], out);
      break;
    case ExprKind::Binary:
      if (expr.binary_op == BinaryOp::Add || expr.binary_op == BinaryOp::Subtract)
        return decompose_sum(expr, out);
      if (expr.binary_op == BinaryOp::Multiply && decompose_product(expr, out)) return true;
      out.offset = row_constant(expr);
      return out.offset != nullptr || values_between(expr, out);
    default:
      break;
  }
  out.offset = row_constant(expr);
  return out.offset != nullptr;
}

bool RowIndices::is_counted(const Expr& expr) const {
  return expr.kind == ExprKind::ThreadIndex ||
         (expr.kind == ExprKind::Local && loops_.contains(expr.local));
}

// What `for counter in range(start, stop, step)` counts through, from the least to the greatest.
// An empty range gives a greatest value below the least.
bool RowIndices::values_of(const Stmt& loop, RowIndex& out) {
  const Expr& step = *loop.operands[2];
  if (!is_signed(loop.operands[0]->type.scalar)) return false;
  if (step.kind != ExprKind::Constant || step.constant.integer == 0) return false;
  ExprPtr start = row_constant(*loop.operands[0]);
  ExprPtr stop = row_constant(*loop.operands[1]);
  if (!start || !stop) return false;
  start = widened(std::move(start));
  const bool up = step.constant.integer > 0;
  const int64_t stride = up ? step.constant.integer : -step.constant.integer;
  ExprPtr one = integer(1, kInt64);
  ExprPtr end =
      binary(up ? BinaryOp::Subtract : BinaryOp::Add, widened(std::move(stop)), std::move(one));
  if (stride != 1) {
    ExprPtr distance = up ? binary(BinaryOp::Subtract, std::move(end), clone(*start))
                          : binary(BinaryOp::Subtract, clone(*start), std::move(end));
    ExprPtr turns = binary(BinaryOp::FloorDivide, std::move(distance), integer(stride, kInt64));
    end = binary(up ? BinaryOp::Add : BinaryOp::Subtract, clone(*start),
                 binary(BinaryOp::Multiply, std::move(turns), integer(stride, kInt64)));
  }
  out.offset = up ? std::move(start) : std::move(end);
  out.last = up ? std::move(end) : std::move(start);
  return true;
}

// A value that is clamped or wrapped, whose bounds a row shares.
bool RowIndices::values_between(const Expr& expr, RowIndex& out) {
  const bool is_counter = expr.kind == ExprKind::Local && loops_.contains(expr.local);
  if (!takes_bounds_ && !is_counter) return false;
  Bounds bounds = bounds_of(expr);
  if (!bounds.least || !bounds.greatest) return false;
  out.offset = std::move(bounds.least);
  out.last = std::move(bounds.greatest);
  return true;
}

// Between which values the expression's own lies, which must be exact: it may have been clamped
// after it has wrapped.
RowIndices::Bounds RowIndices::bounds_of(const Expr& expr) {
  if (!is_integer(expr.type) || expr.type.scalar == Scalar::U64) return {};
  if (ExprPtr same = row_constant(expr)) {
    same = widened(std::move(same));
    return {clone(*same), std::move(same)};
  }
  if (expr.kind == ExprKind::Local) {
    RowIndex values;
    if (const auto loop = loops_.find(expr.local); loop != loops_.end()) {
      if (!values_of(*loop->second, values)) return {};
      return {std::move(values.offset), std::move(values.last)};
    }
    if (const Expr* value = assignments_.value_of(expr.local)) return bounds_of(*value);
  }
  if (expr.kind == ExprKind::ThreadIndex && expr.thread_index <= ThreadIndex::Idz)
    return bounds_of_thread(expr);
  if (expr.kind == ExprKind::Cast && keeps_value(expr)) return bounds_of(*expr.operands[0]);
  if (expr.kind == ExprKind::Binary) {
    Bounds bounds = bounds_of_binary(expr);
    if (bounds.least || bounds.greatest) return bounds;
  }
  return bounds_by_type(expr);
}

// From guards around the kernel, and types.
RowIndices::Bounds RowIndices::bounds_of_thread(const Expr& expr) const {
  Bounds bounds;
  bounds.least = integer(0, kInt64);
  for (const Clip& clip : function_.clips) {
    const bool is_upper = clip.op == CompareOp::Less || clip.op == CompareOp::LessEqual;
    if (!is_upper || clip.axis != static_cast<uint8_t>(expr.thread_index)) continue;
    ExprPtr last = widened(clone(*clip.bound));
    if (clip.op == CompareOp::Less)
      last = binary(BinaryOp::Subtract, std::move(last), integer(1, kInt64));
    bounds.greatest = bounds.greatest
                          ? extreme(BinaryOp::Minimum, std::move(bounds.greatest), std::move(last))
                          : std::move(last);
  }
  return bounds;
}

// value + constant or value - constant, where that does not wrap.
RowIndices::Bounds RowIndices::bounds_of_moved(const Expr& expr) {
  if (expr.operands[1]->kind != ExprKind::Constant || !range_by_type(expr)) return {};
  Bounds bounds = bounds_of(*expr.operands[0]);
  for (ExprPtr* bound : {&bounds.least, &bounds.greatest}) {
    if (!*bound) continue;
    *bound = binary(expr.binary_op, std::move(*bound),
                    integer(expr.operands[1]->constant.integer, kInt64));
  }
  return bounds;
}

// A lower bound is known of the smaller of two if one is known of both, of the greater if one is
// known of either.
RowIndices::Bounds RowIndices::bounds_of_binary(const Expr& expr) {
  if (!is_integer(expr.type) || expr.type.scalar == Scalar::U64) return {};
  if (expr.binary_op == BinaryOp::Modulo) {
    // From 0 to divisor - 1; from divisor + 1 to 0 where it is negative. Never empty: a sum with an
    // empty interval may look like one that is not.
    ExprPtr divisor = row_constant(*expr.operands[1]);
    if (!divisor) return {};
    divisor = widened(std::move(divisor));
    ExprPtr above = binary(BinaryOp::Add, clone(*divisor), integer(1, kInt64));
    ExprPtr below = binary(BinaryOp::Subtract, std::move(divisor), integer(1, kInt64));
    return {extreme(BinaryOp::Minimum, integer(0, kInt64), std::move(above)),
            extreme(BinaryOp::Maximum, integer(0, kInt64), std::move(below))};
  }
  if (expr.binary_op == BinaryOp::Add || expr.binary_op == BinaryOp::Subtract)
    return bounds_of_moved(expr);
  if (expr.binary_op != BinaryOp::Minimum && expr.binary_op != BinaryOp::Maximum) return {};
  Bounds a = bounds_of(*expr.operands[0]);
  Bounds b = bounds_of(*expr.operands[1]);
  const auto of_both = [&](ExprPtr one, ExprPtr other) -> ExprPtr {
    if (!one || !other) return nullptr;
    return extreme(expr.binary_op, std::move(one), std::move(other));
  };
  const auto of_either = [&](ExprPtr one, ExprPtr other) -> ExprPtr {
    if (!one || !other) return one ? std::move(one) : std::move(other);
    return extreme(expr.binary_op, std::move(one), std::move(other));
  };
  if (expr.binary_op == BinaryOp::Minimum) {
    return {of_both(std::move(a.least), std::move(b.least)),
            of_either(std::move(a.greatest), std::move(b.greatest))};
  }
  return {of_either(std::move(a.least), std::move(b.least)),
          of_both(std::move(a.greatest), std::move(b.greatest))};
}

// What types tell of a sum that does not wrap; null: it may.
std::optional<Range> RowIndices::range_by_type(const Expr& expr) {
  const LinearForm form = forms_.of(expr);
  const auto least = form.least();
  const auto below = sum(constant_form(0), form, -1).least();
  const Scalar type = expr.type.scalar;
  if (!least || !below || *least < least_of(type) || *below < -greatest_of(type))
    return std::nullopt;
  return Range{*least, -*below};
}

// As far as an index could keep to them: not negative, and not as large as types are.
RowIndices::Bounds RowIndices::bounds_by_type(const Expr& expr) {
  const auto range = range_by_type(expr);
  Bounds bounds;
  if (range && range->least >= 0) bounds.least = integer(range->least, kInt64);
  if (range && range->greatest <= kMostOfType) bounds.greatest = integer(range->greatest, kInt64);
  return bounds;
}

// value * factor, in 32 bits, where the products of the ends don't wrap in 64.
bool RowIndices::decompose_product(const Expr& expr, RowIndex& out) {
  if (expr.type.scalar != Scalar::I32) return false;
  for (const size_t at : {0U, 1U}) {
    ExprPtr factor = row_constant(*expr.operands[1 - at]);
    RowIndex values;
    if (!factor || row_constant(*expr.operands[at]) || !values_between(*expr.operands[at], values))
      continue;
    factor = widened(std::move(factor));
    ExprPtr first = binary(BinaryOp::Multiply, std::move(values.offset), clone(*factor));
    ExprPtr last = binary(BinaryOp::Multiply, std::move(values.last), std::move(factor));
    out.offset = extreme(BinaryOp::Minimum, clone(*first), clone(*last));
    out.last = extreme(BinaryOp::Maximum, std::move(first), std::move(last));
    return true;
  }
  return false;
}

bool RowIndices::decompose_sum(const Expr& expr, RowIndex& out) {
  RowIndex left;
  RowIndex right;
  if (!decompose(*expr.operands[0], left) || !decompose(*expr.operands[1], right)) return false;
  const bool subtracts = expr.binary_op == BinaryOp::Subtract;
  if ((left.has_idx && right.has_idx) || (subtracts && right.has_idx)) return false;
  out.has_idx = left.has_idx || right.has_idx;
  if (left.last || right.last) {
    add_intervals(std::move(left), std::move(right), subtracts, out);
  } else if (!right.offset) {
    out.offset = std::move(left.offset);
  } else if (!left.offset && !subtracts) {
    out.offset = std::move(right.offset);
  } else {
    if (!left.offset) left.offset = integer(0, expr.type);
    out.offset = binary(expr.binary_op, std::move(left.offset), std::move(right.offset));
    out.offset->span = expr.span;
  }
  return true;
}

void RowIndices::add_intervals(RowIndex left, RowIndex right, bool subtracts, RowIndex& out) {
  for (RowIndex* side : {&left, &right}) {
    side->offset = widened(std::move(side->offset));
    if (!side->last) side->last = clone(*side->offset);
  }
  if (subtracts) {
    out.offset = binary(BinaryOp::Subtract, std::move(left.offset), std::move(right.last));
    out.last = binary(BinaryOp::Subtract, std::move(left.last), std::move(right.offset));
  } else {
    out.offset = binary(BinaryOp::Add, std::move(left.offset), std::move(right.offset));
    out.last = binary(BinaryOp::Add, std::move(left.last), std::move(right.last));
  }
}

// In terms of parameters, idy and idz.
ExprPtr RowIndices::row_constant(const Expr& expr) const {
  if (!is_integer(expr.type)) return nullptr;
  switch (expr.kind) {
    case ExprKind::Constant:
      return clone(expr);
    case ExprKind::Len:
      return expr.operands[0]->local < function_.parameter_count ? clone(expr) : nullptr;
    case ExprKind::ThreadIndex:
      if (for_blocks_) return nullptr;
      return expr.thread_index == ThreadIndex::Idy || expr.thread_index == ThreadIndex::Idz
                 ? clone(expr)
                 : nullptr;
    case ExprKind::Local:
      if (assignments_.is_argument(expr.local)) return clone(expr);
      if (const Expr* value = assignments_.value_of(expr.local)) return row_constant(*value);
      return nullptr;
    case ExprKind::Binary:
      switch (expr.binary_op) {
        case BinaryOp::Add:
        case BinaryOp::Subtract:
        case BinaryOp::Multiply:
        case BinaryOp::Minimum:
        case BinaryOp::Maximum:
          break;
        default:
          return nullptr;
      }
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

}  // namespace cudapy::transform
