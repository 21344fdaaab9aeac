// The formulas, one function each, grouped in files by what they share. All take and give float or
// double alike unless the name says otherwise, honour nan, infinities, signed zeros and subnormals
// as C99's annex F says, and leave the context's builder at the end of what they emitted.
#pragma once

#include "codegen/math/dsl.h"
#include "ir/math_function.h"

namespace cudapy::codegen::math {

// exponential.cpp
Real exp(Real x);
Real exp2(Real x);
Real exp10(Real x);
Real expm1(Real x);
Real sinh(Real x);
Real cosh(Real x);
Real tanh(Real x);
// e^(x.hi + x.lo), rounded once; the second times a factor between 2^-10 and 2.
Real exp_of_pair(Pair x);
Real exp_of_pair_times(Pair x, Pair factor);
// The same as a pair, |x| < 700.
Pair exp_to_pair(Pair x);
// e^x for doubles that are about to be rounded to float: relative error 2^-34, |x| < 700.
Real exp_medium(Real x);

// logarithm.cpp
Real log(Real x);
Real log2(Real x);
Real log10(Real x);
Real log1p(Real x);
Real asinh(Real x);
Real acosh(Real x);
Real atanh(Real x);
// log(x) of a positive normal double with a relative error of 2^-65.
Pair log_to_pair(Real x);
// log(x) and log(1 + x) for doubles that are about to be rounded to float: relative error 2^-37.
Real log_medium(Real x);
Real log1p_medium(Real x);

// power.cpp
Real pow(Real x, Real y);
Real rsqrt(Real x);
Real cbrt(Real x);
Real rcbrt(Real x);
Real hypot(Real x, Real y);
Real norm(std::span<const Real> x);
Real reciprocal_norm(std::span<const Real> x);

// trigonometric.cpp
Real sin(Real x);
Real cos(Real x);
Real tan(Real x);
Real sinpi(Real x);
Real cospi(Real x);
Real asin(Real x);
Real acos(Real x);
Real atan(Real x);
Real atan2(Real y, Real x);
// x less the nearest multiple of pi/2, and the low two bits of that multiple; |x| up to 2^17
// (float) or 2^20 (double).
struct Reduced {
  Pair angle;
  Int quadrant;
};
Reduced reduce_angle(Real x);
// sin and tan of angle + quadrant pi/2, for an angle between -pi/4 and pi/4; of the quadrant the
// low two bits count.
Real sin_of_angle(Pair angle, Int quadrant);
Real tan_of_angle(Pair angle, Int quadrant);
Pair sin_pair_of_angle(Pair angle, Int quadrant);

// error_function.cpp
Real erf(Real x);
Real erfc(Real x);
Real normcdf(Real x);
Real erfcx(Real x);
Real erfinv(Real x);
Real erfcinv(Real x);
Real normcdfinv(Real x);

// gamma.cpp
Real tgamma(Real x);
Real lgamma(Real x);

// modified_bessel.cpp
Real cyl_bessel_i0(Real x);
Real cyl_bessel_i1(Real x);

// bessel.cpp
Real j0(Real x);
Real j1(Real x);
Real y0(Real x);
Real y1(Real x);
// bessel_orders.cpp
Real jn(Int n, Real x);
Real yn(Int n, Real x);

// rounding.cpp
Real round_away(Real x);
Real fmod(Real x, Real y);
Real remainder(Real x, Real y);
Real ldexp(Real x, Int n);
Int ilogb(Real x);
Real logb(Real x);
Real nextafter(Real x, Real y);
Real fmin(Real x, Real y);
Real fmax(Real x, Real y);
Real fdim(Real x, Real y);
Real saturate(Real x);
Int to_int64(Real x);  // saturating, nan gives the smallest

// lanes.cpp: the scalar function of runtime/math, called for the lanes that are set.
//
//   while (lanes) { i = cttz(lanes); result[i] = cudapy_math_sinf(x[i]); lanes &= lanes - 1; }
llvm::Value* call_lanes(const Context& context, ir::MathFunction function,
                        llvm::ArrayRef<llvm::Value*> args, Bool lanes, llvm::Value* otherwise);
// fast, but what the scalar function gives in the few lanes that are rare; no cost if none is.
Real with_rare_lanes(Real fast, Bool rare, ir::MathFunction function,
                     llvm::ArrayRef<llvm::Value*> args);
// Gives a function of the module the target, vector width and denormal mode of its caller.
void copy_target_attributes(const llvm::Function& from, llvm::Function& to);

}  // namespace cudapy::codegen::math
