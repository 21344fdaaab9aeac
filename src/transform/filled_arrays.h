// Which arrays of a block need no zeros at its start: all that is read of them has been written.
//
//     a[ty, tx] = A[...]      every thread writes its element, and none has left before
//     syncthreads()
//     ... a[ty, k] ...        all that is read lies in what the threads wrote
//
// What a thread that has a fault on the way would have written is not.
#pragma once

#include <vector>

#include "ir/tree.h"

namespace cudapy::transform {

// Per local. Of a function that went through all passes and is made for one shape of blocks; of
// others nothing is known.
std::vector<bool> arrays_filled_before_read(const ir::Function& function);

}  // namespace cudapy::transform
