// Target machines for every level.
#include <gtest/gtest.h>

#include <string>

#include "jit_modules.h"
#include "runtime/cpu/host.h"

namespace cudapy::jit {
namespace {

TEST(Target, LevelsDescribeTheirMachines) {
  struct Expected {
    const char* isa;
    int bits, registers;
    bool fma, masked, mask_registers;
  };
  for (const Expected& want :
       {Expected{"sse2", 128, 16, false, false, false},
        Expected{"sse4", 128, 16, false, false, false},
        Expected{"avx2", 256, 16, true, true, false}, Expected{"avx512", 512, 32, true, true, true},
        Expected{"neon", 128, 32, true, false, false}}) {
    const auto info = target_for(want.isa).info;
    EXPECT_EQ(info.isa, want.isa);
    EXPECT_EQ(info.native_vector_bits, want.bits) << want.isa;
    EXPECT_EQ(info.vector_registers, want.registers) << want.isa;
    EXPECT_EQ(info.has_fma, want.fma) << want.isa;
    EXPECT_EQ(info.has_masked_ops, want.masked) << want.isa;
    EXPECT_EQ(info.has_mask_registers, want.mask_registers) << want.isa;
  }
}

TEST(Target, TheHostsOwnIsItsBestLevel) {
  EXPECT_EQ(target_for("").info.isa, runtime::isa_name(runtime::host_cpu().level));
}

TEST(Target, AnUnknownLevelIsAnErrorThatListsTheKnownOnes) {
  std::string error;
  EXPECT_EQ(create_target("mmx", error).machine, nullptr);
  EXPECT_NE(error.find("'mmx'"), std::string::npos) << error;
  EXPECT_NE(error.find("avx512"), std::string::npos) << error;
}

// A CPU that is tuned for 256 bits would have these split in two.
TEST(Target, FullWidthVectorsStayWhole) {
  const char* const text = R"(
define void @entry(ptr %p) {
  %a = load <16 x float>, ptr %p, align 4
  %b = fadd <16 x float> %a, %a
  store <16 x float> %b, ptr %p, align 4
  ret void
})";
  const auto assembly = [&](const char* isa) {
    return compile_text(text, isa, {.want_asm = true}).result.asm_text;
  };
  EXPECT_NE(assembly("avx512").find("zmm"), std::string::npos);
  EXPECT_EQ(assembly("avx2").find("zmm"), std::string::npos);
  EXPECT_NE(assembly("avx2").find("ymm"), std::string::npos);
  EXPECT_EQ(assembly("sse4").find("ymm"), std::string::npos);
}

TEST(Target, ProductsAndSumsAreNotFusedUnasked) {
  const char* const text = R"(
define float @entry(float %a, float %b, float %c) {
  %p = fmul float %a, %b
  %s = fadd float %p, %c
  ret float %s
})";
  for (const char* isa : {"avx2", "avx512", "neon"}) {
    const std::string assembly = compile_text(text, isa, {.want_asm = true}).result.asm_text;
    EXPECT_EQ(assembly.find("fmadd"), std::string::npos) << assembly;
    EXPECT_NE(assembly.find("mul"), std::string::npos) << assembly;
  }
}

}  // namespace
}  // namespace cudapy::jit
