// Target machines for CPU kernels: a named instruction level or the host's best, position
// independent, small code model.
#pragma once

#include "codegen/cpu/target_info.h"

#include <memory>
#include <string>

namespace llvm {
class Function;
class TargetMachine;
}  // namespace llvm

namespace cudapy::jit {

struct TargetRequest {
  std::string isa;  // "sse2", "sse4", "avx2", "avx512", "neon"; empty for the host's own CPU with
                    // all its features
  bool fastmath = false;  // lets the back end contract and reassociate as well
};

struct Target {
  codegen::cpu::TargetInfo info;
  std::unique_ptr<llvm::TargetMachine> machine;

  Target();
  ~Target();
  Target(Target&&) noexcept;
  Target& operator=(Target&&) noexcept;
};

// Registers the back ends and sets the process-wide options, once. Thread safe; the functions below
// call it.
void initialise_llvm();

// An empty machine, with the reason in `error`, if the level is unknown. A target machine serves
// one compile at a time.
Target create_target(const TargetRequest& request, std::string& error);

// Gives a function the attributes that keep vectors of up to `vector_bits` legal: without them LLVM
// may split 512-bit vectors on CPUs whose tuning prefers 256. `vector_bits` is the widest native
// vector that the function's code uses.
void set_vector_width(llvm::Function& function, int vector_bits);

}  // namespace cudapy::jit
