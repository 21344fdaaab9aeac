// The type of every operation, and the conversions that the typed tree makes explicit.
#include <gtest/gtest.h>

#include "untyped_tree.h"

namespace cudapy::testing {
namespace {

using ir::BinaryOp;
using ir::Builtin;
using ir::MathFunction;
using ir::Scalar;

// A kernel with a parameter of every type, named after it; F and I are arrays of float32 and int32.
class Expressions : public ::testing::Test {
 protected:
  Def f{"k", {"b", "i8", "i32", "i64", "u8", "u32", "u64", "f32", "F", "I"}};
  E b = f["b"], i8 = f["i8"], i32 = f["i32"], i64 = f["i64"], u8 = f["u8"], u32 = f["u32"],
    u64 = f["u64"], f32 = f["f32"], F = f["F"], I = f["I"];

  // What `r = value` becomes, from r's type on; or the mistakes.
  std::string typed(const E& value, bool wide = false) {
    f.body = {assign(f["r"], value), store(F, 0, f["r"])};
    const std::string text = checked(
        program_of(f),
        {kBool, kI8, kI32, kI64, kU8, kU32, kU64, kF32, array_of(kF32), array_of(kI32)}, wide);
    const size_t start = text.find("    r: ");
    if (start == std::string::npos) return text;
    return text.substr(start + 7, text.find("\n    F[0]") - start - 7);
  }
};

TEST_F(Expressions, LiteralsTakeTheTypeOfWhatTheyMeet) {
  EXPECT_EQ(typed(2.0 * f32), "float32 = 2.0 * f32");
  EXPECT_EQ(typed(f32 * 2), "float32 = f32 * 2.0");
  EXPECT_EQ(typed(i8 + 1), "int8 = i8 + int8(1)");
  EXPECT_EQ(typed(u64 + 1), "uint64 = u64 + uint64(1)");
  EXPECT_EQ(typed(i32 + 2.5), "float32 = float32(i32) + 2.5");
  EXPECT_EQ(typed(2 * (3 + u8)), "uint8 = uint8(2) * (uint8(3) + u8)");
}

TEST_F(Expressions, LiteralsAloneHaveADefaultType) {
  EXPECT_EQ(typed(7), "int32 = 7");
  EXPECT_EQ(typed(3000000000LL), "int64 = int64(3000000000)");
  EXPECT_EQ(typed(2.5), "float32 = 2.5");
  EXPECT_EQ(typed(true), "bool = True");
  EXPECT_EQ(typed(E(7) / 2), "float32 = 3.5");
}

TEST_F(Expressions, LiteralsAreFoldedAsPythonWould) {
  EXPECT_EQ(typed(power(2, 40)), "int64 = int64(1099511627776)");
  EXPECT_EQ(typed(power(2, 64) - 1), "uint64 = uint64(18446744073709551615)");
  EXPECT_EQ(typed(floor_div(-7, 2) + E(-7) % 3), "int32 = -2");
  EXPECT_EQ(typed(power(2, -1) * f32), "float32 = 0.5 * f32");
  EXPECT_EQ(typed(builtin(Builtin::Round, {2.5})), "int32 = 2");
  EXPECT_EQ(typed(builtin(Builtin::Max, {1, 4, 2}) * i8), "int8 = int8(4) * i8");
  EXPECT_EQ(typed(power(2, 64)), "constant-too-large: 18446744073709551616 fits no integer type\n");
  EXPECT_EQ(typed(E(1) / 0), "constant: division by zero in this constant expression\n");
  EXPECT_EQ(typed(power(10, 50)),
            "constant: the number is too large for any type in this constant expression\n");
}

TEST_F(Expressions, ALiteralThatDoesNotFitKeepsItsOwnType) {
  EXPECT_EQ(typed(i32 & 0xFFFFFFFFLL), "int64 = int64(i32) & int64(4294967295)");
  EXPECT_EQ(typed(u32 & 0xFFFFFFFFLL), "uint32 = u32 & uint32(4294967295)");
  EXPECT_EQ(typed(u8 + 300), "int32 = int32(u8) + 300");
  EXPECT_EQ(typed(u8 == -1), "bool = int32(u8) == -1");
}

TEST_F(Expressions, IntegersPromoteAsInNumPy) {
  EXPECT_EQ(typed(i8 + i8), "int8 = i8 + i8");
  EXPECT_EQ(typed(i32 + u32), "int64 = int64(i32) + int64(u32)");
  EXPECT_EQ(typed(i8 * u8).substr(0, 5), "int16");
  EXPECT_EQ(typed(u64 + i8), "uint64 = u64 + uint64(i8)");
  EXPECT_EQ(typed(i32 < u32), "bool = int64(i32) < int64(u32)");
}

TEST_F(Expressions, NothingIsSilentlyDouble) {
  EXPECT_EQ(typed(i32 * f32), "float32 = float32(i32) * f32");
  EXPECT_EQ(typed(i64 + f32), "float32 = float32(i64) + f32");
  EXPECT_EQ(typed(i64 / i32), "float32 = float32(i64) / float32(i32)");
}

TEST_F(Expressions, BoolsCountAsInt32) {
  EXPECT_EQ(typed(b + b), "int32 = int32(b) + int32(b)");
  EXPECT_EQ(typed(b * f32), "float32 = float32(b) * f32");
  EXPECT_EQ(typed(b & b), "bool = b & b");
  EXPECT_EQ(typed(b & i8), "int32 = int32(b) & int32(i8)");
  EXPECT_EQ(typed(-b), "int32 = -int32(b)");
  EXPECT_EQ(typed(b == true), "bool = int32(b) == int32(True)");
}

TEST_F(Expressions, Shifts) {
  EXPECT_EQ(typed(i8 << 3), "int8 = i8 << int8(3)");
  EXPECT_EQ(typed(i8 << 300), "int8 = i8 << int8(8)");
  EXPECT_EQ(typed(E(1) << i8), "int32 = 1 << int32(i8)");
  EXPECT_EQ(typed(E(1) << u64), "uint64 = uint64(1) << u64");
  EXPECT_EQ(typed(u8 >> i32), "uint8 = u8 >> uint8(max(min(i32, 8), -1))");
  EXPECT_EQ(typed(i32 >> u32), "int32 = i32 >> int32(min(u32, uint32(32)))");
  EXPECT_EQ(typed(i32 << -1), "negative-shift: a shift by a negative count\n");
}

TEST_F(Expressions, Powers) {
  EXPECT_EQ(typed(power(i32, 2)), "int32 = i32 ** 2");
  EXPECT_EQ(typed(power(i32, -1)), "float32 = float32(i32) ** -1.0");
  EXPECT_EQ(typed(power(f32, i32)), "float32 = f32 ** float32(i32)");
  EXPECT_EQ(typed(builtin(Builtin::Pow, {f32, 2})), "float32 = f32 ** 2.0");
}

TEST_F(Expressions, PythonsFunctions) {
  EXPECT_EQ(typed(builtin(Builtin::Min, {i32, 3, f32})),
            "float32 = min(min(float32(i32), 3.0), f32)");
  EXPECT_EQ(typed(builtin(Builtin::Max, {u8, 300})), "int32 = max(int32(u8), 300)");
  EXPECT_EQ(typed(builtin(Builtin::Abs, {f32})), "float32 = math.fabs(f32)");
  EXPECT_EQ(typed(builtin(Builtin::Abs, {u8})), "uint8 = u8");
  EXPECT_EQ(typed(builtin(Builtin::Abs, {i32 - 1})),
            "int32 = {\n            %value: int32 = i32 - 1\n            yield max(%value, "
            "-%value)\n        }");
  EXPECT_EQ(typed(builtin(Builtin::Round, {f32})), "int32 = int32(math.rint(f32))");
  EXPECT_EQ(typed(builtin(Builtin::Round, {f32, 1})),
            "float32 = float32(math.rint(float64(f32) * float64(10.0)) / float64(10.0))");
  EXPECT_EQ(typed(builtin(Builtin::Floor, {f32})), "int32 = int32(math.floor(f32))");
  EXPECT_EQ(typed(builtin(Builtin::Ceil, {u8})), "uint8 = u8");
  EXPECT_EQ(typed(builtin(Builtin::Trunc, {f32})), "int32 = int32(f32)");
  EXPECT_EQ(typed(len(F)), "int32 = len(F)");
  EXPECT_EQ(typed(len(F), /*wide=*/true), "int64 = len(F)");
}

TEST_F(Expressions, MathFunctions) {
  EXPECT_EQ(typed(math(MathFunction::Sin, {f32})), "float32 = math.sin(f32)");
  EXPECT_EQ(typed(math(MathFunction::Sqrt, {i32})), "float32 = math.sqrt(float32(i32))");
  EXPECT_EQ(typed(math(MathFunction::Sqrt, {2})), "float32 = math.sqrt(2.0)");
  EXPECT_EQ(typed(math(MathFunction::Atan2, {f32, i64})),
            "float32 = math.atan2(f32, float32(i64))");
  EXPECT_EQ(typed(math(MathFunction::Ldexp, {f32, u8})), "float32 = math.ldexp(f32, int32(u8))");
  EXPECT_EQ(typed(math(MathFunction::Isnan, {f32})), "bool = math.isnan(f32)");
  EXPECT_EQ(typed(math(MathFunction::Ldexp, {f32, f32})),
            "math-argument: argument 2 of `math.ldexp` is an integer, and `f32` is a float32\n");
  EXPECT_EQ(typed(math(MathFunction::Sin, {f32, f32})),
            "argument-count: `math.sin` takes 1 argument, and 2 are given\n");
}

TEST_F(Expressions, Casts) {
  EXPECT_EQ(typed(cast(Scalar::I32, f32)), "int32 = int32(f32)");
  EXPECT_EQ(typed(cast(Scalar::Bool, f32)), "bool = f32 != 0.0");
  EXPECT_EQ(typed(cast(Scalar::U32, -1)), "uint32 = uint32(4294967295)");
  EXPECT_EQ(typed(cast(Scalar::F32, i32) * i64), "float32 = float32(i32) * float32(i64)");
}

TEST_F(Expressions, ConditionalExpressions) {
  EXPECT_EQ(typed(f32 * select(b, 1, -1)), "float32 = f32 * (1.0 if b else -1.0)");
  EXPECT_EQ(typed(select(i32, i8, f32)), "float32 = float32(i8) if i32 != 0 else f32");
  EXPECT_EQ(typed(select(b, 1, 2) + i8), "int8 = (int8(1) if b else int8(2)) + i8");
}

TEST_F(Expressions, LogicOfBoolsAndOfValues) {
  EXPECT_EQ(typed(and_(b, f32 > 1)), "bool = b and f32 > 1.0");
  EXPECT_EQ(typed(!and_(i32, f32)), "bool = not (i32 != 0 and f32 != 0.0)");
  EXPECT_EQ(typed(or_(i32, 5)),
            "int32 = {\n            %value: int32 = i32\n            yield %value if %value != 0 "
            "else 5\n        }");
}

TEST_F(Expressions, Indices) {
  EXPECT_EQ(typed(load(F, u64)), "float32 = F[u64]");
  EXPECT_EQ(typed(load(F, -1)), "float32 = F[len(F) + -1]");
  EXPECT_EQ(typed(load(F, -1), true), "float32 = F[len(F) + int64(-1)]");
  EXPECT_EQ(typed(load(F, i32 - 1)), "float32 = F[i32 - 1]");
  EXPECT_EQ(typed(load(F, b)), "bool-index: an index must be an integer, and `b` is a bool\n");
  EXPECT_EQ(typed(load(F, i32 / 2)),
            "float-index: an index must be an integer, and this is a float32\n");
  EXPECT_EQ(typed(load(f32, 0)), "not-an-array: `f32` is a float32 and can't be indexed\n");
}

TEST_F(Expressions, MistakesAreSaidOnce) {
  EXPECT_EQ(typed(((F + 1) * 2) / f32),
            "whole-array: `F` is an array of float32; arithmetic needs one of its elements\n");
  EXPECT_EQ(typed(F < I),
            "whole-array: `F` is an array of float32; a comparison needs one of its elements\n"
            "whole-array: `I` is an array of int32; a comparison needs one of its elements\n");
  EXPECT_EQ(typed(f32 & 1), "float-bits: `&` needs integers, and `f32` is a float32\n");
  EXPECT_EQ(typed(f32 / 0), "division-by-zero: `/` by a constant zero\n");
  EXPECT_EQ(typed(builtin(Builtin::Max, {F})),
            "argument-count: `max` needs a tuple, or at least two values\n");
  EXPECT_EQ(typed(len(f32)), "not-an-array: `len` needs an array, and `f32` is a float32\n");
  EXPECT_EQ(typed(builtin(Builtin::Round, {f32, i32})),
            "round-digits: the number of digits must be an integer constant\n");
}

TEST(DefaultFloat, IsFloat64InAKernelThatTouchesFloat64) {
  Def f("k", {"x", "y", "n"});
  f.body = {assign(f["r"], f["n"] / 2), store(f["y"], 0, f["r"])};
  EXPECT_NE(checked(program_of(f), {kF32, array_of(kF64), kI32})
                .find("r: float64 = float64(n) / float64(2.0)"),
            std::string::npos);
  // A float32 stays one even there.
  f.body = {assign(f["r"], 0.5 * f["x"]), store(f["y"], 0, f["r"])};
  EXPECT_NE(checked(program_of(f), {kF32, array_of(kF64), kI32}).find("r: float32 = 0.5 * x"),
            std::string::npos);
}

}  // namespace
}  // namespace cudapy::testing
