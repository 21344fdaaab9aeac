// The structs of DLPack's stable C interface, written from its specification: capsules of versions
// 0.x ("dltensor") and 1.x ("dltensor_versioned"), and the table of functions that types may have.
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

inline constexpr uint32_t kDLMajorVersion = 1;
inline constexpr uint32_t kDLMinorVersion = 3;
inline constexpr uint64_t kDLReadOnly = 1U << 0;  // flags
inline constexpr uint64_t kDLIsCopied = 1U << 1;

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
  int64_t* strides;  // in elements; null, before version 1.2: C order
  uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};

struct DLPackVersion {
  uint32_t major;
  uint32_t minor;
};

// Of another major version all that is known is where the version and the deleter are.
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  uint64_t flags;
  DLTensor dl_tensor;
};

struct DLPackExchangeHeader {
  DLPackVersion version;
  DLPackExchangeHeader* prev_api;  // of an earlier major version; null: there is none
};

// In the capsule "dlpack_exchange_api", the attribute `__dlpack_c_exchange_api__` of a type. The
// functions give 0, or -1 with an exception set; objects are of the type that the table is from.
struct DLPackExchangeAPI {
  DLPackExchangeHeader header;
  int (*managed_tensor_allocator)(DLTensor*, DLManagedTensorVersioned**, void*,
                                  void (*)(void*, const char*, const char*));
  // Does not wait for the work that fills the tensor.
  int (*managed_tensor_from_py_object_no_sync)(void*, DLManagedTensorVersioned**);
  int (*managed_tensor_to_py_object_no_sync)(DLManagedTensorVersioned*, void**);
  int (*dltensor_from_py_object_no_sync)(void*, DLTensor*);
  int (*current_work_stream)(int32_t, int32_t, void**);
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
