// The structs of DLPack's stable C interface (version 0.x capsules, named "dltensor"), written from
// its specification.
#pragma once

#include <cstdint>
#include <optional>

#include "ir/type.h"

namespace cudapy::binding {

// NOLINTBEGIN(readability-identifier-naming): DLPack's own names
inline constexpr int kDLCPU = 1;
inline constexpr int kDLCUDA = 2;
inline constexpr int kDLCUDAHost = 3;
inline constexpr int kDLCUDAManaged = 13;

struct DLDevice {
  int32_t device_type;
  int32_t device_id;
};

struct DLDataType {
  uint8_t code;  // 0 int, 1 unsigned, 2 float, 4 bfloat, 5 complex, 6 bool
  uint8_t bits;
  uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null: C order
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};
// NOLINTEND(readability-identifier-naming)

inline DLDataType dlpack_type(ir::Scalar scalar) {
  const auto bits = static_cast<uint8_t>(8 * ir::size_of(scalar));
  if (scalar == ir::Scalar::Bool) return {6, 8, 1};
  if (scalar == ir::Scalar::BF16) return {4, bits, 1};
  if (ir::is_float(scalar)) return {2, bits, 1};
  if (ir::is_complex(scalar)) return {5, bits, 1};
  return {static_cast<uint8_t>(ir::is_unsigned(scalar) ? 1 : 0), bits, 1};
}

inline std::optional<ir::Scalar> scalar_of_dlpack(DLDataType type) {
  for (int i = 0; i < ir::kScalars; ++i) {
    const auto scalar = static_cast<ir::Scalar>(i);
    const DLDataType candidate = dlpack_type(scalar);
    if (candidate.code == type.code && candidate.bits == type.bits && type.lanes == 1)
      return scalar;
  }
  return std::nullopt;
}

}  // namespace cudapy::binding
