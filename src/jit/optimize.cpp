// Builds and runs the optimisation pipelines. See optimize.h.
#include "jit/optimize.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassInstrumentation.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/DeadStoreElimination.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/InstSimplifyPass.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/Scalarizer.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "jit/masked_loads.h"

namespace cudapy::jit {
namespace {

using namespace llvm;
using jit::Target;

// Kernels may call the memory functions and what codegen names itself, no other library.
TargetLibraryInfoImpl kernel_library(const Triple& triple) {
  TargetLibraryInfoImpl library(triple);
  library.disableAllFunctions();
  for (const LibFunc function : {LibFunc_memcpy, LibFunc_memmove, LibFunc_memset})
    library.setAvailable(function);
  return library;
}

bool has_allocas(const Module& module) {
  for (const Function& function : module) {
    for (const Instruction& instruction : instructions(function)) {
      if (isa<AllocaInst>(instruction)) return true;
    }
  }
  return false;
}

// The loop counter that a condition compares, seen through a step and a change of width.
const PHINode* compared_counter(const Value* value) {
  while (const auto* step = dyn_cast<Instruction>(value)) {
    if (const auto* phi = dyn_cast<PHINode>(step)) return phi;
    if (!isa<CastInst>(step) && step->getOpcode() != Instruction::Add) return nullptr;
    value = step->getOperand(0);
  }
  return nullptr;
}

// Whether a branch compares a counter with a small constant: a loop that may be worth unrolling.
bool has_short_loops(const Module& module) {
  constexpr uint64_t kShort = 64;
  for (const Function& function : module) {
    for (const Instruction& instruction : instructions(function)) {
      const auto* compare = dyn_cast<ICmpInst>(&instruction);
      if (compare == nullptr) continue;
      const auto* bound = dyn_cast<ConstantInt>(compare->getOperand(1));
      if (bound != nullptr && bound->getValue().abs().ule(kShort) &&
          compared_counter(compare->getOperand(0)) != nullptr) {
        return true;
      }
    }
  }
  return false;
}

LoopPassManager canonical_loops() {
  LoopPassManager loops;
  loops.addPass(LoopRotatePass());
  loops.addPass(LICMPass(LICMOptions()));
  return loops;
}

FunctionPassManager kernel_passes(const Module& module, const codegen::cpu::TargetInfo& info,
                                  bool is_long) {
  FunctionPassManager passes;
  if (has_allocas(module)) passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(SimplifyCFGPass());
  // InstCombine makes `mask ? n + 1 : n` an `n - sext(mask)`. That is what vectors of mask words
  // want, but with mask registers it costs two instructions where a masked addition is one
  // (Mandelbrot: 24.2 ms without, 26.6 with, on Zen 4; on AVX2 38.3 without, 37.2 with).
  if (info.has_mask_registers) {
    passes.addPass(InstSimplifyPass());
  } else {
    passes.addPass(HoldMaskedLoads());
    passes.addPass(InstCombinePass(InstCombineOptions().setVerifyFixpoint(false)));
    passes.addPass(ReleaseMaskedLoads());
  }
  passes.addPass(createFunctionToLoopPassAdaptor(canonical_loops(), /*UseMemorySSA=*/true));
  passes.addPass(SimplifyCFGPass());
  if (is_long) return passes;
  if (has_short_loops(module)) {
    passes.addPass(createFunctionToLoopPassAdaptor(
        LoopFullUnrollPass(/*OptLevel=*/2, /*OnlyWhenForced=*/false), /*UseMemorySSA=*/false));
  }
  passes.addPass(GVNPass());
  passes.addPass(InstSimplifyPass());
  passes.addPass(DSEPass());
  passes.addPass(ADCEPass());
  passes.addPass(SimplifyCFGPass());
  return passes;
}

// Cold functions are inlined last: what records a fault is a block of two dozen instructions for
// each check, which all passes would go through.
constexpr const char* kInlinedLast = "cudapy-inlined-last";

struct HoldColdFunctions : PassInfoMixin<HoldColdFunctions> {
  static PreservedAnalyses run(Module& module, ModuleAnalysisManager&) {
    for (Function& function : module) {
      if (!function.hasFnAttribute(Attribute::Cold) ||
          !function.hasFnAttribute(Attribute::AlwaysInline))
        continue;
      function.removeFnAttr(Attribute::AlwaysInline);
      function.addFnAttr(Attribute::NoInline);
      function.addFnAttr(kInlinedLast);
    }
    return PreservedAnalyses::all();
  }
};

struct ReleaseColdFunctions : PassInfoMixin<ReleaseColdFunctions> {
  static PreservedAnalyses run(Module& module, ModuleAnalysisManager&) {
    for (Function& function : module) {
      if (!function.hasFnAttribute(kInlinedLast)) continue;
      function.removeFnAttr(Attribute::NoInline);
      function.addFnAttr(Attribute::AlwaysInline);
    }
    return PreservedAnalyses::all();
  }
};

// As -O3 has them, each where it does most; what it runs again, between functions and for vectors
// is left out. Loops are unrolled before the last rounds, so that arrays that a thread declares
// become registers where constants index them.
constexpr const char* kGpuPasses =
    "always-inline,"
    "function("
    "sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,"
    "loop-mssa(loop-rotate,licm<allowspeculation>,simple-loop-unswitch<nontrivial;trivial>),"
    "simplifycfg,"
    "loop(loop-unroll-full,indvars,loop-deletion),"
    "sroa<modify-cfg>,gvn,correlated-propagation,instcombine<no-verify-fixpoint>,dse,adce,"
    "loop-mssa(licm<allowspeculation>),"
    "simplifycfg,loop-unroll<O3>,instsimplify,simplifycfg"
    ")";
constexpr const char* kGpuPassesAtLast = "always-inline,function(early-cse,simplifycfg),globaldce";

OptimizationLevel llvm_level(Pipeline pipeline) {
  switch (pipeline) {
    case Pipeline::kLlvmO1:
      return OptimizationLevel::O1;
    case Pipeline::kLlvmO2:
      return OptimizationLevel::O2;
    case Pipeline::kKernel:
    case Pipeline::kLongKernel:
    case Pipeline::kGpuKernel:
    case Pipeline::kLlvmO3:
      break;
  }
  return OptimizationLevel::O3;
}

}  // namespace

void optimise(Module& module, const Target& target, Pipeline pipeline,
              const std::atomic<bool>* is_abandoned) {
  TargetMachine& machine = *target.machine;
  LoopAnalysisManager loop_analyses;
  FunctionAnalysisManager function_analyses;
  CGSCCAnalysisManager call_graph_analyses;
  ModuleAnalysisManager module_analyses;

  PassInstrumentationCallbacks callbacks;
  if (is_abandoned != nullptr) {
    callbacks.registerShouldRunOptionalPassCallback(
        [is_abandoned](StringRef, const Any&) { return !*is_abandoned; });
  }
  PassBuilder builder(&machine, PipelineTuningOptions(), std::nullopt, &callbacks);
  const TargetLibraryInfoImpl library = kernel_library(machine.getTargetTriple());
  function_analyses.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(module_analyses);
  builder.registerCGSCCAnalyses(call_graph_analyses);
  builder.registerFunctionAnalyses(function_analyses);
  builder.registerLoopAnalyses(loop_analyses);
  builder.crossRegisterProxies(loop_analyses, function_analyses, call_graph_analyses,
                               module_analyses);

  ModulePassManager passes;
  if (pipeline == Pipeline::kKernel || pipeline == Pipeline::kLongKernel) {
    passes.addPass(createModuleToFunctionPassAdaptor(
        kernel_passes(module, target.info, pipeline == Pipeline::kLongKernel)));
  } else {
    // A GPU computes lane by lane: loops of gangs are then as long as they look.
    if (target.info.is_gpu) passes.addPass(createModuleToFunctionPassAdaptor(ScalarizerPass()));
    passes.addPass(createModuleToFunctionPassAdaptor(HoldMaskedLoads()));
    if (pipeline == Pipeline::kGpuKernel) {
      passes.addPass(HoldColdFunctions());
      cantFail(builder.parsePassPipeline(passes, kGpuPasses));
      passes.addPass(ReleaseColdFunctions());
      cantFail(builder.parsePassPipeline(passes, kGpuPassesAtLast));
    } else {
      passes.addPass(builder.buildPerModuleDefaultPipeline(llvm_level(pipeline)));
    }
    passes.addPass(createModuleToFunctionPassAdaptor(ReleaseMaskedLoads()));
  }
  passes.run(module, module_analyses);
}

}  // namespace cudapy::jit
