// What a call calls: a function of the user, a built-in, a function of math, a cast, or a mistake.
#include <utility>

#include "frontend/function_lowering.h"
#include "frontend/refused_syntax.h"

namespace cudapy::frontend {

using syntax::ExprKind;
using Kind = Resolved::Kind;

namespace {

bool is_callable(Kind kind) {
  switch (kind) {
    case Kind::Function:
    case Kind::Math:
    case Kind::Special:
    case Kind::Cast:
    case Kind::Intrinsic:
    case Kind::Atomic:
    case Kind::Unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

// null: an error was added, or there was one before.
FunctionPtr FunctionLowering::resolve_callee(const syntax::Expr& callee) {
  const auto path = path_of(callee);
  if (callee.kind == ExprKind::Lambda || callee.kind == ExprKind::Conditional ||
      callee.kind == ExprKind::Subscript) {
    const FunctionPtr function = function_of(callee, false);
    if (function) return function->is_ambiguous ? nullptr : function;
  }
  if (!path) {
    refuse_called_value(callee);
    return nullptr;
  }
  if (is_poisoned(path->front())) return nullptr;
  if (const auto known = flow_.functions.find(path->front()); known != flow_.functions.end()) {
    if (path->size() == 1 && !known->second->is_ambiguous) return known->second;
    if (path->size() == 1) {
      refuse_choice(path->front(), callee.span);
    } else {
      error("unknown-attribute", callee.span,
            "a function has no `" + path->back() + "` in a kernel", "call it directly");
    }
    return nullptr;
  }
  if (is_variable(path->front())) {
    if (path->size() == 1 && bound_.functions.contains(path->front())) {
      diagnostics_
          .error("used-before-assignment", callee.span,
                 "`" + path->front() + "` is called before it is defined",
                 "define it first: `def` is a statement that takes effect where it stands")
          .notes.push_back({bound_.variables.find(path->front())->second, "it is defined here"});
    } else if (path->size() == 1) {
      error("not-callable", callee.span,
            "`" + path->front() + "` is a variable, and cannot be called",
            names_of_dtypes_.contains(path->front())
                ? "the type of an array has no name of its own: write `A.dtype(...)`"
                : "write `*` to multiply, or name a function");
    } else {
      error("unknown-attribute", callee.span,
            "`" + path->front() + "` has no method `" + (*path)[1] + "` in a kernel",
            help_for_attribute((*path)[1]));
    }
    return nullptr;
  }
  Resolved found = resolve(*path);
  const bool is_complete = found.consumed + 1 == path->size();
  if (!is_callable(found.kind) || (!is_complete && found.kind != Kind::Unsupported)) {
    refuse_callee(found, *path, callee);
    return nullptr;
  }
  auto function = std::make_shared<FunctionValue>();
  function->target = std::move(found);
  return function;
}

// X[i].item(), (a + b)()
void FunctionLowering::refuse_called_value(const syntax::Expr& callee) {
  const size_t before = diagnostics_.errors().size();
  lower(callee);
  if (diagnostics_.errors().size() != before) return;
  if (callee.kind == ExprKind::Attribute) {
    error("unknown-attribute", callee.span, "this has no method `" + callee.text + "` in a kernel",
          help_for_attribute(callee.text));
  } else {
    error("not-callable", callee.span, "only functions can be called",
          "name the function that is meant");
  }
}

void FunctionLowering::refuse_callee(const Resolved& found, const std::vector<std::string>& path,
                                     const syntax::Expr& callee) {
  const std::string& name = path.back();
  const bool is_complete = found.consumed + 1 == path.size();
  const bool is_number = found.kind == Kind::Constant || found.kind == Kind::ThreadIndex;
  if (is_callable(found.kind)) {
    error("unknown-attribute", callee.span, "a function has no `" + name + "` in a kernel",
          "call it directly");
  } else if (is_number && !is_complete) {
    error("unknown-attribute", callee.span, "a number has no method `" + name + "` in a kernel",
          help_for_attribute(name));
  } else if (is_number || found.kind == Kind::ThreadGroup || found.kind == Kind::Tuple ||
             (found.kind == Kind::Table && is_complete)) {
    error("not-callable", callee.span, "`" + name + "` is not a function",
          "write it without the parentheses");
  } else {
    value_of(found, callee);  // says what is wrong with it
  }
}

}  // namespace cudapy::frontend
