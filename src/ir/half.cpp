// Rounds with the machine's own float64, which holds every step exactly.
#include "ir/half.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace cudapy::ir {

namespace {

struct Format {
  int digits;  // of the significand, the hidden one too
  int least_exponent;
  double largest;
};

constexpr Format format_of(Scalar type) {
  return type == Scalar::F16 ? Format{11, -14, 65504.0} : Format{8, -126, 0x1.FEp127};
}

}  // namespace

double rounded(Scalar type, double value) {
  if (type == Scalar::F32) return static_cast<float>(value);
  if (type == Scalar::F64 || value == 0 || !std::isfinite(value)) return value;
  const Format format = format_of(type);
  const int exponent = std::max(std::ilogb(value), format.least_exponent);
  const int scale = format.digits - 1 - exponent;
  const double near = std::ldexp(std::nearbyint(std::ldexp(value, scale)), -scale);
  return std::fabs(near) > format.largest
             ? std::copysign(std::numeric_limits<double>::infinity(), value)
             : near;
}

uint16_t half_bits(Scalar type, double value) {
  const double near = rounded(type, value);
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(near));
  if (type == Scalar::BF16)
    return static_cast<uint16_t>(bits >> 16 | (std::isnan(near) ? 0x40 : 0));
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (std::isnan(near)) return sign | 0x7E00;
  if (std::isinf(near)) return sign | 0x7C00;
  const double size = std::fabs(near);
  if (size < 0x1p-14) return static_cast<uint16_t>(sign | static_cast<int>(size * 0x1p24));
  return static_cast<uint16_t>(sign | ((bits & 0x7FFFFFFF) - (112U << 23)) >> 13);
}

float half_value(Scalar type, uint16_t bits) {
  if (type == Scalar::BF16) return std::bit_cast<float>(uint32_t{bits} << 16);
  const uint32_t sign = uint32_t{bits & 0x8000U} << 16;
  const uint32_t rest = uint32_t{bits & 0x7FFFU} << 13;
  // As a float32 of the same bits it is 2**112 times too small.
  uint32_t wide = std::bit_cast<uint32_t>(std::bit_cast<float>(rest) * 0x1p112F);
  if ((bits & 0x7C00) == 0x7C00) wide |= 0x7F800000;
  return std::bit_cast<float>(wide | sign);
}

}  // namespace cudapy::ir
