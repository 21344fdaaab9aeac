// Signatures: what is one, what is prose, what is malformed and where.
#include "frontend/signature.h"

#include <gtest/gtest.h>

namespace cudapy::frontend {
namespace {

struct Outcome {
  std::optional<ParsedSignature> parsed;
  Diagnostics diagnostics;
};

Outcome parse(const std::string& text, const TypeBindings& bound = {}) {
  Outcome outcome;
  outcome.parsed = parse_signature({0, {{text, 1, 0}}}, bound, outcome.diagnostics);
  return outcome;
}

std::string types_of(const Outcome& outcome) {
  if (!outcome.parsed) return "malformed";
  std::string text = outcome.parsed->name + ":" + ir::to_string(outcome.parsed->result);
  for (const auto& parameter : outcome.parsed->parameters) {
    text += " " + ir::to_string(parameter.type) + " " + parameter.name;
  }
  return text;
}

TEST(Signature, ReadsCudaPysForms) {
  EXPECT_EQ(types_of(parse("saxpy : void (float alpha, float* X, float* Y)")),
            "saxpy:void float32 alpha float32[:] X float32[:] Y");
  EXPECT_EQ(types_of(parse("void(int,double *,bool b)")), ":void int32  float64[:]  bool b");
  EXPECT_EQ(types_of(parse("f:uint8()")), "f:uint8");
  EXPECT_EQ(types_of(parse("void (float** A)")), ":void float32[:, :] A");
  EXPECT_EQ(types_of(parse("  f :  int64 ( void ) ")), "f:int64");
}

TEST(Signature, KnowsTheTypesThatATemplateBinds) {
  const TypeBindings bound = {{"T", ir::Type::of(ir::Scalar::I16)}};
  EXPECT_EQ(types_of(parse("T (T x, T* X)", bound)), ":int16 int16 x int16[:] X");
  EXPECT_EQ(types_of(parse("T (T x)")), "malformed");
}

TEST(Signature, PointsAtTheFault) {
  const auto column = [](const std::string& text) {
    Outcome outcome = parse(text);
    EXPECT_FALSE(outcome.parsed) << text;
    return outcome.diagnostics.errors().empty() ? -1 : outcome.diagnostics.errors()[0].span.column;
  };
  EXPECT_EQ(column("void (flaot x)"), 6);
  EXPECT_EQ(column("void float x)"), 5);
  EXPECT_EQ(column("void (float x"), 13);
  EXPECT_EQ(column("void (float x,)"), 14);
  EXPECT_EQ(column("void (float x) -> int"), 15);
  EXPECT_EQ(column("void (void x)"), 6);
  EXPECT_EQ(column("void (const float* x)"), 6);
  EXPECT_EQ(column("void (float********* x)"), 6);  // nine dimensions
  EXPECT_EQ(column("(float x)"), 0);
  EXPECT_EQ(column(""), 0);
}

TEST(Signature, ReportsEveryUnknownType) {
  EXPECT_EQ(parse("void (flaot x, itn y)").diagnostics.errors().size(), 2U);
  EXPECT_EQ(parse("void (unsigned int x)").diagnostics.errors().size(), 1U);
}

bool finds(const std::vector<std::string>& comments) {
  SourceText source{"k.py", 5, comments};
  source.lines.push_back("def f(X):");
  return find_comment_signature(source, 0, 5 + static_cast<int>(comments.size()), "f", {})
      .has_value();
}

TEST(CommentSignature, IsToldFromProse) {
  EXPECT_TRUE(finds({"# f : void (float* X)"}));
  EXPECT_TRUE(finds({"#f:void(float*X)"}));
  EXPECT_TRUE(finds({"    ## f : viod (float* X)"}));
  EXPECT_TRUE(finds({"# f : (float* X)"}));
  EXPECT_TRUE(finds({"# f : str (float* X)"}));
  EXPECT_TRUE(finds({"# f : const float (float* X)"}));
  EXPECT_TRUE(finds({"# f : void (float* X,", "#      int n)"}));
  EXPECT_TRUE(finds({"# f :", "#   void (float* X)"}));
  EXPECT_FALSE(finds({"# f"}));
  EXPECT_FALSE(finds({"# g : void (float* X)"}));
  EXPECT_FALSE(finds({"# f: the kernel of the tutorial"}));
  EXPECT_FALSE(finds({"# f: scales an array (in place)"}));
  EXPECT_FALSE(finds({"# ff : void (float* X)"}));
  EXPECT_FALSE(finds({"x = 1"}));
}

TEST(CommentSignature, KeepsItsPlaces) {
  const SourceText source{
      "k.py", 7, {"  # prose", "  # f : void (float* X,", "  #   itn n)", "def f():"}};
  auto text = find_comment_signature(source, 3, 10, "f", {});
  ASSERT_TRUE(text);
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_signature(*text, {}, diagnostics));
  ASSERT_EQ(diagnostics.errors().size(), 1U);
  const Span& span = diagnostics.errors()[0].span;
  EXPECT_EQ(span.source, 3);
  EXPECT_EQ(span.line, 9);
  EXPECT_EQ(span.column, 6);
}

TEST(ApplySignature, ComparesWithTheParameters) {
  syntax::FunctionDef function;
  function.name = "f";
  function.parameters.resize(2);
  function.parameters[0].name = "a";
  function.parameters[1].name = "X";
  const auto errors = [&](const std::string& text) {
    Outcome outcome = parse(text);
    apply_signature(*outcome.parsed, function, outcome.diagnostics);
    std::string codes;
    for (const Diagnostic& error : outcome.diagnostics.errors()) codes += error.code + " ";
    return codes;
  };
  EXPECT_EQ(errors("f : void (float a, float* X)"), "");
  EXPECT_EQ(errors("void (float, float*)"), "");
  EXPECT_EQ(errors("g : void (float, float*)"), "signature-name ");
  EXPECT_EQ(errors("void (float)"), "signature-parameter-count ");
  EXPECT_EQ(errors("void (float b, float* Y)"),
            "signature-parameter-name signature-parameter-name ");
}

}  // namespace
}  // namespace cudapy::frontend
