// Arrays from outside of the kernel: constants beside the code, row by row, that all lanes read.
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

constexpr unsigned kTableAlignment = 64;

// One for equal contents: a helper's is copied with each of its calls.
GlobalVariable* table_of(Module& module, const ir::Local& array, unsigned address_space) {
  const StringRef bytes(reinterpret_cast<const char*>(array.table.data()), array.table.size());
  Constant* content =
      ConstantDataArray::getRaw(bytes, bytes.size(), Type::getInt8Ty(module.getContext()));
  for (GlobalVariable& known : module.globals()) {
    if (known.isConstant() && known.hasInitializer() && known.getInitializer() == content &&
        known.getAddressSpace() == address_space) {
      return &known;
    }
  }
  auto* table = new GlobalVariable(module, content->getType(), /*isConstant=*/true,
                                   GlobalValue::PrivateLinkage, content, "cudapy_table", nullptr,
                                   GlobalValue::NotThreadLocal, address_space);
  table->setAlignment(Align(kTableAlignment));
  table->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  return table;
}

}  // namespace

void set_constant_arrays(BodyEmitter& body, IRBuilderBase& builder, const ir::Function& kernel,
                         unsigned address_space) {
  Module& module = *builder.GetInsertBlock()->getModule();
  for (size_t i = 0; i < kernel.locals.size(); ++i) {
    const ir::Local& array = kernel.locals[i];
    if (array.storage != ir::Storage::Constant) continue;
    Value* data = table_of(module, array, address_space);
    if (address_space != 0) data = builder.CreateAddrSpaceCast(data, builder.getPtrTy());
    body.set_array(static_cast<ir::LocalId>(i), declared_array(builder, array, data));
  }
}

}  // namespace cudapy::codegen::cpu
