// Typed tuples: made, converted, compared, taken apart.
#include "sema/builder.h"

namespace cudapy::sema {

using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

ExprPtr Builder::field_node(ExprPtr whole, size_t field) {
  const Span span = whole->span;
  ExprPtr expr = node(ExprKind::Field, ir::elements_of(whole->type)[field], span);
  expr->field = static_cast<int32_t>(field);
  expr->operands.push_back(std::move(whole));
  return expr;
}

// The value of a local that no path has assigned.
ExprPtr Builder::zero(Type type, Span span) {
  if (!type.is_aggregate()) return number(weak_integer(0), type, span);
  ExprPtr expr = node(ExprKind::MakeAggregate, type, span);
  for (const Type& element : type.aggregate->elements)
    expr->operands.push_back(zero(element, span));
  return expr;
}

// An expression of a tuple at a type that it is asked for: what it is made of has it from the
// start.
ExprPtr Builder::aggregate_as(ExprPtr expr, Type type) {
  if (ir::is_struct(expr->type) && !(expr->type == type)) {
    const Type own = expr->type;
    return convert(aggregate_as(std::move(expr), own), type);
  }
  switch (expr->kind) {
    case ExprKind::MakeAggregate:
      if (!expr->name.empty()) return replaced_fields(std::move(expr));
      for (size_t i = 0; i < expr->operands.size(); ++i)
        expr->operands[i] = as(std::move(expr->operands[i]), type.aggregate->elements[i]);
      expr->type = type;
      return expr;
    case ExprKind::Select:
      return select(std::move(expr), type);
    case ExprKind::Binary:
      return tuple_operation(std::move(expr), type);
    case ExprKind::CallBuiltin:
      if (expr->builtin != ir::Builtin::Min && expr->builtin != ir::Builtin::Max) break;
      return extreme_tuple(std::move(expr), type);
    case ExprKind::Sequence:
      expr->body = block(std::move(expr->body));
      expr->operands[0] = as(std::move(expr->operands[0]), type);
      expr->type = type;
      return expr;
    default:
      break;
  }
  return convert(strong(std::move(expr)), type);
}

// { %value = tuple; yield (T(%value[0]), U(%value[1])) }
ExprPtr Builder::convert_aggregate(ExprPtr expr, Type type) {
  const Span span = expr->span;
  return with_temporary(std::move(expr), [&](auto value) {
    ExprPtr made = node(ExprKind::MakeAggregate, type, span);
    for (size_t i = 0; i < type.aggregate->elements.size(); ++i)
      made->operands.push_back(convert(field_node(value(), i), type.aggregate->elements[i]));
    return made;
  });
}

// t[1][0], t[i]
ExprPtr Builder::tuple_element(ExprPtr expr) {
  const Span span = expr->span;
  if (ExprPtr element = table_element(*expr)) return element;
  ExprPtr value = natural(std::move(expr->operands[0]));
  for (size_t i = 1; i < expr->operands.size(); ++i) {
    if (expr->operands[i]->kind == ExprKind::Slice) {
      value = sliced_tuple(std::move(value), *expr->operands[i]);
      continue;
    }
    const WeakResult known = constant_of(*expr->operands[i], instance_);
    if (!known.number) {
      value = choose_element(std::move(value), std::move(expr->operands[i]), span);
      continue;
    }
    const auto index = static_cast<int64_t>(known.number->integer);
    const auto count = static_cast<int64_t>(value->type.aggregate->elements.size());
    value = field_node(std::move(value), static_cast<size_t>(index < 0 ? index + count : index));
    value->span = span;
  }
  return value;
}

// { %t = t; %i = i; if %i < -3 or %i >= 3: raise IndexError
//   yield t[0] if %i == 0 or %i == -3 else t[1] if %i == 1 or %i == -2 else t[2] }
ExprPtr Builder::choose_element(ExprPtr tuple, ExprPtr index, Span span) {
  Type common = Type::unknown();
  for (const Type& element : tuple->type.aggregate->elements)
    common = join(common, element, instances_.default_float());
  common = settled_type(common);
  const auto count = static_cast<int64_t>(tuple->type.aggregate->elements.size());
  ExprPtr built = natural(std::move(index));
  const Type wide = ir::size_of(built->type.scalar) == 8 ? kInt64 : kInt32;
  built = convert(std::move(built), wide);
  return with_temporary(std::move(tuple), [&](auto whole) {
    return with_temporary(std::move(built), [&](auto position) {
      ExprPtr chosen = convert(field_node(whole(), static_cast<size_t>(count - 1)), common);
      for (int64_t i = count - 1; i-- > 0;) {
        ExprPtr select = node(ExprKind::Select, common, span);
        select->operands.push_back(is_position(*position(), i, count));
        select->operands.push_back(convert(field_node(whole(), static_cast<size_t>(i)), common));
        select->operands.push_back(std::move(chosen));
        chosen = std::move(select);
      }
      ExprPtr sequence = node(ExprKind::Sequence, common, span);
      sequence->body.push_back(raise_outside_of_tuple(*position(), count, span));
      sequence->operands.push_back(std::move(chosen));
      return sequence;
    });
  });
}

// { %a = a; yield { %b = b; yield %a[0] == %b[0] and %a[1] == %b[1] } }
ExprPtr Builder::compare_tuples(ExprPtr expr) {
  const ir::CompareOp op = expr->compare_op;
  const bool wants_equal = op == ir::CompareOp::Equal;
  const Span span = expr->span;
  const Type common = settled_type(
      join(expr->operands[0]->type, expr->operands[1]->type, instances_.default_float()));
  ExprPtr left = as(std::move(expr->operands[0]), common);
  ExprPtr right = as(std::move(expr->operands[1]), common);
  const bool in_order = !wants_equal && op != ir::CompareOp::NotEqual;
  ExprPtr equal = with_temporary(std::move(left), [&](auto a) {
    return with_temporary(std::move(right), [&](auto b) {
      return in_order ? order(op, *a(), *b()) : equality(*a(), *b());
    });
  });
  if (wants_equal || in_order) return equal;
  ExprPtr unequal = node(ExprKind::Unary, kBool, span);
  unequal->unary_op = ir::UnaryOp::Not;
  unequal->operands.push_back(std::move(equal));
  return unequal;
}

// min(t, u): { %t = t; yield { %u = u; yield %u if %u < %t else %t } }
ExprPtr Builder::extreme_tuple(ExprPtr expr, Type type) {
  const ir::CompareOp op =
      expr->builtin == ir::Builtin::Min ? ir::CompareOp::Less : ir::CompareOp::Greater;
  const auto better = [&](ExprPtr best, ExprPtr next) {
    return with_temporary(std::move(best), [&](auto a) {
      return with_temporary(std::move(next), [&](auto b) {
        ExprPtr choice = node(ExprKind::Select, type, expr->span);
        choice->operands.push_back(order(op, *b(), *a()));
        choice->operands.push_back(b());
        choice->operands.push_back(a());
        return choice;
      });
    });
  };
  if (expr->operands.size() == 1) {
    const size_t count = expr->operands[0]->type.aggregate->elements.size();
    const Type all = Type::tuple(std::vector<Type>(count, type));
    return with_temporary(as(std::move(expr->operands[0]), all), [&](auto whole) {
      ExprPtr best = field_node(whole(), 0);
      for (size_t i = 1; i < count; ++i) best = better(std::move(best), field_node(whole(), i));
      return best;
    });
  }
  ExprPtr best = as(std::move(expr->operands[0]), type);
  for (size_t i = 1; i < expr->operands.size(); ++i)
    best = better(std::move(best), as(std::move(expr->operands[i]), type));
  return best;
}

// What the first elements decide that differ:
//     (a[1] < b[1] if a[1] != b[1] else False) if a[0] == b[0] else a[0] < b[0]
ExprPtr Builder::order(ir::CompareOp op, const Expr& a, const Expr& b) {
  if (!a.type.is_aggregate()) {
    const Type type = a.type == kBool ? kInt32 : a.type;
    return compare_node(op, convert(ir::clone(a), type), convert(ir::clone(b), type));
  }
  const bool of_equal = op == ir::CompareOp::LessEqual || op == ir::CompareOp::GreaterEqual;
  ExprPtr rest = number(weak_bool(of_equal), kBool, a.span);
  for (size_t i = a.type.aggregate->elements.size(); i-- > 0;) {
    const ExprPtr left = field_node(ir::clone(a), i);
    const ExprPtr right = field_node(ir::clone(b), i);
    ExprPtr choice = node(ExprKind::Select, kBool, a.span);
    choice->operands.push_back(equality(*left, *right));
    choice->operands.push_back(std::move(rest));
    choice->operands.push_back(order(op, *left, *right));
    rest = std::move(choice);
  }
  return rest;
}

ExprPtr Builder::equality(const Expr& a, const Expr& b) {
  if (!a.type.is_aggregate()) return compare_node(ir::CompareOp::Equal, ir::clone(a), ir::clone(b));
  ExprPtr all;
  for (size_t i = 0; i < a.type.aggregate->elements.size(); ++i) {
    ExprPtr one = equality(*field_node(ir::clone(a), i), *field_node(ir::clone(b), i));
    if (!all) {
      all = std::move(one);
      continue;
    }
    ExprPtr both = node(ExprKind::And, kBool, a.span);
    both->operands.push_back(std::move(all));
    both->operands.push_back(std::move(one));
    all = std::move(both);
  }
  return all;
}

}  // namespace cudapy::sema
