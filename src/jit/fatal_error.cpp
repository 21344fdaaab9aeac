// Installs LLVM's error handlers. See fatal_error.h.
#include "jit/fatal_error.h"

#include <llvm/Support/ErrorHandling.h>

#include <new>

namespace cudapy::jit {

void throw_on_fatal_errors() {
  llvm::install_fatal_error_handler(
      [](void*, const char* reason, bool) { throw LlvmFatalError(reason); });
  llvm::install_bad_alloc_error_handler([](void*, const char*, bool) { throw std::bad_alloc(); });
}

}  // namespace cudapy::jit
