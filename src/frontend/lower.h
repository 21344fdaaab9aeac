// From syntax to the untyped kernel tree: every name resolved, every callee found and lowered as
// well, and the forms that have no node of their own taken apart (comparison chains, enumerate and
// zip, augmented and tuple assignment, divmod).
//
// All mistakes of all functions are reported; after one, the lowering goes on with a placeholder,
// so that one slip is one message.
#pragma once

#include <optional>

#include "frontend/resolver.h"
#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::frontend {

// The program of function 0 and everything that it calls; `Program::sources` is left to the caller,
// who knows them. nullopt: errors were added (or, after Resolved::Kind::Failed, a Python exception
// is pending).
std::optional<ir::Program> lower(NameResolver& resolver, Diagnostics& diagnostics);

}  // namespace cudapy::frontend
