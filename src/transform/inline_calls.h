// Replaces calls by the callee's body, so that one function is left.
#pragma once

#include "ir/tree.h"

namespace cudapy::transform {

// Takes functions[0] and what it calls, directly or not. A call becomes a Sequence that `is_frame`,
// or plain expressions where the callee is one `return`. Functions that call themselves are left as
// Defines at the head of the body.
ir::Function inline_calls(ir::Program program);

}  // namespace cudapy::transform
