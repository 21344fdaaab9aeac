#include "binding/masked_array.h"

#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

// numpy.ma.MaskedArray; null while nobody has imported numpy.ma.
PyTypeObject* masked_type() {
  static PyTypeObject* found = nullptr;  // kept for the process's life
  if (found != nullptr) return found;
  static PyObject* const name = PyUnicode_InternFromString("numpy.ma");
  PyObject* const module = PyDict_GetItemWithError(PyImport_GetModuleDict(), name);  // borrowed
  if (module == nullptr) return nullptr;
  PyRef type = PyRef::steal(PyObject_GetAttrString(module, "MaskedArray"));
  if (!type) PyErr_Clear();
  if (type && PyType_Check(type.get()) != 0)
    found = reinterpret_cast<PyTypeObject*>(type.release());
  return found;
}

}  // namespace

bool is_masked_array(PyObject* object) {
  PyTypeObject* const type = Py_TYPE(object);
  if ((PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE) == 0) return false;  // ndarray, bytes
  PyTypeObject* const masked = masked_type();
  return masked != nullptr && PyType_IsSubtype(type, masked) != 0;
}

}  // namespace cudapy::binding
