// What compiled kernels and the runtime agree on. Codegen emits code against these layouts; change
// both together.
#pragma once

#include <atomic>
#include <cstdint>

namespace cudapy::runtime {

// Of a fault that has no place in the source: there is no memory for a block.
inline constexpr int32_t kNoMemorySite = INT32_MAX;

// The values of an exception's message that a fault's record has room for.
inline constexpr int kFaultValues = 8;

// The first fault of a launch. A thread that faults claims the record and fills it; whoever finds
// it claimed stops. Read it when no thread is in the kernel any more.
struct FaultRecord {
  std::atomic<int32_t> claimed{0};
  int32_t site = -1;  // index into the kernel's fault sites, or kNoMemorySite
  int64_t index = 0;  // of an index fault, with the array's length
  int64_t length = 0;
  int64_t thread[3] = {};  // idx, idy, idz
  // Of what a thread raises: those in its message, as bits; integers are widened by their sign.
  uint64_t values[kFaultValues] = {};
};

class Interruption;
class PrintBuffer;

// The size of a launch. Threads are those wanted; blocks cover them, so the last block of a
// dimension may be partly outside: threads outside never run (kernels without barriers).
struct Launch {
  int64_t threads[3];
  int64_t block[3];
  int64_t grid[3];
  FaultRecord* fault;                    // never null
  Interruption* interruption = nullptr;  // null: cannot be interrupted
  PrintBuffer* prints = nullptr;         // not null in kernels that print
  // How many threads a kernel's own blocks have along each axis, those that were not asked for
  // included: how far on a thread runs it again. Whatever `block` is, these are the blocks of
  // visible_block. Only for kernels with repeated_axes or takes_turns.
  int64_t extent[3] = {};
  int64_t seen_block[3] = {};  // what blockDim says in kernels with takes_turns
};

// One array argument in the argument buffer: 1-D and contiguous. Any other is
//     void* data; int64_t shape[rank]; int64_t strides[rank - 1, or rank if it is strided];
// with strides counted in elements (that of a dimension with no second element is 0); the last
// dimension's is 1 where it is left out.
struct ArrayArgument {
  void* data;
  int64_t length;
};

// Words of 8 bytes that an array argument takes.
constexpr int array_argument_words(int rank, bool strided) {
  return 1 + 2 * rank - (strided ? 0 : 1);
}

// Runs the blocks [block_begin, block_end), numbered x fastest, then y, then z. `arguments` holds
// the parameters in order, each aligned to its size: scalars as themselves (bool: one byte),
// arrays as stated above (aligned to 8).
using KernelEntry = void (*)(const void* arguments, const Launch* launch, int64_t block_begin,
                             int64_t block_end);

// What codegen tells the runtime about a kernel; stored as the code image's metadata.
struct KernelMetadata {
  int32_t gang_width = 1;        // threads of one vector
  int32_t uses_block_shape = 0;  // 0: the runtime may choose any block shape, no thread can see it
  int32_t uneven = 0;            // work differs among threads: small grains, handed out dynamically
  int32_t instructions = 0;   // a rough cost of one thread, for choosing grains and inline launches
  int32_t repeated_axes = 0;  // as ir::Function says
  int32_t takes_turns = 0;    // as transform::takes_turns says
  int32_t shares_columns = 0;  // threads one above the other read the same in loops
};

}  // namespace cudapy::runtime
