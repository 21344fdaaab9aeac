// CPU identification through cpuid (x86-64) or the kernel's hardware capabilities (AArch64).
#include "runtime/cpu/host.h"

#include <array>
#include <cstdint>
#include <cstdio>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace cudapy::runtime {
namespace {

constexpr std::array<std::string_view, 5> kIsaNames = {"sse2", "sse4", "avx2", "avx512", "neon"};

void append_hex(std::string& text, uint64_t value) {
  std::array<char, 20> digits;
  std::snprintf(digits.data(), digits.size(), "%llx.", static_cast<unsigned long long>(value));
  text += digits.data();
}

#if defined(__x86_64__)

struct CpuidWords {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero where the CPU does not have the leaf.
CpuidWords cpuid(uint32_t leaf, uint32_t subleaf = 0) {
  CpuidWords words;
  if (__get_cpuid_count(leaf, subleaf, &words.eax, &words.ebx, &words.ecx, &words.edx) == 0)
    return {};
  return words;
}

// The register sets that the operating system saves (XCR0); 0 where xgetbv is not enabled.
uint64_t saved_register_sets(const CpuidWords& leaf1) {
  constexpr uint32_t kOsxsave = 1U << 27;
  if ((leaf1.ecx & kOsxsave) == 0) return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool has_all(uint64_t word, uint64_t bits) {
  return (word & bits) == bits;
}

constexpr uint64_t bits(std::initializer_list<int> positions) {
  uint64_t word = 0;
  for (const int position : positions) word |= uint64_t{1} << position;
  return word;
}

// The psABI's levels: each needs all of the one below.
IsaLevel x86_level(const CpuidWords& leaf1, const CpuidWords& leaf7, const CpuidWords& extended,
                   uint64_t saved) {
  constexpr uint64_t kV2 = bits({0, 9, 13, 19, 20, 23});  // sse3 ssse3 cx16 sse4.1 sse4.2 popcnt
  constexpr uint64_t kV3Leaf1 = bits({12, 22, 28, 29});   // fma movbe avx f16c
  constexpr uint64_t kV3Leaf7 = bits({3, 5, 8});          // bmi1 avx2 bmi2
  constexpr uint64_t kLahf = bits({0});
  constexpr uint64_t kLzcnt = bits({5});
  constexpr uint64_t kV4Leaf7 = bits({16, 17, 28, 30, 31});  // avx512 f dq cd bw vl
  constexpr uint64_t kSavesYmm = bits({1, 2});
  constexpr uint64_t kSavesZmm = bits({5, 6, 7});
  if (!has_all(leaf1.ecx, kV2) || !has_all(extended.ecx, kLahf)) return IsaLevel::kSse2;
  if (!has_all(leaf1.ecx, kV3Leaf1) || !has_all(leaf7.ebx, kV3Leaf7) ||
      !has_all(extended.ecx, kLzcnt) || !has_all(saved, kSavesYmm)) {
    return IsaLevel::kSse4;
  }
  if (!has_all(leaf7.ebx, kV4Leaf7) || !has_all(saved, kSavesZmm)) return IsaLevel::kAvx2;
  return IsaLevel::kAvx512;
}

HostCpu identify() {
  const CpuidWords leaf0 = cpuid(0);
  const CpuidWords leaf1 = cpuid(1);
  const CpuidWords leaf7 = cpuid(7);
  const CpuidWords leaf7_1 = cpuid(7, 1);
  const CpuidWords extended = cpuid(0x80000001);
  const uint64_t saved = saved_register_sets(leaf1);

  HostCpu host;
  host.level = x86_level(leaf1, leaf7, extended, saved);
  host.identification = "x86-64:";
  // Not leaf 1's ebx: it holds the APIC id of the core that happens to ask. Nor, of its ecx, the
  // OSXSAVE bit's consequences, which `saved` states.
  for (const uint64_t word :
       {uint64_t{leaf0.ebx}, uint64_t{leaf0.ecx}, uint64_t{leaf0.edx}, uint64_t{leaf1.eax},
        uint64_t{leaf1.ecx}, uint64_t{leaf1.edx}, uint64_t{leaf7.ebx}, uint64_t{leaf7.ecx},
        uint64_t{leaf7.edx}, uint64_t{leaf7_1.eax}, uint64_t{leaf7_1.edx}, uint64_t{extended.ecx},
        uint64_t{extended.edx}, saved}) {
    append_hex(host.identification, word);
  }
  return host;
}

#elif defined(__aarch64__)

HostCpu identify() {
  HostCpu host;
  host.level = IsaLevel::kNeon;
  host.identification = "aarch64:";
  append_hex(host.identification, getauxval(AT_HWCAP));
  append_hex(host.identification, getauxval(AT_HWCAP2));
  if ((getauxval(AT_HWCAP) & HWCAP_CPUID) != 0) {  // the kernel then emulates reads of MIDR_EL1
    uint64_t model;
    __asm__("mrs %0, MIDR_EL1" : "=r"(model));
    append_hex(host.identification, model);
  }
  return host;
}

#endif

}  // namespace

std::string_view isa_name(IsaLevel level) {
  return kIsaNames[static_cast<size_t>(level)];
}

std::optional<IsaLevel> isa_from_name(std::string_view name) {
  for (size_t i = 0; i < kIsaNames.size(); ++i) {
    if (kIsaNames[i] == name) return static_cast<IsaLevel>(i);
  }
  return std::nullopt;
}

bool HostCpu::supports(IsaLevel wanted) const {
  if (level == IsaLevel::kNeon || wanted == IsaLevel::kNeon) return level == wanted;
  return wanted <= level;
}

const HostCpu& host_cpu() {
  static const HostCpu host = identify();
  return host;
}

}  // namespace cudapy::runtime
