// The interface of libcudapy_jit.so: a typed kernel in, a code image out. Both sides are built
// together by one compiler, so C++ types cross; exceptions do not.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace cudapy::ir {
struct Function;
}  // namespace cudapy::ir

namespace cudapy::jit {

// Raised whenever a struct that crosses the boundary changes; checked when the module is opened.
inline constexpr uint32_t kInterfaceVersion = 4;

struct CompileRequest {
  const ir::Function* kernel = nullptr;  // inlined, typed, annotated with shapes; only read
  // A CPU level's name, or a GPU architecture's ("sm_90"); empty for the host's own CPU.
  std::string isa = {};
  int gang_width = 0;  // lanes; 0 to choose
  bool fastmath = false;
  bool vetted_arrays = false;  // of a GPU's code: as codegen::nvptx::KernelOptions says
  // Of a GPU's code: the file of each of the program's sources, for line information; empty: none.
  std::vector<std::string> line_files = {};
  // Set from outside: the result is not wanted any more. The compile ends at the next pass, as a
  // failure. Null: never.
  const std::atomic<bool>* is_abandoned = nullptr;
  // Texts to look at; each costs time.
  bool want_unoptimised_llvm_ir = false;
  bool want_llvm_ir = false;
  bool want_asm = false;
};

inline bool is_abandoned(const CompileRequest& request) {
  return request.is_abandoned != nullptr && *request.is_abandoned;
}

struct CompileTimes {  // microseconds
  double target = 0;
  double emit = 0;
  double optimise = 0;
  double machine_code = 0;
  double link = 0;
};

struct CompileResult {
  std::string error;  // empty on success
  // A serialised runtime::CodeImage, whose metadata is a KernelMetadata; for a GPU PTX text, with
  // one entry of the name runtime::cuda_entry_name gives, and, where transform::gpu_threads says
  // so, one that cuda_gang_entry_name does.
  std::vector<uint8_t> image;
  int gang_width = 0;  // what was chosen
  std::string unoptimised_llvm_ir, llvm_ir, asm_text;
  CompileTimes times;
};

}  // namespace cudapy::jit

extern "C" {

// False, with result->error set, on failure. Thread safe: concurrent compiles share nothing but
// LLVM's process-wide tables. Never throws, never prints; LLVM's fatal errors are failures too.
[[gnu::visibility("default")]] bool cudapy_jit_compile(const cudapy::jit::CompileRequest* request,
                                                       cudapy::jit::CompileResult* result) noexcept;

// kInterfaceVersion, as the module was built with.
[[gnu::visibility("default")]] uint32_t cudapy_jit_interface_version() noexcept;
}
