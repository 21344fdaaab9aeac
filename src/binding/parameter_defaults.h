// How a launch's arguments find their parameters: by position, by keyword, or by the parameter's
// default, as in a call of the Python function that the kernel was made of.
#pragma once

#include <Python.h>

#include <vector>

#include "binding/kernel.h"

namespace cudapy::binding {

// Completes the parameters of a kernel whose source was just read with what its function says of
// them: which are given by position only or by keyword only, and their defaults, of which the
// kernel keeps a tuple. False with an exception set.
bool read_parameter_kinds(KernelObject* kernel, PyObject* function,
                          std::vector<Parameter>& parameters);

// `arguments` are `count` positional ones and then one for each of `keyword_names` (nullptr: none).
// Fills `ordered` with one borrowed object a parameter. False with an exception set.
bool order_arguments(const KernelObject* kernel, PyObject* const* arguments, size_t count,
                     PyObject* keyword_names, std::vector<PyObject*>& ordered);

}  // namespace cudapy::binding
