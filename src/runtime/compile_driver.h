// From a checked kernel to code that can be launched: sema and the tree passes for given argument
// types, the kernel cache, and at a miss the compiler's module. No Python and no LLVM here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/nesting.h"
#include "ir/tree.h"
#include "runtime/block_arrays.h"
#include "runtime/cache/kernel_cache.h"
#include "runtime/cpu/code_image.h"
#include "runtime/cpu/launch.h"
#include "runtime/cpu/pool.h"
#include "runtime/row_limits.h"
#include "support/diagnostic.h"
#include "transform/gpu_threads.h"

namespace cudapy::jit {
struct CompileRequest;
struct CompileResult;
}  // namespace cudapy::jit

namespace cudapy::runtime {

struct CompileOptions {
  bool contract = true;
  bool fastmath = false;
  bool check = true;       // indices and divisors, at run time
  bool line_info = false;  // in a GPU's code, for profilers and sanitisers
};

// What code is made for: the arguments' types, whether indices need 64 bits, and where the threads
// of a block work together their block's shape.
struct KernelTypes {
  std::vector<ir::Type> arguments;
  bool wide_index = false;
  int32_t block[3] = {0, 0, 0};  // all zero: any
  // Of a GPU's code: as codegen::nvptx::KernelOptions says.
  bool vetted_arrays = true;

  friend bool operator==(const KernelTypes&, const KernelTypes&) = default;
};

// Machine code of a kernel for one KernelTypes. It stays valid while the object lives.
struct CompiledKernel {
  LoadedCode code;
  CpuKernel kernel;
  std::vector<bool> written;  // per parameter: an array that the kernel stores to
  BlockArrays block_arrays;
  std::vector<ir::FaultSite> fault_sites;
  bool prints = false;  // has sites that print
};

// A kernel as machine code for a GPU, not loaded yet.
struct GpuImage {
  std::vector<uint8_t> cubin;
  std::string entry;
  std::string gang_entry;  // empty: there is none
  bool uses_block_shape = false;
  transform::GpuThreads threads;
  std::vector<ArgumentPlace> multiples;  // of threads.per_thread, in launches that take it
  RowLimits limits;                      // which launches keep
  std::vector<bool> written;
  BlockArrays block_arrays;
  std::vector<ir::FaultSite> fault_sites;
};

// Makes a GPU's machine code of PTX. It may throw.
struct Assembler {
  std::string architecture;  // "sm_90"
  std::string identity;      // what else decides the result: the driver's version
  std::function<std::vector<uint8_t>(const std::string& ptx)> assemble;
};

// What the stages make of a kernel, to be read by people.
struct StageTexts {
  std::string typed;    // after sema
  std::string lowered;  // what code generation sees
  std::string unoptimised_llvm;
  std::string llvm;
  std::string assembly;
};

// A kernel with all its machine code. Thread safe. It compiles on threads of its own, whose stacks
// are large enough for deep programs (support/deep_stack.h).
//
// `check` is asked meanwhile. Once it says true, the call returns at once, with nothing in
// `diagnostics` and `error`; the compile ends by itself at the next pass.
class KernelCode : public std::enable_shared_from_this<KernelCode> {
 public:
  static std::shared_ptr<KernelCode> create(ir::Program untyped, CompileOptions options);
  ~KernelCode();
  KernelCode(const KernelCode&) = delete;
  KernelCode& operator=(const KernelCode&) = delete;

  // The kernel as it was read.
  std::string untyped_text() const;

  // Whether the threads of a block wait for each other or share arrays: code is made for the shape
  // of their blocks then.
  bool has_blocks() const { return has_blocks_; }

  // Reports what sema finds wrong with these types. True if nothing is.
  bool check(const KernelTypes& types, Diagnostics& diagnostics, const InterruptCheck& check) const;

  // What makes the kernel slow on the CPU with these types; nullopt with `diagnostics`.
  std::optional<Diagnostics> notes(const KernelTypes& types, Diagnostics& diagnostics,
                                   const InterruptCheck& check) const;

  // Code for `types`, compiled or loaded at the first request; concurrent requests for the same
  // types compile once. Null if the kernel does not fit the types, with `diagnostics`, or if
  // compiling fails, with the reason in `error`.
  std::shared_ptr<const CompiledKernel> get(const KernelTypes& types, Diagnostics& diagnostics,
                                            std::string& error, const InterruptCheck& check);

  // The texts of the stages before code generation; nullopt with `diagnostics`.
  std::optional<StageTexts> tree_texts(const KernelTypes& types, Diagnostics& diagnostics,
                                       const InterruptCheck& check) const;

  // All texts: compiles once more. nullopt as above.
  std::optional<StageTexts> texts(const KernelTypes& types, Diagnostics& diagnostics,
                                  std::string& error, const InterruptCheck& check) const;

  // The same for a GPU architecture ("sm_90"), which needs no GPU: the assembly is PTX.
  std::optional<StageTexts> gpu_texts(const KernelTypes& types, const std::string& architecture,
                                      Diagnostics& diagnostics, std::string& error,
                                      const InterruptCheck& check) const;

  // Machine code for a GPU, from the cache or compiled; nothing is remembered here. nullopt as
  // above.
  std::optional<GpuImage> gpu_image(const KernelTypes& types, const Assembler& assembler,
                                    Diagnostics& diagnostics, std::string& error,
                                    const InterruptCheck& check) const;

 private:
  // What one compile finds. It outlives a caller that is interrupted.
  struct Job {
    Diagnostics diagnostics;
    std::string error;
    std::atomic<bool> is_abandoned{false};
  };
  struct Lowering {
    bool contract = true;
    bool for_gpu = false;
  };
  KernelCode(ir::Program untyped, CompileOptions options);
  // `work(self, job)` makes what is returned; empty if it was interrupted or the program is too
  // deep.
  template <class Self, class Work>
  static auto run(std::shared_ptr<Self> self, Diagnostics& diagnostics, std::string& error,
                  const InterruptCheck& check, Work work);
  bool is_shallow(Diagnostics& diagnostics) const;
  bool run_compiler(jit::CompileRequest request, jit::CompileResult& result, Job& job) const;
  std::optional<ir::Function> lower(const KernelTypes& types, Diagnostics& diagnostics,
                                    const Lowering& lowering, StageTexts* texts) const;
  std::shared_ptr<const CompiledKernel> find_or_compile(const KernelTypes& types, Job& job);
  std::shared_ptr<const CompiledKernel> compile(const KernelTypes& types, Job& job) const;
  std::optional<StageTexts> make_texts(const KernelTypes& types, Job& job) const;
  std::optional<StageTexts> make_gpu_texts(const KernelTypes& types,
                                           const std::string& architecture, Job& job) const;
  // All but the machine code, if that is not in the cache: PTX then, empty otherwise.
  struct GpuDraft {
    GpuImage image;
    std::string ptx;
    std::vector<uint8_t> key;
  };
  std::optional<GpuDraft> draft_gpu_image(const KernelTypes& types, const Assembler& assembler,
                                          Job& job) const;
  static GpuImage finish_gpu_image(GpuDraft& draft, const Assembler& assembler);

  ir::Program untyped_;  // never changed
  const CompileOptions options_;
  const bool has_blocks_;
  const ir::Nesting nesting_;
  std::mutex mutex_;
  std::vector<std::pair<KernelTypes, std::shared_ptr<const CompiledKernel>>> compiled_;
};

// The process's kernel cache, opened at first use with the environment's options.
KernelCache& kernel_cache();

}  // namespace cudapy::runtime
