// Lowering of `print`: the text is put together after the launch, by Python's str.format, so all
// that goes into the tree is that format and the numbers.
//
//     print("x =", x, f"{y:.3f}", end="")        Print "x = {0} {1:.3f}" x, y
#include <utility>

#include "frontend/function_lowering.h"

namespace cudapy::frontend {

using syntax::ExprKind;

namespace {

// A piece of text as str.format takes it.
std::string literal(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '{' || c == '}') result += c;
  }
  return result;
}

std::string place(size_t number, const std::string& conversion, const std::string& format) {
  return "{" + std::to_string(number) + (conversion.empty() ? "" : "!" + conversion) +
         (format.empty() ? "" : ":" + format) + "}";
}

}  // namespace

// Whether a statement is a call of Python's print.
bool FunctionLowering::is_print(const syntax::Expr& value) {
  if (value.kind != ExprKind::Call) return false;
  const auto path = path_of(value.operands[0]);
  if (!path || is_variable(path->front()) || is_poisoned(path->front())) return false;
  if (flow_.functions.contains(path->front())) return false;
  const Resolved found = resolve(*path);
  return found.kind == Resolved::Kind::Special && found.special == SpecialForm::Print &&
         found.consumed + 1 == path->size();
}

void FunctionLowering::lower_print(const syntax::Expr& call, Span span) {
  std::string separator = " ";
  std::string end = "\n";
  const size_t positional = call.operands.size() - 1 - call.keywords.size();
  for (size_t i = 0; i < call.keywords.size(); ++i) {
    const std::optional<std::string> text = print_keyword(call, i);
    if (text) (call.keywords[i] == "sep" ? separator : end) = *text;
  }
  std::string format;
  std::vector<ir::ExprPtr> values;
  for (size_t i = 0; i < positional; ++i) {
    if (i > 0) format += literal(separator);
    format += print_argument(call.operands[i + 1], values);
  }
  ir::Stmt& print = emit(ir::StmtKind::Print, span);
  print.operands = std::move(values);
  print.message = format + literal(end);
}

// The text of `sep` and `end`; nullopt: the default, or another keyword.
std::optional<std::string> FunctionLowering::print_keyword(const syntax::Expr& call,
                                                           size_t keyword) {
  const std::string& name = call.keywords[keyword];
  const syntax::Expr& value = call.operands[call.operands.size() - call.keywords.size() + keyword];
  if (name == "flush") return std::nullopt;  // all is written at the launch's end
  if (name != "sep" && name != "end") {
    const bool is_file = name == "file";
    error("print-argument", name.empty() ? value.span : call.keyword_spans[keyword],
          is_file ? "kernels print to Python's standard output"
                  : "`print` has no parameter `" + (name.empty() ? "**" : name) + "` in a kernel",
          is_file ? "redirect it around the launch: `with contextlib.redirect_stdout(file):`"
                  : "it has `sep` and `end`");
    return std::nullopt;
  }
  if (value.kind == ExprKind::None) return std::nullopt;
  if (value.kind == ExprKind::String) return value.text;
  error("print-argument", value.span, "`" + name + "` of a kernel's `print` is a plain text",
        "write the text in quotes");
  return std::nullopt;
}

std::string FunctionLowering::print_argument(const syntax::Expr& argument,
                                             std::vector<ir::ExprPtr>& values) {
  if (argument.kind == ExprKind::String) return literal(argument.text);
  if (argument.kind == ExprKind::Joined) return print_joined(argument, values);
  if (argument.kind == ExprKind::Unsupported && argument.text == "Starred") {
    error("unsupported-syntax", argument.span, "`*` before an argument of `print` is not supported",
          "write the values one by one");
    return {};
  }
  values.push_back(lower(argument));
  return place(values.size() - 1, {}, {});
}

std::string FunctionLowering::print_joined(const syntax::Expr& text,
                                           std::vector<ir::ExprPtr>& values) {
  std::string format;
  for (const syntax::Expr& piece : text.operands) {
    if (piece.kind == ExprKind::String) {
      format += literal(piece.text);
      continue;
    }
    if (piece.kind != ExprKind::Formatted) continue;
    const syntax::Expr& value = piece.operands[0];
    const std::string spec = print_spec(piece.operands[1], text.span);
    if (value.kind == ExprKind::String && spec.empty()) {
      format += literal(value.text);
      continue;
    }
    values.push_back(lower(value));
    format += place(values.size() - 1, piece.text, spec);
  }
  return format;
}

// Only Python 3.12 and newer know where the parts of an f-string stand: mistakes are shown at
// `whole`.
std::string FunctionLowering::print_spec(const syntax::Expr& spec, Span whole) {
  std::string text;
  if (spec.kind == ExprKind::String) text = spec.text;
  for (const syntax::Expr& piece :
       spec.kind == ExprKind::Joined ? spec.operands : std::vector<syntax::Expr>()) {
    if (piece.kind == ExprKind::String) {
      text += piece.text;
      continue;
    }
    error("format", whole, "a format in a kernel is a plain text",
          "write the width and the precision as numbers: `{x:8.3f}`");
    return {};
  }
  if (text.find_first_of("{}") == std::string::npos) return text;
  error("format", whole, "a format in a kernel has no braces", "fill with another character");
  return {};
}

}  // namespace cudapy::frontend
