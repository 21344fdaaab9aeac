// CudaArrays of structs: NumPy's dtypes say what their elements are, and NumPy converts them.
#include <nanobind/stl/string.h>

#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "binding/array_parts.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/struct_type.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::HostArray;

namespace {

nb::object package_function(const char* name) {
  return nb::module_::import_("cudapy._impl.struct_arrays").attr(name);
}

// A copy of an array of NumPy's, which lies row by row.
HostArray copy_of(const nb::object& made) {
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  if (view_foreign_array(made.ptr(), foreign, hold, problem) != ForeignResult::kViewed)
    fail_with_type_error("CudaArray: " + problem);
  HostArray array({foreign.layout.shape.data(), static_cast<size_t>(foreign.layout.rank)},
                  foreign.type().element());
  if (foreign.length > 0)
    std::memcpy(array.data(), foreign.data, static_cast<size_t>(array.bytes()));
  return array;
}

// A CudaArray as NumPy's; other objects as they are.
nb::object source_for_numpy(nb::handle source) {
  if (host_array_of(source.ptr()) == nullptr) return nb::borrow(source);
  return as_numpy(source, nb::none(), nb::none());
}

}  // namespace

nb::object dtype_of(const ir::Type& structure) {
  if (!ir::is_struct(structure)) fail_with_type_error("CudaArray: the elements are no structs");
  PyObject* dtype = dtype_of_struct(*structure.aggregate);
  if (dtype == nullptr) fail();
  return nb::steal(dtype);
}

HostArray make_struct_array(nb::handle source, const ir::Type& element) {
  return copy_of(package_function("as_structs")(source_for_numpy(source), dtype_of(element)));
}

std::optional<ir::Type> struct_in_list(nb::handle source) {
  PyObject* item = source.ptr();
  for (;;) {
    const bool is_list = PyList_Check(item) != 0;
    if (!is_list && PyTuple_CheckExact(item) == 0) break;
    if ((is_list ? PyList_Size(item) : PyTuple_Size(item)) == 0) return std::nullopt;
    item = is_list ? PyList_GetItem(item, 0) : PyTuple_GetItem(item, 0);
  }
  if (item == source.ptr()) return std::nullopt;
  std::string problem;
  auto structure = struct_of_class(reinterpret_cast<PyObject*>(Py_TYPE(item)), problem);
  if (!structure && !problem.empty()) {
    const std::string name = nb::cast<std::string>(nb::handle(item).type().attr("__name__"));
    fail_with_type_error("CudaArray: kernels cannot take objects of `" + name + "`: " + problem);
  }
  return structure;
}

PyObject* load_struct(const HostArray& array, int64_t offset) {
  runtime::ArrayLayout one;
  one.rank = 1;
  one.shape[0] = 1;
  one.strides[0] = array.item_size();
  const HostArray copy = fetch(array.view(offset, one));
  nb::object element = as_numpy(nb::cast(copy), nb::none(), nb::none()).attr("__getitem__")(0);
  return element.release().ptr();
}

HostArray field_of_array(const HostArray& array, PyObject* name) {
  const char* text = PyUnicode_AsUTF8AndSize(name, nullptr);
  if (text == nullptr) fail();
  const ir::Type element = array.element();
  const int field = element.aggregate != nullptr ? element.aggregate->field(text) : -1;
  if (field < 0) {
    raise(PyExc_KeyError, "the elements of this CudaArray have no field '" + std::string(text) +
                              "': they are " + ir::to_string(element));
    fail();
  }
  const auto number = static_cast<size_t>(field);
  if (ir::is_tuple(element.aggregate->elements[number])) {
    raise(PyExc_TypeError, "the field '" + std::string(text) +
                               "' of this CudaArray is an array of fixed length in each element: "
                               "take it from a copy, `A.toHost()['" +
                               std::string(text) + "']`");
    fail();
  }
  return array.part(element.aggregate->offsets[number], element.aggregate->elements[number]);
}

HostArray spread_structs(const HostArray& array, PyObject* value) {
  return copy_of(package_function("spread")(source_for_numpy(value), dtype_of(array.element()),
                                            shape_of(array)));
}

const char* struct_format(const ir::Type& structure) {
  static auto* const known = new std::map<const ir::Aggregate*, std::string>;
  static auto* const mutex = new std::mutex;
  {
    const std::lock_guard lock(*mutex);
    if (const auto found = known->find(structure.aggregate); found != known->end())
      return found->second.c_str();
  }
  try {
    const auto format =
        nb::cast<std::string>(nb::str(package_function("buffer_format")(dtype_of(structure))));
    const std::lock_guard lock(*mutex);
    return known->emplace(structure.aggregate, format).first->second.c_str();
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
}

}  // namespace cudapy::binding
