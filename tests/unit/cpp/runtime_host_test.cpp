// Identification of the host, and of shared objects.
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "runtime/cpu/host.h"
#include "runtime/cpu/symbols.h"
#include "runtime/jit_module.h"

namespace cudapy::runtime {
namespace {

TEST(Host, NamesAndLevelsCorrespond) {
  for (const IsaLevel level :
       {IsaLevel::kSse2, IsaLevel::kSse4, IsaLevel::kAvx2, IsaLevel::kAvx512, IsaLevel::kNeon}) {
    EXPECT_EQ(isa_from_name(isa_name(level)), level);
  }
  EXPECT_EQ(isa_from_name("avx1024"), std::nullopt);
  EXPECT_EQ(isa_from_name(""), std::nullopt);
}

TEST(Host, SupportsItsOwnLevelAndThoseBelow) {
  const HostCpu avx2{.level = IsaLevel::kAvx2, .identification = ""};
  EXPECT_TRUE(avx2.supports(IsaLevel::kSse2));
  EXPECT_TRUE(avx2.supports(IsaLevel::kAvx2));
  EXPECT_FALSE(avx2.supports(IsaLevel::kAvx512));
  EXPECT_FALSE(avx2.supports(IsaLevel::kNeon));
  const HostCpu neon{.level = IsaLevel::kNeon, .identification = ""};
  EXPECT_TRUE(neon.supports(IsaLevel::kNeon));
  EXPECT_FALSE(neon.supports(IsaLevel::kSse2));
}

#if defined(__x86_64__)
TEST(Host, LevelAgreesWithTheCompilersRuntime) {
  const bool avx512 = __builtin_cpu_supports("x86-64-v4") != 0;
  const bool avx2 = __builtin_cpu_supports("x86-64-v3") != 0;
  const bool sse4 = __builtin_cpu_supports("x86-64-v2") != 0;
  EXPECT_EQ(host_cpu().level, avx512 ? IsaLevel::kAvx512
                              : avx2 ? IsaLevel::kAvx2
                              : sse4 ? IsaLevel::kSse4
                                     : IsaLevel::kSse2);
}
#endif

TEST(Host, IdentificationIsStable) {
  EXPECT_GT(host_cpu().identification.size(), 10U);
  EXPECT_EQ(host_cpu().identification, host_cpu().identification);
}

TEST(Symbols, LibraryFunctionsAreFoundAndOthersAreNot) {
  for (const char* name : {"memcpy", "memmove", "memset", "fma", "fmaf", "ceil", "truncf"})
    EXPECT_NE(resolve_runtime_symbol(name), nullptr) << name;
  for (const char* name : {"", "mem", "memcpyx", "system", "aaaa", "zzzz"})
    EXPECT_EQ(resolve_runtime_symbol(name), nullptr) << name;
  const auto* fmod_address = resolve_runtime_symbol("fmod");
  ASSERT_NE(fmod_address, nullptr);
  EXPECT_EQ(reinterpret_cast<double (*)(double, double)>(const_cast<void*>(fmod_address))(7.5, 2),
            1.5);
}

TEST(JitModule, AMissingModuleIsAnErrorThatNamesIt) {
  std::string error;
  EXPECT_EQ(open_jit_module("/nonexistent/_core.so", 1, error), nullptr);
  EXPECT_NE(error.find("/nonexistent/libcudapy_jit.so"), std::string::npos) << error;
}

TEST(JitModule, IdentityOfASharedObject) {
  EXPECT_EQ(shared_object_identity("/nonexistent"), "");
  Dl_info libc;
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&std::abort), &libc), 0);
  const std::string identity = shared_object_identity(libc.dli_fname);
  EXPECT_EQ(identity.size(), 40U) << identity;  // a build id is a SHA-1
  EXPECT_EQ(identity.find_first_not_of("0123456789abcdef"), std::string::npos);

  const std::string plain = testing::TempDir() + "/not_an_object";
  std::ofstream(plain) << "text";
  EXPECT_TRUE(shared_object_identity(plain).starts_with("size 4 time "));
}

}  // namespace
}  // namespace cudapy::runtime
