// What threads print. A gang hands over its lanes' values at once:
//
//     values[operand * W + lane] = each operand's bits, in 64
//     call cudapy_print(prints, site, lanes that are on, idx, idy, idz, values, operands, W)
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include "codegen/common/arithmetic.h"
#include "codegen/cpu/body_emitter.h"

namespace cudapy::codegen::cpu {

using namespace llvm;

namespace {

// `prints` is the launch's buffer, on a GPU the launch's number.
FunctionCallee print_function(IRBuilderBase& builder, Value* prints) {
  Module& module = *builder.GetInsertBlock()->getModule();
  Type* i64 = builder.getInt64Ty();
  Type* i32 = builder.getInt32Ty();
  Type* pointer = builder.getPtrTy();
  FunctionCallee callee = module.getOrInsertFunction(kPrint, builder.getVoidTy(), prints->getType(),
                                                     i32, i64, i64, i64, i64, pointer, i32, i32);
  cast<Function>(callee.getCallee())->setDoesNotThrow();
  return callee;
}

}  // namespace

void BodyEmitter::emit_print(const ir::Stmt& stmt) {
  const auto width = static_cast<unsigned>(options_.gang_width);
  Type* i64 = builder_.getInt64Ty();
  const size_t count = stmt.operands.size();
  AllocaInst* values = entry_slot(ArrayType::get(i64, std::max<size_t>(count, 1) * width));
  for (size_t i = 0; i < count; ++i) {
    const ir::Expr& operand = *stmt.operands[i];
    const Lanes lanes = emit(operand);
    Value* value = scalar_code() ? lanes.value : to_vector(lanes);
    builder_.CreateAlignedStore(bits_of(builder_, value, operand.type.scalar),
                                builder_.CreateConstGEP1_64(i64, values, i * width), Align(8));
  }
  auto wide = [&](Value* value) { return builder_.CreateSExtOrTrunc(value, i64); };
  Value* on = scalar_code() ? builder_.getInt64(1)
                            : builder_.CreateZExtOrTrunc(lane_bits(state_.mask), i64);
  const auto print = [&](Value* lanes, Value* x, Value* y, Value* z) {
    builder_.CreateCall(
        print_function(builder_, prints_),
        {prints_, builder_.getInt32(static_cast<uint32_t>(stmt.fault_site)), lanes, wide(x),
         wide(y), wide(z), values, builder_.getInt32(static_cast<uint32_t>(count)),
         builder_.getInt32(width)});
  };
  if (!position_.idx->getType()->isVectorTy())
    return print(on, position_.idx, position_.idy, position_.idz);
  // Lanes of several rows, one by one: lane i is i threads behind the one that is named.
  for (uint64_t lane = 0; lane < width; ++lane) {
    Value* x = wide(builder_.CreateExtractElement(position_.idx, lane));
    print(builder_.CreateAnd(on, builder_.getInt64(uint64_t{1} << lane)),
          builder_.CreateSub(x, builder_.getInt64(lane)),
          builder_.CreateExtractElement(position_.idy, lane),
          builder_.CreateExtractElement(position_.idz, lane));
  }
}

}  // namespace cudapy::codegen::cpu
