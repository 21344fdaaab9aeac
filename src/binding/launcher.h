// cudapy.Launcher: a kernel with the number of threads wanted. Calling it with the arguments
// launches.
#pragma once

#include <Python.h>

#include "binding/kernel.h"
#include "runtime/cpu/launch.h"

namespace cudapy::binding {

struct LauncherObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  KernelObject* kernel;  // owned
  runtime::LaunchRequest request;
  PyObject* stream;  // owned, a cudapy.Stream; null: that of the `with` block around the launch
};

bool define_launcher(PyObject* module);

// kernel(nx, ny=1, nz=1, *, block=None, stream=None), by the vectorcall protocol.
PyObject* call_kernel(PyObject* kernel, PyObject* const* arguments, size_t count_and_flags,
                      PyObject* keyword_names);

// Frees a kernel's spare launcher.
void drop_spare_launcher(KernelObject* kernel);

}  // namespace cudapy::binding
