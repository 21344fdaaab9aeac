// Where the numbers that a kernel is given stand in its argument buffer, in the layout that
// cpu/kernel_abi.h states.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "ir/tree.h"
#include "transform/launch_number.h"

namespace cudapy::runtime {

struct ArgumentPlace {
  uint32_t offset = 0;  // bytes
  ir::Scalar type = ir::Scalar::I32;
};

// One a parameter: a scalar's own, with its type, or an array's address, with its elements' type.
std::vector<ArgumentPlace> lay_out_parameters(const ir::Function& kernel);

std::vector<ArgumentPlace> places_of(const std::vector<transform::LaunchNumber>& numbers,
                                     const ir::Function& kernel);

// Of type T; an array's address, lengths and strides are int64s.
template <typename T>
int64_t read_as(size_t offset, const unsigned char* arguments) {
  T value;
  std::memcpy(&value, arguments + offset, sizeof value);
  return static_cast<int64_t>(value);
}

// An integer. Of a uint64 above the largest int64 this is a negative number.
inline int64_t read_argument(const ArgumentPlace& place, const unsigned char* arguments) {
  switch (place.type) {
    case ir::Scalar::I8:
      return read_as<int8_t>(place.offset, arguments);
    case ir::Scalar::U8:
    case ir::Scalar::Bool:
      return read_as<uint8_t>(place.offset, arguments);
    case ir::Scalar::I16:
      return read_as<int16_t>(place.offset, arguments);
    case ir::Scalar::U16:
      return read_as<uint16_t>(place.offset, arguments);
    case ir::Scalar::I32:
      return read_as<int32_t>(place.offset, arguments);
    case ir::Scalar::U32:
      return read_as<uint32_t>(place.offset, arguments);
    default:
      return read_as<int64_t>(place.offset, arguments);
  }
}

}  // namespace cudapy::runtime
