// From a module to running code: every way in which code refers to code and data survives linking
// and loading; what an image cannot hold is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "jit/fatal_error.h"
#include "jit_modules.h"
#include "runtime/cpu/host.h"

namespace cudapy::jit {
namespace {

int triple(int x) {
  return 3 * x;
}
const int32_t imported_table[] = {10, 20, 30};

const void* resolve(std::string_view name) {
  if (name == "triple") return reinterpret_cast<const void*>(&triple);
  if (name == "imported_table") return imported_table;
  if (name == "memcpy") return reinterpret_cast<const void*>(&std::memcpy);
  return nullptr;
}

runtime::LoadedCode load(const Compiled& compiled) {
  if (!compiled.ok) throw std::runtime_error(compiled.result.error);
  std::string error;
  runtime::LoadedCode code =
      runtime::load_image(runtime::serialize_image(compiled.image), resolve, error);
  if (!code) throw std::runtime_error(error);
  return code;
}

template <typename Function>
Function* entry_of(const runtime::LoadedCode& code) {
  return reinterpret_cast<Function*>(const_cast<void*>(code.entry()));
}

struct Refused {
  const char* what;
  const char* text;
};

// Every x86 level that this machine can run.
std::vector<std::string> runnable_levels() {
  std::vector<std::string> levels = {""};
  for (const char* name : {"sse2", "sse4", "avx2", "avx512", "neon"}) {
    if (runtime::host_cpu().supports(*runtime::isa_from_name(name))) levels.emplace_back(name);
  }
  return levels;
}

constexpr const char* kVectorSum = R"(
define i32 @entry(ptr %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %sum = phi <16 x i32> [ <i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8,
                           i32 9, i32 10, i32 11, i32 12, i32 13, i32 14, i32 15, i32 16>, %0 ], [ %more, %loop ]
  %at = getelementptr i32, ptr %p, i64 %i
  %values = load <16 x i32>, ptr %at, align 4
  %more = add <16 x i32> %sum, %values
  %next = add i64 %i, 16
  %again = icmp slt i64 %next, %n
  br i1 %again, label %loop, label %done
done:
  %all = call i32 @llvm.vector.reduce.add.v16i32(<16 x i32> %more)
  ret i32 %all
})";

TEST(CompileModule, VectorCodeRunsAtEveryLevel) {
  std::vector<int32_t> numbers(160, 2);
  for (const std::string& isa : runnable_levels()) {
    const auto code = load(compile_text(kVectorSum, isa));
    EXPECT_EQ(entry_of<int(int32_t*, int64_t)>(code)(numbers.data(), 160), 136 + 320) << isa;
  }
}

TEST(CompileModule, JumpTables) {
  const auto code = load(compile_text(R"(
define i32 @entry(i32 %x) {
  switch i32 %x, label %other [ i32 0, label %a
                                i32 1, label %b
                                i32 2, label %c
                                i32 3, label %d
                                i32 4, label %e ]
a: %ra = call i32 @triple(i32 5)
   ret i32 %ra
b: %rb = call i32 @triple(i32 %x)
   ret i32 %rb
c: %rc = mul i32 %x, %x
   ret i32 %rc
d: %rd = call i32 @triple(i32 7)
   %sd = sdiv i32 %rd, %x
   ret i32 %sd
e: fence seq_cst
   ret i32 99
other: ret i32 -1
}
declare i32 @triple(i32)
)"));
  std::array<int, 6> answers;
  for (int x = 0; x < 6; ++x) answers[static_cast<size_t>(x)] = entry_of<int(int)>(code)(x);
  EXPECT_EQ(answers, (std::array{15, 3, 4, 7, 99, -1}));
}

constexpr const char* kReferences = R"(
@table = internal constant [4 x i32] [i32 100, i32 200, i32 300, i32 400], align 16
@imported_table = external constant [3 x i32]
declare i32 @triple(i32)
define internal i32 @helper(i32 %x) noinline {
  %at = getelementptr [4 x i32], ptr @table, i32 0, i32 %x
  %v = load i32, ptr %at
  ret i32 %v
}
define i32 @entry(i32 %x) {
  %own = call i32 @helper(i32 %x)
  %tripled = call i32 @triple(i32 %own)
  %at = getelementptr [3 x i32], ptr @imported_table, i32 0, i32 %x
  %foreign = load i32, ptr %at
  %sum = add i32 %tripled, %foreign
  ret i32 %sum
})";

TEST(CompileModule, OwnAndImportedFunctionsAndTables) {
  const Compiled compiled = compile_text(kReferences);
  const auto code = load(compiled);
  EXPECT_EQ(entry_of<int(int)>(code)(2), 3 * 300 + 30);
  auto imports = compiled.image.imports;
  std::ranges::sort(imports);
  EXPECT_EQ(imports, (std::vector<std::string>{"imported_table", "triple"}));
}

TEST(CompileModule, TablesOfAddressesFollowTheImage) {
  const auto code = load(compile_text(R"(
@functions = internal constant [3 x ptr] [ptr @one, ptr @triple, ptr @two], align 8
declare i32 @triple(i32)
define internal i32 @one(i32 %x) { ret i32 1 }
define internal i32 @two(i32 %x) { ret i32 2 }
define i32 @entry(i32 %x) {
  %at = getelementptr [3 x ptr], ptr @functions, i32 0, i32 %x
  %function = load ptr, ptr %at
  %y = call i32 %function(i32 50)
  ret i32 %y
})"));
  EXPECT_EQ(entry_of<int(int)>(code)(0), 1);
  EXPECT_EQ(entry_of<int(int)>(code)(1), 150);
  EXPECT_EQ(entry_of<int(int)>(code)(2), 2);
}

TEST(CompileModule, MemoryFunctionsAreImported) {
  const Compiled compiled = compile_text(R"(
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define i32 @entry(ptr %to, ptr %from, i64 %n) {
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %from, i64 %n, i1 false)
  ret i32 0
})");
  EXPECT_EQ(compiled.image.imports, std::vector<std::string>{"memcpy"});
  std::vector<uint8_t> from(1000, 7), to(1000, 0);
  entry_of<int(void*, void*, int64_t)>(load(compiled))(to.data(), from.data(), 1000);
  EXPECT_EQ(to, from);
}

TEST(CompileModule, LoopsStayLoops) {
  const Compiled compiled = compile_text(R"(
define void @entry(ptr %p, i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %at = getelementptr i8, ptr %p, i64 %i
  store i8 0, ptr %at
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %n
  br i1 %again, label %loop, label %done
done:
  ret void
})");
  ASSERT_TRUE(compiled.ok);
  EXPECT_TRUE(compiled.image.imports.empty());
}

TEST(CompileModule, WhatAnImageCannotHoldIsRefused) {
  for (const Refused& refused : {
           Refused{".bss",
                   "@state = internal global i32 0\n"
                   "define i32 @entry(i32 %x) { store volatile i32 %x, ptr @state\n ret i32 0 }"},
           Refused{".data",
                   "@state = internal global i32 5\n"
                   "define i32 @entry(i32 %x) { store volatile i32 %x, ptr @state\n ret i32 0 }"},
           Refused{".tdata",
                   "@state = thread_local global i32 5\n"
                   "define i32 @entry(i32 %x) { store volatile i32 %x, ptr @state\n ret i32 0 }"},
           Refused{"no function 'entry'", "define i32 @other() { ret i32 0 }"},
           Refused{"no function 'entry'", "declare i32 @entry()"},
       }) {
    const Compiled compiled = compile_text(refused.text);
    EXPECT_FALSE(compiled.ok);
    EXPECT_NE(compiled.result.error.find(refused.what), std::string::npos)
        << refused.what << ": " << compiled.result.error;
  }
}

TEST(CompileModule, NothingUnwinds) {
  const Compiled compiled = compile_text(kReferences, "", {.want_asm = true});
  EXPECT_EQ(compiled.result.asm_text.find(".cfi"), std::string::npos);
}

TEST(CompileModule, TextsAreMadeOnDemandAndChangeNothing) {
  const Compiled plain = compile_text(kReferences);
  const Compiled texts = compile_text(
      kReferences, "", {.want_unoptimised_llvm_ir = true, .want_llvm_ir = true, .want_asm = true});
  EXPECT_EQ(plain.image, texts.image);
  EXPECT_EQ(plain.result.llvm_ir + plain.result.unoptimised_llvm_ir + plain.result.asm_text, "");
  EXPECT_NE(texts.result.llvm_ir.find("@entry"), std::string::npos);
  EXPECT_NE(texts.result.unoptimised_llvm_ir.find("@entry"), std::string::npos);
  EXPECT_NE(texts.result.asm_text.find("entry:"), std::string::npos);
}

TEST(CompileModule, ConcurrentCompilesAgree) {
  const runtime::CodeImage expected = compile_text(kVectorSum).image;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) EXPECT_EQ(compile_text(kVectorSum).image, expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// x86 has no scalable vectors: instruction selection gives up with a fatal error. True if that
// arrives as an exception and later compiles work. Leaks what the interrupted compile owned.
bool survives_a_fatal_error() {
  const Target target = target_for("avx2");
  auto* const parsed = new ParsedModule(R"(
define void @entry(ptr %p) {
  %a = load <vscale x 4 x i32>, ptr %p
  %b = sdiv <vscale x 4 x i32> %a, %a
  store <vscale x 4 x i32> %b, ptr %p
  ret void
})");
  prepare_module(*parsed->module, target);
  runtime::CodeImage image;
  CompileResult result;
  try {
    compile_module(*parsed->module, "entry", target, {}, image, result);
  } catch (const LlvmFatalError&) {
    return compile_text(kVectorSum).ok;
  }
  return false;
}

// In a process of its own, for the leak.
TEST(CompileModule, LlvmsFatalErrorsDoNotEndTheProcess) {
  EXPECT_EXIT(std::_Exit(survives_a_fatal_error() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(CompileModule, AArch64ImagesLink) {
  for (const char* text : {kReferences, kVectorSum}) {
    const Compiled compiled = compile_text(text, "neon");
    ASSERT_TRUE(compiled.ok) << compiled.result.error;
    EXPECT_EQ(compiled.image.machine, runtime::ImageMachine::kAArch64);
  }
}

}  // namespace
}  // namespace cudapy::jit
