// Variables, control flow, stores and calls: what types they get, and what is wrong with them.
#include <gtest/gtest.h>

#include "untyped_tree.h"

namespace cudapy::testing {
namespace {

using ir::Builtin;
using ir::Scalar;

TEST(Kernels, Saxpy) {
  Def f("saxpy", {"alpha", "X", "Y"});
  f.body = {if_(idx() < len(f["X"]),
                {store(f["Y"], idx(), f["alpha"] * load(f["X"], idx()) + load(f["Y"], idx()))})};
  EXPECT_EQ(checked(program_of(f), {kF32, array_of(kF32), array_of(kF32)}),
            "def saxpy(alpha: float32, X: float32[:], Y: float32[:] (written)) -> void:\n"
            "    if idx < len(X):\n"
            "        Y[idx] = alpha * X[idx] + Y[idx]\n");
  EXPECT_EQ(
      checked(program_of(f), {kF32, array_of(kF64), array_of(kF64)}, /*wide=*/true),
      "def saxpy(alpha: float32, X: float64[:], Y: float64[:] (written)) -> void:  # wide index\n"
      "    if idx < len(X):\n"
      "        Y[idx] = float64(alpha) * X[idx] + Y[idx]\n");
  EXPECT_EQ(checked(program_of(f), {kF64, array_of(kF32), array_of(kI32)}),
            "float-to-int: an element of `Y` is an int32, and this is a float64\n");
}

TEST(Kernels, Mandelbrot) {
  Def f("mandelbrot", {"width", "height", "limit", "out"});
  const E zr = f["zr"], zi = f["zi"], n = f["n"];
  f.body = {
      assign(f["x"], 3.5 * (idx() % f["width"]) / f["width"] - 2.5),
      assign(f["y"], 2.0 * floor_div(idx(), f["width"]) / f["height"] - 1.0),
      assign(zr, 0.0),
      assign(zi, 0.0),
      assign(n, 0),
      while_(and_(n < f["limit"], zr * zr + zi * zi < 4.0),
             {assign(f["t"], zr * zr - zi * zi + f["x"]), assign(zi, 2.0 * zr * zi + f["y"]),
              assign(zr, f["t"]), assign(n, n + 1)}),
      store(f["out"], idx(), n),
  };
  EXPECT_EQ(checked(program_of(f), {kI32, kI32, kI32, array_of(kI32)}),
            "def mandelbrot(width: int32, height: int32, limit: int32, out: int32[:] (written)) -> "
            "void:\n"
            "    x: float32 = 3.5 * float32(idx % width) / float32(width) - 2.5\n"
            "    y: float32 = 2.0 * float32(idx // width) / float32(height) - 1.0\n"
            "    zr: float32 = 0.0\n"
            "    zi: float32 = 0.0\n"
            "    n: int32 = 0\n"
            "    while n < limit and zr * zr + zi * zi < 4.0:\n"
            "        t: float32 = zr * zr - zi * zi + x\n"
            "        zi = 2.0 * zr * zi + y\n"
            "        zr = t\n"
            "        n = n + 1\n"
            "    out[idx] = n\n");
}

// A kernel k(n: int32, x: float32, A: float32[:], B: int32[:]).
class Statements : public ::testing::Test {
 protected:
  Def f{"k", {"n", "x", "A", "B"}};
  E n = f["n"], x = f["x"], A = f["A"], B = f["B"];

  std::string typed(const Ss& body, bool wide = false) {
    f.body = body;
    const std::string text =
        checked(program_of(f), {kI32, kF32, array_of(kF32), array_of(kI32)}, wide);
    return text.substr(0, 6) == "def k(" ? text.substr(text.find('\n') + 1) : text;
  }
};

TEST_F(Statements, AVariableHasWhatItsAssignmentsHaveInCommon) {
  EXPECT_EQ(
      typed({assign(f["s"], 0), for_(f["i"], 0, n, 1, {assign(f["s"], f["s"] + load(A, f["i"]))}),
             store(A, 0, f["s"])}),
      "    s: float32 = 0.0\n"
      "    for i: int32 in range(0, n, 1):\n"
      "        s = s + A[i]\n"
      "    A[0] = s\n");
  EXPECT_EQ(typed({assign(f["s"], n), assign(f["s"], f["s"] / 2), store(A, 0, f["s"])}),
            "    s: float32 = float32(n)\n    s = s / 2.0\n    A[0] = s\n");
  EXPECT_EQ(typed({assign(f["s"], true), assign(f["s"], 5), store(B, 0, f["s"])}),
            "    s: int32 = int32(True)\n    s = 5\n    B[0] = s\n");
}

TEST_F(Statements, ANameAssignedOnceStandsForItsExpression) {
  f.declare("d", Scalar::F64);  // the kernel touches float64
  EXPECT_EQ(typed({assign(f["d"], 1.0), assign(f["h"], 0.5), store(A, 0, f["h"] * x)}),
            "    d: float64 = float64(1.0)\n    h: float64 = float64(0.5)\n    A[0] = 0.5 * x\n");
  EXPECT_EQ(
      typed({assign(f["h"], select(n, 0.5, 2)), store(A, 0, f["h"] * x)}),
      "    h: float64 = float64(0.5) if n != 0 else float64(2.0)\n    A[0] = float32(h) * x\n");
}

TEST_F(Statements, CountersAreWideInAWideKernel) {
  const Ss count = {assign(f["i"], 0), while_(f["i"] < n, {assign(f["i"], f["i"] + 1)})};
  EXPECT_EQ(typed(count), "    i: int32 = 0\n    while i < n:\n        i = i + 1\n");
  EXPECT_EQ(typed(count, /*wide=*/true),
            "    i: int64 = int64(0)\n    while i < int64(n):\n        i = i + int64(1)\n");
}

TEST_F(Statements, AVariableThatDoesNotFitInt32IsAnInt64) {
  EXPECT_EQ(
      typed({assign(f["i"], 3000000000LL), while_(f["i"] > 0, {assign(f["i"], f["i"] - 1)})}),
      "    i: int64 = int64(3000000000)\n    while i > int64(0):\n        i = i - int64(1)\n");
}

TEST_F(Statements, Ranges) {
  EXPECT_EQ(typed({for_(f["i"], 10, 0, -1, {store(B, f["i"], f["i"])})}),
            "    for i: int32 in range(10, 0, -1):\n        B[i] = i\n");
  EXPECT_EQ(typed({for_(f["i"], 0, len(A), 1, {store(B, f["i"], f["i"])})}, true),
            "    for i: int64 in range(int64(0), len(A), int64(1)):\n        B[i] = int32(i)\n");
  EXPECT_EQ(typed({for_(f["i"], 0, x, 1, {store(B, f["i"], 1)})}),
            "float-range: `range` needs integers, and `x` is a float32\n");
  EXPECT_EQ(typed({for_(f["i"], 0, n, 0, {store(B, f["i"], 1)})}),
            "zero-step: the step of a `range` can't be zero\n");
}

TEST_F(Statements, TypesThatHaveNothingInCommon) {
  EXPECT_EQ(typed({assign(f["v"], x), assign(f["v"], A), store(A, 0, f["v"])}),
            "type-changes: `v` is an array of float32 here and a float32 there\n");
  EXPECT_EQ(typed({assign(n, A)}),
            "type-changes: `n` is an array of float32 here and an int32 there\n");
}

TEST_F(Statements, ParametersAreVariables) {
  EXPECT_EQ(typed({assign(n, n + 1), store(B, 0, n)}), "    n = n + 1\n    B[0] = n\n");
  EXPECT_EQ(typed({assign(n, n * 0.5), store(A, 0, n)}),
            "    n.4: float32 = float32(n.0)\n    n.4 = n.4 * 0.5\n    A[0] = n.4\n");
}

TEST_F(Statements, OtherNamesOfArrays) {
  EXPECT_EQ(typed({assign(f["C"], A), assign(f["D"], f["C"]), store(f["D"], 0, len(f["D"]))}),
            "    A[0] = float32(len(A))\n");
  EXPECT_EQ(typed({if_(n, {assign(f["E"], A)}), store(f["E"], 0, 1)}).substr(0, 16),
            "array-reassigned");
  EXPECT_EQ(typed({assign(f["C"], A), assign(f["C"], A)}).substr(0, 16), "array-reassigned");
}

TEST_F(Statements, Stores) {
  EXPECT_EQ(typed({store(A, n, n)}), "    A[n] = float32(n)\n");
  EXPECT_EQ(typed({store(B, n, x)}),
            "float-to-int: an element of `B` is an int32, and `x` is a float32\n");
  EXPECT_EQ(typed({store(B, n, 2.0)}),
            "float-to-int: an element of `B` is an int32, and this is a float\n");
  EXPECT_EQ(typed({store(B, n, 3000000000LL)}),
            "constant-out-of-range: an element of `B` is an int32, which can't hold 3000000000\n");
  EXPECT_EQ(typed({store(A, n, B)}),
            "whole-array: `B` is an array of int32; a store needs one of its elements\n");
}

TEST_F(Statements, Conditions) {
  EXPECT_EQ(typed({if_(n, {store(B, 0, 1)})}), "    if n != 0:\n        B[0] = 1\n");
  EXPECT_EQ(typed({if_(or_(n, x), {store(B, 0, 1)})}),
            "    if n != 0 or x != 0.0:\n        B[0] = 1\n");
  EXPECT_EQ(typed({while_(A, {})}),
            "whole-array: `A` is an array of float32; a condition needs one of its elements\n");
}

TEST_F(Statements, ABranchThatAConstantTurnsOffIsNotLookedAt) {
  EXPECT_EQ(typed({if_(E(3) > 4, {store(B, A, x)}, {store(B, 0, 1)})}), "    B[0] = 1\n");
}

TEST_F(Statements, UseBeforeAssignment) {
  EXPECT_EQ(typed({store(B, 0, f["a"]), assign(f["a"], 1)}),
            "used-before-assignment: `a` is used before it is given a value\n");
  EXPECT_EQ(typed({for_(f["i"], 0, n, 1, {assign(f["c"], f["c"] + 1)})}),
            "used-before-assignment: `c` is used before it is given a value\n");
  // Given on some paths only: zero on the others.
  EXPECT_EQ(typed({if_(n, {assign(f["d"], x)}), store(A, 0, f["d"])}),
            "    d: float32 = 0.0\n    if n != 0:\n        d = x\n    A[0] = d\n");
  // Given on all: no zero is needed.
  EXPECT_EQ(typed({if_(n, {assign(f["e"], x)}, {return_()}), store(A, 0, f["e"])}),
            "    if n != 0:\n        e: float32 = x\n    else:\n        return\n    A[0] = e\n");
  EXPECT_EQ(typed({while_(true, {assign(f["g"], x), if_(n, {break_()})}), store(A, 0, f["g"])}),
            "    while True:\n        g: float32 = x\n        if n != 0:\n            break\n    "
            "A[0] = g\n");
}

TEST_F(Statements, AKernelReturnsNothing) {
  EXPECT_EQ(typed({return_(n)}), "kernel-returns-value: a kernel can't return a value\n");
  EXPECT_EQ(typed({return_()}), "    return\n");
}

TEST_F(Statements, DeclaredVariables) {
  f.declare("s", Scalar::I64);
  EXPECT_EQ(typed({assign(f["s"], n), store(B, 0, f["s"])}),
            "    s: int64 = int64(n)\n    B[0] = int32(s)\n");
  EXPECT_EQ(typed({assign(f["s"], x)}), "float-to-int: `s` is an int64, and `x` is a float32\n");
}

TEST_F(Statements, AllMistakesAtOnce) {
  EXPECT_EQ(
      typed({store(B, n, x), assign(f["v"], A + 1), store(A, f["v"], 1), if_(B, {store(A, x, 1)})}),
      "float-to-int: an element of `B` is an int32, and `x` is a float32\n"
      "whole-array: `A` is an array of float32; arithmetic needs one of its elements\n"
      "whole-array: `B` is an array of int32; a condition needs one of its elements\n"
      "float-index: an index must be an integer, and `x` is a float32\n");
}

TEST_F(Statements, AMistakeInAVariablesOwnUpdateIsSaid) {
  EXPECT_EQ(typed({assign(f["h"], 5381), while_(n, {assign(f["h"], (f["h"] << 5) & x)}),
                   store(B, 0, f["h"])}),
            "float-bits: `&` needs integers, and `x` is a float32\n");
  EXPECT_EQ(typed({assign(f["w"], A + 1), while_(n, {assign(f["w"], f["w"] + 1)}),
                   store(B, f["w"], f["w"])}),
            "whole-array: `A` is an array of float32; arithmetic needs one of its elements\n");
}

TEST_F(Statements, ThreadIndices) {
  EXPECT_EQ(typed({store(B, idx(), idx(ir::ThreadIndex::BlockIdxX))}, true),
            "    B[idx] = blockIdx.x\n");
}

TEST_F(Statements, ManyTemporaries) {
  // Each needs a local of its own, made while the assignment's own local is in use.
  E sum = builtin(Builtin::Abs, {n + 1});
  for (int i = 0; i < 40; ++i) sum = sum + builtin(Builtin::Abs, {n - i});
  const std::string text = typed({assign(f["s"], sum), store(A, 0, f["s"])});
  EXPECT_EQ(text.substr(0, 14), "    s: int32 =") << text;
  EXPECT_NE(text.find("    A[0] = float32(s)"), std::string::npos);
}

// Functions.

TEST_F(Statements, AHelperHasAnInstanceForEachListOfTypes) {
  Def twice("twice", {"v"});
  twice.body = {return_(twice["v"] + twice["v"])};
  f.body = {store(A, 0, call(1, {x})), store(B, 0, call(1, {n})), store(B, 1, call(1, {n}))};
  EXPECT_EQ(checked(program_of(f, twice), {kI32, kF32, array_of(kF32), array_of(kI32)}),
            "def k(n: int32, x: float32, A: float32[:] (written), B: int32[:] (written)) -> void:\n"
            "    A[0] = twice(x)\n"
            "    B[0] = twice(n)\n"
            "    B[1] = twice(n)\n"
            "\n"
            "def twice(v: float32) -> float32:\n"
            "    return v + v\n"
            "\n"
            "def twice(v: int32) -> int32:\n"
            "    return v + v\n");
}

TEST_F(Statements, SignaturesOfHelpersConvert) {
  Def half("half", {"v"});
  half.signature(kF32, {kF32});
  half.body = {return_(half["v"] / 2)};
  f.body = {store(A, 0, call(1, {n})), store(A, 1, call(1, {2}))};
  EXPECT_EQ(checked(program_of(f, half), {kI32, kF32, array_of(kF32), array_of(kI32)}),
            "def k(n: int32, x: float32, A: float32[:] (written), B: int32[:]) -> void:\n"
            "    A[0] = half(float32(n))\n"
            "    A[1] = half(2.0)\n"
            "\n"
            "def half(v: float32) -> float32:\n"
            "    return v / 2.0\n");
  Def whole("whole", {"v"});
  whole.signature(kI32, {kI32});
  whole.body = {return_(whole["v"])};
  f.body = {store(B, 0, call(1, {x})), store(B, 1, call(1, {A}))};
  EXPECT_EQ(
      checked(program_of(f, whole), {kI32, kF32, array_of(kF32), array_of(kI32)}),
      "float-to-int: the parameter `v` of `whole` is an int32, and `x` is a float32\n"
      "argument-type: the parameter `v` of `whole` is an int32, and `A` is an array of float32\n");
}

TEST_F(Statements, WeakArgumentsAndResultsStayWeak) {
  Def lerp("lerp", {"a", "b", "t"});
  lerp.body = {return_(lerp["a"] + (lerp["b"] - lerp["a"]) * lerp["t"])};
  Def sign("sign", {"v"});
  sign.body = {if_(sign["v"] < 0, {return_(-1)}), return_(1)};
  f.declare("d", Scalar::F64);
  f.body = {assign(f["d"], 1.0), store(A, 0, call(1, {x, 1.0, 0.5}) * call(2, {x}))};
  EXPECT_EQ(checked(program_of(f, lerp, sign), {kI32, kF32, array_of(kF32), array_of(kI32)}),
            "def k(n: int32, x: float32, A: float32[:] (written), B: int32[:]) -> void:\n"
            "    d: float64 = float64(1.0)\n"
            "    A[0] = lerp(x, float64(1.0), float64(0.5)) * float32(sign(x))\n"
            "\n"
            "def lerp(a: float32, b: float64, t: float64) -> float32:\n"
            "    return a + (float32(b) - a) * float32(t)\n"
            "\n"
            "def sign(v: float32) -> int32:\n"
            "    if v < 0.0:\n"
            "        return -1\n"
            "    return 1\n");
}

TEST_F(Statements, WritesThroughHelpersCount) {
  Def put("put", {"to", "v"});
  put.body = {store(put["to"], idx(ir::ThreadIndex::ThreadIdxX), put["v"])};
  f.body = {evaluate(call(1, {B, n}))};
  const std::string text =
      checked(program_of(f, put), {kI32, kF32, array_of(kF32), array_of(kI32)});
  EXPECT_NE(text.find("A: float32[:], B: int32[:] (written)"), std::string::npos) << text;
}

TEST_F(Statements, WhatCanBeWrongWithHelpers) {
  const auto with = [&](const Def& helper, const Ss& body) {
    f.body = body;
    return checked(program_of(f, helper), {kI32, kF32, array_of(kF32), array_of(kI32)});
  };
  Def h("h", {"v"});
  h.body = {if_(h["v"], {return_(h["v"])})};
  EXPECT_EQ(with(h, {store(B, 0, call(1, {n}))}),
            "missing-return: `h` returns a value, but its end can be reached without one\n");
  h.body = {store(h["v"], 0, 1)};
  EXPECT_EQ(with(h, {store(A, 0, call(1, {A}) + 1)}),
            "no-value: the function returns no value, so it can't be used in arithmetic\n");
  EXPECT_EQ(with(h, {evaluate(call(1, {A, n}))}),
            "argument-count: `h` takes 1 argument, and 2 are given\n");
  h.body = {return_(call(1, {h["v"]}))};
  EXPECT_EQ(with(h, {store(B, 0, call(1, {n}))}),
            "recursion: `h` only ever returns what its own calls return\n");
  h.body = {return_(h["v"])};
  EXPECT_EQ(with(h, {store(B, 0, call(1, {B}))}),
            "returns-array: a function can't return an array\n");
  // One mistake in a helper that is called with two types is said once.
  h.body = {return_(h["v"] + load(h["v"], 0))};
  EXPECT_EQ(with(h, {store(A, 0, call(1, {n})), store(A, 1, call(1, {x}))}),
            "not-an-array: `v` is an int32 and can't be indexed\n");
}

}  // namespace
}  // namespace cudapy::testing
