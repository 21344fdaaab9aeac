// What code generation for the CPU needs to know of the machine that the kernel will run on.
#pragma once

#include <string>

namespace cudapy::codegen::cpu {

struct TargetInfo {
  std::string isa;  // "sse2", "sse4", "avx2", "avx512", "neon"
  std::string triple;
  int native_vector_bits = 128;
  int vector_registers = 16;
  bool has_fma = false;
  bool has_float16 = false;  // conversions between float16 and float32 are instructions
  bool has_masked_ops =
      false;  // masked loads and stores are single instructions (AVX2: 32 and 64 bit; AVX-512: all)
  bool has_mask_registers = false;  // masks live in registers of their own, one bit a lane
  bool has_gather = false;
  bool is_gpu = false;  // one lane is a thread of the device
};

}  // namespace cudapy::codegen::cpu
