// Relocations are encoded as the architectures' supplements say, and distances that do not fit are
// noticed.
#include <gtest/gtest.h>

#include <llvm/BinaryFormat/ELF.h>

#include <cstring>
#include <vector>

#include "jit/emit.h"
#include "jit/link_image.h"
#include "jit/relocation.h"
#include "jit_modules.h"

namespace cudapy::jit {
namespace {

namespace elf = llvm::ELF;
using runtime::ImageMachine;

uint32_t word_at(const std::vector<uint8_t>& code, uint64_t at) {
  uint32_t word;
  std::memcpy(&word, &code[at], sizeof word);
  return word;
}

// The instruction at `place` once relocated to `value`; 0 if that is refused.
uint32_t relocated(uint32_t type, uint32_t instruction, uint64_t place, uint64_t value) {
  std::vector<uint8_t> code(place + 8);
  std::memcpy(&code[place], &instruction, sizeof instruction);
  if (!apply_relocation(ImageMachine::kAArch64, type, code.data(), place, value)) return 0;
  return word_at(code, place);
}

// Expected words are what an assembler makes of the instructions in the comments.
TEST(Relocation, AArch64) {
  // adrp x0, 0x4000; adrp x0, 0x1000; adrp x1, -0x1000
  EXPECT_EQ(relocated(elf::R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0x1ff8, 0x5123), 0x90000020U);
  EXPECT_EQ(relocated(elf::R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0x10, 0x1000), 0xb0000000U);
  EXPECT_EQ(relocated(elf::R_AARCH64_ADR_PREL_PG_HI21, 0x90000001, 0x3000, 0x2fff), 0xf0ffffe1U);
  // add x0, x0, #0x123
  EXPECT_EQ(relocated(elf::R_AARCH64_ADD_ABS_LO12_NC, 0x91000000, 0, 0x5123), 0x91048c00U);
  // ldr x1, [x0, #0x128]; ldr q0, [x0, #0x130]; ldrb w0, [x0, #0x123]
  EXPECT_EQ(relocated(elf::R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400001, 0, 0x5128), 0xf9409401U);
  EXPECT_EQ(relocated(elf::R_AARCH64_LDST128_ABS_LO12_NC, 0x3dc00000, 0, 0x5130), 0x3dc04c00U);
  EXPECT_EQ(relocated(elf::R_AARCH64_LDST8_ABS_LO12_NC, 0x39400000, 0, 0x5123), 0x39448c00U);
  // bl 0x1000; b -4
  EXPECT_EQ(relocated(elf::R_AARCH64_CALL26, 0x94000000, 0x20, 0x1020), 0x94000400U);
  EXPECT_EQ(relocated(elf::R_AARCH64_JUMP26, 0x14000000, 0x20, 0x1c), 0x17ffffffU);
}

TEST(Relocation, AArch64NoticesWhatDoesNotFit) {
  EXPECT_EQ(relocated(elf::R_AARCH64_LDST64_ABS_LO12_NC, 0xf9400001, 0, 0x5124), 0U);
  EXPECT_EQ(relocated(elf::R_AARCH64_CALL26, 0x94000000, 0, 0x1002), 0U);
  EXPECT_EQ(relocated(elf::R_AARCH64_CALL26, 0x94000000, 0, uint64_t{1} << 27), 0U);
  EXPECT_NE(relocated(elf::R_AARCH64_CALL26, 0x94000000, 0, (uint64_t{1} << 27) - 4), 0U);
  EXPECT_EQ(relocated(elf::R_AARCH64_ADR_PREL_PG_HI21, 0x90000000, 0, uint64_t{1} << 32), 0U);
}

TEST(Relocation, X86) {
  std::vector<uint8_t> code(64);
  const auto apply = [&](uint64_t value) {
    return apply_relocation(ImageMachine::kX86_64, elf::R_X86_64_PC32, code.data(), 16, value);
  };
  ASSERT_TRUE(apply(0x1000));
  EXPECT_EQ(word_at(code, 16), 0x0ff0U);
  ASSERT_TRUE(apply(8));
  EXPECT_EQ(word_at(code, 16), 0xfffffff8U);
  EXPECT_FALSE(apply(uint64_t{1} << 32));
}

TEST(Relocation, Stubs) {
  std::vector<uint8_t> code(0x3000);
  write_stub(ImageMachine::kX86_64, code.data(), 0x10, 0x2008);
  EXPECT_EQ(code[0x10], 0xff);  // jmp *0x1ff2(%rip)
  EXPECT_EQ(code[0x11], 0x25);
  EXPECT_EQ(word_at(code, 0x12), 0x1ff2U);
  write_stub(ImageMachine::kAArch64, code.data(), 0x10, 0x2008);
  EXPECT_EQ(word_at(code, 0x10), 0xd0000010U);  // adrp x16, 0x2000
  EXPECT_EQ(word_at(code, 0x14), 0xf9400610U);  // ldr x16, [x16, #8]
  EXPECT_EQ(word_at(code, 0x18), 0xd61f0200U);  // br x16
}

TEST(Relocation, UnsupportedOnesAreKnownAndNamed) {
  EXPECT_EQ(relocation_target(ImageMachine::kX86_64, elf::R_X86_64_32S),
            RelocationTarget::kUnsupported);
  EXPECT_EQ(relocation_target(ImageMachine::kAArch64, elf::R_AARCH64_MOVW_UABS_G0),
            RelocationTarget::kUnsupported);
  EXPECT_EQ(relocation_name(ImageMachine::kX86_64, elf::R_X86_64_32S), "R_X86_64_32S");
}

int triple(int x) {
  return 3 * x;
}

// Calls that codegen did not ask to go through the table get a stub, one for each function.
TEST(LinkImage, DirectCallsOfImportsGetStubs) {
  constexpr const char* kText = R"(
declare i32 @triple(i32) nounwind
define i32 @entry(i32 %x) nounwind {
  %a = call i32 @triple(i32 %x)
  %b = call i32 @triple(i32 %a)
  %c = add i32 %a, %b
  ret i32 %c
})";
  for (const char* isa : {"sse4", "neon"}) {
    const Target target = target_for(isa);
    ParsedModule parsed(kText);
    prepare_module(*parsed.module, target);
    std::string error;
    const auto object = emit_object(*parsed.module, *target.machine, error);
    runtime::CodeImage image;
    ASSERT_TRUE(link_image(object, "entry", image, error)) << error;
    EXPECT_EQ(image.imports, std::vector<std::string>{"triple"});
    EXPECT_EQ(image.fixups.size(), 1U);
    if (image.machine != runtime::kHostMachine) continue;
    const auto resolve = [](std::string_view) { return reinterpret_cast<const void*>(&triple); };
    const auto code = runtime::load_image(image, resolve, error);
    ASSERT_TRUE(code) << error;
    EXPECT_EQ(reinterpret_cast<int (*)(int)>(const_cast<void*>(code.entry()))(5), 15 + 45);
  }
}

TEST(LinkImage, NoObjectIsAnError) {
  runtime::CodeImage image;
  std::string error;
  EXPECT_FALSE(
      link_image(std::span("not an object at all, but long enough for a header ......", 56),
                 "entry", image, error));
  EXPECT_FALSE(error.empty());
}

}  // namespace
}  // namespace cudapy::jit
