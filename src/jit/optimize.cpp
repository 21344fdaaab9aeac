// Builds and runs the optimisation pipelines. See optimize.h.
#include "jit/optimize.h"

#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/ADCE.h>
#include <llvm/Transforms/Scalar/DeadStoreElimination.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Scalar/IndVarSimplify.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopDeletion.h>
#include <llvm/Transforms/Scalar/LoopInstSimplify.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopRotation.h>
#include <llvm/Transforms/Scalar/LoopSimplifyCFG.h>
#include <llvm/Transforms/Scalar/LoopUnrollPass.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimpleLoopUnswitch.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>
#include <llvm/Transforms/Utils/LCSSA.h>
#include <llvm/Transforms/Utils/LoopSimplify.h>

namespace cudapy::jit {
namespace {

using namespace llvm;

// Kernels may call the memory functions and what codegen names itself, no other library.
TargetLibraryInfoImpl kernel_library(const Triple& triple) {
  TargetLibraryInfoImpl library(triple);
  library.disableAllFunctions();
  for (const LibFunc function : {LibFunc_memcpy, LibFunc_memmove, LibFunc_memset})
    library.setAvailable(function);
  return library;
}

LoopPassManager canonical_loops() {
  LoopPassManager loops;
  loops.addPass(LoopInstSimplifyPass());
  loops.addPass(LoopSimplifyCFGPass());
  loops.addPass(LICMPass(LICMOptions()));
  loops.addPass(LoopRotatePass());
  loops.addPass(LICMPass(LICMOptions()));
  return loops;
}

LoopPassManager counted_loops() {
  LoopPassManager loops;
  loops.addPass(IndVarSimplifyPass());
  loops.addPass(LoopDeletionPass());
  loops.addPass(LoopFullUnrollPass(/*OptLevel=*/2, /*OnlyWhenForced=*/false));
  return loops;
}

FunctionPassManager kernel_passes() {
  FunctionPassManager passes;
  passes.addPass(SROAPass(SROAOptions::ModifyCFG));
  passes.addPass(EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(SimplifyCFGPass());
  passes.addPass(InstCombinePass());
  passes.addPass(createFunctionToLoopPassAdaptor(canonical_loops(), /*UseMemorySSA=*/true));
  passes.addPass(SimplifyCFGPass());
  passes.addPass(createFunctionToLoopPassAdaptor(counted_loops(), /*UseMemorySSA=*/false));
  passes.addPass(GVNPass());
  passes.addPass(InstCombinePass());
  passes.addPass(DSEPass());
  passes.addPass(createFunctionToLoopPassAdaptor(LICMPass(LICMOptions()), /*UseMemorySSA=*/true));
  passes.addPass(ADCEPass());
  passes.addPass(SimplifyCFGPass());
  return passes;
}

OptimizationLevel llvm_level(Pipeline pipeline) {
  switch (pipeline) {
    case Pipeline::kLlvmO1:
      return OptimizationLevel::O1;
    case Pipeline::kLlvmO2:
      return OptimizationLevel::O2;
    case Pipeline::kKernel:
    case Pipeline::kLlvmO3:
      break;
  }
  return OptimizationLevel::O3;
}

}  // namespace

void optimise(Module& module, TargetMachine& machine, Pipeline pipeline) {
  LoopAnalysisManager loop_analyses;
  FunctionAnalysisManager function_analyses;
  CGSCCAnalysisManager call_graph_analyses;
  ModuleAnalysisManager module_analyses;

  PassBuilder builder(&machine);
  const TargetLibraryInfoImpl library = kernel_library(machine.getTargetTriple());
  function_analyses.registerPass([&] { return TargetLibraryAnalysis(library); });
  builder.registerModuleAnalyses(module_analyses);
  builder.registerCGSCCAnalyses(call_graph_analyses);
  builder.registerFunctionAnalyses(function_analyses);
  builder.registerLoopAnalyses(loop_analyses);
  builder.crossRegisterProxies(loop_analyses, function_analyses, call_graph_analyses,
                               module_analyses);

  ModulePassManager passes;
  if (pipeline == Pipeline::kKernel) {
    passes.addPass(createModuleToFunctionPassAdaptor(kernel_passes()));
  } else {
    passes = builder.buildPerModuleDefaultPipeline(llvm_level(pipeline));
  }
  passes.run(module, module_analyses);
}

}  // namespace cudapy::jit
