// LLVM's fatal errors as exceptions, so that none of them ends the user's process.
#pragma once

#include <stdexcept>

namespace cudapy::jit {

// Passes through LLVM's frames, whose destructors do not run (LLVM is built without exceptions):
// what the interrupted compile owns may be half changed and has to be leaked, never destroyed.
struct LlvmFatalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Makes LLVM's fatal errors throw LlvmFatalError, and its failed allocations std::bad_alloc, in the
// whole process. Call once.
void throw_on_fatal_errors();

}  // namespace cudapy::jit
