// Trees as text. Operators are parenthesised by Python's precedence, so what is printed of an
// expression reads as it was written.
#include "ir/printer.h"

#include <charconv>
#include <cmath>
#include <utility>

namespace cudapy::ir {

namespace {

// Python's precedences, low to high.
enum Precedence : int {
  kTernary = 1,
  kOr,
  kAnd,
  kNot,
  kCompare,
  kBitOr,
  kBitXor,
  kBitAnd,
  kShift,
  kSum,
  kProduct,
  kUnary,
  kPower,
  kAtom
};

struct Operator {
  std::string_view text;
  int precedence;
};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

Operator operator_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::Add:
      return {" + ", kSum};
    case BinaryOp::Subtract:
      return {" - ", kSum};
    case BinaryOp::Multiply:
      return {" * ", kProduct};
    case BinaryOp::Divide:
      return {" / ", kProduct};
    case BinaryOp::FloorDivide:
      return {" // ", kProduct};
    case BinaryOp::Modulo:
      return {" % ", kProduct};
    case BinaryOp::Power:
      return {" ** ", kPower};
    case BinaryOp::ShiftLeft:
      return {" << ", kShift};
    case BinaryOp::ShiftRight:
      return {" >> ", kShift};
    case BinaryOp::BitAnd:
      return {" & ", kBitAnd};
    case BinaryOp::BitOr:
      return {" | ", kBitOr};
    case BinaryOp::BitXor:
      return {" ^ ", kBitXor};
    case BinaryOp::Minimum:
      return {"min", kAtom};
    case BinaryOp::Maximum:
      return {"max", kAtom};
  }
  return {" ? ", kAtom};
}

std::string_view text_of(CompareOp op) {
  switch (op) {
    case CompareOp::Equal:
      return " == ";
    case CompareOp::NotEqual:
      return " != ";
    case CompareOp::Less:
      return " < ";
    case CompareOp::LessEqual:
      return " <= ";
    case CompareOp::Greater:
      return " > ";
    case CompareOp::GreaterEqual:
      return " >= ";
  }
  return " ? ";
}

std::string_view text_of(ThreadIndex index) {
  constexpr std::string_view kNames[] = {"idx",         "idy",         "idz",        "threadIdx.x",
                                         "threadIdx.y", "threadIdx.z", "blockIdx.x", "blockIdx.y",
                                         "blockIdx.z",  "blockDim.x",  "blockDim.y", "blockDim.z",
                                         "gridDim.x",   "gridDim.y",   "gridDim.z"};
  return kNames[static_cast<size_t>(index)];
}

std::string_view text_of(Builtin builtin) {
  constexpr std::string_view kNames[] = {
      "len",       "min",        "max",   "abs",  "round",  "pow",  "math.floor",
      "math.ceil", "math.trunc", "shape", "ndim", "size",   "real", "imag",
      "conjugate", "complex",    "dtype", "T",    "strides"};
  return kNames[static_cast<size_t>(builtin)];
}

std::string real_text(double value, bool single) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end =
      single ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value)).ptr
             : std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string shape_text(Shape shape, int32_t stride) {
  switch (shape) {
    case Shape::Uniform:
      return "uniform";
    case Shape::Linear:
      return "linear(" + std::to_string(stride) + ")";
    case Shape::Varying:
      return "varying";
  }
  return "?";
}

class Printer {
 public:
  Printer(const Function& function, const std::vector<Function>* callees,
          const PrintOptions& options)
      : function_(function),
        callees_(callees),
        options_(options),
        announced_(function.locals.size(), false) {}

  std::string take() { return std::move(out_); }

  void function() {
    out_ += "def " + function_.name + "(";
    for (int32_t i = 0; i < function_.parameter_count; ++i) {
      if (i) out_ += ", ";
      const Local& local = function_.locals[static_cast<size_t>(i)];
      out_ += local_name(i);
      if (!local.type.is_unknown()) out_ += ": " + to_string(local.type);
      if (static_cast<size_t>(i) < function_.written.size() &&
          function_.written[static_cast<size_t>(i)]) {
        out_ += " (written)";
      }
      announced_[static_cast<size_t>(i)] = true;
    }
    out_ += ")";
    if (!function_.result.is_unknown()) out_ += " -> " + to_string(function_.result);
    out_ += ":";
    if (function_.wide_index) out_ += "  # wide index";
    if (const auto& block = function_.block; block[0] > 0) {
      out_ += "  # blocks of " + std::to_string(block[0]) + " x " + std::to_string(block[1]) +
              " x " + std::to_string(block[2]);
    }
    ++indent_;
    repeated_axes();
    clips();
    block(function_.body);
    --indent_;
    out_ += '\n';
  }

  static constexpr const char* kIndices[] = {"idx", "idy", "idz"};

  // # again for idx + the launch's width
  void repeated_axes() {
    static constexpr const char* kExtents[] = {"width", "height", "depth"};
    for (size_t axis = 0; axis < 3; ++axis) {
      if ((function_.repeated_axes >> axis & 1U) == 0) continue;
      line();
      out_ += std::string("# again for ") + kIndices[axis] + " + the launch's " + kExtents[axis];
    }
  }

  // # only where idx < n and idy >= 1
  void clips() {
    const char* joint = "# only where ";
    if (!function_.clips.empty()) line();
    for (const Clip& clip : function_.clips) {
      out_ += std::exchange(joint, " and ");
      out_ += kIndices[clip.axis];
      out_ += ' ';
      out_ += text_of(clip.op);
      out_ += ' ';
      expr(*clip.bound, kTernary);
    }
  }

  void block(const Block& block) {
    for (const StmtPtr& stmt : block) {
      line();
      this->stmt(*stmt);
    }
    if (block.empty()) {
      line();
      out_ += "pass";
    }
  }

  void expr(const Expr& expr, int minimum);

 private:
  void line() {
    if (!out_.empty()) out_ += '\n';
    out_.append(static_cast<size_t>(indent_) * 4, ' ');
  }

  // Two locals of one name (a helper inlined twice) are told apart by their numbers.
  std::string local_name(LocalId id) const {
    if (id < 0 || static_cast<size_t>(id) >= function_.locals.size())
      return "<no local " + std::to_string(id) + ">";
    const std::string& name = function_.locals[static_cast<size_t>(id)].name;
    for (size_t other = 0; other < function_.locals.size(); ++other) {
      if (static_cast<LocalId>(other) != id && function_.locals[other].name == name)
        return name + "." + std::to_string(id);
    }
    return name;
  }

  void target(LocalId id) {
    out_ += local_name(id);
    if (id < 0 || static_cast<size_t>(id) >= announced_.size() ||
        announced_[static_cast<size_t>(id)])
      return;
    announced_[static_cast<size_t>(id)] = true;
    const Local& local = function_.locals[static_cast<size_t>(id)];
    if (!local.type.is_unknown()) {
      out_ += ": " + to_string(local.type);
    } else if (!local.declared.is_unknown()) {
      out_ += ": " + to_string(local.declared);
    }
  }

  void stmt(const Stmt& stmt);
  void part(const Expr& array, const Type& wanted, int32_t offset);
  void nested(std::string_view head, const Block& body);
  void remark(const Stmt& stmt);
  void declaration(const Stmt& stmt);
  void barrier(const Stmt& stmt);
  void list(const std::vector<ExprPtr>& exprs, size_t first = 0);
  void constant(const Expr& expr);
  void sequence(const Expr& expr);
  void binary(std::string_view text, int precedence, const Expr& expr, int minimum);

  const Function& function_;
  const std::vector<Function>* callees_;
  const PrintOptions& options_;
  std::vector<bool> announced_;
  std::string out_;
  int indent_ = 0;
};

void Printer::list(const std::vector<ExprPtr>& exprs, size_t first) {
  for (size_t i = first; i < exprs.size(); ++i) {
    if (i > first) out_ += ", ";
    expr(*exprs[i], kTernary);
  }
}

// A typed constant that is neither an int32, a float32 nor a bool shows its type.
void Printer::constant(const Expr& expr) {
  const ConstantValue& value = expr.constant;
  const bool typed = expr.type.is_scalar() && !expr.type.weak;
  const bool plain = !typed || expr.type.scalar == Scalar::I32 || expr.type.scalar == Scalar::F32 ||
                     expr.type.scalar == Scalar::Bool;
  if (!plain) out_ += std::string(name_of(expr.type.scalar)) + "(";
  switch (value.kind) {
    case ConstantValue::Kind::Bool:
      out_ += value.integer ? "True" : "False";
      break;
    case ConstantValue::Kind::Integer:
      out_ += value.exceeds_int64 ? std::to_string(static_cast<uint64_t>(value.integer))
                                  : std::to_string(value.integer);
      break;
    case ConstantValue::Kind::Float:
      out_ += real_text(value.real, typed && expr.type.scalar == Scalar::F32);
      break;
    case ConstantValue::Kind::Complex:
      out_ += "(" + real_text(value.real, false) + " + " + real_text(value.imag, false) + "j)";
      break;
  }
  if (!plain) out_ += ")";
}

void Printer::binary(std::string_view text, int precedence, const Expr& expr, int minimum) {
  const bool parens = precedence < minimum;
  const bool right_to_left = precedence == kPower;
  if (parens) out_ += '(';
  this->expr(*expr.operands[0],
             right_to_left || precedence == kCompare ? precedence + 1 : precedence);
  out_ += text;
  this->expr(*expr.operands[1], right_to_left ? precedence : precedence + 1);
  if (parens) out_ += ')';
}

// { statements; yield value }, and for an inlined function that returns early: frame %result {
// statements }
void Printer::sequence(const Expr& expr) {
  if (expr.is_frame) out_ += "frame ";
  if (expr.is_frame && expr.local != kNoLocal) out_ += local_name(expr.local) + " ";
  for (const LocalId result : expr.results) out_ += local_name(result) + " ";
  out_ += "{";
  indent_ += 2;
  for (const StmtPtr& stmt : expr.body) {
    line();
    this->stmt(*stmt);
  }
  if (!expr.operands.empty()) {
    line();
    out_ += "yield ";
    this->expr(*expr.operands[0], kTernary);
  }
  --indent_;
  line();
  out_ += "}";
  --indent_;
}

void Printer::expr(const Expr& expr, int minimum) {
  const auto& operands = expr.operands;
  switch (expr.kind) {
    case ExprKind::Constant:
      constant(expr);
      break;
    case ExprKind::Local:
      out_ += local_name(expr.local);
      break;
    case ExprKind::ThreadIndex:
      out_ += text_of(expr.thread_index);
      break;
    case ExprKind::Unary: {
      constexpr std::string_view kTexts[] = {"-", "+", "~", "not "};
      const int precedence = expr.unary_op == UnaryOp::Not ? kNot : kUnary;
      if (precedence < minimum) out_ += '(';
      out_ += kTexts[static_cast<size_t>(expr.unary_op)];
      this->expr(*operands[0], precedence);
      if (precedence < minimum) out_ += ')';
      break;
    }
    case ExprKind::Binary: {
      const Operator op = operator_of(expr.binary_op);
      if (op.precedence != kAtom) {
        binary(op.text, op.precedence, expr, minimum);
        break;
      }
      out_ += std::string(op.text) + "(";
      list(operands);
      out_ += ")";
      break;
    }
    case ExprKind::Compare:
      binary(text_of(expr.compare_op), kCompare, expr, minimum);
      break;
    case ExprKind::And:
      binary(" and ", kAnd, expr, minimum);
      break;
    case ExprKind::Or:
      binary(" or ", kOr, expr, minimum);
      break;
    case ExprKind::Select:
      if (minimum > kTernary) out_ += '(';
      this->expr(*operands[1], kOr);
      out_ += " if ";
      this->expr(*operands[0], kOr);
      out_ += " else ";
      this->expr(*operands[2], kTernary);
      if (minimum > kTernary) out_ += ')';
      break;
    case ExprKind::Cast:
      out_ += to_string(expr.type) + "(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::Math:
      out_ += "math." + std::string(info(expr.math).name) + (expr.math_single ? "f(" : "(");
      list(operands);
      out_ += ")";
      break;
    case ExprKind::Call: {
      for (size_t i = 0; i < expr.results.size(); ++i)
        out_ += (i > 0 ? ", " : "") + local_name(expr.results[i]);
      if (!expr.results.empty()) out_ += " = ";
      const auto callee = static_cast<size_t>(expr.callee);
      out_ += callees_ && callee < callees_->size() ? (*callees_)[callee].name
                                                    : "function" + std::to_string(expr.callee);
      out_ += "(";
      list(operands);
      out_ += ")";
      break;
    }
    case ExprKind::Sequence:
      sequence(expr);
      break;
    case ExprKind::Load:
      this->expr(*operands[0], kAtom);
      out_ += "[";
      list(operands, 1);
      out_ += expr.is_transposed ? "].T" : "]";
      part(*operands[0], expr.type, expr.byte_offset);
      break;
    case ExprKind::Len:
    case ExprKind::Stride:
      out_ += expr.kind == ExprKind::Len ? "len(" : "stride(";
      list(operands);
      if (expr.axis > 0) out_ += ", " + std::to_string(expr.axis);
      out_ += ")";
      break;
    case ExprKind::Intrinsic:
      out_ += std::string(info(expr.intrinsic).name) + "(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::Atomic:
      out_ += "atomic." + std::string(name_of(expr.atomic_op)) + "(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::CallBuiltin:
      out_ += std::string(text_of(expr.builtin)) + "(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::MakeAggregate:
      out_ += "(";
      list(operands);
      out_ += operands.size() == 1 ? ",)" : ")";
      break;
    case ExprKind::Field:
      this->expr(*operands[0], kAtom);
      out_ += expr.name.empty() ? "[" + std::to_string(expr.field) + "]" : "." + expr.name;
      break;
    case ExprKind::Slice:
      out_ += "slice(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::Bound:
      out_ += "bound(";
      list(operands);
      out_ += ")";
      break;
    case ExprKind::Argument:
      out_ += "argument(" + std::to_string(expr.field) + ")";
      break;
  }
}

// The fields that lead to one part of an array's element.
void Printer::part(const Expr& array, const Type& wanted, int32_t offset) {
  Type type = array.type.element();
  while (is_compound(type) && !(offset == 0 && type == wanted)) {
    const std::vector<Type> elements = elements_of(type);
    size_t field = 0;
    while (field + 1 < elements.size() &&
           !has_part(elements[field], offset - offset_of(type, field), wanted))
      ++field;
    const std::string part_of_number = field == 0 ? "real" : "imag";
    if (is_tuple(type))
      out_ += "[" + std::to_string(field) + "]";
    else
      out_ += "." + (type.aggregate ? type.aggregate->names[field] : part_of_number);
    offset -= offset_of(type, field);
    type = elements[field];
  }
}

void Printer::nested(std::string_view head, const Block& body) {
  out_ += head;
  ++indent_;
  block(body);
  --indent_;
}

// After annotate_shapes: what the statement computes, and the index that it stores at.
void Printer::remark(const Stmt& stmt) {
  if (!options_.shapes) return;
  if (stmt.value) out_ += "  # " + shape_text(stmt.value->shape, stmt.value->stride);
  if (stmt.kind == StmtKind::Store && stmt.operands.size() > 1) {
    for (size_t i = 1; i < stmt.operands.size(); ++i) {
      out_ +=
          (i > 1 ? ", " : " at ") + shape_text(stmt.operands[i]->shape, stmt.operands[i]->stride);
    }
  }
}

void Printer::declaration(const Stmt& stmt) {
  const Local& local = function_.locals[static_cast<size_t>(stmt.local)];
  out_ += local_name(stmt.local);
  out_ += local.storage == Storage::Block ? " = shared((" : " = local((";
  for (size_t i = 0; i < local.extents.size(); ++i) {
    out_ += i > 0 ? ", " : "";
    out_ += local.sizes.empty() ? std::to_string(local.extents[i])
                                : to_string(local.sizes[i], function_);
  }
  const Type& type = local.type.is_unknown() ? local.declared : local.type;
  out_ += "), " + std::string(name_of(type.scalar)) + ")";
}

void Printer::barrier(const Stmt& stmt) {
  constexpr std::string_view kNames[] = {"syncthreads", "syncthreads_count", "syncthreads_and",
                                         "syncthreads_or"};
  if (stmt.local != kNoLocal) out_ += local_name(stmt.local) + " = ";
  out_ += kNames[static_cast<size_t>(stmt.vote)];
  out_ += "(";
  list(stmt.operands);
  out_ += ")";
}

void Printer::stmt(const Stmt& stmt) {
  switch (stmt.kind) {
    case StmtKind::Assign:
      target(stmt.local);
      out_ += " = ";
      expr(*stmt.value, kTernary);
      remark(stmt);
      break;
    case StmtKind::Store:
      expr(*stmt.operands[0], kAtom);
      out_ += "[";
      list(stmt.operands, 1);
      out_ += "]";
      part(*stmt.operands[0], stmt.value->type, stmt.byte_offset);
      for (const std::string& field : stmt.fields) out_ += "." + field;
      out_ += " = ";
      expr(*stmt.value, kTernary);
      remark(stmt);
      break;
    case StmtKind::If:
    case StmtKind::While:
      out_ += stmt.kind == StmtKind::If ? "if " : "while ";
      expr(*stmt.value, kTernary);
      out_ += ":";
      remark(stmt);
      nested("", stmt.body);
      break;
    case StmtKind::For:
      out_ += "for ";
      if (stmt.counter != kNoLocal) {
        target(stmt.counter);
        out_ += " as ";
      }
      target(stmt.local);
      out_ += " in range(";
      list(stmt.operands);
      out_ += "):";
      nested("", stmt.body);
      break;
    case StmtKind::Break:
      out_ += "break";
      break;
    case StmtKind::Continue:
      out_ += "continue";
      break;
    case StmtKind::Return:
      out_ += "return";
      if (stmt.value) {
        out_ += " ";
        expr(*stmt.value, kTernary);
      }
      if (!stmt.operands.empty()) {
        out_ += " ";
        list(stmt.operands);
      }
      remark(stmt);
      break;
    case StmtKind::Evaluate:
      expr(*stmt.value, kTernary);
      break;
    case StmtKind::Declare:
      declaration(stmt);
      break;
    case StmtKind::Raise:
      out_ += "raise " + stmt.exception;
      if (!stmt.message.empty()) out_ += "(\"" + escaped(stmt.message) + "\")";
      if (!stmt.operands.empty()) {
        out_ += " ";
        list(stmt.operands);
      }
      break;
    case StmtKind::Barrier:
      barrier(stmt);
      break;
    case StmtKind::Region:
      nested("gangs:", stmt.body);
      break;
    case StmtKind::Print:
      out_ += "print \"" + escaped(stmt.message) + "\" ";
      list(stmt.operands);
      break;
    case StmtKind::Define:
      out_ += "define function" + std::to_string(stmt.value->callee) + " = ";
      expr(*stmt.value, kTernary);
      break;
  }
  if (!stmt.else_body.empty()) {
    line();
    nested("else:", stmt.else_body);
  }
}

}  // namespace

std::string print(const Program& program, const PrintOptions& options) {
  std::string text;
  for (const Function& function : program.functions) {
    if (!text.empty()) text += '\n';
    Printer printer(function, &program.functions, options);
    printer.function();
    text += printer.take();
  }
  return text;
}

std::string print(const Function& function, const PrintOptions& options) {
  Printer printer(function, nullptr, options);
  printer.function();
  return printer.take();
}

std::string print(const Block& block, const Function& function, const PrintOptions& options) {
  Printer printer(function, nullptr, options);
  printer.block(block);
  return printer.take() + "\n";
}

std::string print(const Expr& expr, const Function& function, const PrintOptions& options) {
  Printer printer(function, nullptr, options);
  printer.expr(expr, kTernary);
  return printer.take();
}

}  // namespace cudapy::ir
