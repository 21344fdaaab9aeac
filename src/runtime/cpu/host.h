// What this machine's CPU is, found without LLVM: the vector instruction level that kernels are
// compiled for, and a raw identification that goes into cache keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cudapy::runtime {

// The instruction levels that kernels are compiled for, weakest first. The x86 ones are the psABI's
// x86-64 to x86-64-v4.
enum class IsaLevel { kSse2, kSse4, kAvx2, kAvx512, kNeon };

// "sse2", "sse4", "avx2", "avx512", "neon".
std::string_view isa_name(IsaLevel level);
std::optional<IsaLevel> isa_from_name(std::string_view name);

struct HostCpu {
  // The best level that both the CPU and the operating system (its saved registers) support.
  IsaLevel level = IsaLevel::kSse2;
  // Vendor, family, model, stepping and every feature word, in hexadecimal: equal on two machines
  // only if the same native code runs on both.
  std::string identification;

  // True if code for `wanted` runs here.
  bool supports(IsaLevel wanted) const;
};

// Found once for the process; thread safe.
const HostCpu& host_cpu();

}  // namespace cudapy::runtime
