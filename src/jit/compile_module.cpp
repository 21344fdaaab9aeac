// Runs the back half of a compile. See compile_module.h.
#include "jit/compile_module.h"

#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include "codegen/cpu/widen_masks.h"
#include "jit/emit.h"
#include "jit/inline_formulas.h"
#include "jit/link_image.h"
#include "jit/stopwatch.h"

namespace cudapy::jit {
namespace {

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, nullptr);
  return text;
}

// Only the entry is called from outside; what else is defined may be inlined away or dropped.
bool keep_only_entry(llvm::Module& module, const std::string& entry, std::string& error) {
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && function.getName() != entry)
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  llvm::Function* function = module.getFunction(entry);
  if (function == nullptr || function->isDeclaration()) {
    error = "no function '" + entry + "' was emitted";
    return false;
  }
  function->setDSOLocal(true);
  return true;
}

// Blocks, of which each check makes two or three.
bool is_long(const llvm::Module& module) {
  constexpr size_t kMostBlocks = 3000;
  size_t blocks = 0;
  for (const llvm::Function& function : module) blocks += function.size();
  return blocks > kMostBlocks;
}

}  // namespace

void prepare_module(llvm::Module& module, const Target& target) {
  module.setTargetTriple(target.machine->getTargetTriple());
  module.setDataLayout(target.machine->createDataLayout());
}

bool compile_module(llvm::Module& module, const std::string& entry, const Target& target,
                    const CompileRequest& request, runtime::CodeImage& image, CompileResult& result,
                    Pipeline pipeline) {
  if (!keep_only_entry(module, entry, result.error)) return false;
  set_target_attributes(module, target.info);
  if (request.want_unoptimised_llvm_ir) result.unoptimised_llvm_ir = text_of(module);

  Stopwatch watch;
  if (pipeline == Pipeline::kKernel && is_long(module)) {
    pipeline = Pipeline::kLongKernel;
    target.machine->setOptLevel(llvm::CodeGenOptLevel::None);
  }
  inline_formulas(*module.getFunction(entry));
  optimise(module, target, pipeline, request.is_abandoned);
  if (is_abandoned(request)) return false;
  if (!target.info.has_mask_registers) codegen::cpu::widen_masks(module);
  result.times.optimise = watch.lap();
  if (request.want_llvm_ir) result.llvm_ir = text_of(module);
  if (request.want_asm) result.asm_text = emit_assembly(module, *target.machine, result.error);
  if (!result.error.empty()) return false;

  if (is_abandoned(request)) return false;
  watch.lap();
  const auto object = emit_object(module, *target.machine, result.error);
  result.times.machine_code = watch.lap();
  if (!result.error.empty()) return false;
  const bool linked = link_image(object, entry, image, result.error);
  result.times.link = watch.lap();
  return linked;
}

}  // namespace cudapy::jit
