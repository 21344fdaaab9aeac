// Target machines for CPU kernels: a named instruction level or the host's own CPU, position
// independent, small code model.
#pragma once

#include <memory>
#include <string>

#include "codegen/cpu/target_info.h"

namespace llvm {
class Function;
class Module;
class TargetMachine;
}  // namespace llvm

namespace cudapy::jit {

struct Target {
  codegen::cpu::TargetInfo info;
  std::unique_ptr<llvm::TargetMachine> machine;

  Target();
  ~Target();
  Target(Target&&) noexcept;
  Target& operator=(Target&&) noexcept;
};

// Registers the back ends, once for the process. Thread safe; create_target calls it.
void initialise_llvm();

// For the level `isa` ("sse2", "sse4", "avx2", "avx512", "neon"), or for the host's own CPU with
// all its features where it is empty. An empty machine, with the reason in `error`, if there is no
// such level. A target machine serves one compile at a time.
Target create_target(const std::string& isa, std::string& error);

// What every function of a kernel's module carries: vectors of the target's full width stay whole
// (without the attributes LLVM splits 512-bit ones on CPUs tuned for 256), nothing unwinds, and
// imported functions are called through the image's table of addresses rather than a stub.
void set_target_attributes(llvm::Module& module, const codegen::cpu::TargetInfo& info);

// Compiles the module's functions without AVX-512's byte and word instructions; see
// codegen::cpu::has_small_lanes. Does nothing for other targets.
void drop_byte_instructions(llvm::Module& module, const Target& target);

}  // namespace cudapy::jit
