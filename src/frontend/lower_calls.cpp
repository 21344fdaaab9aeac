// Lowering of calls: functions of the user, built-ins, math functions and casts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "frontend/complex_functions.h"
#include "frontend/function_lowering.h"
#include "ir/math_function.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

constexpr size_t kAnyNumber = static_cast<size_t>(-1);

std::string count_text(size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string callee_name(const syntax::Expr& call) {
  const syntax::Expr* step = &call.operands[0];
  std::string name = step->text;
  while (step->kind == ExprKind::Attribute) {
    step = &step->operands[0];
    name = step->text + "." + name;
  }
  return name;
}

}  // namespace

void FunctionLowering::lower_arguments_for_errors(const syntax::Expr& expr) {
  for (size_t i = 1; i < expr.operands.size(); ++i) {
    const syntax::Expr& given = expr.operands[i];
    if (starred_pack(given) || is_type_or_text(given)) continue;
    lower(is_starred_value(given) ? given.operands[0] : given);
  }
}

// No value of a kernel, but what an unknown function may well take.
bool FunctionLowering::is_type_or_text(const syntax::Expr& expr) {
  if (is_text(expr)) return true;
  const auto path = path_of(expr);
  if (!path || is_variable(path->front()) || is_poisoned(path->front())) return false;
  const Resolved::Kind kind = resolve(*path).kind;
  return kind == Resolved::Kind::Cast || kind == Resolved::Kind::ArrayType;
}

namespace {

// The one character of a text in UTF-8; nullopt where there are none or several.
std::optional<int64_t> code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (text.size() != length) return std::nullopt;
  int64_t point = length == 1 ? byte(0) : byte(0) & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) point = point << 6 | (byte(i) & 0x3F);
  return point;
}

// What float("inf") and float("nan") give.
std::optional<double> special_float(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const double sign = negative ? -1.0 : 1.0;
  if (lower == "inf" || lower == "infinity")
    return std::copysign(std::numeric_limits<double>::infinity(), sign);
  if (lower == "nan") return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  return std::nullopt;
}

}  // namespace

// ord("x"), float("inf"): numbers as those in the source are. null: it is another call.
ir::ExprPtr FunctionLowering::constant_of_text(const syntax::Expr& expr) {
  const syntax::Expr& called = expr.operands[0];
  const bool of_text = expr.operands.size() == 2 && expr.operands[1].kind == ExprKind::String &&
                       called.kind == ExprKind::Name && !is_variable(called.text);
  if (!of_text || !expr.keywords.empty()) return nullptr;
  using Kind = Resolved::Kind;
  const Kind kind = resolve({called.text}).kind;
  ir::ConstantValue value;
  if (called.text == "ord" && kind == Kind::Unsupported) {
    const auto point = code_point(expr.operands[1].text);
    if (!point) return nullptr;
    value.integer = *point;
    return make_constant(value, ir::Type::unknown(), expr.span);
  }
  const auto number = special_float(expr.operands[1].text);
  if (called.text != "float" || kind != Kind::Cast || !number) return nullptr;
  value.kind = ir::ConstantValue::Kind::Float;
  value.real = *number;
  return make_constant(value, ir::Type::unknown(), expr.span);
}

ir::ExprPtr FunctionLowering::lower_call(const syntax::Expr& expr) {
  if (ir::ExprPtr constant = constant_of_text(expr)) return constant;
  const syntax::Expr& called = expr.operands[0];
  if (called.kind == ExprKind::Attribute && called.text == "conjugate" &&
      expr.operands.size() == 1 && is_value(called.operands[0])) {
    std::vector<ir::ExprPtr> operands;
    operands.push_back(lower(called.operands[0]));
    return make_builtin(ir::Builtin::Conjugate, expr.span, std::move(operands));
  }
  if (called.kind == ExprKind::Attribute && is_text(called.operands[0])) return refuse_text(expr);
  if (called.kind == ExprKind::Attribute && called.text == "_replace") return lower_replace(expr);
  if (called.kind == ExprKind::Attribute && called.text == "view" && is_value(called.operands[0]))
    return view_bits(expr);
  if (dtype_base(called) != nullptr) return call_dtype(expr);
  const FunctionPtr callee = resolve_callee(expr.operands[0]);
  if (!callee) {
    lower_arguments_for_errors(expr);
    return make_integer(0, expr.span);
  }
  const Resolved& target = callee->target;
  if (target.kind == Resolved::Kind::Unsupported) {
    return error("unsupported-function", expr.operands[0].span, target.message, target.help);
  }
  if (std::find(expr.keywords.begin(), expr.keywords.end(), "") != expr.keywords.end()) {
    return error("unsupported-syntax", expr.span,
                 "`**` before an argument is not supported in kernels",
                 "write the arguments one by one");
  }
  if (ir::ExprPtr sum = sum_of_values(expr)) return sum;
  if (callee->is_user_function()) return call_function(expr, callee);
  if (target.kind == Resolved::Kind::Special && target.special == SpecialForm::Len &&
      expr.operands.size() == 2) {
    if (const Pack* pack = pack_of(expr.operands[1]))
      return make_integer(static_cast<int64_t>(pack->size()), expr.span);
  }
  switch (target.kind) {
    case Resolved::Kind::Math:
      return call_math(expr, target);
    case Resolved::Kind::Cast:
      return target.type.is_aggregate() ? call_struct(expr, target) : call_cast(expr, target.type);
    case Resolved::Kind::Intrinsic:
      return target.takes_mask ? call_masked(expr, target.intrinsic)
                               : call_intrinsic(expr, target.intrinsic);
    case Resolved::Kind::Atomic:
      return call_atomic(expr, target.atomic);
    default:
      return call_special(expr, target.special);
  }
}

// The arguments of something that takes no keywords; nullopt: an error was added. A tuple behind a
// star stands for as many as there is room for, where the number of arguments is fixed.
std::optional<std::vector<ir::ExprPtr>> FunctionLowering::positional(const syntax::Expr& expr,
                                                                     size_t least, size_t most) {
  const size_t errors_before = diagnostics_.errors().size();
  if (!check_keywords(expr)) return std::nullopt;
  std::vector<Argument> given;
  if (!given_arguments(expr, least == most ? most : kAnyNumber, given)) return std::nullopt;
  std::vector<ir::ExprPtr> arguments;
  arguments.reserve(given.size());
  for (Argument& argument : given) {
    arguments.push_back(
        argument.function
            ? error("not-a-value", expr.span, "one of these is a function, not a value", "call it")
            : std::move(argument.value));
  }
  if (!check_count(expr, arguments.size(), least, most)) return std::nullopt;
  if (diagnostics_.errors().size() != errors_before) return std::nullopt;
  return arguments;
}

// Whether a call of something that takes no keywords has the right number of arguments.
bool FunctionLowering::check_positional(const syntax::Expr& expr, size_t least, size_t most) {
  return check_keywords(expr) && check_count(expr, expr.operands.size() - 1, least, most);
}

bool FunctionLowering::check_keywords(const syntax::Expr& expr) {
  if (expr.keywords.empty()) return true;
  error("argument-name", expr.keyword_spans[0],
        "`" + callee_name(expr) + "` takes no keywords in a kernel",
        "write the argument without `" + expr.keywords[0] + "=`");
  return false;
}

bool FunctionLowering::check_count(const syntax::Expr& expr, size_t count, size_t least,
                                   size_t most) {
  const std::string name = callee_name(expr);
  if (count < least || count > most) {
    std::string wanted = least == most ? count_text(least, "argument")
                         : most == static_cast<size_t>(-1)
                             ? "at least " + count_text(least, "argument")
                             : std::to_string(least) + " to " + count_text(most, "argument");
    error("argument-count", expr.span,
          "`" + name + "` takes " + wanted + ", and is given " + std::to_string(count));
    return false;
  }
  return true;
}

namespace {

struct FormInfo {
  size_t least;
  size_t most;
};

FormInfo form_info(SpecialForm form) {
  constexpr size_t kAny = static_cast<size_t>(-1);
  switch (form) {
    case SpecialForm::Min:
    case SpecialForm::Max:
      return {1, kAny};
    case SpecialForm::Round:
    case SpecialForm::MathLog:
    case SpecialForm::ComplexLog:
      return {1, 2};
    case SpecialForm::Pow:
      return {2, 2};
    case SpecialForm::Minimum:
    case SpecialForm::Maximum:
      return {2, 2};
    case SpecialForm::Complex:
      return {1, 2};
    case SpecialForm::Where:
    case SpecialForm::Clip:
      return {3, 3};
    default:
      return {1, 1};
  }
}

}  // namespace

ir::ExprPtr FunctionLowering::call_special(const syntax::Expr& expr, SpecialForm form) {
  const std::string name = callee_name(expr);
  switch (form) {
    case SpecialForm::Range:
    case SpecialForm::Enumerate:
    case SpecialForm::Zip:
      lower_arguments_for_errors(expr);
      return error("not-a-value", expr.span, "`" + name + "` is only for the header of a loop",
                   "write `for i in " + name + "(...)`");
    case SpecialForm::SyncThreads:
      lower_arguments_for_errors(expr);
      return error("not-a-value", expr.span, "`" + name + "()` gives no value",
                   "write it on a line of its own");
    case SpecialForm::SyncThreadsCount:
    case SpecialForm::SyncThreadsAnd:
    case SpecialForm::SyncThreadsOr:
      lower_arguments_for_errors(expr);
      return error("barrier-in-expression", expr.span,
                   "`" + name + "` is a barrier, and is called inside an expression",
                   "write it on a line of its own: `votes = " + name + "(...)`");
    case SpecialForm::SharedArray:
    case SpecialForm::LocalArray:
      return error("array-declaration", expr.span,
                   "`" + name + "` makes an array, which needs a name",
                   "write it on a line of its own: `tile = " + name + "(...)`");
    case SpecialForm::Divmod:
      return call_divmod(expr);
    case SpecialForm::MatchAll:
    case SpecialForm::MatchAllSync:
      return call_match_all(expr, form == SpecialForm::MatchAllSync);
    case SpecialForm::Print:
      lower_print(expr, expr.span);
      return error("not-a-value", expr.span, "`print` gives no value in a kernel",
                   "write it on a line of its own");
    default:
      break;
  }
  syntax::Expr plain;
  const syntax::Expr* call = &expr;
  if (form == SpecialForm::Round && expr.keywords.size() == 1 && expr.keywords[0] == "ndigits") {
    plain = expr;
    plain.keywords.clear();
    call = &plain;
  }
  if (form == SpecialForm::Pow && name == "pow" && expr.operands.size() == 4 &&
      expr.keywords.empty()) {
    return error("argument-count", expr.span,
                 "`pow` of three arguments is not supported in kernels",
                 "multiply in a loop: `r = int64(1)`, then `for _ in range(b): r = r * a % m`");
  }
  const auto [least, most] = form_info(form);
  const auto is_star = [&](const syntax::Expr& given) { return is_starred_value(given); };
  if (most == kAnyNumber && call->keywords.empty() &&
      std::any_of(call->operands.begin() + 1, call->operands.end(), is_star)) {
    std::vector<ir::ExprPtr> joined;  // max(*t, x) is max(t[:] + (x,))
    joined.push_back(joined_tuple(std::span(call->operands).subspan(1), expr.span));
    return call_builtin(expr, form, std::move(joined));
  }
  auto arguments = positional(*call, least, most);
  if (!arguments) return make_integer(0, expr.span);
  const bool is_extreme = form == SpecialForm::Min || form == SpecialForm::Max;
  if (is_extreme && arguments->size() == 1 && call->operands[1].kind == ExprKind::Tuple &&
      (*arguments)[0]->kind == ir::ExprKind::MakeAggregate &&
      (*arguments)[0]->operands.size() > 1) {
    std::vector<ir::ExprPtr> values = std::move((*arguments)[0]->operands);  // min((a, b))
    *arguments = std::move(values);
  }
  return call_builtin(expr, form, std::move(*arguments));
}

namespace {

ir::ExprPtr log(ir::ExprPtr value, Span span) {
  ir::ExprPtr result = make_expr(ir::ExprKind::Math, span, std::move(value));
  result->math = ir::MathFunction::Log;
  return result;
}

// Of a real number, too: cmath.log(-1.0) is pi * 1j.
ir::ExprPtr complex_log(ir::ExprPtr value, Span span) {
  std::vector<ir::ExprPtr> number;
  number.push_back(std::move(value));
  ir::ExprPtr result = log(make_builtin(ir::Builtin::Complex, span, std::move(number)), span);
  result->callee = kComplexFunction;
  return result;
}

// math.log(x, base) is log(x) / log(base), as Python computes it.
ir::ExprPtr quotient(std::vector<ir::ExprPtr> values, Span span) {
  if (values.size() == 1) return std::move(values[0]);
  return make_binary(ir::BinaryOp::Divide, span, std::move(values[0]), std::move(values[1]));
}

}  // namespace

ir::ExprPtr FunctionLowering::call_builtin(const syntax::Expr& expr, SpecialForm form,
                                           std::vector<ir::ExprPtr> arguments) {
  const auto builtin = [&](ir::Builtin which) {
    return make_builtin(which, expr.span, std::move(arguments));
  };
  switch (form) {
    case SpecialForm::Min:
    case SpecialForm::Minimum:
      return builtin(ir::Builtin::Min);
    case SpecialForm::Max:
    case SpecialForm::Maximum:
      return builtin(ir::Builtin::Max);
    case SpecialForm::Abs:
      return builtin(ir::Builtin::Abs);
    case SpecialForm::Round:
      return builtin(ir::Builtin::Round);
    case SpecialForm::Len:
      return builtin(ir::Builtin::Len);
    case SpecialForm::Real:
      return builtin(ir::Builtin::Real);
    case SpecialForm::Imag:
      return builtin(ir::Builtin::Imag);
    case SpecialForm::Conjugate:
      return builtin(ir::Builtin::Conjugate);
    case SpecialForm::Complex:
      return builtin(ir::Builtin::Complex);
    case SpecialForm::Floor:
      return builtin(ir::Builtin::Floor);
    case SpecialForm::Ceil:
      return builtin(ir::Builtin::Ceil);
    case SpecialForm::Trunc:
      return builtin(ir::Builtin::Trunc);
    case SpecialForm::Pow:
      return make_binary(ir::BinaryOp::Power, expr.span, std::move(arguments[0]),
                         std::move(arguments[1]));
    case SpecialForm::ComplexLog:
      for (ir::ExprPtr& argument : arguments)
        argument = complex_log(std::move(argument), expr.span);
      return quotient(std::move(arguments), expr.span);
    case SpecialForm::MathLog:
      for (ir::ExprPtr& argument : arguments) argument = log(std::move(argument), expr.span);
      return quotient(std::move(arguments), expr.span);
    case SpecialForm::Where: {
      ir::ExprPtr result = make_expr(ir::ExprKind::Select, expr.span);
      result->operands = std::move(arguments);
      return result;
    }
    case SpecialForm::LogicalNot: {
      ir::ExprPtr result = make_expr(ir::ExprKind::Unary, expr.span, std::move(arguments[0]));
      result->unary_op = ir::UnaryOp::Not;
      return result;
    }
    case SpecialForm::Square:
      return make_binary(ir::BinaryOp::Power, expr.span, std::move(arguments[0]),
                         make_integer(2, expr.span));
    case SpecialForm::Clip: {
      std::vector<ir::ExprPtr> low;
      low.push_back(std::move(arguments[0]));
      low.push_back(std::move(arguments[1]));
      std::vector<ir::ExprPtr> high;
      high.push_back(make_builtin(ir::Builtin::Max, expr.span, std::move(low)));
      high.push_back(std::move(arguments[2]));
      return make_builtin(ir::Builtin::Min, expr.span, std::move(high));
    }
    default:
      return make_integer(0, expr.span);  // taken apart before
  }
}

// { %a = a; %b = b; yield (%a // %b, %a % %b) }
ir::ExprPtr FunctionLowering::call_divmod(const syntax::Expr& expr) {
  auto arguments = positional(expr, 2, 2);
  if (!arguments) return make_integer(0, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Sequence, expr.span);
  for (ir::ExprPtr& argument : *arguments) {
    if (argument->kind == ir::ExprKind::Constant) continue;
    auto keep = std::make_unique<ir::Stmt>();
    keep->kind = ir::StmtKind::Assign;
    keep->span = argument->span;
    keep->local = temporary("divmod", argument->span);
    ir::ExprPtr read = make_local(keep->local, argument->span);
    keep->value = std::exchange(argument, std::move(read));
    result->body.push_back(std::move(keep));
  }
  ir::ExprPtr both = make_expr(ir::ExprKind::MakeAggregate, expr.span);
  for (const ir::BinaryOp op : {ir::BinaryOp::FloorDivide, ir::BinaryOp::Modulo}) {
    both->operands.push_back(
        make_binary(op, expr.span, ir::clone(*(*arguments)[0]), ir::clone(*(*arguments)[1])));
  }
  result->operands.push_back(std::move(both));
  return result;
}

ir::ExprPtr FunctionLowering::call_math(const syntax::Expr& expr, const Resolved& target) {
  const size_t arity = ir::info(target.math).arity;
  auto arguments = positional(expr, arity, arity);
  if (!arguments) return make_integer(0, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Math, expr.span);
  result->math = target.math;
  result->math_single = target.math_single;
  if (target.of_numpy) result->callee = kComplexFunction;
  result->operands = std::move(*arguments);
  return result;
}

ir::ExprPtr FunctionLowering::call_cast(const syntax::Expr& expr, const ir::Type& type) {
  auto arguments = positional(expr, 1, 1);
  if (!arguments) return make_integer(0, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::Cast, expr.span, std::move((*arguments)[0]));
  result->type = type;
  return result;
}

}  // namespace cudapy::frontend
