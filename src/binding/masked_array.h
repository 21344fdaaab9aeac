// numpy.ma's arrays: kernels would take what is masked for numbers, so they are refused.
#pragma once

#include <Python.h>

namespace cudapy::binding {

inline constexpr const char* kMaskedHelp = "pass A.filled(value), or A.data and A.mask as two";

// Cheap for everything but instances of classes that are written in Python.
bool is_masked_array(PyObject* object);

}  // namespace cudapy::binding
