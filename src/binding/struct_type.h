// Structs of the kernel language from NumPy's structured dtypes, dataclasses and NamedTuples.
#pragma once

#include <Python.h>

#include <optional>
#include <string>

#include "ir/type.h"

namespace cudapy::binding {

// The struct that a dtype with fields describes, in its own layout, packed or aligned. nullopt:
// `problem` says which field kernels cannot take; no exception is set.
std::optional<ir::Type> struct_of_dtype(PyObject* dtype, std::string& problem);

// The same for a dtype that was read before; null for others. No exception is set.
const ir::Aggregate* known_struct(PyObject* dtype);

// The struct that a dataclass or a NamedTuple describes, laid out as in C. nullopt: it is no such
// class, or `problem` says which field kernels cannot take; no exception is set.
std::optional<ir::Type> struct_of_class(PyObject* object, std::string& problem);

// The dtype of NumPy's that describes a struct; a new reference. Null with an exception set where
// NumPy has no type for a field.
PyObject* dtype_of_struct(const ir::Aggregate& structure);

// Either of them.
std::optional<ir::Type> struct_of_type(PyObject* object, std::string& problem);

}  // namespace cudapy::binding
