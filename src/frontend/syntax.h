// The part of CPython's ast that kernels are made of, as plain C++ values. src/binding/ast_reader
// fills it from Python's own objects; everything after that is free of Python. What kernels cannot
// use is kept by its name in CPython's ast and its place, so that a message can say what it is and
// what to write instead.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/tree.h"
#include "support/span.h"

namespace cudapy::frontend::syntax {

enum class ExprKind : uint8_t {
  Absent,  // no expression here: `return` alone, the missing start of a slice
  Name,    // text
  Number,  // constant: int, float or bool
  None,
  String,     // text: its contents
  Attribute,  // operands[0], text: the attribute
  Subscript,  // operands: the value, then each index (a tuple index is spread)
  Slice,
  Unary,   // unary_op, operands[0]
  Binary,  // binary_op, operands[0..1]
  And,
  Or,           // operands: two or more
  Compare,      // compare_ops, operands: one more than those
  Conditional,  // operands: condition, value if true, value if false
  Call,       // operands: callee, then positional arguments, then keywords.size() keyword arguments
  Tuple,      // operands
  Lambda,     // definition: its body is one Return
  Joined,     // an f-string. operands: Strings and Formatted
  Formatted,  // of an f-string: operands: the value, its format (Joined or absent); text: "r", "s"
              // or "a" where it is converted
  Unsupported,  // text: the node's class, "ListComp"; operands: what could be read of its inside
};

enum class UnaryOp : uint8_t { Negate, Plus, Invert, Not };

enum class BinaryOp : uint8_t {
  Add,
  Subtract,
  Multiply,
  MatrixMultiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  ShiftLeft,
  ShiftRight,
  BitAnd,
  BitOr,
  BitXor,
};

enum class CompareOp : uint8_t {
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Is,
  IsNot,
  In,
  NotIn,
};

struct FunctionDef;

struct Expr {
  ExprKind kind = ExprKind::Absent;
  Span span;
  std::string text;
  ir::ConstantValue constant;
  UnaryOp unary_op = UnaryOp::Negate;
  BinaryOp binary_op = BinaryOp::Add;
  std::vector<CompareOp> compare_ops;
  std::vector<std::string> keywords;  // Call: their names; empty for `**mapping`
  std::vector<Span> keyword_spans;    // of `name=value`
  std::vector<Expr> operands;
  std::shared_ptr<const FunctionDef> definition;  // Lambda

  [[nodiscard]] bool absent() const { return kind == ExprKind::Absent; }
};

enum class StmtKind : uint8_t {
  Expression,     // value
  Assign,         // targets, value
  AugmentAssign,  // targets[0], binary_op, value
  AnnotAssign,    // targets[0], annotation, value (may be absent)
  If,             // value: condition; body; else_body
  While,          // value: condition; body; else_body
  For,            // targets[0] in value; body; else_body
  Break,
  Continue,
  Pass,
  Return,       // value (may be absent)
  FunctionDef,  // definition
  Assert,       // value: condition; annotation: the message (may be absent)
  Raise,        // value: the exception; annotation: its cause (both may be absent)
  Unsupported,  // text: the node's class, "With"; names: what it binds; body: the statements inside
};

struct Stmt {
  StmtKind kind = StmtKind::Pass;
  Span span;
  std::string text;
  BinaryOp binary_op = BinaryOp::Add;
  std::vector<std::string> names;
  std::vector<Expr> targets;
  Expr value;
  Expr annotation;
  std::vector<Stmt> body;
  std::vector<Stmt> else_body;
  std::shared_ptr<const FunctionDef> definition;  // FunctionDef
};

struct Parameter {
  std::string name;
  Span span;
  Expr annotation;
  bool has_default = false;
  bool keyword_only = false;
  bool positional_only = false;
  Expr default_value = {};  // absent: has_default is false
};

struct FunctionDef {
  std::string name;
  Span span;  // from `def` to the end of the header's first line
  std::vector<Parameter> parameters;
  std::string rest;  // `*args`: its name; empty: there is none
  Span rest_span;
  Span variadic;  // `**kwargs`: line != 0 where there is one
  std::vector<std::string> variadic_names;
  Expr returns;
  std::vector<Stmt> body;
};

}  // namespace cudapy::frontend::syntax
