// Reads the `ast.FunctionDef` that CPython's parser made into frontend::syntax. Needs the GIL.
// Stable-ABI calls only.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>

#include "frontend/syntax.h"

namespace cudapy::binding {

// `line_offset` is added to each line number. nullopt: a Python exception is set (the object was no
// such tree). Nodes that kernels cannot use are kept as `Unsupported`; that is no failure.
std::optional<frontend::syntax::FunctionDef> read_function(PyObject* function_def, uint16_t source,
                                                           int line_offset);

}  // namespace cudapy::binding
