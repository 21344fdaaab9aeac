// The element types of the kernel language as Python sees them (cudapy._impl.types) and as C++
// does.
#pragma once

#include <Python.h>

#include <optional>
#include <string>

#include "binding/py_ref.h"
#include "ir/type.h"

namespace cudapy::binding {

// The cudapy.ElemType object of a scalar type; a new reference, null with an exception set if the
// package is broken.
PyRef elem_type_object(ir::Scalar scalar);

// The scalar type that an object names: an ElemType, a Python type, a NumPy dtype or scalar type, a
// name. Sets TypeError.
std::optional<ir::Scalar> scalar_from_object(PyObject* object);

// The type that an object names: as above, or an array type, or a name such as "float*". Sets an
// exception.
std::optional<ir::Type> type_from_object(PyObject* object);

// As a signature writes it: "float32", "float32*", "void".
std::string signature_name(const ir::Type& type);

// The letter of the buffer protocol for a scalar type, as a string that lives forever.
const char* buffer_format(ir::Scalar scalar);

// The scalar type that a format of the buffer protocol means, its byte order apart.
struct BufferFormat {
  ir::Scalar scalar;
  bool is_swapped = false;
};
std::optional<BufferFormat> parse_buffer_format(const char* format, Py_ssize_t itemsize);

}  // namespace cudapy::binding
