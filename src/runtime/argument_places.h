// Where the numbers that a kernel is given stand in its argument buffer, in the layout that
// cpu/kernel_abi.h states.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/tree.h"

namespace cudapy::runtime {

struct ArgumentPlace {
  uint32_t offset = 0;  // bytes
  ir::Scalar type = ir::Scalar::I32;
};

// One a parameter: a scalar's own, with its type, or an array's address, with its elements' type.
std::vector<ArgumentPlace> lay_out_parameters(const ir::Function& kernel);

// An integer. Of a uint64 above the largest int64 this is a negative number.
int64_t read_argument(const ArgumentPlace& place, const unsigned char* arguments);

}  // namespace cudapy::runtime
