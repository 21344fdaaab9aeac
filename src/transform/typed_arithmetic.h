// What typed operations give for constants, to the last bit: integers wrap at their width, float32
// is computed as float32.
#pragma once

#include <optional>

#include "ir/tree.h"

namespace cudapy::transform {

// A constant of a known type. nullopt where the result is not the same everywhere (pow), or an
// error at run time (an integer division by zero).
using Value = ir::ConstantValue;

std::optional<Value> evaluate(ir::BinaryOp op, ir::Scalar type, const Value& a, const Value& b);
std::optional<Value> evaluate(ir::UnaryOp op, ir::Scalar type, const Value& a);
// Of the exact functions only: fabs, floor, ceil, trunc, rint, sqrt.
std::optional<Value> evaluate(ir::MathFunction function, ir::Scalar type, const Value& a);
bool evaluate(ir::CompareOp op, ir::Scalar type, const Value& a, const Value& b);
Value convert(ir::Scalar from, ir::Scalar to, const Value& a);

bool is_integer_value(const Value& value, ir::Scalar type, int64_t number);
bool is_float_value(const Value& value, ir::Scalar type, double number);

}  // namespace cudapy::transform
