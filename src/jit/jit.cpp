// The compiler module's entry points. See jit.h.
#include "jit/jit.h"

#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <cstring>
#include <memory>

#include "codegen/common/halves.h"
#include "codegen/cpu/emit_kernel.h"
#include "codegen/cpu/estimate_work.h"
#include "codegen/cpu/shared_columns.h"
#include "ir/tree.h"
#include "jit/compile_module.h"
#include "jit/compile_ptx.h"
#include "jit/fatal_error.h"
#include "jit/stopwatch.h"
#include "runtime/cpu/kernel_abi.h"
#include "transform/block_turns.h"

namespace cudapy::jit {
namespace {

// Keeps LLVM's errors for the user; drops its warnings and remarks, which it would print.
struct DiagnosticCollector : llvm::DiagnosticHandler {
  explicit DiagnosticCollector(std::string& into) : errors(into) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo& diagnostic) override {
    if (diagnostic.getSeverity() == llvm::DS_Error) {
      llvm::raw_string_ostream stream(errors);
      if (!errors.empty()) stream << "; ";
      llvm::DiagnosticPrinterRawOStream printer(stream);
      diagnostic.print(printer);
    }
    return true;
  }

  std::string& errors;
};

// All that one compile owns in LLVM.
struct Compilation {
  explicit Compilation(std::string& errors) : module("kernel", context) {
    context.setDiagnosticHandler(std::make_unique<DiagnosticCollector>(errors));
  }

  llvm::LLVMContext context;
  llvm::Module module;
  Target target;
};

std::vector<uint8_t> bytes_of(const runtime::KernelMetadata& metadata) {
  const auto* first = reinterpret_cast<const uint8_t*>(&metadata);
  return {first, first + sizeof metadata};
}

bool compile(Compilation& work, const CompileRequest& request, CompileResult& result) {
  if (is_gpu_architecture(request.isa)) return compile_ptx(work.module, request, result);
  Stopwatch watch;
  work.target = create_target(request.isa, result.error);
  if (work.target.machine == nullptr) return false;
  prepare_module(work.module, work.target);
  result.times.target = watch.lap();

  const codegen::cpu::CodegenOptions options{.gang_width = request.gang_width,
                                             .fastmath = request.fastmath};
  const codegen::cpu::EmittedKernel emitted =
      codegen::cpu::emit_kernel(*request.kernel, work.target.info, options, work.module);
  codegen::expand_half_conversions(work.module, work.target.info.has_float16);
  if (!codegen::cpu::has_small_lanes(*request.kernel))
    drop_byte_instructions(work.module, work.target);
  result.gang_width = emitted.gang_width;
  result.times.emit = watch.lap();

  runtime::CodeImage image;
  if (!compile_module(work.module, emitted.entry, work.target, request, image, result))
    return false;
  const codegen::cpu::WorkEstimate work_estimate = codegen::cpu::estimate_work(*request.kernel);
  const bool takes_turns = transform::takes_turns(*request.kernel);
  image.metadata =
      bytes_of({.gang_width = emitted.gang_width,
                .uses_block_shape = request.kernel->uses_block_shape && !takes_turns ? 1 : 0,
                .uneven = work_estimate.uneven ? 1 : 0,
                .instructions = work_estimate.instructions,
                .repeated_axes = request.kernel->repeated_axes,
                .takes_turns = takes_turns ? 1 : 0,
                .shares_columns = codegen::cpu::shares_columns(*request.kernel) ? 1 : 0});
  result.image = runtime::serialize_image(image);
  return true;
}

}  // namespace
}  // namespace cudapy::jit

bool cudapy_jit_compile(const cudapy::jit::CompileRequest* request,
                        cudapy::jit::CompileResult* result) noexcept {
  using namespace cudapy::jit;
  *result = {};
  std::unique_ptr<Compilation> work;
  try {
    initialise_llvm();
    work = std::make_unique<Compilation>(result->error);
    return compile(*work, *request, *result) && result->error.empty();
  } catch (const LlvmFatalError& failure) {
    result->error = std::string("LLVM cannot compile this kernel: ") + failure.what();
  } catch (const std::exception& failure) {
    result->error = std::string("the kernel cannot be compiled: ") + failure.what();
  }
  // LLVM was interrupted anywhere: its objects may be in no state to be destroyed.
  [[maybe_unused]] const Compilation* leaked = work.release();
  return false;
}

uint32_t cudapy_jit_interface_version() noexcept {
  return cudapy::jit::kInterfaceVersion;
}
