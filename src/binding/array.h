// cudapy.CudaArray: a HostArray as a Python object, with CudaPy's methods, the sequence and the
// buffer protocol.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include "binding/foreign_array.h"
#include "runtime/host_array.h"

namespace cudapy::binding {

void define_cuda_array(nanobind::module_& module);

// The array inside a CudaArray object; null if it is something else (subclasses count as
// CudaArrays).
runtime::HostArray* host_array_of(PyObject* object);

// The same for exact CudaArrays alone: what the launch path asks first.
extern PyTypeObject* cuda_array_type;
inline runtime::HostArray* exact_host_array_of(PyObject* object) {
  return Py_TYPE(object) == cuda_array_type
             ? nanobind::inst_ptr<runtime::HostArray>(nanobind::handle(object))
             : nullptr;
}

// Copies a foreign array of any element type into `out`, whose elements become `scalar`s. False
// with an exception set if a value does not fit.
bool convert_foreign_array(const ForeignArray& array, ir::Scalar scalar, void* out);

}  // namespace cudapy::binding
