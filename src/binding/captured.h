// What a Python object means inside a kernel: a constant, a type, a function, a module, or nothing
// that a kernel can use. NumPy is recognised by the names of its types, never imported. Needs the
// GIL.
#pragma once

#include <Python.h>

#include <optional>
#include <string>
#include <string_view>

#include "binding/py_ref.h"
#include "frontend/resolver.h"

namespace cudapy::binding {

// The object's own meaning, without attributes; `function` of a Kind::Function is left for the
// caller, who finds the function object in `callee`. Kind::Module: `description` is the module's
// name.
struct Captured {
  frontend::Resolved resolved;
  PyRef callee;
};
Captured captured(PyObject* object);

// What the package has in the kernel language for a function of the modules math, cmath or numpy;
// empty if it has none.
PyRef packaged_function(const std::string& module, const std::string& name);

// Whether attributes of the object may be looked at when a kernel is compiled: modules, classes,
// and plain objects, but not arrays and other containers, whose contents belong to the launch.
bool has_frozen_attributes(PyObject* object);

// As an annotation or a template's binding; nullopt: it is no type.
std::optional<ir::Type> type_of(PyObject* object);
// The same, with structs and arrays of them; `problem` says why something like a struct is none.
std::optional<ir::Type> type_of(PyObject* object, std::string& problem);

// The Python function that `object` is or wraps (`__wrapped__`), else empty.
PyRef function_of(PyObject* object);

// "a list", "a NumPy array", "an object of type 'Fraction'".
std::string describe(PyObject* object);

// The attribute, or empty where there is none (no exception is left behind).
PyRef quiet_attribute(PyObject* object, const char* name);

// The attribute if it is a string; else empty.
std::string string_attribute(PyObject* object, const char* name);
std::string utf8(PyObject* string);

// struct_parameters.cpp: how a dataclass or a NamedTuple is called.
void read_struct_parameters(PyObject* record, frontend::Resolved& found);

}  // namespace cudapy::binding
