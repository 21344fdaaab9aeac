// Builds small untyped trees for tests, close to how the kernel would be written:
//
//   Def f("saxpy", {"alpha", "X", "Y"});
//   f.body = {if_(idx() < len(f["X"]), {store(f["Y"], idx(), f["alpha"] * load(f["X"], idx()))})};
//   Program program = program_of(f);
//
// Every node gets a line of its own, so that a test can tell which one a message points at.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "ir/printer.h"
#include "ir/tree.h"
#include "ir/verifier.h"
#include "sema/check.h"
#include "transform/lower.h"

namespace cudapy::testing {

inline Span next_span() {
  static int line = 0;
  ++line;
  return {0, line, 0, line, 1};
}

// An expression; copied freely.
class E {
 public:
  E(int value) : E(static_cast<long long>(value)) {}  // NOLINT: literals are written as they are
  E(long long value) : expr_(make(ir::ExprKind::Constant)) {
    expr_->constant.kind = ir::ConstantValue::Kind::Integer;
    expr_->constant.integer = value;
  }
  E(double value) : expr_(make(ir::ExprKind::Constant)) {
    expr_->constant.kind = ir::ConstantValue::Kind::Float;
    expr_->constant.real = value;
  }
  E(bool value) : expr_(make(ir::ExprKind::Constant)) {
    expr_->constant.kind = ir::ConstantValue::Kind::Bool;
    expr_->constant.integer = value ? 1 : 0;
  }
  E(ir::ExprKind kind, std::initializer_list<E> operands) : expr_(make(kind)) {
    for (const E& operand : operands) expr_->operands.push_back(operand.take());
  }
  E(const E& other) : expr_(ir::clone(*other.expr_)) {}
  E(E&&) = default;
  E& operator=(const E& other) {
    expr_ = ir::clone(*other.expr_);
    return *this;
  }

  ir::Expr* operator->() const { return expr_.get(); }
  [[nodiscard]] ir::ExprPtr take() const { return ir::clone(*expr_); }

 private:
  static ir::ExprPtr make(ir::ExprKind kind) {
    auto expr = std::make_unique<ir::Expr>();
    expr->kind = kind;
    expr->span = next_span();
    return expr;
  }
  ir::ExprPtr expr_;
};

inline E binary(ir::BinaryOp op, const E& a, const E& b) {
  E e(ir::ExprKind::Binary, {a, b});
  e->binary_op = op;
  return e;
}
inline E compare(ir::CompareOp op, const E& a, const E& b) {
  E e(ir::ExprKind::Compare, {a, b});
  e->compare_op = op;
  return e;
}
inline E unary(ir::UnaryOp op, const E& a) {
  E e(ir::ExprKind::Unary, {a});
  e->unary_op = op;
  return e;
}
inline E operator+(const E& a, const E& b) {
  return binary(ir::BinaryOp::Add, a, b);
}
inline E operator-(const E& a, const E& b) {
  return binary(ir::BinaryOp::Subtract, a, b);
}
inline E operator*(const E& a, const E& b) {
  return binary(ir::BinaryOp::Multiply, a, b);
}
inline E operator/(const E& a, const E& b) {
  return binary(ir::BinaryOp::Divide, a, b);
}
inline E operator%(const E& a, const E& b) {
  return binary(ir::BinaryOp::Modulo, a, b);
}
inline E operator&(const E& a, const E& b) {
  return binary(ir::BinaryOp::BitAnd, a, b);
}
inline E operator<<(const E& a, const E& b) {
  return binary(ir::BinaryOp::ShiftLeft, a, b);
}
inline E operator>>(const E& a, const E& b) {
  return binary(ir::BinaryOp::ShiftRight, a, b);
}
inline E floor_div(const E& a, const E& b) {
  return binary(ir::BinaryOp::FloorDivide, a, b);
}
inline E power(const E& a, const E& b) {
  return binary(ir::BinaryOp::Power, a, b);
}
inline E operator<(const E& a, const E& b) {
  return compare(ir::CompareOp::Less, a, b);
}
inline E operator>(const E& a, const E& b) {
  return compare(ir::CompareOp::Greater, a, b);
}
inline E operator==(const E& a, const E& b) {
  return compare(ir::CompareOp::Equal, a, b);
}
inline E operator-(const E& a) {
  return unary(ir::UnaryOp::Negate, a);
}
inline E operator!(const E& a) {
  return unary(ir::UnaryOp::Not, a);
}
inline E and_(const E& a, const E& b) {
  return {ir::ExprKind::And, {a, b}};
}
inline E or_(const E& a, const E& b) {
  return {ir::ExprKind::Or, {a, b}};
}
inline E select(const E& condition, const E& a, const E& b) {
  return {ir::ExprKind::Select, {condition, a, b}};
}
inline E load(const E& array, const E& index) {
  return {ir::ExprKind::Load, {array, index}};
}
inline E idx(ir::ThreadIndex index = ir::ThreadIndex::Idx) {
  E e(ir::ExprKind::ThreadIndex, {});
  e->thread_index = index;
  return e;
}
inline E builtin(ir::Builtin builtin, std::initializer_list<E> operands) {
  E e(ir::ExprKind::CallBuiltin, operands);
  e->builtin = builtin;
  return e;
}
inline E len(const E& array) {
  return builtin(ir::Builtin::Len, {array});
}
inline E cast(ir::Scalar to, const E& a) {
  E e(ir::ExprKind::Cast, {a});
  e->type = ir::Type::of(to);
  return e;
}
inline E math(ir::MathFunction function, std::initializer_list<E> operands, bool single = false) {
  E e(ir::ExprKind::Math, operands);
  e->math = function;
  e->math_single = single;
  return e;
}
inline E call(int callee, std::initializer_list<E> operands) {
  E e(ir::ExprKind::Call, operands);
  e->callee = callee;
  return e;
}

// A statement; copied freely.
class S {
 public:
  explicit S(ir::StmtKind kind) : stmt_(std::make_unique<ir::Stmt>()) {
    stmt_->kind = kind;
    stmt_->span = next_span();
  }
  S(const S& other) : stmt_(ir::clone(*other.stmt_)) {}
  S(S&&) = default;
  S& operator=(const S& other) {
    stmt_ = ir::clone(*other.stmt_);
    return *this;
  }
  ir::Stmt* operator->() const { return stmt_.get(); }
  [[nodiscard]] ir::StmtPtr take() const { return ir::clone(*stmt_); }

 private:
  ir::StmtPtr stmt_;
};
using Ss = std::vector<S>;

inline ir::Block block(const Ss& statements) {
  ir::Block block;
  for (const S& statement : statements) block.push_back(statement.take());
  return block;
}
inline S assign(const E& local, const E& value) {
  S s(ir::StmtKind::Assign);
  s->local = local->local;
  s->value = value.take();
  return s;
}
inline S store(const E& array, const E& index, const E& value) {
  S s(ir::StmtKind::Store);
  s->operands.push_back(array.take());
  s->operands.push_back(index.take());
  s->value = value.take();
  return s;
}
inline S if_(const E& condition, const Ss& then, const Ss& otherwise = {}) {
  S s(ir::StmtKind::If);
  s->value = condition.take();
  s->body = block(then);
  s->else_body = block(otherwise);
  return s;
}
inline S while_(const E& condition, const Ss& body, const Ss& otherwise = {}) {
  S s(ir::StmtKind::While);
  s->value = condition.take();
  s->body = block(body);
  s->else_body = block(otherwise);
  return s;
}
inline S for_(const E& local, const E& start, const E& stop, const E& step, const Ss& body) {
  S s(ir::StmtKind::For);
  s->local = local->local;
  for (const E* operand : {&start, &stop, &step}) s->operands.push_back(operand->take());
  s->body = block(body);
  return s;
}
inline S break_() {
  return S(ir::StmtKind::Break);
}
inline S continue_() {
  return S(ir::StmtKind::Continue);
}
inline S return_() {
  return S(ir::StmtKind::Return);
}
inline S return_(const E& value) {
  S s(ir::StmtKind::Return);
  s->value = value.take();
  return s;
}
inline S evaluate(const E& value) {
  S s(ir::StmtKind::Evaluate);
  s->value = value.take();
  return s;
}

// `def name(parameters): body`. Naming a local that there is not yet makes it.
class Def {
 public:
  Def(std::string name, std::initializer_list<const char*> parameters) {
    function_.name = std::move(name);
    function_.span = next_span();
    for (const char* parameter : parameters) (*this)[parameter];
    function_.parameter_count = static_cast<int32_t>(parameters.size());
  }

  E operator[](const std::string& name) {
    size_t id = 0;
    while (id < function_.locals.size() && function_.locals[id].name != name) ++id;
    if (id == function_.locals.size()) {
      ir::Local local;
      local.name = name;
      local.span = next_span();
      function_.locals.push_back(std::move(local));
    }
    E e(ir::ExprKind::Local, {});
    e->local = static_cast<ir::LocalId>(id);
    return e;
  }

  void signature(ir::Type result, std::vector<ir::Type> parameters) {
    function_.signature = ir::Signature{std::move(parameters), result, next_span()};
  }
  void declare(const std::string& name, ir::Scalar scalar) {
    const ir::LocalId id = (*this)[name]->local;
    function_.locals[static_cast<size_t>(id)].declared = ir::Type::of(scalar);
  }

  Ss body;

  [[nodiscard]] ir::Function function() const {
    ir::Function copy = ir::clone(function_);
    copy.body = block(body);
    return copy;
  }

 private:
  ir::Function function_;
};

template <typename... Defs>
ir::Program program_of(const Defs&... defs) {
  ir::Program program;
  (program.functions.push_back(defs.function()), ...);
  return program;
}

inline constexpr ir::Type kF32 = ir::Type::of(ir::Scalar::F32);
inline constexpr ir::Type kF64 = ir::Type::of(ir::Scalar::F64);
inline constexpr ir::Type kI8 = ir::Type::of(ir::Scalar::I8);
inline constexpr ir::Type kI32 = ir::Type::of(ir::Scalar::I32);
inline constexpr ir::Type kI64 = ir::Type::of(ir::Scalar::I64);
inline constexpr ir::Type kU8 = ir::Type::of(ir::Scalar::U8);
inline constexpr ir::Type kU32 = ir::Type::of(ir::Scalar::U32);
inline constexpr ir::Type kU64 = ir::Type::of(ir::Scalar::U64);
inline constexpr ir::Type kBool = ir::Type::of(ir::Scalar::Bool);
inline ir::Type array_of(ir::Type element) {
  return ir::Type::array(element.scalar);
}

// The typed program, printed; or its mistakes, one "code: message" a line.
inline std::string checked(const ir::Program& program, const std::vector<ir::Type>& arguments,
                           bool wide = false) {
  Diagnostics diagnostics;
  const sema::Options options{.wide_index = wide};
  const std::optional<ir::Program> typed = sema::check(program, arguments, options, diagnostics);
  std::string text;
  if (typed.has_value() != diagnostics.ok()) return "a program and mistakes at once";
  if (typed) {
    for (const std::string& problem : ir::verify(*typed)) text += "INVALID " + problem + "\n";
    return text + ir::print(*typed);
  }
  for (const Diagnostic& error : diagnostics.errors())
    text += error.code + ": " + error.message + "\n";
  return text;
}

// The one function that codegen sees, printed.
inline std::string lowered(const ir::Program& program, const std::vector<ir::Type>& arguments,
                           bool contract = false) {
  Diagnostics diagnostics;
  std::optional<ir::Program> typed = sema::check(program, arguments, {}, diagnostics);
  if (!typed) return checked(program, arguments);
  transform::Options options;
  options.contract = contract;
  std::string text;
  options.after_pass = [&](std::string_view pass, const ir::Function& function) {
    for (const std::string& problem : ir::verify_inlined(function))
      text += "INVALID after " + std::string(pass) + " " + problem + "\n";
  };
  const ir::Function function = transform::lower(std::move(*typed), options);
  return text + ir::print(function);
}

}  // namespace cudapy::testing
