// What calls become.
#include <gtest/gtest.h>

#include "transform/inline_calls.h"
#include "untyped_tree.h"

namespace cudapy::testing {
namespace {

// A kernel k(n: int32, x: float32, A: float32[:]) and one helper, after inlining.
class Inline : public ::testing::Test {
 protected:
  Def f{"k", {"n", "x", "A"}};
  E n = f["n"], x = f["x"], A = f["A"];

  template <typename... Defs>
  std::string inlined(const Ss& body, const Defs&... helpers) {
    f.body = body;
    Diagnostics diagnostics;
    auto typed = sema::check(program_of(f, helpers...),
                             std::vector<ir::Type>{kI32, kF32, array_of(kF32)}, {}, diagnostics);
    if (!typed) return diagnostics.errors()[0].message;
    const ir::Function function = transform::inline_calls(std::move(*typed));
    std::string text;
    for (const std::string& problem : ir::verify_inlined(function))
      text += "INVALID " + problem + "\n";
    text += ir::print(function);
    return text.substr(text.find('\n') + 1);
  }
};

TEST_F(Inline, OneReturnBecomesAnExpression) {
  Def scale("scale", {"v", "by"});
  scale.body = {return_(scale["v"] * scale["by"])};
  EXPECT_EQ(inlined({store(A, 0, call(1, {x, 2.0}) + call(1, {x + 1, load(A, 1)}))}, scale),
            "    A[0] = x * 2.0 + (x + 1.0) * A[1]\n");
}

TEST_F(Inline, WhatIsReadTwiceIsEvaluatedOnce) {
  Def square("square", {"v"});
  square.body = {return_(square["v"] * square["v"])};
  EXPECT_EQ(inlined({assign(f["r"], call(1, {x + 1})), store(A, 0, f["r"])}, square),
            "    v: float32 = x + 1.0\n    r: float32 = v * v\n    A[0] = r\n");
  EXPECT_EQ(inlined({store(A, 0, call(1, {x}))}, square), "    A[0] = x * x\n");
}

TEST_F(Inline, ALoadIsNotMovedIntoABranch) {
  Def pick("pick", {"c", "v"});
  pick.body = {return_(select(pick["c"] > 0, pick["v"], 0.0))};
  EXPECT_EQ(inlined({assign(f["r"], call(1, {n, load(A, n)})), store(A, 0, f["r"])}, pick),
            "    v: float32 = A[n]\n    r: float32 = v if n > 0 else 0.0\n    A[0] = r\n");
}

TEST_F(Inline, ReturnsBecomeBranches) {
  Def sign("sign", {"v"});
  sign.body = {if_(sign["v"] < 0, {return_(-1)}), if_(sign["v"] > 0, {return_(1)}), return_(0)};
  EXPECT_EQ(inlined({assign(f["r"], call(1, {x})), store(A, 0, f["r"])}, sign),
            "    if x < 0.0:\n"
            "        %sign: int32 = -1\n"
            "    else:\n"
            "        if x > 0.0:\n"
            "            %sign = 1\n"
            "        else:\n"
            "            %sign = 0\n"
            "    r: int32 = %sign\n"
            "    A[0] = float32(r)\n");
}

TEST_F(Inline, AReturnInALoopNeedsAFrame) {
  Def find("find", {"from", "v"});
  const E i = find["i"];
  find.body = {
      for_(i, 0, len(find["from"]), 1, {if_(load(find["from"], i) > find["v"], {return_(i)})}),
      return_(-1)};
  EXPECT_EQ(inlined({assign(f["r"], call(1, {A, x})), store(A, 0, f["r"])}, find),
            "    r: int32 = frame %find {\n"
            "            for i: int32 in range(0, len(A), 1):\n"
            "                if A[i] > x:\n"
            "                    return i\n"
            "            return -1\n"
            "        }\n"
            "    A[0] = float32(r)\n");
}

TEST_F(Inline, ParametersThatAreReassignedAreCopied) {
  Def f2("twice", {"v"});
  f2.body = {assign(f2["v"], f2["v"] * 2), return_(f2["v"])};
  EXPECT_EQ(inlined({assign(f["r"], call(1, {x})), store(A, 0, f["r"] + x)}, f2),
            "    v: float32 = x\n    v = v * 2.0\n    %twice: float32 = v\n    r: float32 = "
            "%twice\n    A[0] = r + x\n");
}

TEST_F(Inline, EachCallHasLocalsOfItsOwn) {
  Def g("g", {"v"});
  g.body = {assign(g["t"], g["v"] + 1), return_(g["t"] * g["t"])};
  EXPECT_EQ(inlined({assign(f["a"], call(1, {x})), assign(f["b"], call(1, {f["a"]})),
                     store(A, 0, f["b"])},
                    g),
            "    t.5: float32 = x + 1.0\n"
            "    %g.6: float32 = t.5 * t.5\n"
            "    a: float32 = %g.6\n"
            "    t.7: float32 = a + 1.0\n"
            "    %g.8: float32 = t.7 * t.7\n"
            "    b: float32 = %g.8\n"
            "    A[0] = b\n");
}

TEST_F(Inline, HelpersOfHelpersAndArraysPassedOn) {
  Def outer("outer", {"to", "v"});
  Def inner("inner", {"to", "v"});
  outer.body = {evaluate(call(2, {outer["to"], outer["v"] + 1}))};
  inner.body = {store(inner["to"], 0, inner["v"]), store(inner["to"], 1, inner["v"])};
  EXPECT_EQ(inlined({evaluate(call(1, {A, x}))}, outer, inner),
            "    v: float32 = x + 1.0\n    A[0] = v\n    A[1] = v\n");
}

TEST_F(Inline, ACallInAConditionOfALoopStaysInIt) {
  Def more("more", {"v"});
  more.body = {if_(more["v"] > 3, {return_(false)}), return_(true)};
  EXPECT_EQ(
      inlined({assign(f["c"], x), while_(call(1, {f["c"]}), {assign(f["c"], f["c"] + 1)})}, more),
      "    c: float32 = x\n"
      "    while {\n"
      "            if c > 3.0:\n"
      "                %more: bool = False\n"
      "            else:\n"
      "                %more = True\n"
      "            yield %more\n"
      "        }:\n"
      "        c = c + 1.0\n");
}

TEST_F(Inline, TheKernelsOwnReturnsStay) {
  EXPECT_EQ(inlined({if_(n > 3, {return_()}), store(A, 0, 1)}),
            "    if n > 3:\n        return\n    A[0] = 1.0\n");
}

}  // namespace
}  // namespace cudapy::testing
