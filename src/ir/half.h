// The floats of 16 bits: float16 is IEEE's binary16, bfloat16 the upper half of a float32. They are
// how numbers are stored: an operation on them is carried out in float32 and its result rounded, on
// every device.
#pragma once

#include <cstdint>

#include "ir/type.h"

namespace cudapy::ir {

// The number of that float type that is nearest to `value`, halfway to even; beyond the largest,
// infinity.
double rounded(Scalar type, double value);

// Of F16 or BF16.
uint16_t half_bits(Scalar type, double value);
float half_value(Scalar type, uint16_t bits);

}  // namespace cudapy::ir
