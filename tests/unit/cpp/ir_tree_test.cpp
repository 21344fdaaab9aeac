// Printing, copying, verifying and serialising trees.
#include <gtest/gtest.h>

#include "ir/printer.h"
#include "ir/serialize.h"
#include "ir/tree.h"
#include "ir/verifier.h"

namespace cudapy::ir {
namespace {

constexpr Type kF32 = Type::of(Scalar::F32);
constexpr Type kI32 = Type::of(Scalar::I32);

ExprPtr node(ExprKind kind, Type type) {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->type = type;
  return expr;
}

ExprPtr local(LocalId id, Type type) {
  ExprPtr expr = node(ExprKind::Local, type);
  expr->local = id;
  return expr;
}

ExprPtr number(double value) {
  ExprPtr expr = node(ExprKind::Constant, kF32);
  expr->constant.kind = ConstantValue::Kind::Float;
  expr->constant.real = value;
  return expr;
}

ExprPtr binary(BinaryOp op, ExprPtr a, ExprPtr b) {
  ExprPtr expr = node(ExprKind::Binary, a->type);
  expr->binary_op = op;
  expr->operands.push_back(std::move(a));
  expr->operands.push_back(std::move(b));
  return expr;
}

// def k(x: float32): y = x * 2.0
Function small() {
  Function function;
  function.name = "k";
  function.locals = {{.name = "x", .type = kF32}, {.name = "y", .type = kF32}};
  function.parameter_count = 1;
  function.result = Type::void_();
  function.written = {false};
  auto stmt = std::make_unique<Stmt>();
  stmt->kind = StmtKind::Assign;
  stmt->local = 1;
  stmt->value = binary(BinaryOp::Multiply, local(0, kF32), number(2.0));
  function.body.push_back(std::move(stmt));
  return function;
}

Expr& value_of(Function& function) {
  return *function.body[0]->value;
}

TEST(Printer, KeepsPrecedence) {
  const Function function = small();
  const auto x = [] { return local(0, kF32); };
  const auto text = [&](const ExprPtr& expr) { return print(*expr, function); };
  EXPECT_EQ(text(binary(BinaryOp::Multiply, binary(BinaryOp::Add, x(), x()), x())), "(x + x) * x");
  EXPECT_EQ(text(binary(BinaryOp::Subtract, x(), binary(BinaryOp::Subtract, x(), x()))),
            "x - (x - x)");
  EXPECT_EQ(text(binary(BinaryOp::Subtract, binary(BinaryOp::Subtract, x(), x()), x())),
            "x - x - x");
  EXPECT_EQ(text(binary(BinaryOp::Power, binary(BinaryOp::Power, x(), x()), x())), "(x ** x) ** x");
  EXPECT_EQ(text(binary(BinaryOp::Minimum, x(), binary(BinaryOp::Add, x(), x()))), "min(x, x + x)");
  EXPECT_EQ(print(function), "def k(x: float32) -> void:\n    y: float32 = x * 2.0\n");
}

TEST(Clone, IsDeepAndEqual) {
  Function original = small();
  Function copy = clone(original);
  EXPECT_EQ(print(copy), print(original));
  value_of(copy).operands[1]->constant.real = 3.0;
  EXPECT_NE(print(copy), print(original));
}

TEST(Serialize, IsTheSameForTheSameCode) {
  Function a = small();
  Function b = small();
  b.name = "other";
  b.locals[1].name = "z";
  b.body[0]->span = {0, 7, 1, 7, 5};
  value_of(b).shape = Shape::Uniform;
  value_of(b).callee = 12;  // of no meaning for a product
  EXPECT_EQ(serialize(a), serialize(b));
}

TEST(Serialize, TellsApartWhatDecidesTheCode) {
  const auto differs = [](auto change) {
    Function changed = small();
    change(changed);
    return serialize(changed) != serialize(small());
  };
  EXPECT_TRUE(differs([](Function& f) { value_of(f).operands[1]->constant.real = -0.0; }));
  EXPECT_TRUE(differs([](Function& f) { value_of(f).binary_op = BinaryOp::Add; }));
  EXPECT_TRUE(differs([](Function& f) { value_of(f).operands[0]->local = 1; }));
  EXPECT_TRUE(differs([](Function& f) { f.locals[1].type = kI32; }));
  EXPECT_TRUE(differs([](Function& f) { f.wide_index = true; }));
  EXPECT_TRUE(differs([](Function& f) { f.uses_block_shape = true; }));
  EXPECT_TRUE(differs([](Function& f) { f.written[0] = true; }));
  EXPECT_TRUE(
      differs([](Function& f) { f.clips.push_back({0, CompareOp::Less, local(0, kI32)}); }));
  EXPECT_TRUE(differs([](Function& f) { f.body.push_back(clone(*f.body[0])); }));
  EXPECT_TRUE(differs([](Function& f) { f.body[0]->kind = StmtKind::Evaluate; }));
}

TEST(Verifier, AcceptsAWellTypedTree) {
  EXPECT_TRUE(verify_inlined(small()).empty());
}

TEST(Verifier, FindsWhatBreaksTheTreesPromises) {
  const auto broken = [](auto change) {
    Function changed = small();
    change(changed);
    return !verify_inlined(changed).empty();
  };
  EXPECT_TRUE(broken([](Function& f) { f.locals[1].type = kI32; }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).operands[1]->type = kI32; }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).type = Type::weak_float(); }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).operands.pop_back(); }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).binary_op = BinaryOp::ShiftLeft; }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).operands[0]->local = 9; }));
  EXPECT_TRUE(broken([](Function& f) { value_of(f).kind = ExprKind::Call; }));
  EXPECT_TRUE(broken([](Function& f) { f.body[0]->kind = StmtKind::Break; }));
  EXPECT_TRUE(broken([](Function& f) { f.body[0]->kind = StmtKind::Return; }));
  EXPECT_TRUE(broken([](Function& f) { f.body[0]->kind = StmtKind::If; }));
}

TEST(Types, Names) {
  EXPECT_EQ(to_string(Type::array(Scalar::U8)), "uint8[:]");
  EXPECT_EQ(to_string(Type::array(Scalar::F64, 2)), "float64[:, :]");
  EXPECT_EQ(to_string(Type::weak_float()), "a weak float");
  EXPECT_EQ(to_string(Type::void_()), "void");
}

}  // namespace
}  // namespace cudapy::ir
