// Gives every access and integer division that may fault a site: a number that compiled code
// reports, and what a user is then shown.
//
// Indices `idx + offset`, or the offset alone, are listed as row accesses where the offset is the
// same for a whole row of threads, or loops count it from one such value to another: codegen works
// out once a row from which thread to which thread all of them are inside their arrays, and checks
// none of them there. Before that, it tries to tell from the indices' hulls that a whole block
// needs no checks, whose rows are not looked at then. So `C[idy, idx] += A[idy, k] * B[k, idx]` in
// a loop over k is checked once a row.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// `shares_rows`: threads of a row are told about together. On a GPU each tells for itself, and what
// is clamped or wrapped is held against its array where it is used: that takes less than its
// bounds.
void place_checks(ir::Function& function, bool shares_rows);

// Gives each `raise` its fault site. Assertions are left out if `keep_assertions` is not set.
void place_raises(ir::Function& function, bool keep_assertions);

}  // namespace cudapy::transform
