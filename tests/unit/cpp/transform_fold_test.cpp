// Folding: what is computed before the launch, and what must not be touched.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "transform/fold.h"
#include "transform/inline_calls.h"
#include "transform/typed_arithmetic.h"
#include "untyped_tree.h"

namespace cudapy::testing {
namespace {

using ir::BinaryOp;
using ir::Scalar;

class Fold : public ::testing::Test {
 protected:
  Def f{"k", {"n", "x", "A", "u", "d"}};
  E n = f["n"], x = f["x"], A = f["A"], u = f["u"], d = f["d"];

  std::string folded(const Ss& body) {
    f.body = body;
    Diagnostics diagnostics;
    auto typed =
        sema::check(program_of(f), std::vector<ir::Type>{kI32, kF32, array_of(kF32), kU8, kF64}, {},
                    diagnostics);
    if (!typed) return diagnostics.errors()[0].message;
    ir::Function function = transform::inline_calls(std::move(*typed));
    transform::fold(function);
    std::string text;
    for (const std::string& problem : ir::verify_inlined(function))
      text += "INVALID " + problem + "\n";
    text += ir::print(function);
    return text.substr(text.find('\n') + 1);
  }
  // What `f(value)` is stored as, at the value's own type.
  std::string value(const E& e) {
    const std::string text =
        folded({if_(n, {assign(f["r"], e)}, {assign(f["r"], e)}), store(A, 0, f["r"])});
    const size_t start = text.find(" = ", text.find("r: ")) + 3;
    return text.substr(start, text.find("\n    else") - start);
  }
};

TEST_F(Fold, ExactIdentities) {
  EXPECT_EQ(value(x * 1), "x");
  EXPECT_EQ(value(1 * n + 0), "n");
  EXPECT_EQ(value(x - 0.0), "x");
  EXPECT_EQ(value(x / 1), "x");
  EXPECT_EQ(value(x / 4), "x * 0.25");
  EXPECT_EQ(value(-(-x)), "x");
  EXPECT_EQ(value(n * 0), "0");
  EXPECT_EQ(value(floor_div(n, 8)), "n >> 3");
  EXPECT_EQ(value(n % 8), "n & 7");
  EXPECT_EQ(value(n << 0), "n");
  EXPECT_EQ(value(!(n < 3)), "n >= 3");
}

TEST_F(Fold, WhatIsNotTheSameForEveryFloatStays) {
  EXPECT_EQ(value(x + 0.0), "x + 0.0");  // -0.0 + 0.0 is 0.0
  EXPECT_EQ(value(x * 0.0), "x * 0.0");  // nan, inf, -0.0
  EXPECT_EQ(value(x / 3), "x / 3.0");
  EXPECT_EQ(value(!(x < 3)), "not x < 3.0");  // nan
  EXPECT_EQ(value((x + 1) + 2), "x + 1.0 + 2.0");
  EXPECT_EQ(value(load(A, 0) * 0), "A[0] * 0.0");
}

TEST_F(Fold, SmallPowersAreMultiplications) {
  EXPECT_EQ(value(power(x, 2)), "x * x");
  EXPECT_EQ(value(power(x, 1)), "x");
  EXPECT_EQ(value(power(x, 0)), "1.0");
  EXPECT_EQ(value(power(x, 3)).find("**"), std::string::npos);
  EXPECT_EQ(value(power(x, 5)), "x ** 5.0");
  EXPECT_EQ(value(power(x, 0.5)), "x ** 0.5");
  EXPECT_EQ(folded({assign(f["r"], power(x + 1, 3)), store(A, 0, f["r"])}),
            "    r: float32 = {\n"
            "            %power.6: float32 = x + 1.0\n"
            "            %power.7: float32 = %power.6 * %power.6\n"
            "            yield %power.7 * %power.6\n"
            "        }\n"
            "    A[0] = r\n");
  EXPECT_EQ(value(power(n, 10)).find("**"), std::string::npos);
  EXPECT_EQ(value(power(2, n)), "2 ** n");
}

TEST_F(Fold, Casts) {
  EXPECT_EQ(value(cast(Scalar::I32, cast(Scalar::I64, n))), "n");
  EXPECT_EQ(value(cast(Scalar::F32, cast(Scalar::F64, x))), "x");
  EXPECT_EQ(value(cast(Scalar::F32, cast(Scalar::F64, n))), "float32(n)");
  EXPECT_EQ(value(cast(Scalar::I32, cast(Scalar::F32, n))), "int32(float32(n))");  // rounds
  EXPECT_EQ(value(cast(Scalar::I32, cast(Scalar::U8, n))), "int32(uint8(n))");     // cuts off
  EXPECT_EQ(value(cast(Scalar::F32, cast(Scalar::F32, d))), "float32(d)");
  EXPECT_EQ(value(cast(Scalar::I32, 1e20)), "2147483647");
  EXPECT_EQ(value(cast(Scalar::I32, n > 3) == 0), "not n > 3");
}

TEST_F(Fold, ConstantsTravel) {
  EXPECT_EQ(folded({assign(f["w"], cast(Scalar::I32, 640)), assign(f["h"], f["w"] * 2 + n),
                    store(A, f["h"], f["w"])}),
            "    h: int32 = 1280 + n\n    A[h] = 640.0\n");
  // Not one that may be read before it is assigned.
  EXPECT_EQ(folded({if_(n, {assign(f["c"], 5)}), store(A, 0, f["c"])}),
            "    c: int32 = 0\n    if n != 0:\n        c = 5\n    A[0] = float32(c)\n");
}

TEST_F(Fold, WhatNeverRunsIsDropped) {
  EXPECT_EQ(folded({return_(), store(A, 0, 1)}), "    return\n");
  EXPECT_EQ(
      folded({while_(true, {if_(n, {break_()}, {continue_()}), store(A, 0, 1)}), store(A, 1, 1)}),
      "    while True:\n        if n != 0:\n            break\n        else:\n            "
      "continue\n    A[1] = 1.0\n");
  EXPECT_EQ(folded({while_(false, {store(A, 0, 1)}, {store(A, 1, 1)})}), "    A[1] = 1.0\n");
  EXPECT_EQ(folded({evaluate(x + 1), if_(n, {})}), "    pass\n");
  // A load may fault.
  EXPECT_EQ(folded({evaluate(load(A, n))}), "    A[n]\n");
  EXPECT_EQ(folded({assign(f["on"], true), if_(f["on"], {store(A, 0, 1)}, {store(A, 1, 1)})}),
            "    A[0] = 1.0\n");
}

TEST_F(Fold, LogicWithConstants) {
  EXPECT_EQ(value(and_(true, n > 3)), "n > 3");
  EXPECT_EQ(value(or_(n > 3, true)), "True");
  EXPECT_EQ(value(and_(load(A, 0) > 3, false)), "A[0] > 3.0 and False");
  EXPECT_EQ(value(select(true, x, 1.0)), "x");
}

ir::ConstantValue integer(int64_t number) {
  ir::ConstantValue value;
  value.integer = number;
  return value;
}
ir::ConstantValue real(double number) {
  ir::ConstantValue value;
  value.kind = ir::ConstantValue::Kind::Float;
  value.real = number;
  return value;
}

TEST(TypedArithmetic, IntegersWrapAtTheirWidth) {
  using transform::evaluate;
  EXPECT_EQ(evaluate(BinaryOp::Add, Scalar::I8, integer(127), integer(1))->integer, -128);
  EXPECT_EQ(evaluate(BinaryOp::Multiply, Scalar::I32, integer(65536), integer(65536))->integer, 0);
  EXPECT_EQ(evaluate(BinaryOp::Subtract, Scalar::U32, integer(0), integer(1))->integer, 4294967295);
  const auto largest = evaluate(BinaryOp::Subtract, Scalar::U64, integer(0), integer(1));
  EXPECT_TRUE(largest->exceeds_int64);
  EXPECT_EQ(largest->integer, -1);
  EXPECT_EQ(evaluate(BinaryOp::FloorDivide, Scalar::I32, integer(-7), integer(2))->integer, -4);
  EXPECT_EQ(evaluate(BinaryOp::Modulo, Scalar::I32, integer(-7), integer(2))->integer, 1);
  EXPECT_EQ(evaluate(BinaryOp::FloorDivide, Scalar::I32,
                     integer(std::numeric_limits<int32_t>::min()), integer(-1))
                ->integer,
            std::numeric_limits<int32_t>::min());
  EXPECT_FALSE(evaluate(BinaryOp::FloorDivide, Scalar::I32, integer(1), integer(0)));
  EXPECT_EQ(evaluate(BinaryOp::Power, Scalar::I32, integer(3), integer(40))->integer,
            static_cast<int32_t>(12157665459056928801ULL));
  EXPECT_EQ(evaluate(BinaryOp::ShiftRight, Scalar::I8, integer(-3), integer(9))->integer, -1);
}

TEST(TypedArithmetic, FloatsAreComputedInTheirOwnFormat) {
  using transform::evaluate;
  const float third = 1.0F / 3.0F;
  EXPECT_EQ(evaluate(BinaryOp::Divide, Scalar::F32, real(1), real(3))->real, third);
  EXPECT_EQ(evaluate(BinaryOp::Divide, Scalar::F64, real(1), real(3))->real, 1.0 / 3.0);
  EXPECT_TRUE(std::isinf(evaluate(BinaryOp::Multiply, Scalar::F32, real(1e30), real(1e30))->real));
  EXPECT_TRUE(std::isnan(evaluate(BinaryOp::Minimum, Scalar::F64, real(NAN), real(1))->real));
  EXPECT_EQ(evaluate(BinaryOp::Minimum, Scalar::F64, real(1), real(NAN))->real, 1.0);
}

TEST(TypedArithmetic, ConversionsTruncateAndSaturate) {
  using transform::convert;
  EXPECT_EQ(convert(Scalar::F64, Scalar::I32, real(-2.9)).integer, -2);
  EXPECT_EQ(convert(Scalar::F64, Scalar::I32, real(3e9)).integer, 2147483647);
  EXPECT_EQ(convert(Scalar::F64, Scalar::U8, real(-5)).integer, 0);
  EXPECT_EQ(convert(Scalar::F64, Scalar::I64, real(NAN)).integer, 0);
  EXPECT_TRUE(convert(Scalar::F64, Scalar::U64, real(1e30)).exceeds_int64);
  EXPECT_EQ(convert(Scalar::I32, Scalar::U8, integer(-1)).integer, 255);
  EXPECT_EQ(convert(Scalar::I32, Scalar::F32, integer(16777217)).real, 16777216.0);
}

}  // namespace
}  // namespace cudapy::testing
