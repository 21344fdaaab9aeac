// Nodes of the typed tree that passes make: integers and arithmetic of them.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

inline constexpr ir::Type kInt64 = ir::Type::of(ir::Scalar::I64);

// Both operands have the type of the result.
ir::ExprPtr binary(ir::BinaryOp op, ir::ExprPtr a, ir::ExprPtr b);
ir::ExprPtr integer(int64_t value, ir::Type type);
// As int64; 0 of null.
ir::ExprPtr widened(ir::ExprPtr expr);

}  // namespace cudapy::transform
