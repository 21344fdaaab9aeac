// Typed operations on tuples: nothing is left of them but their elements.
#include "sema/builder.h"

namespace cudapy::sema {

using ir::BinaryOp;
using ir::Expr;
using ir::ExprKind;
using ir::ExprPtr;
using ir::Type;

namespace {

size_t length_of(const Type& tuple) {
  return tuple.aggregate->elements.size();
}

Type part_of(const Type& tuple, size_t begin, size_t end) {
  const std::vector<Type>& all = tuple.aggregate->elements;
  return Type::tuple({all.begin() + static_cast<std::ptrdiff_t>(begin),
                      all.begin() + static_cast<std::ptrdiff_t>(end)});
}

}  // namespace

// { %t = t; yield (%t[1], %t[2]) }
ExprPtr Builder::sliced_tuple(ExprPtr tuple, const Expr& slice) {
  const Span span = tuple->span;
  const std::vector<size_t> taken = *sliced(slice, length_of(tuple->type), instance_);
  return with_temporary(std::move(tuple), [&](auto whole) {
    std::vector<ExprPtr> elements;
    std::vector<Type> types;
    for (const size_t i : taken) {
      elements.push_back(field_node(whole(), i));
      types.push_back(elements.back()->type);
    }
    ExprPtr made = node(ExprKind::MakeAggregate, Type::tuple(std::move(types)), span);
    made->operands = std::move(elements);
    return made;
  });
}

// a + b: { %a = a; %b = b; yield (%a[0], %b[0], %b[1]) };  t * 2: { %t = t; yield (%t[0], %t[0]) }
ExprPtr Builder::tuple_operation(ExprPtr expr, Type type) {
  const Span span = expr->span;
  ExprPtr left = std::move(expr->operands[0]);
  ExprPtr right = std::move(expr->operands[1]);
  ExprPtr made = node(ExprKind::MakeAggregate, type, span);
  if (expr->binary_op == BinaryOp::Multiply) {
    ExprPtr tuple = natural(std::move(left->type.is_aggregate() ? left : right));
    const size_t length = length_of(tuple->type);
    return with_temporary(std::move(tuple), [&](auto whole) {
      for (size_t i = 0; i < length_of(type); ++i) {
        ExprPtr element = field_node(whole(), i % length);
        made->operands.push_back(convert(std::move(element), type.aggregate->elements[i]));
      }
      return std::move(made);
    });
  }
  const size_t first = length_of(left->type);
  const Type left_type = part_of(type, 0, first);
  const Type right_type = part_of(type, first, length_of(type));
  left = aggregate_as(std::move(left), left_type);
  right = aggregate_as(std::move(right), right_type);
  return with_temporary(std::move(left), [&](auto a) {
    return with_temporary(std::move(right), [&](auto b) {
      for (size_t i = 0; i < first; ++i) made->operands.push_back(field_node(a(), i));
      for (size_t i = 0; i < length_of(right_type); ++i)
        made->operands.push_back(field_node(b(), i));
      return std::move(made);
    });
  });
}

// min(t): { %t = t; yield min(min(%t[0], %t[1]), %t[2]) }
ExprPtr Builder::fold_tuple(ExprPtr tuple, BinaryOp op, Type type) {
  const size_t length = length_of(tuple->type);
  const Type all = Type::tuple(std::vector<Type>(length, type));
  return with_temporary(aggregate_as(std::move(tuple), all), [&](auto whole) {
    ExprPtr folded;
    for (size_t i = 0; i < length; ++i) {
      ExprPtr element = field_node(whole(), i);
      folded = folded ? binary_node(op, std::move(folded), std::move(element)) : std::move(element);
    }
    return folded;
  });
}

// p._replace(x=1): { %p = p; %value = 1; yield Point(%value, %p.y) }
ExprPtr Builder::replaced_fields(ExprPtr expr) {
  const Type type = expr->type;
  const Span span = expr->span;
  const std::vector<std::string> names = replaced_names(*expr);
  std::vector<ExprPtr> values = std::move(expr->operands);
  return with_temporary(natural(std::move(values[0])), [&](auto whole) {
    ExprPtr made = node(ExprKind::MakeAggregate, type, span);
    for (size_t i = 0; i < length_of(type); ++i) made->operands.push_back(field_node(whole(), i));
    ir::Block before;
    for (size_t i = 0; i < names.size(); ++i) {
      const auto field = static_cast<size_t>(ir::field_of(type, names[i]));
      made->operands[field] =
          kept(as(std::move(values[1 + i]), type.aggregate->elements[field]), before);
    }
    return after(std::move(before), std::move(made));
  });
}

// any(t), all(t): { %t = t; yield %t[0] != 0 or %t[1] != 0 }
ExprPtr Builder::vote_of_tuple(ExprPtr expr) {
  const Span span = expr->span;
  const ExprKind kind = expr->intrinsic == ir::Intrinsic::Any ? ExprKind::Or : ExprKind::And;
  return with_temporary(natural(std::move(expr->operands[0])), [&](auto whole) {
    ExprPtr vote = convert(field_node(whole(), 0), kBool);
    for (size_t i = 1; i < length_of(whole()->type); ++i) {
      ExprPtr both = node(kind, kBool, span);
      both->operands.push_back(std::move(vote));
      both->operands.push_back(convert(field_node(whole(), i), kBool));
      vote = std::move(both);
    }
    return vote;
  });
}

}  // namespace cudapy::sema
