// Lookup of math functions by the spellings of Python, NumPy and CUDA.
#include "ir/math_function.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace cudapy::ir {
namespace {

struct Spelling {
  const char* name;
  MathFunction function;
  bool single_precision;
};

TEST(MathFunctionNames, FindsBothPrecisions) {
  using enum MathFunction;
  const Spelling spellings[] = {
      {"sin", Sin, false},
      {"sinf", Sin, true},
      {"rsqrtf", Rsqrt, true},
      {"erf", Erf, false},
      {"erff", Erf, true},
      {"isinf", Isinf, false},
      {"log1pf", Log1p, true},
      {"gamma", Tgamma, false},
      {"lgamma", Lgamma, false},
      {"arctan2", Atan2, false},
      {"normcdfinvf", Normcdfinv, true},
  };
  for (const Spelling& spelling : spellings) {
    bool single_precision = !spelling.single_precision;
    EXPECT_EQ(find_math_function(spelling.name, &single_precision), spelling.function)
        << spelling.name;
    EXPECT_EQ(single_precision, spelling.single_precision) << spelling.name;
  }
}

TEST(MathFunctionNames, RefusesOthers) {
  bool single_precision = false;
  for (const char* name : {"", "f", "sine", "sinff", "gammaf", "arcsinf", "Sin", "er"})
    EXPECT_EQ(find_math_function(name, &single_precision), std::nullopt) << name;
}

TEST(MathFunctionNames, ListsEachOnceAndSorted) {
  const auto names = math_function_names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "cyl_bessel_i0"), names.end());
}

TEST(MathFunctionInfo, StatesKindsAndAccuracy) {
  const MathInfo& jn = info(MathFunction::Jn);
  EXPECT_EQ(jn.name, "jn");
  EXPECT_EQ(jn.arity, 2);
  EXPECT_EQ(jn.arguments[0], MathKind::Int32);
  EXPECT_EQ(jn.arguments[1], MathKind::Float);
  EXPECT_EQ(jn.arguments[2], MathKind::None);
  EXPECT_EQ(info(MathFunction::Isnan).result, MathKind::Bool);
  EXPECT_EQ(info(MathFunction::Sqrt).ulp32, 0.5F);
  EXPECT_EQ(info(MathFunction::Exp).form, MathForm::Vector);
}

}  // namespace
}  // namespace cudapy::ir
