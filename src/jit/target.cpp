// Creates LLVM target machines. See target.h.
#include "jit/target.h"

#include <llvm/IR/Function.h>
#include <llvm/IR/Module.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>

#include <array>
#include <mutex>

#include "jit/fatal_error.h"
#include "runtime/cpu/host.h"

namespace cudapy::jit {
namespace {

using codegen::cpu::TargetInfo;

constexpr const char* kX86Triple = "x86_64-unknown-linux-gnu";
constexpr const char* kAArch64Triple = "aarch64-unknown-linux-gnu";

// What LLVM calls a level.
struct CpuName {
  std::string triple;
  std::string cpu;
  std::string features;
};

CpuName named_level(runtime::IsaLevel level) {
  switch (level) {
    case runtime::IsaLevel::kSse2:
      return {kX86Triple, "x86-64", ""};
    case runtime::IsaLevel::kSse4:
      return {kX86Triple, "x86-64-v2", ""};
    case runtime::IsaLevel::kAvx2:
      return {kX86Triple, "x86-64-v3", ""};
    case runtime::IsaLevel::kAvx512:
      return {kX86Triple, "x86-64-v4", ""};
    case runtime::IsaLevel::kNeon:
      return {kAArch64Triple, "generic", ""};
  }
  return {};
}

// The CPU that this runs on. Features are listed one by one, both ways: a hypervisor or the
// operating system may hide some that the CPU's name implies. On x86 code is scheduled for the
// level, not for the CPU's own model: compared on Zen 4, LLVM's model of it makes Mandelbrot 7 %
// slower, other kernels no faster, and all of them take 10 to 15 % longer to compile.
CpuName host_level() {
  static const CpuName host = [] {
    CpuName found = named_level(runtime::host_cpu().level);
    if (runtime::host_cpu().level == runtime::IsaLevel::kNeon)
      found.cpu = llvm::sys::getHostCPUName().str();
    for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
      if (!found.features.empty()) found.features += ',';
      found.features += (feature.second ? '+' : '-') + feature.first().str();
    }
    return found;
  }();
  return host;
}

TargetInfo describe(const llvm::TargetMachine& machine, runtime::IsaLevel level) {
  const llvm::MCSubtargetInfo& subtarget = *machine.getMCSubtargetInfo();
  TargetInfo info;
  info.isa = runtime::isa_name(level);
  info.triple = machine.getTargetTriple().str();
  if (machine.getTargetTriple().isAArch64()) {
    info.native_vector_bits = 128;
    info.vector_registers = 32;
    info.has_fma = true;
    return info;
  }
  const bool avx512 = level == runtime::IsaLevel::kAvx512;
  const bool avx2 = avx512 || level == runtime::IsaLevel::kAvx2;
  info.native_vector_bits = avx512 ? 512 : avx2 ? 256 : 128;
  info.vector_registers = avx512 ? 32 : 16;
  info.has_fma = subtarget.checkFeatures("+fma");
  info.has_float16 = subtarget.checkFeatures("+f16c") || info.isa == "neon";
  info.has_masked_ops = avx2;
  info.has_mask_registers = avx512;
  info.has_gather = avx2;
  return info;
}

// Options of LLVM's that have no other way in, for the process. Loop strength reduction takes a
// millisecond for a kernel and gains nothing measurable: the addresses of vector code fit the
// addressing modes. Merging of equal ends of blocks would undo the rotation of loops: the test
// before the first turn and the one after each are the same.
void set_llvm_options() {
  const auto& options = llvm::cl::getRegisteredOptions();
  const auto set = [&](const char* name, const char* value) {
    if (const auto found = options.find(name); found != options.end())
      found->second->addOccurrence(0, name, value);
  };
  set("disable-lsr", "true");
  set("enable-tail-merge", "false");
}

}  // namespace

Target::Target() = default;
Target::~Target() = default;
Target::Target(Target&&) noexcept = default;
Target& Target::operator=(Target&&) noexcept = default;

void initialise_llvm() {
  static std::once_flag once;
  std::call_once(once, [] {
    throw_on_fatal_errors();
    set_llvm_options();
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
}

Target create_target(const std::string& isa, std::string& error) {
  initialise_llvm();
  const auto level =
      isa.empty() ? std::optional(runtime::host_cpu().level) : runtime::isa_from_name(isa);
  if (!level) {
    error = "unknown instruction set '" + isa + "': expected sse2, sse4, avx2, avx512 or neon";
    return {};
  }
  const CpuName name = isa.empty() ? host_level() : named_level(*level);
  const llvm::Triple triple(name.triple);
  const llvm::Target* registered = llvm::TargetRegistry::lookupTarget(triple, error);
  if (registered == nullptr) return {};

  llvm::TargetOptions options;
  // Products and sums are fused where the kernel's tree says so, never by the back end on its own:
  // all gang widths and devices must round alike.
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  Target target;
  target.machine.reset(registered->createTargetMachine(triple, name.cpu, name.features, options,
                                                       llvm::Reloc::PIC_, llvm::CodeModel::Small,
                                                       llvm::CodeGenOptLevel::Aggressive));
  if (target.machine == nullptr) {
    error = "LLVM cannot make a target machine for " + name.triple + " " + name.cpu;
    return {};
  }
  target.info = describe(*target.machine, *level);
  return target;
}

void drop_byte_instructions(llvm::Module& module, const Target& target) {
  if (target.info.isa != "avx512") return;
  const std::string features = target.machine->getTargetFeatureString().str();
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.addFnAttr("target-features", features.empty() ? "-avx512bw" : features + ",-avx512bw");
  }
}

void set_target_attributes(llvm::Module& module, const TargetInfo& info) {
  const std::string width = std::to_string(info.native_vector_bits);
  for (llvm::Function& function : module) {
    function.setDoesNotThrow();
    if (function.isDeclaration()) {
      if (!function.isIntrinsic()) function.addFnAttr(llvm::Attribute::NonLazyBind);
      continue;
    }
    function.addFnAttr("min-legal-vector-width", width);
    function.addFnAttr("prefer-vector-width", width);
  }
  module.setRtLibUseGOT();
}

}  // namespace cudapy::jit
