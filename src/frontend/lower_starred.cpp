// Lowering of `*t` before a tuple's name, or what gives one: `h(*t)`, `(*t, x)`. How many values it
// stands for is known here where the tuple is written out or is a constant from outside; elsewhere
// it stands for as many as the call has room for, and sema holds the tuple's length against that.
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

}  // namespace

bool FunctionLowering::is_starred_value(const syntax::Expr& expr) const {
  return expr.kind == ExprKind::Unsupported && expr.text == "Starred" && !starred_pack(expr);
}

// The elements of `value`, of which there are `count`:
//     { %star = value; yield %star[0] }, %star[1], ...
std::vector<ir::ExprPtr> FunctionLowering::spread(ir::ExprPtr value, size_t count) {
  const Span span = value->span;
  ir::ExprPtr first = std::move(value);
  ir::ExprPtr again = first->kind == ir::ExprKind::Local ? ir::clone(*first) : nullptr;
  if (!again) {
    const ir::LocalId local = temporary("star", span);
    ir::ExprPtr sequence = make_expr(ir::ExprKind::Sequence, span, make_local(local, span));
    sequence->body.push_back(std::make_unique<ir::Stmt>());
    sequence->body[0]->span = span;
    sequence->body[0]->kind = ir::StmtKind::Assign;
    sequence->body[0]->local = local;
    sequence->body[0]->value = std::move(first);
    first = std::move(sequence);
    again = make_local(local, span);
  }
  std::vector<ir::ExprPtr> elements;
  for (size_t i = 0; i < count; ++i) {
    ir::ExprPtr field =
        make_expr(ir::ExprKind::Field, span, i == 0 ? std::move(first) : ir::clone(*again));
    field->field = static_cast<int32_t>(i);
    field->unpack_count = static_cast<int32_t>(count);
    elements.push_back(std::move(field));
  }
  return elements;
}

// What the positional arguments of a call stand for. `room`: how many there may be; kNone: any
// number. False: an error was added.
bool FunctionLowering::given_arguments(const syntax::Expr& call, size_t room,
                                       std::vector<Argument>& given) {
  const size_t errors_before = diagnostics_.errors().size();
  const size_t positional_count = call.operands.size() - 1 - call.keywords.size();
  ir::ExprPtr open;  // of unknown length, at `place`
  size_t place = 0;
  for (size_t i = 1; i <= positional_count; ++i) {
    const syntax::Expr& operand = call.operands[i];
    if (!is_starred_value(operand)) {
      append_arguments(operand, given);
      continue;
    }
    ir::ExprPtr value = lower(operand.operands[0]);
    value->span = operand.span;
    if (value->kind == ir::ExprKind::MakeAggregate && value->name.empty()) {
      for (ir::ExprPtr& element : value->operands) given.push_back({std::move(element), nullptr});
    } else if (open || room == kNone) {
      error("star-length", operand.span,
            open ? "how many arguments each of the two stands for is not known here"
                 : "how many arguments this stands for is not known here",
            "unpack it on a line before, `a, b = t`, and write the arguments one by one");
    } else {
      open = std::move(value);
      place = given.size();
    }
  }
  if (diagnostics_.errors().size() != errors_before) return false;
  if (!open) return true;
  if (room <= given.size()) {
    error("argument-count", open->span, "all arguments are given without this one", "leave it out");
    return false;
  }
  std::vector<ir::ExprPtr> elements = spread(std::move(open), room - given.size());
  for (size_t i = 0; i < elements.size(); ++i) {
    given.insert(given.begin() + static_cast<std::ptrdiff_t>(place + i),
                 Argument{std::move(elements[i]), nullptr});
  }
  return true;
}

// A tuple of values, some of which stand behind a star: (*t, x) is t[:] + (x,)
ir::ExprPtr FunctionLowering::joined_tuple(std::span<const syntax::Expr> items, Span span) {
  ir::ExprPtr whole;
  const auto append = [&](ir::ExprPtr part) {
    whole = whole ? make_binary(ir::BinaryOp::Add, span, std::move(whole), std::move(part))
                  : std::move(part);
  };
  ir::ExprPtr plain;  // those since the last star
  const auto plain_items = [&]() -> std::vector<ir::ExprPtr>& {
    if (!plain) plain = make_expr(ir::ExprKind::MakeAggregate, span);
    return plain->operands;
  };
  for (const syntax::Expr& item : items) {
    if (const Pack* pack = starred_pack(item)) {
      for (const PackElement& element : *pack) {
        plain_items().push_back(element.function
                                    ? error("not-a-value", item.span,
                                            "one of these is a function, not a value", "call it")
                                    : make_local(element.local, item.span));
      }
      continue;
    }
    if (!is_starred_value(item)) {
      plain_items().push_back(lower(item));
      continue;
    }
    if (plain) append(std::move(plain));
    ir::ExprPtr every = make_expr(ir::ExprKind::Slice, item.span);
    append(make_expr(ir::ExprKind::Load, item.span, lower(item.operands[0]), std::move(every)));
  }
  if (plain) append(std::move(plain));
  return whole;
}

}  // namespace cudapy::frontend
