// How much memory the arrays of a block take in a launch that decides their sizes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/tree.h"
#include "runtime/argument_places.h"

namespace cudapy::runtime {

// The shared arrays of a kernel. `sizes` name parameters by what they have in the argument buffer:
// a step's value is an index into `parameters`.
struct BlockArrays {
  struct Array {
    std::string name;
    std::string text;  // the shape, as it is written
    ir::Scalar element = ir::Scalar::F32;
    std::vector<ir::ArraySize> sizes;  // one for each dimension
  };
  std::vector<Array> arrays;  // none: their memory is no concern of the launch
  std::vector<ArgumentPlace> parameters;
};

// Of a kernel that is ready for code generation.
BlockArrays find_block_arrays(const ir::Function& kernel);

// What the arrays take for blocks of this shape, each at a multiple of ir::kBlockArrayAlign. An
// error text if a length is negative, or all of it is more than `most`.
std::string block_bytes(const BlockArrays& arrays, const void* arguments, const int64_t (&block)[3],
                        int64_t most, int64_t& bytes);

}  // namespace cudapy::runtime
