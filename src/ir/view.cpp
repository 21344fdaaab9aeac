#include "ir/view.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cudapy::ir {

namespace {

bool is_number(const Expr& expr, int64_t number) {
  return expr.kind == ExprKind::Constant && expr.constant.integer == number;
}

ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::Binary;
  expr->binary_op = op;
  expr->type = a->type;
  expr->span = b->span;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

ExprPtr product(ExprPtr factor, ExprPtr step) {
  if (is_number(*step, 1)) return factor;
  if (factor->kind != ExprKind::Constant || step->kind != ExprKind::Constant)
    return binary(BinaryOp::Multiply, std::move(factor), std::move(step));
  factor->constant.integer *= step->constant.integer;
  return factor;
}

ExprPtr sum(ExprPtr start, ExprPtr offset) {
  if (is_number(*start, 0)) return offset;
  if (is_number(*offset, 0)) return start;
  return binary(BinaryOp::Add, std::move(start), std::move(offset));
}

// `:` alone: indices of it are the array's own, and are held against the array's length.
bool is_whole(const Expr& slice, size_t dimension) {
  const Expr& length = *slice.operands[1];
  return is_number(*slice.operands[0], 0) && is_number(*slice.operands[2], 1) &&
         length.kind == ExprKind::Len && length.axis == static_cast<int32_t>(dimension);
}

// start + step * bound(index, length)
ExprPtr element_of(const Expr& slice, ExprPtr index, const Expr& array, size_t dimension) {
  if (is_whole(slice, dimension)) return index;
  auto bound = std::make_unique<Expr>();
  bound->kind = ExprKind::Bound;
  bound->type = slice.type;
  bound->span = index->span;
  bound->local = array.local;
  bound->operands.push_back(std::move(index));
  bound->operands.push_back(clone(*slice.operands[1]));
  return sum(clone(*slice.operands[0]), product(std::move(bound), clone(*slice.operands[2])));
}

// A slice of a slice.
ExprPtr slice_of(const Expr& outer, ExprPtr inner) {
  ExprPtr start = sum(clone(*outer.operands[0]),
                      product(std::move(inner->operands[0]), clone(*outer.operands[2])));
  ExprPtr step = product(std::move(inner->operands[2]), clone(*outer.operands[2]));
  return make_slice(std::move(start), std::move(inner->operands[1]), std::move(step), inner->span);
}

// Indices of a transposed view fill its slices from the last one on.
void flatten_transposed(std::vector<ExprPtr>& operands) {
  std::vector<ExprPtr> flat = std::move(operands[0]->operands);
  size_t dimension = flat.size();
  for (size_t i = 1; i < operands.size(); ++i) {
    do --dimension;
    while (flat[dimension]->kind != ExprKind::Slice);
    const Expr& slice = *flat[dimension];
    ExprPtr& index = operands[i];
    flat[dimension] = index->kind == ExprKind::Slice
                          ? slice_of(slice, std::move(index))
                          : element_of(slice, std::move(index), *flat[0], dimension - 1);
  }
  operands = std::move(flat);
}

ExprPtr integer(int64_t value, const Type& type, Span span) {
  auto made = std::make_unique<Expr>();
  made->kind = ExprKind::Constant;
  made->type = type;
  made->span = span;
  made->constant.integer = value;
  return made;
}

// What the dimension that is number `axis` among the open ones of an array, or of a view, is.
struct Dimension {
  size_t number = 0;            // among those of the array
  const Expr* slice = nullptr;  // of the view
};

Dimension dimension_of(const Expr& array, size_t axis) {
  if (array.kind != ExprKind::Load) return {axis, nullptr};
  if (array.is_transposed) axis = array.type.rank - 1U - axis;
  for (size_t i = 1; i < array.operands.size(); ++i) {
    const Expr& index = *array.operands[i];
    if (index.kind != ExprKind::Slice) continue;
    if (axis == 0) return {i - 1, &index};
    --axis;
  }
  return {axis + array.operands.size() - 1, nullptr};
}

// `array`: or a view of it.
ExprPtr number_of(ExprKind kind, const Expr& array, size_t dimension, const Type& type, Span span) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->type = type;
  made->span = span;
  made->axis = static_cast<int32_t>(dimension);
  made->operands.push_back(clone(array.kind == ExprKind::Load ? *array.operands[0] : array));
  return made;
}

}  // namespace

ExprPtr make_slice(ExprPtr start, ExprPtr length, ExprPtr step, Span span) {
  auto slice = std::make_unique<Expr>();
  slice->kind = ExprKind::Slice;
  slice->type = start->type;
  slice->span = span;
  slice->operands.push_back(std::move(start));
  slice->operands.push_back(std::move(length));
  slice->operands.push_back(std::move(step));
  return slice;
}

ExprPtr length_of(const Expr& array, size_t axis, const Type& index_type, Span span) {
  const Dimension dimension = dimension_of(array, axis);
  if (dimension.slice) return clone(*dimension.slice->operands[1]);
  return number_of(ExprKind::Len, array, dimension.number, index_type, span);
}

ExprPtr stride_of(const Expr& array, size_t axis, Span span) {
  const Type type = Type::of(Scalar::I64);
  const Dimension dimension = dimension_of(array, axis);
  ExprPtr stride = number_of(ExprKind::Stride, array, dimension.number, type, span);
  if (!dimension.slice) return stride;
  const Expr& step = *dimension.slice->operands[2];
  return product(std::move(stride), integer(step.constant.integer, type, span));
}

void flatten_view(std::vector<ExprPtr>& operands) {
  if (operands[0]->kind != ExprKind::Load) return;
  if (operands[0]->is_transposed) return flatten_transposed(operands);
  std::vector<ExprPtr> flat = std::move(operands[0]->operands);
  const size_t own = flat.size();
  size_t dimension = 1;
  for (size_t i = 1; i < operands.size(); ++i) {
    while (dimension < own && flat[dimension]->kind != ExprKind::Slice) ++dimension;
    ExprPtr& index = operands[i];
    if (dimension == own) {
      flat.push_back(std::move(index));
      continue;
    }
    const Expr& slice = *flat[dimension];
    flat[dimension] = index->kind == ExprKind::Slice
                          ? slice_of(slice, std::move(index))
                          : element_of(slice, std::move(index), *flat[0], dimension - 1);
    ++dimension;
  }
  operands = std::move(flat);
}

void flatten_view(Expr& load) {
  const Expr& base = *load.operands[0];
  const bool turns = base.kind == ExprKind::Load && base.is_transposed;
  flatten_view(load.operands);
  load.is_transposed = load.type.is_array() && load.is_transposed != turns;
}

ExprPtr transposed(ExprPtr array, const Type& index_type) {
  const Span span = array->span;
  if (array->kind != ExprKind::Load) {
    auto view = std::make_unique<Expr>();
    view->kind = ExprKind::Load;
    view->type = array->type;
    view->span = span;
    view->operands.push_back(std::move(array));
    array = std::move(view);
  }
  const Type& whole = array->operands[0]->type;
  for (size_t dimension = array->operands.size() - 1; dimension < whole.rank; ++dimension) {
    array->operands.push_back(make_slice(
        integer(0, index_type, span), length_of(*array->operands[0], dimension, index_type, span),
        integer(1, index_type, span), span));
  }
  array->is_transposed = !array->is_transposed;
  return array;
}

bool is_bounded(const Expr& index) {
  if (index.kind == ExprKind::Bound) return true;
  if (index.kind != ExprKind::Binary) return false;
  return is_bounded(*index.operands[0]) || is_bounded(*index.operands[1]);
}

bool is_steady(const Expr& expr) {
  return expr.kind == ExprKind::Constant || expr.kind == ExprKind::Local ||
         expr.kind == ExprKind::ThreadIndex || expr.kind == ExprKind::Len ||
         expr.kind == ExprKind::Stride;
}

}  // namespace cudapy::ir
