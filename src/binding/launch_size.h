// How many threads a launch wants, and in which blocks, from the arguments of `kernel(nx, ny, nz,
// block=...)`.
#pragma once

#include <Python.h>

#include <string>

#include "binding/py_ref.h"
#include "runtime/cpu/launch.h"

namespace cudapy::binding {

// The arguments of a call by the vectorcall protocol. False with an exception set that begins with
// the kernel's name. `stream` stays empty, or becomes a cudapy.Stream of the current GPU.
bool parse_launch_size(const std::string& kernel_name, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keyword_names, runtime::LaunchRequest& request, PyRef& stream);

}  // namespace cudapy::binding
