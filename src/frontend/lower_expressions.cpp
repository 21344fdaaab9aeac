// Lowering of expressions but calls.
#include <algorithm>
#include <utility>

#include "frontend/function_lowering.h"
#include "frontend/known_names.h"
#include "frontend/nearest.h"
#include "frontend/refused_syntax.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

// The last name of `a.b`: what a message about an attribute points at.
Span attribute_span(const syntax::Expr& expr) {
  Span span = expr.span;
  if (expr.kind != ExprKind::Attribute || span.end_column < static_cast<int>(expr.text.size()))
    return span;
  span.line = span.end_line;
  span.column = span.end_column - static_cast<int>(expr.text.size());
  return span;
}

ir::UnaryOp unary_of(syntax::UnaryOp op) {
  switch (op) {
    case syntax::UnaryOp::Negate:
      return ir::UnaryOp::Negate;
    case syntax::UnaryOp::Plus:
      return ir::UnaryOp::Plus;
    case syntax::UnaryOp::Invert:
      return ir::UnaryOp::Invert;
    case syntax::UnaryOp::Not:
      return ir::UnaryOp::Not;
  }
  return ir::UnaryOp::Not;
}

ir::CompareOp compare_of(syntax::CompareOp op) {
  switch (op) {
    case syntax::CompareOp::NotEqual:
      return ir::CompareOp::NotEqual;
    case syntax::CompareOp::Less:
      return ir::CompareOp::Less;
    case syntax::CompareOp::LessEqual:
      return ir::CompareOp::LessEqual;
    case syntax::CompareOp::Greater:
      return ir::CompareOp::Greater;
    case syntax::CompareOp::GreaterEqual:
      return ir::CompareOp::GreaterEqual;
    default:
      return ir::CompareOp::Equal;
  }
}

// -5 is a constant, not the negation of one: so the smallest int64 can be written. nullopt: it does
// not fit.
std::optional<ir::ConstantValue> negated(ir::ConstantValue value) {
  if (value.kind == ir::ConstantValue::Kind::Float ||
      value.kind == ir::ConstantValue::Kind::Complex) {
    value.real = -value.real;
    value.imag = -value.imag;
    return value;
  }
  const auto bits = static_cast<uint64_t>(value.integer);
  if (value.exceeds_int64 && bits != uint64_t{1} << 63) return std::nullopt;
  value.exceeds_int64 = false;
  value.kind = ir::ConstantValue::Kind::Integer;
  value.integer = static_cast<int64_t>(-bits);
  return value;
}

}  // namespace

ir::ExprPtr FunctionLowering::error(std::string code, Span span, std::string message,
                                    std::string help) {
  diagnostics_.error(std::move(code), span, std::move(message), std::move(help));
  return make_integer(0, span);  // a placeholder: there will be no program
}

ir::ExprPtr FunctionLowering::refuse(std::string_view node, Span span) {
  const RefusedSyntax& refused = refused_syntax(node);
  return error("unsupported-syntax", span, std::string(refused.message), std::string(refused.help));
}

ir::ExprPtr FunctionLowering::lower(const syntax::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::Absent:
      break;
    case ExprKind::Name:
      return lower_name(expr);
    case ExprKind::Number:
      return make_constant(expr.constant, ir::Type::unknown(), expr.span);
    case ExprKind::None:
      return error("none-value", expr.span, "kernels have no None",
                   "use a number that means none, such as -1");
    case ExprKind::String:
      return error("string-value", expr.span, "kernels have no strings",
                   "use numbers, and make text after the launch");
    case ExprKind::Attribute:
      return lower_attribute(expr);
    case ExprKind::Subscript:
      return lower_subscript(expr);
    case ExprKind::Slice:
      return lower_slice(expr);
    case ExprKind::Unary:
      return lower_unary(expr);
    case ExprKind::Binary:
      return lower_binary(expr);
    case ExprKind::And:
    case ExprKind::Or:
      return lower_logical(expr);
    case ExprKind::Compare:
      return lower_compare(expr);
    case ExprKind::Conditional: {
      ir::ExprPtr condition = lower(expr.operands[0]);
      ir::ExprPtr result =
          make_expr(ir::ExprKind::Select, expr.span, std::move(condition), lower(expr.operands[1]));
      result->operands.push_back(lower(expr.operands[2]));
      return result;
    }
    case ExprKind::Call:
      return lower_call(expr);
    case ExprKind::Tuple:
      return lower_tuple(expr);
    case ExprKind::Lambda:
      return error("function-value", expr.span, "a function is no number",
                   "call it, name it (`f = lambda x: ...`), or hand it to a function");
    case ExprKind::Joined:
    case ExprKind::Formatted:
      return refuse("JoinedStr", expr.span);
    case ExprKind::Unsupported:
      return refuse(expr.text, expr.span);
  }
  return make_integer(0, expr.span);
}

ir::ExprPtr FunctionLowering::lower_tuple(const syntax::Expr& expr) {
  if (ir::ExprPtr joined = joined_tuple(expr.operands, expr.span)) return joined;
  return error("tuple-value", expr.span, "a tuple in a kernel has at least one element",
               "leave the empty tuple out");
}

ir::ExprPtr FunctionLowering::lower_unary(const syntax::Expr& expr) {
  const syntax::Expr& operand = expr.operands[0];
  if (expr.unary_op == syntax::UnaryOp::Negate && operand.kind == ExprKind::Number) {
    if (auto value = negated(operand.constant))
      return make_constant(*value, ir::Type::unknown(), expr.span);
    return error("unsupported-syntax", expr.span, "this integer does not fit into 64 bits",
                 "the smallest is -9223372036854775808");
  }
  ir::ExprPtr result = make_expr(ir::ExprKind::Unary, expr.span, lower(operand));
  result->unary_op = unary_of(expr.unary_op);
  return result;
}

bool is_text(const syntax::Expr& expr) {
  return expr.kind == ExprKind::String || expr.kind == ExprKind::Joined;
}

// "%d" % i, "i = " + str(i), "{}".format(i)
ir::ExprPtr FunctionLowering::refuse_text(const syntax::Expr& expr) {
  return error("string-value", expr.span, "kernels put no texts together",
               "give `print` an f-string, `print(f\"x = {x}\")`, or several values: "
               "`print(\"x =\", x)`");
}

ir::ExprPtr FunctionLowering::lower_binary(const syntax::Expr& expr) {
  if (is_text(expr.operands[0]) || is_text(expr.operands[1])) return refuse_text(expr);
  ir::ExprPtr left = lower(expr.operands[0]);
  ir::ExprPtr right = lower(expr.operands[1]);
  using From = syntax::BinaryOp;
  if (expr.binary_op == From::MatrixMultiply) {
    return error("unsupported-operator", expr.span, "`@` is not supported in kernels",
                 "add up the products in a loop: `s += A[i * n + k] * B[k * m + j]`");
  }
  // The two enumerations differ by MatrixMultiply alone.
  const int number =
      static_cast<int>(expr.binary_op) - (expr.binary_op > From::MatrixMultiply ? 1 : 0);
  return make_binary(static_cast<ir::BinaryOp>(number), expr.span, std::move(left),
                     std::move(right));
}

ir::ExprPtr FunctionLowering::lower_logical(const syntax::Expr& expr) {
  const ir::ExprKind kind = expr.kind == ExprKind::And ? ir::ExprKind::And : ir::ExprKind::Or;
  ir::ExprPtr result = lower(expr.operands[0]);
  for (size_t i = 1; i < expr.operands.size(); ++i) {
    Span span = expr.span;
    span.end_line = expr.operands[i].span.end_line;
    span.end_column = expr.operands[i].span.end_column;
    result = make_expr(kind, span, std::move(result), lower(expr.operands[i]));
  }
  return result;
}

bool FunctionLowering::refuse_comparison(const syntax::Expr& expr) {
  using Op = syntax::CompareOp;
  for (size_t i = 0; i < expr.compare_ops.size(); ++i) {
    const Op op = expr.compare_ops[i];
    const bool with_none =
        expr.operands[i].kind == ExprKind::None || expr.operands[i + 1].kind == ExprKind::None;
    if (op == Op::Is || op == Op::IsNot) {
      const char* const instead = op == Op::Is ? "==" : "!=";
      error("unsupported-operator", expr.span,
            with_none ? "kernels have no None to compare with"
                      : "`is` compares objects, and kernels have none",
            with_none ? "arguments are never None: write one kernel for each case, or pass a "
                        "number that says which"
                      : std::string("compare values with `") + instead + "`");
      return true;
    }
    if (op != Op::In && op != Op::NotIn) continue;
    const syntax::Expr& whole = expr.operands[i + 1];
    const bool over_range = whole.kind == ExprKind::Call && whole.operands[0].text == "range";
    if (over_range || expr.compare_ops.size() > 1) {
      error("unsupported-operator", expr.span,
            over_range ? "`in` is not supported for ranges in kernels"
                       : "`in` cannot be part of a chain in a kernel",
            over_range ? "write `a <= x < b`" : "write two conditions: `a < x and x in t`");
      return true;
    }
  }
  return false;
}

// a < m < c  is  a < (t = m) and t < c
ir::ExprPtr FunctionLowering::lower_compare(const syntax::Expr& expr) {
  if (refuse_comparison(expr)) return make_integer(0, expr.span);
  const syntax::CompareOp first = expr.compare_ops[0];
  if (first == syntax::CompareOp::In || first == syntax::CompareOp::NotIn)
    return lower_membership(expr);
  ir::ExprPtr result;
  ir::ExprPtr left = lower(expr.operands[0]);
  for (size_t i = 0; i < expr.compare_ops.size(); ++i) {
    ir::ExprPtr right = lower(expr.operands[i + 1]);
    ir::ExprPtr again;
    if (i + 1 < expr.compare_ops.size()) {
      const Span span = right->span;
      if (!is_cheap(*right)) {
        const ir::LocalId local = temporary("middle", span);
        ir::ExprPtr sequence = make_expr(ir::ExprKind::Sequence, span, make_local(local, span));
        sequence->body.push_back(std::make_unique<ir::Stmt>());
        sequence->body[0]->span = span;
        sequence->body[0]->kind = ir::StmtKind::Assign;
        sequence->body[0]->local = local;
        sequence->body[0]->value = std::move(right);
        right = std::move(sequence);
        again = make_local(local, span);
      } else {
        again = ir::clone(*right);
      }
    }
    Span span = expr.operands[i].span;
    span.end_line = expr.operands[i + 1].span.end_line;
    span.end_column = expr.operands[i + 1].span.end_column;
    ir::ExprPtr link = make_expr(ir::ExprKind::Compare, span, std::move(left), std::move(right));
    link->compare_op = compare_of(expr.compare_ops[i]);
    left = std::move(again);
    result = result ? make_expr(ir::ExprKind::And, expr.span, std::move(result), std::move(link))
                    : std::move(link);
  }
  return result;
}

ir::ExprPtr FunctionLowering::lower_subscript(const syntax::Expr& expr) {
  if (pack_of(expr.operands[0])) return lower_pack_element(expr);
  const syntax::Expr& base = expr.operands[0];
  if (base.text == "shape" && is_array_attribute(base)) return lower_shape(expr);
  ir::ExprPtr result = make_expr(ir::ExprKind::Load, expr.span);
  if (!subscript_operands(expr, result->operands)) return make_integer(0, expr.span);
  return result;
}

bool FunctionLowering::is_array_attribute(const syntax::Expr& expr) const {
  if (expr.kind != ExprKind::Attribute) return false;
  if (expr.text != "shape" && expr.text != "ndim" && expr.text != "size") return false;
  const syntax::Expr& base = expr.operands[0];
  return base.kind == ExprKind::Subscript ||
         (base.kind == ExprKind::Name && is_variable(base.text) && !is_poisoned(base.text));
}

ir::ExprPtr FunctionLowering::lower_array_attribute(const syntax::Expr& expr) {
  std::vector<ir::ExprPtr> operands;
  operands.push_back(lower(expr.operands[0]));
  const ir::Builtin builtin = expr.text == "shape"  ? ir::Builtin::Shape
                              : expr.text == "ndim" ? ir::Builtin::Ndim
                                                    : ir::Builtin::Size;
  return make_builtin(builtin, expr.span, std::move(operands));
}

// A.shape[k]
ir::ExprPtr FunctionLowering::lower_shape(const syntax::Expr& expr) {
  if (expr.operands.size() != 2 || expr.operands[1].kind == ExprKind::Slice) {
    return error("shape-value", expr.span, "a shape is indexed by one number in a kernel",
                 "write `A.shape[0]`");
  }
  std::vector<ir::ExprPtr> operands;
  operands.push_back(lower(expr.operands[0].operands[0]));
  operands.push_back(lower(expr.operands[1]));
  return make_builtin(ir::Builtin::Shape, expr.span, std::move(operands));
}

// The array and its indices.
bool FunctionLowering::subscript_operands(const syntax::Expr& expr,
                                          std::vector<ir::ExprPtr>& operands) {
  if (const syntax::Expr* declared = declared_base(expr))
    return declared_operands(expr, *declared, operands);
  const syntax::Expr& base = expr.operands[0];
  if (base.kind == ExprKind::Name && is_poisoned(base.text)) return false;
  const size_t before = diagnostics_.errors().size();
  operands.push_back(lower(base));
  const bool base_ok = diagnostics_.errors().size() == before;
  if (expr.operands.size() < 2) {
    error("array-rank", expr.span, "this has no index", "write `A[i]`");
    return false;
  }
  for (size_t i = 1; i < expr.operands.size(); ++i) operands.push_back(lower(expr.operands[i]));
  const ir::ExprKind kind = operands[0]->kind;
  const bool number = kind == ir::ExprKind::Constant || kind == ir::ExprKind::ThreadIndex ||
                      kind == ir::ExprKind::Math || kind == ir::ExprKind::Cast;
  if (base_ok && number) {
    error("not-an-array", base.span, "only arrays have elements",
          "index an array that is an argument of the kernel");
  }
  return diagnostics_.errors().size() == before;
}

// start:stop:step, of those that are there
ir::ExprPtr FunctionLowering::lower_slice(const syntax::Expr& expr) {
  ir::ExprPtr result = make_expr(ir::ExprKind::Slice, expr.span);
  for (size_t i = 0; i < expr.operands.size(); ++i) {
    const syntax::Expr& part = expr.operands[i];
    if (part.absent() || part.kind == ExprKind::None) continue;
    result->field |= 1 << i;
    result->operands.push_back(lower(part));
  }
  return result;
}

std::optional<std::vector<std::string>> FunctionLowering::path_of(const syntax::Expr& expr) {
  std::vector<std::string> path;
  const syntax::Expr* step = &expr;
  for (; step->kind == ExprKind::Attribute; step = &step->operands[0]) path.push_back(step->text);
  if (step->kind != ExprKind::Name) return std::nullopt;
  path.push_back(step->text);
  std::reverse(path.begin(), path.end());
  return path;
}

Resolved FunctionLowering::resolve(const std::vector<std::string>& path) {
  Resolved found = resolver_.resolve(id_, path[0], std::span(path).subspan(1));
  if (found.kind == Resolved::Kind::Failed) program_.fail();
  return found;
}

ir::ExprPtr FunctionLowering::lower_name(const syntax::Expr& expr) {
  if (is_poisoned(expr.text)) return make_integer(0, expr.span);
  if (pack_of(expr)) {
    return error("not-a-value", expr.span,
                 "`" + expr.text + "` stands for several arguments, and is no value itself",
                 "take one, `" + expr.text + "[0]`, loop over them, or hand them on, `f(*" +
                     expr.text + ")`");
  }
  if (flow_.functions.contains(expr.text)) {
    return error("not-a-value", expr.span, "`" + expr.text + "` is a function, not a value",
                 "call it: `" + expr.text + "(...)`");
  }
  if (is_variable(expr.text)) return read_variable(expr.text, expr.span);
  return value_of(resolve({expr.text}), expr);
}

ir::ExprPtr FunctionLowering::read_variable(const std::string& name, Span span) {
  if (flow_.reachable && !flow_.assigned.contains(name)) {
    const auto bound = bound_.variables.find(name);
    mark_assigned(name);  // once is enough
    Diagnostic& found = diagnostics_.error("used-before-assignment", span,
                                           "`" + name + "` is used before it is assigned",
                                           "assign it first; since the function assigns it, it is "
                                           "a variable of the function throughout, as in Python");
    if (bound != bound_.variables.end() && bound->second.line != span.line)
      found.notes.push_back({bound->second, "it is assigned here"});
    return make_integer(0, span);
  }
  return make_local(variable(name, span), span);
}

// A variable, or what is computed: no name from outside.
bool FunctionLowering::is_value(const syntax::Expr& expr) const {
  const auto path = path_of(expr);
  return !path || is_variable(path->front());
}

ir::ExprPtr FunctionLowering::lower_attribute(const syntax::Expr& expr) {
  if (is_array_attribute(expr)) return lower_array_attribute(expr);
  if ((expr.text == "real" || expr.text == "imag") && is_value(expr.operands[0])) {
    std::vector<ir::ExprPtr> operands;
    operands.push_back(lower(expr.operands[0]));
    const bool real = expr.text == "real";
    return make_builtin(real ? ir::Builtin::Real : ir::Builtin::Imag, expr.span,
                        std::move(operands));
  }
  if (is_value(expr.operands[0])) return lower_field(expr);
  return value_of(resolve(*path_of(expr)), expr);
}

// p.x, P[i].x, of what sema finds to be a struct.
ir::ExprPtr FunctionLowering::lower_field(const syntax::Expr& expr) {
  const size_t before = diagnostics_.errors().size();
  ir::ExprPtr whole = lower(expr.operands[0]);
  const auto path = path_of(expr);
  const bool is_poison = path && is_poisoned(path->front());
  if (is_poison || diagnostics_.errors().size() != before) return make_integer(0, expr.span);
  ir::ExprPtr field = make_expr(ir::ExprKind::Field, expr.span, std::move(whole));
  field->name = expr.text;
  return field;
}

// What was found, as a value; most things are none.
ir::ExprPtr FunctionLowering::value_of(const Resolved& found, const syntax::Expr& expr) {
  const auto path = *path_of(expr);
  const std::string& shown = path.back();
  using Kind = Resolved::Kind;
  const bool complete = found.consumed + 1 == path.size();
  switch (found.kind) {
    case Kind::Failed:
      return make_integer(0, expr.span);
    case Kind::NotFound:
      report_not_found(path, expr);
      return make_integer(0, expr.span);
    case Kind::NoAttribute:
      return report_no_attribute(found, expr);
    case Kind::Unsupported:
      return error("unsupported-function", expr.span, found.message, found.help);
    case Kind::Object:
      return error(
          "captured-object", expr.span,
          "`" + shown + "` is " + found.description + ", which a kernel cannot use",
          found.help.empty()
              ? "kernels use numbers and functions from outside; everything else is passed as "
                "an argument"
              : found.help);
    case Kind::Module:
      return error("not-a-value", expr.span, "`" + shown + "` is a module, not a value",
                   "name one of its functions or constants, such as " + found.description + "." +
                       (found.description == "cudapy"   ? "idx"
                        : found.description == "atomic" ? "add"
                                                        : "pi"));
    case Kind::ThreadGroup:
      return error("not-a-value", expr.span, "`" + shown + "` has three parts",
                   "write `" + shown + ".x`, `.y` or `.z`");
    case Kind::Cast:
    case Kind::ArrayType:
      return error(
          "not-a-value", expr.span, "`" + shown + "` is a type, not a value",
          found.kind == Kind::Cast ? "call it to convert a number: `" + shown + "(x)`" : "");
    case Kind::Constant:
    case Kind::ThreadIndex:
    case Kind::Tuple:
      break;
    case Kind::Table:
      return captured_array(found, path, expr);
    case Kind::Exception:
      return error("not-a-value", expr.span, "`" + shown + "` is an exception, not a value",
                   "write `raise " + shown + "(\"...\")`");
    default:
      return error("not-a-value", expr.span, "`" + shown + "` is a function, not a value",
                   "call it: `" + shown + "(...)`");
  }
  if (found.kind == Kind::Tuple && found.type.is_aggregate()) {
    ir::ExprPtr value = captured_tuple(found, path[found.consumed], expr.span);
    for (size_t i = found.consumed + 1; i < path.size(); ++i) {  // a record of NumPy's
      value = make_expr(ir::ExprKind::Field, expr.span, std::move(value));
      value->name = path[i];
    }
    return value;
  }
  if (!complete) {
    return error("unknown-attribute", attribute_span(expr),
                 std::string(found.kind == Kind::Tuple ? "a tuple" : "a number") +
                     " has no attribute `" + shown + "` in a kernel",
                 help_for_attribute(shown));
  }
  if (found.kind == Kind::Tuple) return captured_tuple(found, shown, expr.span);
  if (found.kind == Kind::Constant) return make_constant(found.constant, found.type, expr.span);
  ir::ExprPtr result = make_expr(ir::ExprKind::ThreadIndex, expr.span);
  result->thread_index = found.thread_index;
  return result;
}

ir::ExprPtr FunctionLowering::report_no_attribute(const Resolved& found, const syntax::Expr& expr) {
  const auto path = *path_of(expr);
  const std::string& attribute = path[found.consumed + 1];
  // The part of the expression that ends with the missing attribute.
  const syntax::Expr* part = &expr;
  for (size_t i = path.size() - 1; i > found.consumed + 1; --i) part = &part->operands[0];
  const std::string suggestion = nearest(attribute, found.candidates);
  std::string help = found.help;
  if (!suggestion.empty()) help = "did you mean `" + path[found.consumed] + "." + suggestion + "`?";
  return error("unknown-attribute", attribute_span(*part),
               found.description + " has no `" + attribute + "`" +
                   (found.candidates.empty() ? "" : " for kernels"),
               std::move(help));
}

}  // namespace cudapy::frontend
