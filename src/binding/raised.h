// The pending Python exception as an object, on all supported versions.
#pragma once

#include <Python.h>

#include "binding/py_ref.h"

namespace cudapy::binding {

// Takes the pending exception away; empty: there is none.
inline PyRef take_raised() {
#if PY_VERSION_HEX >= 0x030C0000
  return PyRef::steal(PyErr_GetRaisedException());
#else
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  if (type == nullptr) return {};
  PyErr_NormalizeException(&type, &value, &trace);
  if (trace != nullptr) PyException_SetTraceback(value, trace);
  Py_XDECREF(type);
  Py_XDECREF(trace);
  return PyRef::steal(value);
#endif
}

// Makes it pending again.
inline void raise_again(const PyRef& exception) {
#if PY_VERSION_HEX >= 0x030C0000
  PyErr_SetRaisedException(Py_NewRef(exception.get()));
#else
  PyObject* type = reinterpret_cast<PyObject*>(Py_TYPE(exception.get()));
  PyErr_SetObject(type, exception.get());
#endif
}

}  // namespace cudapy::binding
