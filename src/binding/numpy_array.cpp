#include "binding/numpy_array.h"

#include <algorithm>
#include <array>
#include <optional>

#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

// numpy.ndarray, and NumPy's dtypes by scalar type, each of which is one object; kept for the
// process's life.
struct Numpy {
  PyTypeObject* array_type = nullptr;
  std::array<PyObject*, ir::kScalars> dtypes{};
};

// By Scalar; NumPy has no bfloat16.
constexpr std::array<const char*, ir::kScalars> kNames = {
    "bool",   "int8",    "int16",   "int32",     "int64",      "uint8",   "uint16", "uint32",
    "uint64", "float32", "float64", "complex64", "complex128", "float16", nullptr};

// Whether an array's fields are what its buffer says, of one whose rows are not contiguous and that
// is read only.
bool has_known_layout(PyObject* array_type) {
  const PyRef rows = PyRef::steal(PyObject_CallFunction(array_type, "((ii)s)", 3, 4, "float32"));
  const PyRef array = rows ? PyRef::steal(PyObject_GetAttrString(rows.get(), "T")) : PyRef();
  const PyRef done =
      array ? PyRef::steal(PyObject_CallMethod(array.get(), "setflags", "i", 0)) : PyRef();
  Py_buffer view;
  if (!done || reinterpret_cast<PyObject*>(Py_TYPE(array.get())) != array_type ||
      PyObject_GetBuffer(array.get(), &view, PyBUF_STRIDES) != 0)
    return false;
  const auto& fields = *reinterpret_cast<const NumpyArray*>(array.get());
  const PyRef dtype = PyRef::steal(PyObject_GetAttrString(array.get(), "dtype"));
  const bool is_known = fields.data == view.buf && fields.rank == 2 && view.ndim == 2 &&
                        std::equal(view.shape, view.shape + 2, fields.shape) &&
                        std::equal(view.strides, view.strides + 2, fields.strides) &&
                        fields.dtype == dtype.get() && !fields.is_writable() &&
                        fields.is_column_major() && !fields.is_row_major();
  PyBuffer_Release(&view);
  return is_known && reinterpret_cast<const NumpyArray*>(rows.get())->is_writable() &&
         reinterpret_cast<const NumpyArray*>(rows.get())->is_row_major();
}

// Nothing: nobody has imported NumPy so far, or not all of it. Without `array_type`: its arrays are
// not as expected. Runs no Python code, which a lazy module's attributes would.
std::optional<Numpy> find_numpy() {
  static PyObject* const name = PyUnicode_InternFromString("numpy");
  const PyRef module = PyRef::borrow(PyDict_GetItemWithError(PyImport_GetModuleDict(), name));
  if (!module || !PyModule_CheckExact(module.get())) return std::nullopt;
  PyObject* const names = PyModule_GetDict(module.get());  // borrowed
  PyRef type = PyRef::borrow(PyDict_GetItemString(names, "ndarray"));
  const PyRef dtype = PyRef::borrow(PyDict_GetItemString(names, "dtype"));
  if (!type || !dtype || PyType_Check(type.get()) == 0) return std::nullopt;
  Numpy found;
  if (!has_known_layout(type.get())) return found;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == nullptr) continue;
    found.dtypes[i] = PyObject_CallFunction(dtype.get(), "s", kNames[i]);
    if (found.dtypes[i] == nullptr) return found;
  }
  found.array_type = reinterpret_cast<PyTypeObject*>(type.release());
  return found;
}

// The fields of NumPy's classes, once it is there. Under the GIL.
const Numpy& numpy() {
  static const Numpy nothing;
  static std::optional<Numpy> found;
  if (found) return *found;
  found = find_numpy();
  PyErr_Clear();
  return found ? *found : nothing;
}

}  // namespace

const NumpyArray* numpy_array_of(PyObject* object, ir::Scalar scalar) {
  const Numpy& known = numpy();
  if (Py_TYPE(object) != known.array_type) return nullptr;
  const auto* array = reinterpret_cast<const NumpyArray*>(object);
  return array->dtype == known.dtypes[static_cast<size_t>(scalar)] ? array : nullptr;
}

}  // namespace cudapy::binding
