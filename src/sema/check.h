// Type inference and checking: the untyped tree of the frontend in, the typed tree out.
//
// Types are inferred for the kernel as called with `argument_types`, and for each helper once per
// distinct list of argument types that it is called with. Every rule of the language about types
// lives here: what meets what, which conversions are silent, what a literal becomes. All mistakes
// are reported, and none of them twice.
#pragma once

#include <optional>
#include <span>

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::sema {

struct Options {
  bool wide_index = false;  // idx, idy, idz and len are int64
};

// `untyped.functions[0]` is the kernel; `argument_types` has a strong Scalar or an Array type for
// each of its parameters, which win over a written signature. In the result functions[0] is the
// kernel and the others are its helpers' instances. Nothing is returned if and only if an error was
// added to `diagnostics`.
std::optional<ir::Program> check(const ir::Program& untyped,
                                 std::span<const ir::Type> argument_types, const Options& options,
                                 Diagnostics& diagnostics);

}  // namespace cudapy::sema
