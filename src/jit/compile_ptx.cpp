// Runs LLVM's NVPTX back end. See compile_ptx.h.
#include "jit/compile_ptx.h"

#include <llvm/Analysis/CFG.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/OptBisect.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codegen/nvptx/emit_kernel.h"
#include "codegen/nvptx/keep_float_bits.h"
#include "codegen/nvptx/keep_loops.h"
#include "codegen/nvptx/keep_zero_signs.h"
#include "codegen/nvptx/sink_stores.h"
#include "jit/compile_module.h"
#include "jit/emit.h"
#include "jit/optimize.h"
#include "jit/stopwatch.h"
#include "jit/target.h"

namespace cudapy::jit {
namespace {

constexpr const char* kTriple = "nvptx64-nvidia-cuda";
constexpr int kOldest = 75;

// The PTX version is left to LLVM, which takes the oldest that knows the architecture: drivers
// refuse versions newer than themselves.
Target create_gpu_target(const std::string& architecture, std::string& error) {
  initialise_llvm();
  const llvm::Triple triple(kTriple);
  const llvm::Target* registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (registered == nullptr) return {};
  // Asked first: a target machine for an unknown one prints warnings.
  const std::unique_ptr<llvm::MCSubtargetInfo> all(
      registered->createMCSubtargetInfo(triple, "", ""));
  if (all == nullptr || !all->isCPUStringValid(architecture)) {
    error = "LLVM knows no architecture '" + architecture + "'";
    return {};
  }
  llvm::TargetOptions options;
  // As on the CPU: products and sums are fused where the tree says so. ptxas fuses neither, since
  // LLVM then writes mul.rn and add.rn.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  Target target;
  target.machine.reset(registered->createTargetMachine(triple, architecture, "", options,
                                                       std::nullopt, std::nullopt,
                                                       llvm::CodeGenOptLevel::Default));
  if (target.machine == nullptr) error = "LLVM cannot make a target machine for " + architecture;
  target.info.isa = architecture;
  target.info.triple = kTriple;
  target.info.has_fma = true;
  target.info.is_gpu = true;
  target.info.has_mask_registers = false;
  target.info.native_vector_bits = 0;
  return target;
}

// Which of the passes run that LLVM's back end adds on its own. Those left out look for products
// and sums that follow from one another, a quarter of the back end's time, which pays where code is
// repeated: in a product of matrices they take the place of 8 registers.
class BackEndPasses final : public llvm::OptPassGate {
 public:
  explicit BackEndPasses(bool has_loops) : has_loops_(has_loops) {}

  bool isEnabled() const override { return true; }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override {
    return (pass != "slsr" || has_loops_) && pass != "nary-reassociate";
  }

 private:
  bool has_loops_;
};

bool has_loops(const llvm::Module& module) {
  return std::ranges::any_of(module, [](const llvm::Function& function) {
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>> back_edges;
    if (!function.isDeclaration()) llvm::FindFunctionBackedges(function, back_edges);
    return !back_edges.empty();
  });
}

std::string emit_ptx(llvm::Module& module, llvm::TargetMachine& machine, std::string& error) {
  llvm::LLVMContext& context = module.getContext();
  llvm::OptPassGate& before = context.getOptPassGate();
  BackEndPasses passes(has_loops(module));
  context.setOptPassGate(passes);
  std::string ptx = emit_last_assembly(module, machine, error);
  context.setOptPassGate(before);
  return ptx;
}

// A call in PTX saves and restores registers through memory: formulas are inlined wherever they are
// used.
void inline_all(llvm::Module& module) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration() || function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      continue;
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    if (!function.hasFnAttribute(llvm::Attribute::NoInline))
      function.addFnAttr(llvm::Attribute::AlwaysInline);
  }
}

// Atomic operations are meant for the threads of this device; the host's come when it has waited.
void narrow_atomics(llvm::Module& module) {
  const llvm::SyncScope::ID device = module.getContext().getOrInsertSyncScopeID("device");
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      if (auto* update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction))
        update->setSyncScopeID(device);
      if (auto* exchange = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction))
        exchange->setSyncScopeID(device);
    }
  }
}

// Gives kernels the names that they are found by, and what stands beside them a `$`:
//   entry.cudapy_past -> cudapy_past, cudapy_record_fault -> cudapy$record_fault
// Dots in names are fine in LLVM, and errors in PTX.
void mend_names(llvm::Module& module) {
  constexpr std::string_view kOwn = "cudapy_";
  const auto mend = [&](llvm::GlobalValue& value) {
    std::string name = value.getName().str();
    for (char& c : name) c = c == '.' ? '_' : c;
    if (name.starts_with(kOwn)) name[kOwn.size() - 1] = '$';
    if (name != value.getName()) value.setName(name);
  };
  std::vector<llvm::Function*> kernels;
  for (llvm::Function& function : module) {
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      kernels.push_back(&function);
    else if (!function.isIntrinsic())
      mend(function);
  }
  for (llvm::GlobalVariable& variable : module.globals()) mend(variable);
  for (llvm::Function* kernel : kernels) {
    llvm::StringRef name = kernel->getName();
    name.consume_front(codegen::nvptx::kEntryPrefix);
    kernel->setName(name.str());
  }
}

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

int number_of(const std::string& architecture) {
  int number = 0;
  const char* digits = architecture.data() + 3;
  const char* end = architecture.data() + architecture.size();
  const auto [stop, failure] = std::from_chars(digits, end, number);
  const bool is_suffixed = stop + 1 == end && (*stop == 'a' || *stop == 'f');
  return failure == std::errc() && (stop == end || is_suffixed) ? number : 0;
}

}  // namespace

bool is_gpu_architecture(const std::string& isa) {
  return isa.starts_with("sm_");
}

bool compile_ptx(llvm::Module& module, const CompileRequest& request, CompileResult& result) {
  if (number_of(request.isa) < kOldest) {
    result.error = "'" + request.isa + "' is no architecture from sm_75 on";
    return false;
  }
  Stopwatch watch;
  const Target target = create_gpu_target(request.isa, result.error);
  if (target.machine == nullptr) return false;
  prepare_module(module, target);
  result.times.target = watch.lap();
  codegen::nvptx::emit_kernel(*request.kernel,
                              {.fastmath = request.fastmath,
                               .vetted_arrays = request.vetted_arrays,
                               .line_files = request.line_files},
                              module);
  const std::string missing = codegen::nvptx::define_runtime(module);
  if (!missing.empty()) {
    result.error = "`" + missing + "` does not exist on a GPU yet";
    return false;
  }
  result.gang_width = 1;
  result.times.emit = watch.lap();
  if (request.want_unoptimised_llvm_ir) result.unoptimised_llvm_ir = text_of(module);
  inline_all(module);
  narrow_atomics(module);
  optimise(module, target, Pipeline::kGpuKernel, request.is_abandoned);
  if (is_abandoned(request)) return false;
  codegen::nvptx::sink_stores(module);
  codegen::nvptx::keep_float_bits(module);
  codegen::nvptx::keep_zero_signs(module);
  codegen::nvptx::keep_loops(module);
  mend_names(module);
  result.times.optimise = watch.lap();
  if (request.want_llvm_ir) result.llvm_ir = text_of(module);
  watch.lap();
  const std::string ptx = emit_ptx(module, *target.machine, result.error);
  result.times.machine_code = watch.lap();
  if (!result.error.empty()) return false;
  result.asm_text = ptx;
  result.image.assign(ptx.begin(), ptx.end());
  return true;
}

}  // namespace cudapy::jit
