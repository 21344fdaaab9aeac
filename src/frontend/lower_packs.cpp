// Lowering of `*args`: a function with them is compiled for each number of arguments that it is
// called with, so `len(args)`, `args[0]`, `for x in args` and `f(*args)` are written out here.
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;
using syntax::StmtKind;

namespace {

// Whether a body leaves the loop that it is the body of, or goes on with its next turn.
bool leaves_loop(std::span<const syntax::Stmt> body) {
  return std::any_of(body.begin(), body.end(), [](const syntax::Stmt& stmt) {
    if (stmt.kind == StmtKind::Break || stmt.kind == StmtKind::Continue) return true;
    const bool is_loop = stmt.kind == StmtKind::For || stmt.kind == StmtKind::While;
    return (!is_loop && leaves_loop(stmt.body)) || leaves_loop(stmt.else_body);
  });
}

}  // namespace

const FunctionLowering::Pack* FunctionLowering::pack_of(const syntax::Expr& expr) const {
  if (expr.kind != ExprKind::Name) return nullptr;
  const auto found = packs_.find(expr.text);
  return found == packs_.end() ? nullptr : &found->second;
}

// The pack of `*args`; null: it is something else.
const FunctionLowering::Pack* FunctionLowering::starred_pack(const syntax::Expr& expr) const {
  const bool starred = expr.kind == ExprKind::Unsupported && expr.text == "Starred";
  return starred && !expr.operands.empty() ? pack_of(expr.operands[0]) : nullptr;
}

FunctionLowering::Argument FunctionLowering::element(const PackElement& item, Span span) {
  if (item.function) return {nullptr, item.function};
  return {make_local(item.local, span), nullptr};
}

// The arguments that one operand of a call stands for: one, or all of `*args`.
void FunctionLowering::append_arguments(const syntax::Expr& expr, std::vector<Argument>& into) {
  const Pack* pack = starred_pack(expr);
  if (pack == nullptr) {
    into.push_back(argument(expr));
    return;
  }
  for (const PackElement& item : *pack) into.push_back(element(item, expr.span));
}

// args[0]; null: an error was added.
const FunctionLowering::PackElement* FunctionLowering::pack_element(const syntax::Expr& expr) {
  const Pack& pack = *pack_of(expr.operands[0]);
  const std::string& name = expr.operands[0].text;
  const size_t before = diagnostics_.errors().size();
  if (!flow_.reachable) return nullptr;  // behind `if len(args) == 0: return`, say
  const ir::ExprPtr index = expr.operands.size() == 2 && expr.operands[1].kind != ExprKind::Slice
                                ? lower(expr.operands[1])
                                : nullptr;
  if (diagnostics_.errors().size() != before) return nullptr;
  if (!index || index->kind != ir::ExprKind::Constant ||
      index->constant.kind != ir::ConstantValue::Kind::Integer) {
    error("variadic-index", expr.span,
          "an index into `" + name + "` must be a number that is known when the kernel is compiled",
          "loop over them: `for x in " + name + "`");
    return nullptr;
  }
  const auto count = static_cast<int64_t>(pack.size());
  const int64_t given = index->constant.integer;
  if (given >= count || given < -count) {
    error("variadic-index", expr.span,
          "`" + name + "` has " + std::to_string(count) + (count == 1 ? " item" : " items") +
              " in this call",
          "test `len(" + name + ")` first, or give more arguments");
    return nullptr;
  }
  return &pack[static_cast<size_t>(given < 0 ? given + count : given)];
}

ir::ExprPtr FunctionLowering::lower_pack_element(const syntax::Expr& expr) {
  const PackElement* item = pack_element(expr);
  if (item == nullptr) return make_integer(0, expr.span);
  if (!item->function) return make_local(item->local, expr.span);
  return error("not-a-value", expr.span, "this is a function, not a value", "call it");
}

std::optional<int64_t> FunctionLowering::pack_length(const syntax::Expr& expr) const {
  const bool is_call = expr.kind == ExprKind::Call && expr.operands.size() == 2 &&
                       expr.keywords.empty() && expr.operands[0].kind == ExprKind::Name &&
                       expr.operands[0].text == "len";
  const Pack* pack = is_call ? pack_of(expr.operands[1]) : nullptr;
  return pack ? std::optional(static_cast<int64_t>(pack->size())) : std::nullopt;
}

// The truth of a condition about `len(args)`: such an `if` is decided here, because its other
// branch may take items that are not there.
std::optional<bool> FunctionLowering::pack_truth(const syntax::Expr& expr) const {
  if (const auto length = pack_length(expr)) return *length != 0;
  if (expr.kind != ExprKind::Compare || expr.operands.size() != 2) return std::nullopt;
  const auto number = [&](const syntax::Expr& side) -> std::optional<int64_t> {
    const bool is_integer = side.kind == ExprKind::Number &&
                            side.constant.kind == ir::ConstantValue::Kind::Integer &&
                            !side.constant.exceeds_int64;
    return is_integer ? std::optional(side.constant.integer) : pack_length(side);
  };
  const auto left = number(expr.operands[0]);
  const auto right = number(expr.operands[1]);
  if (!left || !right) return std::nullopt;
  switch (expr.compare_ops[0]) {
    case syntax::CompareOp::Equal:
      return *left == *right;
    case syntax::CompareOp::NotEqual:
      return *left != *right;
    case syntax::CompareOp::Less:
      return *left < *right;
    case syntax::CompareOp::LessEqual:
      return *left <= *right;
    case syntax::CompareOp::Greater:
      return *left > *right;
    case syntax::CompareOp::GreaterEqual:
      return *left >= *right;
    default:
      return std::nullopt;
  }
}

// The body once for each item.
void FunctionLowering::lower_pack_loop(const syntax::Stmt& stmt) {
  const Pack pack = *pack_of(stmt.value);
  const syntax::Expr& target = stmt.targets[0];
  if (target.kind != ExprKind::Name) {
    error("unpack-count", target.span, "a loop over `" + stmt.value.text + "` has one variable",
          "write `for x in " + stmt.value.text + "`");
    return mark_targets({&target, 1});
  }
  if (leaves_loop(stmt.body)) {
    error("variadic-loop", stmt.span,
          "a loop over `" + stmt.value.text + "` cannot be left with break or continue",
          "use an `if` around the rest of its body, or `return`");
    return mark_targets({&target, 1});
  }
  const size_t before = diagnostics_.errors().size();
  for (const PackElement& item : pack) {
    if (item.function) {
      bind_function(target.text, target.span, item.function);
    } else {
      assign(target, make_local(item.local, stmt.value.span));
    }
    for (ir::StmtPtr& made : lower_block(stmt.body)) block_->push_back(std::move(made));
    if (diagnostics_.errors().size() != before) break;  // once is enough
  }
  for (ir::StmtPtr& made : lower_block(stmt.else_body)) block_->push_back(std::move(made));
}

}  // namespace cudapy::frontend
