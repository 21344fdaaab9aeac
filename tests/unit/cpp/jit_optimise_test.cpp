// What the pipelines do to code, and that they agree about its meaning.
#include <gtest/gtest.h>

#include <string>

#include "ir/tree.h"
#include "jit/jit.h"
#include "jit_modules.h"

namespace cudapy::jit {
namespace {

std::string optimised(const std::string& text, const std::string& isa = "avx512") {
  return compile_text(text, isa, {.want_llvm_ir = true}).result.llvm_ir;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Sums p[0 .. count).
std::string sum_loop(const std::string& count) {
  return "define i32 @entry(ptr %p, i32 %n) {\n"
         "  br label %loop\n"
         "loop:\n"
         "  %i = phi i64 [ 0, %0 ], [ %next, %body ]\n"
         "  %sum = phi i32 [ 0, %0 ], [ %more, %body ]\n"
         "  %again = icmp slt i64 %i, " +
         count +
         "\n"
         "  br i1 %again, label %body, label %done\n"
         "body:\n"
         "  %at = getelementptr i32, ptr %p, i64 %i\n"
         "  %v = load i32, ptr %at\n"
         "  %more = add i32 %sum, %v\n"
         "  %next = add nsw i64 %i, 1\n"
         "  br label %loop\n"
         "done:\n"
         "  ret i32 %sum\n}\n";
}

TEST(Optimise, ShortLoopsAreUnrolledAndLongOnesAreNot) {
  EXPECT_FALSE(contains(optimised(sum_loop("4")), "phi"));
  EXPECT_TRUE(contains(optimised(sum_loop("4000")), "phi"));
}

TEST(Optimise, VariablesInMemoryBecomeValues) {
  EXPECT_FALSE(contains(optimised(R"(
define i32 @entry(i32 %x) {
  %slot = alloca i32
  store i32 %x, ptr %slot
  %y = load i32, ptr %slot
  ret i32 %y
})"),
                        "alloca"));
}

TEST(Optimise, OverwrittenStoresGo) {
  const std::string text = optimised(R"(
define void @entry(ptr %p, i32 %x) {
  store i32 1, ptr %p
  store i32 %x, ptr %p
  ret void
})");
  EXPECT_FALSE(contains(text, "store i32 1"));
}

TEST(Optimise, UniformLoadsLeaveTheLoop) {
  const std::string text = optimised(R"(
define void @entry(ptr noalias readonly %scale, ptr noalias %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %s = load float, ptr %scale
  %at = getelementptr float, ptr %p, i64 %i
  %v = load float, ptr %at
  %r = fmul float %v, %s
  store float %r, ptr %at
  %next = add nsw i64 %i, 1
  %again = icmp slt i64 %next, %n
  br i1 %again, label %loop, label %done
done:
  ret void
})");
  EXPECT_LT(text.find("ptr %scale, align"), text.find("loop:")) << text;
}

// A count of lanes is a masked addition where masks have registers.
TEST(Optimise, MaskedCountsStaySelections) {
  const std::string text = R"(
define <16 x i32> @entry(<16 x i1> %mask, <16 x i32> %n) {
  %more = add <16 x i32> %n, splat (i32 1)
  %r = select <16 x i1> %mask, <16 x i32> %more, <16 x i32> %n
  ret <16 x i32> %r
})";
  EXPECT_TRUE(contains(optimised(text, "avx512"), "select"));
  EXPECT_FALSE(contains(optimised(text, "avx2"), "select"));
}

TEST(Optimise, EveryPipelineMeansTheSame) {
  int32_t numbers[100];
  for (int32_t i = 0; i < 100; ++i) numbers[i] = i * i;
  for (const Pipeline pipeline : {Pipeline::kKernel, Pipeline::kLongKernel, Pipeline::kGpuKernel,
                                  Pipeline::kLlvmO1, Pipeline::kLlvmO2, Pipeline::kLlvmO3}) {
    const Target target = target_for("");
    ParsedModule parsed(sum_loop("100"));
    prepare_module(*parsed.module, target);
    runtime::CodeImage image;
    CompileResult result;
    ASSERT_TRUE(compile_module(*parsed.module, "entry", target, {}, image, result, pipeline))
        << result.error;
    std::string error;
    const auto nothing = [](std::string_view) -> const void* { return nullptr; };
    const auto code = runtime::load_image(image, nothing, error);
    ASSERT_TRUE(code) << error;
    auto* const sum =
        reinterpret_cast<int32_t (*)(const int32_t*, int32_t)>(const_cast<void*>(code.entry()));
    EXPECT_EQ(sum(numbers, 100), 328350);
  }
}

TEST(JitCompile, AFailureIsReportedNotThrown) {
  const ir::Function kernel;
  CompileRequest request;
  request.kernel = &kernel;
  request.isa = "mmx";
  CompileResult result;
  EXPECT_FALSE(cudapy_jit_compile(&request, &result));
  EXPECT_TRUE(contains(result.error, "'mmx'")) << result.error;
  EXPECT_TRUE(result.image.empty());
}

TEST(JitCompile, KnowsItsInterfaceVersion) {
  EXPECT_EQ(cudapy_jit_interface_version(), kInterfaceVersion);
}

}  // namespace
}  // namespace cudapy::jit
