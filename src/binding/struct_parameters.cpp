// How a dataclass or a NamedTuple is called: the package's `parameters_of_class` reads it.
#include "binding/captured.h"
#include "binding/py_ref.h"

namespace cudapy::binding {

using frontend::Resolved;
using frontend::StructParameter;

// Leaves `found` as it is where it cannot be read: all fields, by position.
void read_struct_parameters(PyObject* record, Resolved& found) {
  const PyRef module = PyRef::steal(PyImport_ImportModule("cudapy._impl.record_classes"));
  const PyRef read =
      module ? PyRef::steal(PyObject_GetAttrString(module.get(), "parameters_of_class")) : PyRef();
  const PyRef result =
      read ? PyRef::steal(PyObject_CallFunctionObjArgs(read.get(), record, nullptr)) : PyRef();
  if (!result) return PyErr_Clear();
  found.struct_problem = utf8(PyTuple_GetItem(result.get(), 0));
  PyObject* const fields = PyTuple_GetItem(result.get(), 1);
  for (Py_ssize_t i = 0; i < PyList_Size(fields); ++i) {
    PyObject* const field = PyList_GetItem(fields, i);
    StructParameter parameter;
    parameter.name = utf8(PyTuple_GetItem(field, 0));
    parameter.by_position = PyObject_IsTrue(PyTuple_GetItem(field, 1)) == 1;
    parameter.has_default = PyObject_IsTrue(PyTuple_GetItem(field, 2)) == 1;
    if (parameter.has_default) {
      PyObject* const value = PyTuple_GetItem(field, 3);
      const Resolved meaning = captured(value).resolved;
      parameter.is_constant = meaning.kind == Resolved::Kind::Constant;
      parameter.constant = meaning.constant;
      parameter.type = meaning.type;
      parameter.description = describe(value);
    }
    found.struct_parameters.push_back(std::move(parameter));
  }
}

}  // namespace cudapy::binding
