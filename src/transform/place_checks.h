// Gives every access and integer division that may fault a site: a number that compiled code
// reports, and what a user is then shown.
//
// Accesses at `idx + offset`, where the offset is the same for a whole row of threads, are listed
// as row accesses: codegen works out once a row from which thread to which thread all of them are
// inside their arrays, and checks none of them there.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

void place_checks(ir::Function& function);

// Gives each `raise` its fault site. Assertions are left out if `keep_assertions` is not set.
void place_raises(ir::Function& function, bool keep_assertions);

}  // namespace cudapy::transform
