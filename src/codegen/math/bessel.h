// What the Bessel functions of orders 0 and 1 share with those of higher orders.
#pragma once

#include "codegen/math/dsl.h"

namespace cudapy::codegen::math {

// J or, `second`, Y of order 0 or 1 of a double a from 2^-600 on; before rounding, and for doubles
// that are about to be rounded to float.
Pair bessel_to_pair(Real a, int order, bool second);
Real bessel_medium(Real a, int order, bool second);

}  // namespace cudapy::codegen::math
