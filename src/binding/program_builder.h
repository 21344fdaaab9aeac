// From Python function objects to the untyped kernel tree: reads their sources, parsed by CPython,
// finds every function they call, and lowers all of them. The one entry of the binding into the
// frontend.
#pragma once

#include <Python.h>

#include <optional>
#include <vector>

#include "ir/tree.h"
#include "support/diagnostic.h"

namespace cudapy::binding {

// Borrowed references; `nullptr` and None mean "not given".
struct ProgramRequest {
  // The kernel: a Python function, or an object whose `__wrapped__` is one (a Kernel); or a list or
  // tuple of them, the kernel first. Functions of the list are found by their names before globals
  // are looked at.
  PyObject* functions = nullptr;
  // One signature string for the kernel, or a list or tuple of them (items may be None): a string
  // that names its function belongs to that one, the others belong to the functions in order.
  PyObject* signatures = nullptr;
  // dict of name -> object: names of a template, bound in every function of the list before all
  // others. A function's own `__cudapy_bindings__` (a dict) does the same for that function alone.
  PyObject* bindings = nullptr;
  // cudapy._impl.source.read: function -> (filename, first line number, lines, line offset,
  // FunctionDef node). A cudapy._impl.source.SourceError that it raises becomes a diagnostic; other
  // exceptions pass through.
  PyObject* read_source = nullptr;
};

// The GIL is held; user code may run (attributes of captured objects, string annotations).
// `sources` receives what the diagnostics' spans refer to, also when there is no program, for
// cudapy::render(). nullopt: either `diagnostics` holds errors, or a Python exception is set
// (PyErr_Occurred()).
//
// What captured objects mean is decided by these attributes, so that Python classes can take part:
//   __cudapy_type__   a type in the signatures' grammar, "float32", "float32*", "void": the object
//   stands for this
//                     type in annotations and template bindings, and is a cast when a scalar type
//                     is called
//   __cudapy_name__   the object stands for one of cudapy's own names: "idx", "threadIdx",
//   "syncthreads"
//   __wrapped__       of an object that is not a function: the function to compile in its place
std::optional<ir::Program> build_program(const ProgramRequest& request, Diagnostics& diagnostics,
                                         std::vector<SourceText>& sources);

}  // namespace cudapy::binding
