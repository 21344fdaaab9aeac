// Raising cudapy's exceptions. The classes live in cudapy._impl.errors; they are looked up when
// something is raised.
//
// Functions that set a Python exception return nullptr or false, so that callers can return what
// they get.
#pragma once

#include <Python.h>

#include <span>
#include <string>

#include "binding/py_ref.h"
#include "support/diagnostic.h"

namespace cudapy::binding {

// CompileError with every diagnostic: the rendered text as its message, and one dict a mistake in
// `.errors`.
std::nullptr_t raise_compile_error(const Diagnostics& diagnostics,
                                   std::span<const SourceText> sources);

// A CompileError of one message without a place in the source.
std::nullptr_t raise_compile_error(const std::string& message);

// A list of cudapy.PerformanceWarning, in the order of the source; empty with an exception set.
PyRef performance_warnings(const Diagnostics& notes, std::span<const SourceText> sources);

// CudaTypeError, which is a TypeError as well.
std::nullptr_t raise_type_error(const std::string& message);

// CudaError: the driver, or a device.
std::nullptr_t raise_cuda_error(const std::string& message);

// One of Python's own exceptions (PyExc_ValueError, ...).
std::nullptr_t raise(PyObject* exception, const std::string& message);

}  // namespace cudapy::binding
