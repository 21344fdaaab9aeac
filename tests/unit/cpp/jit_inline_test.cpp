// Which calls of a module's own functions are inlined.
#include <gtest/gtest.h>

#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#include <string>

#include "jit/inline_formulas.h"
#include "jit_modules.h"

namespace cudapy::jit {
namespace {

// An entry that calls `formula` as often as asked for, a product of all results.
std::string module_with_calls(int calls, const std::string& attributes = "") {
  std::string text = "define internal fastcc float @formula(float %x) " + attributes +
                     " { %r = fmul float %x, %x\n ret float %r }\n"
                     "define float @entry(float %x) {\n  %p0 = fadd float %x, 1.0\n";
  for (int i = 0; i < calls; ++i) {
    const std::string n = std::to_string(i);
    text += "  %c" + n + " = call fastcc float @formula(float %p" + n + ")\n";
    text += "  %p" + std::to_string(i + 1) + " = fmul float %p" + n + ", %c" + n + "\n";
  }
  return text + "  ret float %p" + std::to_string(calls) + "\n}\n";
}

struct Outcome {
  int calls = 0;
  bool formula_kept = false;
};

Outcome outcome(const std::string& text) {
  ParsedModule parsed(text);
  llvm::Function* entry = parsed.module->getFunction("entry");
  inline_formulas(*entry);
  Outcome outcome;
  for (const llvm::Instruction& instruction : llvm::instructions(*entry))
    outcome.calls += llvm::isa<llvm::CallInst>(instruction) ? 1 : 0;
  outcome.formula_kept = parsed.module->getFunction("formula") != nullptr;
  return outcome;
}

TEST(InlineFormulas, TheOnlyCallAndThenTheFormulaGoes) {
  const Outcome one = outcome(module_with_calls(1));
  EXPECT_EQ(one.calls, 0);
  EXPECT_FALSE(one.formula_kept);
}

TEST(InlineFormulas, TheSecondCopyOfTheBodyGoesOnCalling) {
  const Outcome two = outcome(module_with_calls(2));
  EXPECT_EQ(two.calls, 1);
  EXPECT_TRUE(two.formula_kept);
}

TEST(InlineFormulas, AFormulaThatIsUsedOftenIsCalled) {
  EXPECT_EQ(outcome(module_with_calls(4)).calls, 4);
}

TEST(InlineFormulas, NoinlineIsKept) {
  EXPECT_EQ(outcome(module_with_calls(1, "noinline")).calls, 1);
}

TEST(InlineFormulas, WhatOnlyARemovedFormulaCalledIsRemovedToo) {
  EXPECT_FALSE(outcome(R"(
define internal float @formula(float %x) noinline { ret float %x }
define internal float @outer(float %x) { %r = call float @formula(float %x)
  ret float %r }
define float @entry(float %x) { ret float %x }
)")
                   .formula_kept);
}

}  // namespace
}  // namespace cudapy::jit
