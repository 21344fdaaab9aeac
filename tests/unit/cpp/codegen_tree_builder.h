// Typed trees by hand, for tests of code generation that need no frontend:
//   KernelBuilder k; auto x = k.array("X", F32); auto i = idx();
//   k.body = block(store(k.read(x), idx(), mul(load(k.read(x), idx()), f32(2))));
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "ir/tree.h"

namespace cudapy::test {

using namespace ir;

inline ExprPtr node(ExprKind kind, Type type) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  return expr;
}

template <class... Operands>
ExprPtr node(ExprKind kind, Type type, Operands... operands) {
  ExprPtr expr = node(kind, type);
  (expr->operands.push_back(std::move(operands)), ...);
  return expr;
}

inline const Type kI32 = Type::of(Scalar::I32);
inline const Type kF32 = Type::of(Scalar::F32);
inline const Type kBool = Type::of(Scalar::Bool);

inline ExprPtr i32(int64_t value) {
  ExprPtr expr = node(ExprKind::Constant, kI32);
  expr->constant.integer = value;
  return expr;
}

inline ExprPtr f32(double value) {
  ExprPtr expr = node(ExprKind::Constant, kF32);
  expr->constant = {.kind = ConstantValue::Kind::Float, .real = value};
  return expr;
}

inline ExprPtr idx() {
  return node(ExprKind::ThreadIndex, kI32);
}

inline ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
  Type type = a->type;
  ExprPtr expr = node(ExprKind::Binary, type, std::move(a), std::move(b));
  expr->binary_op = op;
  return expr;
}
inline ExprPtr add(ExprPtr a, ExprPtr b) {
  return binary(BinaryOp::Add, std::move(a), std::move(b));
}
inline ExprPtr sub(ExprPtr a, ExprPtr b) {
  return binary(BinaryOp::Subtract, std::move(a), std::move(b));
}
inline ExprPtr mul(ExprPtr a, ExprPtr b) {
  return binary(BinaryOp::Multiply, std::move(a), std::move(b));
}
inline ExprPtr mod(ExprPtr a, ExprPtr b) {
  return binary(BinaryOp::Modulo, std::move(a), std::move(b));
}

inline ExprPtr compare(CompareOp op, ExprPtr a, ExprPtr b) {
  ExprPtr expr = node(ExprKind::Compare, kBool, std::move(a), std::move(b));
  expr->compare_op = op;
  return expr;
}
inline ExprPtr less(ExprPtr a, ExprPtr b) {
  return compare(CompareOp::Less, std::move(a), std::move(b));
}
inline ExprPtr equal(ExprPtr a, ExprPtr b) {
  return compare(CompareOp::Equal, std::move(a), std::move(b));
}
inline ExprPtr both(ExprPtr a, ExprPtr b) {
  return node(ExprKind::And, kBool, std::move(a), std::move(b));
}

inline ExprPtr load(ExprPtr array, ExprPtr index) {
  Type element = array->type.element();
  return node(ExprKind::Load, element, std::move(array), std::move(index));
}
inline ExprPtr len(ExprPtr array) {
  return node(ExprKind::Len, kI32, std::move(array));
}

inline StmtPtr stmt(StmtKind kind, ExprPtr value = nullptr) {
  auto made = std::make_unique<Stmt>();
  made->kind = kind;
  made->value = std::move(value);
  return made;
}

template <class... Statements>
Block block(Statements... statements) {
  Block made;
  (made.push_back(std::move(statements)), ...);
  return made;
}

inline StmtPtr assign(LocalId local, ExprPtr value) {
  StmtPtr made = stmt(StmtKind::Assign, std::move(value));
  made->local = local;
  return made;
}

inline StmtPtr store(ExprPtr array, ExprPtr index, ExprPtr value) {
  StmtPtr made = stmt(StmtKind::Store, std::move(value));
  made->operands.push_back(std::move(array));
  made->operands.push_back(std::move(index));
  return made;
}

inline StmtPtr if_(ExprPtr condition, Block body, Block else_body = {}) {
  StmtPtr made = stmt(StmtKind::If, std::move(condition));
  made->body = std::move(body);
  made->else_body = std::move(else_body);
  return made;
}

inline StmtPtr while_(ExprPtr condition, Block body, Block else_body = {}) {
  StmtPtr made = if_(std::move(condition), std::move(body), std::move(else_body));
  made->kind = StmtKind::While;
  return made;
}

inline StmtPtr for_(LocalId local, ExprPtr start, ExprPtr stop, ExprPtr step, Block body,
                    Block else_body = {}) {
  StmtPtr made = while_(nullptr, std::move(body), std::move(else_body));
  made->kind = StmtKind::For;
  made->local = local;
  made->operands.push_back(std::move(start));
  made->operands.push_back(std::move(stop));
  made->operands.push_back(std::move(step));
  return made;
}

class KernelBuilder {
 public:
  KernelBuilder() {
    function.name = "kernel";
    function.result = Type::void_();
  }

  LocalId parameter(const std::string& name, Type type) {
    ++function.parameter_count;
    return local(name, type);
  }
  LocalId array(const std::string& name, Scalar element) {
    return parameter(name, Type::array(element));
  }
  LocalId local(const std::string& name, Type type) {
    Local made;
    made.name = name;
    made.type = type;
    function.locals.push_back(std::move(made));
    return static_cast<LocalId>(function.locals.size()) - 1;
  }
  [[nodiscard]] ExprPtr read(LocalId local) const {
    ExprPtr expr = node(ExprKind::Local, function.locals[static_cast<size_t>(local)].type);
    expr->local = local;
    return expr;
  }

  Function function;
};

}  // namespace cudapy::test
