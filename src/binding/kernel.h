// cudapy.Kernel: compiled (or to be compiled) functions as a Python object. Calling it gives a
// launcher.
#pragma once

#include <Python.h>

#include "binding/kernel_body.h"

namespace cudapy::binding {

struct KernelObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  PyObject* functions;  // tuple, as given
  PyObject* sigs;       // tuple, as given
  PyObject* options;    // dict, as given
  PyObject* defaults;   // tuple: Parameter::default_index; null until the source was read
  PyObject* dict;       // __name__, __doc__, __wrapped__, ...
  PyObject* weakrefs;
  KernelBody* body;
  PyObject*
      spare_launcher;  // a launcher that nobody uses, kept for the next call; owned, not tracked
};

// Adds Kernel to the module. False with an exception set on failure.
bool define_kernel(PyObject* module);

// Reads the kernel's source if that was not done yet. False with an exception set.
bool prepare_kernel(KernelObject* kernel);

}  // namespace cudapy::binding
