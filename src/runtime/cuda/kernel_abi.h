// What compiled GPU kernels and the runtime agree on. Codegen emits code against these layouts;
// change both together.
//
// A kernel's parameters are its arguments in the layout of runtime/cpu/kernel_abi.h, and behind
// them, aligned to 8, a CudaLaunch: one buffer serves both devices. An array's `data` is an address
// in the device's memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/cpu/kernel_abi.h"

namespace cudapy::runtime {

// Threads are those wanted; the blocks of all pieces cover them, where a thread of a block stands
// for as many neighbours along x as its entry says. A launch with more blocks along y or z than a
// grid may have goes in pieces, each beginning at `first_block`.
struct CudaLaunch {
  int64_t threads[3];
  int32_t first_block[2];  // y, z
  int32_t unused;
  int32_t grid[3];      // of all pieces
  int32_t number;       // of a launch that prints: its lines come out in this order
  int32_t names_block;  // 1: a fault is told with its block
};

// The first fault of the launches since the last one that was reported. In the host's memory, which
// the device writes; `site` last.
struct CudaFaultReport {
  int32_t site = -1;   // index into the kernel's fault sites
  int32_t kernel = 0;  // CudaFaultHandle::kernel
  int64_t index = 0;   // of an index fault, with the array's length
  int64_t length = 0;
  int64_t thread[3] = {};  // idx, idy, idz
  int32_t block[3] = {};   // its shape, if CudaLaunch::names_block
  int32_t unused = 0;
  uint64_t values[kFaultValues] = {};  // of what a thread raises
};

// In the device's memory: threads that fault ask here, so that only one of them crosses the bus.
struct CudaFaultClaim {
  int32_t claimed = 0;
  int32_t unused = 0;
  CudaFaultReport* report = nullptr;
};

// The value of the variable `cudapy$fault` in every kernel's module, set when it is loaded.
struct CudaFaultHandle {
  CudaFaultClaim* claim = nullptr;
  int32_t kernel = 0;  // which kernel it is, in this process
  int32_t unused = 0;
};

inline constexpr const char* kCudaFaultVariable = "cudapy$fault";

// What threads print, in the device's memory. A record is kCudaPrintHead words and its values, as
// PrintBuffer holds them:
//   (site + 1) | count << 32, kernel | launch << 32, idx, idy, idz, values ...
// and takes its place by adding to the counters. Once one finds no room none behind it does: the
// first word that is 0 is the end.
struct CudaPrints {
  uint64_t records = 0;
  uint64_t words = 0;
};

inline constexpr uint64_t kCudaPrintHead = 5;
inline constexpr uint64_t kCudaMostPrints = uint64_t{1} << 16U;
inline constexpr uint64_t kCudaPrintWords = kCudaMostPrints * kCudaPrintHead + (uint64_t{1} << 20U);

// The value of the variable `cudapy$prints` in the module of a kernel that prints.
struct CudaPrintHandle {
  CudaPrints* prints = nullptr;  // with room for kCudaPrintWords behind it
  int32_t kernel = 0;
  int32_t unused = 0;
};

inline constexpr const char* kCudaPrintVariable = "cudapy$prints";

// The variable of the module of a kernel with functions that call themselves, an int64_t: how far
// below the kernel's frame a call may begin. Set when the kernel is loaded.
inline constexpr const char* kCudaStackVariable = "cudapy$stack";

// The name of a kernel's entry in its module. It may hold no word that PTX reserves. What modules
// hold beside kernels has a `$` in its name, which no function of Python's has.
inline std::string cuda_entry_name(std::string_view kernel) {
  std::string name = "cudapy_";
  for (const char c : kernel) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += is_plain ? c : '_';
  }
  return name;
}

// Of the entry whose threads stand for several neighbours each (transform::gpu_threads).
inline std::string cuda_gang_entry_name(std::string_view kernel) {
  return cuda_entry_name(kernel) + "_gang";
}

}  // namespace cudapy::runtime
