// Typed arrays: names of parameters, views of them, their elements and lengths.
//
// A view is a Load with fewer indices than dimensions, or with slices among them (ir/view.h). It
// has no memory of its own: what is done with it is done with its array, at indices that are
// computed where it is used.
//     row = A[i, 2:n]        %start, %length = 2 and n, cut to A's length, once
//     row[k]                 A[i, %start + bound(k, %length)]
#include "ir/view.h"

#include <algorithm>

#include "sema/builder.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Block;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

// `value`, once what it needs has been computed.
ExprPtr Builder::after(Block before, ExprPtr value) {
  if (before.empty()) return value;
  ExprPtr sequence = node(ExprKind::Sequence, value->type, value->span);
  sequence->body = std::move(before);
  sequence->operands.push_back(std::move(value));
  return sequence;
}

// A name for the value of an expression; itself, where it can be read again.
ExprPtr Builder::kept(ExprPtr expr, Block& before) {
  if (ir::is_steady(*expr)) return expr;
  const Type type = expr->type;
  const Span span = expr->span;
  auto assign = std::make_unique<ir::Stmt>();
  assign->kind = ir::StmtKind::Assign;
  assign->span = span;
  assign->local = new_local(type, "%index", span);
  assign->value = std::move(expr);
  const ir::LocalId id = assign->local;
  before.push_back(std::move(assign));
  return local(id, type, span);
}

// An array, or a view of one.
ExprPtr Builder::array_of(ExprPtr expr, Block& before) {
  ExprPtr array = natural(std::move(expr));
  while (array->kind == ExprKind::Sequence) {
    for (ir::StmtPtr& stmt : array->body) before.push_back(std::move(stmt));
    ExprPtr value = std::move(array->operands[0]);
    array = std::move(value);
  }
  return array;
}

namespace {

// Neither faults nor sees what another index does.
bool is_plain(const ExprPtr& index) {
  using ir::BinaryOp;
  switch (index->kind) {
    case ExprKind::Constant:
    case ExprKind::Local:
    case ExprKind::ThreadIndex:
      return true;
    case ExprKind::Unary:
    case ExprKind::Binary:
    case ExprKind::Slice:  // its bounds are kept anyway
      break;
    default:
      return false;
  }
  const bool is_arithmetic = index->kind != ExprKind::Binary || index->binary_op == BinaryOp::Add ||
                             index->binary_op == BinaryOp::Subtract ||
                             index->binary_op == BinaryOp::Multiply;
  return is_arithmetic && (index->kind == ExprKind::Slice ||
                           std::all_of(index->operands.begin(), index->operands.end(), is_plain));
}

bool has_effect(const ExprPtr& index) {
  return index->kind == ExprKind::Atomic || index->kind == ExprKind::Call ||
         std::any_of(index->operands.begin(), index->operands.end(), has_effect);
}

}  // namespace

// A caller may hand over any view for an array that is a parameter.
bool Builder::may_be_transposed(const Expr& array) const {
  const Expr& whole = array.kind == ExprKind::Load ? *array.operands[0] : array;
  return instance_.source != 0 && whole.kind == ExprKind::Local &&
         instance_.is_parameter(whole.local);
}

// An array and its indices. Those of a view come first:
//     row[j], where row is A[i]          A[i, j]
// True: what the indices leave open is transposed.
bool Builder::place(std::vector<ExprPtr>& operands, Block& before) {
  operands[0] = array_of(std::move(operands[0]), before);
  const bool is_transposed = operands[0]->kind == ExprKind::Load && operands[0]->is_transposed;
  // Those of a transposed view change places, and are evaluated as they are written.
  const bool keeps = is_transposed
                         ? !std::all_of(operands.begin() + 1, operands.end(), is_plain)
                         : may_be_transposed(*operands[0]) && operands.size() > 2 &&
                               std::any_of(operands.begin() + 1, operands.end(), has_effect);
  size_t axis = 0;
  for (size_t i = 1; i < operands.size(); ++i, ++axis) {
    operands[i] = operands[i]->kind == ExprKind::Slice
                      ? slice(std::move(operands[i]), *operands[0], axis, before)
                      : index(std::move(operands[i]), *operands[0], axis);
    if (keeps && operands[i]->kind != ExprKind::Slice)
      operands[i] = kept(std::move(operands[i]), before);
  }
  ir::flatten_view(operands);
  return is_transposed;
}

ExprPtr Builder::load(ExprPtr expr) {
  Block before;
  const bool is_transposed = place(expr->operands, before);
  expr->is_transposed = is_transposed && expr->type.is_array();
  if (expr->type.is_array()) {
    for (size_t i = 1; i < expr->operands.size(); ++i) {
      if (expr->operands[i]->kind != ExprKind::Slice) continue;
      for (ExprPtr& part : expr->operands[i]->operands) part = kept(std::move(part), before);
    }
  }
  return after(std::move(before), std::move(expr));
}

// A.T
ExprPtr Builder::transposed(ExprPtr expr) {
  Block before;
  ExprPtr array = array_of(std::move(expr->operands[0]), before);
  array->span = expr->span;
  if (array->type.rank > 1) array = ir::transposed(std::move(array), instances_.index_type());
  return after(std::move(before), std::move(array));
}

// A constant negative index counts from the end.
ExprPtr Builder::index(ExprPtr expr, const Expr& array, size_t axis) {
  const WeakResult known = constant_of(*expr, instance_);
  const bool from_end = known.number && known.number->integer < 0 && expr->type.weak;
  if (!from_end) return natural(std::move(expr));
  const Span span = expr->span;
  ExprPtr offset = weak_as(std::move(expr), instances_.index_type());
  ExprPtr length = ir::length_of(array, axis, instances_.index_type(), span);
  ExprPtr index = binary_node(BinaryOp::Add, std::move(length), std::move(offset));
  index->span = span;
  return index;
}

// start:stop:step of a dimension of `array`, as Python cuts it:
//     %length = max(0, (stop - start + step - 1) // step)
ExprPtr Builder::slice(ExprPtr expr, const Expr& array, size_t axis, Block& before) {
  const Type type = instances_.index_type();
  const Span span = expr->span;
  const ExprPtr whole = kept(ir::length_of(array, axis, type, span), before);
  const auto integer = [&](int64_t value) { return number(weak_integer(value), type, span); };
  int64_t step = 1;
  if ((expr->field & 4) != 0) {
    step = static_cast<int64_t>(constant_of(*expr->operands.back(), instance_).number->integer);
  }
  const bool up = step > 0;
  size_t next = 0;
  const auto end = [&](int32_t which, ExprPtr otherwise) {
    if ((expr->field & which) == 0) return otherwise;
    return slice_end(std::move(expr->operands[next++]), *whole, up ? 0 : -1, before);
  };
  const auto last = [&] { return binary_node(BinaryOp::Subtract, ir::clone(*whole), integer(1)); };
  ExprPtr start = kept(end(1, up ? integer(0) : last()), before);
  ExprPtr stop = end(2, up ? ir::clone(*whole) : integer(-1));
  const bool is_whole = up && (expr->field & 3) == 0;
  ExprPtr length = std::move(stop);
  if (!is_whole) {
    length = up ? binary_node(BinaryOp::Subtract, std::move(length), ir::clone(*start))
                : binary_node(BinaryOp::Subtract, ir::clone(*start), std::move(length));
    length = binary_node(BinaryOp::Maximum, std::move(length), integer(0));
  }
  if (step != 1 && step != -1) {
    const int64_t stride = up ? step : -step;
    length = binary_node(BinaryOp::Add, std::move(length), integer(stride - 1));
    length = binary_node(BinaryOp::FloorDivide, std::move(length), integer(stride));
  }
  return ir::make_slice(std::move(start), kept(std::move(length), before), integer(step), span);
}

// A bound of a slice: a negative one counts from the end, and what lies outside is cut off.
//     min(max(value + length if value < 0 else value, least), length + least)
ExprPtr Builder::slice_end(ExprPtr expr, const Expr& length, int64_t least, Block& before) {
  const Type type = instances_.index_type();
  const Span span = expr->span;
  const WeakResult known = constant_of(*expr, instance_);
  const bool is_weak = known.number && expr->type.weak;
  ExprPtr value = is_weak ? number(*known.number, kInt64, span) : natural(std::move(expr));
  const ir::Scalar own = value->type.scalar;
  if (own == ir::Scalar::U64) {
    value = binary_node(BinaryOp::Minimum, std::move(value),
                        number(weak_integer(INT64_MAX), Type::of(own), span));
  }
  const bool narrow = ir::size_of(own) < 4 || own == ir::Scalar::I32;
  const Type wide = narrow && !is_weak ? type : kInt64;
  value = kept(convert(std::move(value), wide), before);
  const auto limit = [&] { return convert(ir::clone(length), wide); };
  if (is_weak || ir::is_signed(own)) {
    ExprPtr from_end = binary_node(BinaryOp::Add, ir::clone(*value), limit());
    if (is_weak) {
      if (known.number->integer < 0) value = std::move(from_end);
    } else {
      ExprPtr select = node(ExprKind::Select, wide, span);
      select->operands.push_back(compare_with(ir::CompareOp::Less, *value, 0));
      select->operands.push_back(std::move(from_end));
      select->operands.push_back(std::move(value));
      value = std::move(select);
    }
    value =
        binary_node(BinaryOp::Maximum, std::move(value), number(weak_integer(least), wide, span));
  }
  ExprPtr most = limit();
  if (least < 0)
    most = binary_node(BinaryOp::Add, std::move(most), number(weak_integer(least), wide, span));
  return convert(binary_node(BinaryOp::Minimum, std::move(value), std::move(most)), type);
}

// From here on the name stands for the array, a view's indices for what they are now:
//     row = A[i + 1]          %index = i + 1, and `row` is A[%index]
void Builder::name_array(ir::Stmt& stmt, Block& into) {
  ExprPtr array = array_of(std::move(stmt.value), into);
  if (array->kind == ExprKind::Load) {
    for (size_t i = 1; i < array->operands.size(); ++i) {
      ExprPtr& index = array->operands[i];
      if (index->kind == ExprKind::Constant || index->kind == ExprKind::ThreadIndex ||
          index->kind == ExprKind::Slice)
        continue;
      const Type type = index->type;
      const Span span = index->span;
      auto assign = std::make_unique<ir::Stmt>();
      assign->kind = ir::StmtKind::Assign;
      assign->span = span;
      assign->local = new_local(type, "%index", span);
      const ir::LocalId id = assign->local;
      assign->value = std::move(index);
      into.push_back(std::move(assign));
      index = local(id, type, span);
    }
  }
  arrays_[static_cast<size_t>(stmt.local)] = std::move(array);
}

// a, b = A: element number `field`. Before the first is read the length is checked:
//     if len(A) != 2: raise ValueError
ExprPtr Builder::unpacked(ExprPtr expr) {
  const Span span = expr->span;
  Block before;
  if (expr->field == 0) {
    const ExprPtr array = array_of(ir::clone(*expr->operands[0]), before);
    const ExprPtr length = kept(ir::length_of(*array, 0, instances_.index_type(), span), before);
    before.push_back(check_count(*length, expr->unpack_count, span));
  }
  ExprPtr index = node(ExprKind::Constant, Type::weak_int(), span);
  index->constant.integer = expr->field;
  ExprPtr element = node(ExprKind::Load, expr->type, span);
  element->operands.push_back(std::move(expr->operands[0]));
  element->operands.push_back(std::move(index));
  return after(std::move(before), load(std::move(element)));
}

// if length != count: if length > count: raise ValueError else: raise ValueError
ir::StmtPtr Builder::check_count(const Expr& length, int64_t count, Span span) {
  const std::string expected = " values to unpack (expected " + std::to_string(count);
  ir::StmtPtr longer = raise_if(compare_with(ir::CompareOp::Greater, length, count),
                                raise("ValueError", "too many" + expected + ")", span));
  longer->else_body.push_back(raise("ValueError", "not enough" + expected + ", got {0})", span));
  longer->else_body.back()->operands.push_back(ir::clone(length));
  return raise_if(compare_with(ir::CompareOp::NotEqual, length, count), std::move(longer));
}

// len(A) and the like: of the array that is the first operand.
ExprPtr Builder::length(Expr& expr, size_t axis) {
  Block before;
  const ExprPtr array = array_of(std::move(expr.operands[0]), before);
  return after(std::move(before), ir::length_of(*array, axis, instances_.index_type(), expr.span));
}

// (len(A), A.shape[1], ...)
ExprPtr Builder::shape(const Expr& array, size_t rank, Span span) {
  const Type type = instances_.index_type();
  ExprPtr made = node(ExprKind::MakeAggregate, Type::tuple(std::vector<Type>(rank, type)), span);
  for (size_t axis = 0; axis < rank; ++axis)
    made->operands.push_back(ir::length_of(array, axis, type, span));
  return made;
}

// The steps from one element to the next, in bytes.
ExprPtr Builder::strides(const Expr& array, Span span) {
  const std::vector<Type> types(array.type.rank, kInt64);
  ExprPtr made = node(ExprKind::MakeAggregate, Type::tuple(types), span);
  for (size_t axis = 0; axis < array.type.rank; ++axis) {
    ExprPtr bytes = number(weak_integer(ir::item_size(array.type)), kInt64, span);
    made->operands.push_back(
        binary_node(BinaryOp::Multiply, ir::stride_of(array, axis, span), std::move(bytes)));
  }
  return made;
}

ExprPtr Builder::array_property(ExprPtr expr) {
  const size_t rank = expr->operands[0]->type.rank;
  const Span span = expr->span;
  if (expr->builtin == ir::Builtin::Ndim)
    return number(weak_integer(static_cast<int64_t>(rank)), kInt32, span);
  Block before;
  const ExprPtr array = array_of(std::move(expr->operands[0]), before);
  const auto length = [&](size_t axis) {
    return ir::length_of(*array, axis, instances_.index_type(), span);
  };
  ExprPtr value;
  if (expr->builtin == ir::Builtin::Size) {
    value = length(0);
    for (size_t axis = 1; axis < rank; ++axis)
      value = binary_node(BinaryOp::Multiply, std::move(value), length(axis));
  } else if (expr->builtin == ir::Builtin::Strides) {
    value = strides(*array, span);
  } else if (expr->operands.size() == 1) {
    value = shape(*array, rank, span);
  } else {
    const WeakResult known = constant_of(*expr->operands[1], instance_);
    if (known.number) {
      const auto axis = static_cast<int64_t>(known.number->integer);
      value = length(static_cast<size_t>(axis) + (axis < 0 ? rank : 0));
    } else {
      value = choose_element(shape(*array, rank, span), std::move(expr->operands[1]), span);
    }
  }
  return after(std::move(before), std::move(value));
}

}  // namespace cudapy::sema
