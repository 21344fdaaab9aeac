// LLVM modules from text, compiled and run: what the tests of jit/ share.
#pragma once

#include <llvm/AsmParser/Parser.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Target/TargetMachine.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "jit/compile_module.h"

namespace cudapy::jit {

struct ParsedModule {
  explicit ParsedModule(const std::string& text) {
    llvm::SMDiagnostic diagnostic;
    module = llvm::parseAssemblyString(text, diagnostic, context);
    if (module == nullptr) throw std::runtime_error(diagnostic.getMessage().str());
  }

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
};

inline Target target_for(const std::string& isa) {
  std::string error;
  Target target = create_target(isa, error);
  if (target.machine == nullptr) throw std::runtime_error(error);
  return target;
}

struct Compiled {
  bool ok = false;
  runtime::CodeImage image;
  CompileResult result;
};

// Compiles the text's function `entry`.
inline Compiled compile_text(const std::string& text, const std::string& isa = "",
                             const CompileRequest& request = {},
                             const std::string& entry = "entry") {
  const Target target = target_for(isa);
  ParsedModule parsed(text);
  prepare_module(*parsed.module, target);
  Compiled compiled;
  compiled.ok =
      compile_module(*parsed.module, entry, target, request, compiled.image, compiled.result);
  return compiled;
}

}  // namespace cudapy::jit
