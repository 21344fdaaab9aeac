#include "binding/array.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "binding/dlpack.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/numbers.h"

namespace nb = nanobind;

namespace cudapy::binding {
namespace {

using ir::Scalar;
using runtime::HostArray;

// Ends a nanobind function whose Python exception is set.
[[noreturn]] void fail() {
  throw nb::python_error();
}

[[noreturn]] void fail_with_type_error(const std::string& message) {
  raise_type_error(message);
  fail();
}

std::optional<Scalar> wanted_scalar(nb::handle dtype) {
  if (!dtype.is_valid() || dtype.is_none()) return std::nullopt;
  const auto scalar = scalar_from_object(dtype.ptr());
  if (!scalar) fail();
  return scalar;
}

template <typename From, typename To>
void convert_elements(const void* from, int64_t length, void* to) {
  const auto* source = static_cast<const From*>(from);
  auto* target = static_cast<To*>(to);
  for (int64_t i = 0; i < length; ++i) target[i] = static_cast<To>(source[i]);
}

template <typename To>
void convert_to_float(Scalar from_scalar, const void* from, int64_t length, void* to) {
  switch (from_scalar) {
    case Scalar::Bool:
    case Scalar::U8:
      return convert_elements<uint8_t, To>(from, length, to);
    case Scalar::I8:
      return convert_elements<int8_t, To>(from, length, to);
    case Scalar::I16:
      return convert_elements<int16_t, To>(from, length, to);
    case Scalar::I32:
      return convert_elements<int32_t, To>(from, length, to);
    case Scalar::I64:
      return convert_elements<int64_t, To>(from, length, to);
    case Scalar::U16:
      return convert_elements<uint16_t, To>(from, length, to);
    case Scalar::U32:
      return convert_elements<uint32_t, To>(from, length, to);
    case Scalar::U64:
      return convert_elements<uint64_t, To>(from, length, to);
    case Scalar::F32:
      return convert_elements<float, To>(from, length, to);
    case Scalar::F64:
      return convert_elements<double, To>(from, length, to);
  }
}

// Element by element through Python's numbers: slower, and every value is checked.
bool convert_checked(Scalar from_scalar, const void* from, int64_t length, Scalar scalar,
                     void* to) {
  for (int64_t i = 0; i < length; ++i) {
    const PyRef number = PyRef::steal(
        load_number(from_scalar, static_cast<const char*>(from) + i * ir::size_of(from_scalar)));
    if (!number) return false;
    const StoreResult result =
        store_number(number.get(), scalar, static_cast<char*>(to) + i * ir::size_of(scalar));
    if (result == StoreResult::kStored) continue;
    if (result == StoreResult::kRaised) return false;
    raise_type_error("item " + std::to_string(i) + " is " + describe_value(number.get()) +
                     ", and " + describe_range(scalar));
    return false;
  }
  return true;
}

HostArray array_from_foreign(const ForeignArray& source, std::optional<Scalar> wanted) {
  if (source.layout.rank != 1) {
    fail_with_type_error(
        "CudaArray: an array of " + std::to_string(source.layout.rank) +
        " dimensions; arrays have one dimension for now: flatten it with .ravel()");
  }
  const Scalar scalar = wanted.value_or(source.scalar);
  HostArray array(source.length, scalar);
  if (!convert_foreign_array(source, scalar, array.data())) fail();
  return array;
}

HostArray array_from_sequence(nb::handle source, std::optional<Scalar> wanted) {
  const PyRef sequence = PyRef::steal(as_sequence(source.ptr()));
  if (!sequence) {
    PyErr_Clear();
    fail_with_type_error("CudaArray takes a list of numbers or an array, not " +
                         describe_value(source.ptr()));
  }
  std::string problem;
  const auto scalar = wanted ? wanted : infer_scalar(sequence.get(), Scalar::F32, problem);
  if (!scalar) fail_with_type_error("CudaArray: " + problem);
  HostArray array(sequence_length(sequence.get()), *scalar);
  if (!store_sequence(sequence.get(), *scalar, array.length(), array.data(), problem)) {
    if (problem.empty()) fail();
    fail_with_type_error("CudaArray: " + problem);
  }
  return array;
}

HostArray make_array(nb::handle source, nb::handle dtype) {
  const auto wanted = wanted_scalar(dtype);
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  if (PyUnicode_Check(source.ptr())) {
    fail_with_type_error("CudaArray takes a list of numbers or an array, not " +
                         describe_value(source.ptr()));
  }
  switch (view_foreign_array(source.ptr(), foreign, hold, problem)) {
    case ForeignResult::kViewed:
      return array_from_foreign(foreign, wanted);
    case ForeignResult::kUnsupported:
      fail_with_type_error("CudaArray: " + with_article(type_name(source.ptr())) + ": " + problem);
    case ForeignResult::kNotAnArray:
      break;
  }
  return array_from_sequence(source, wanted);
}

HostArray allocate(nb::handle length, nb::handle type) {
  if (!PyIndex_Check(length.ptr()) || PyBool_Check(length.ptr())) {
    fail_with_type_error("CudaArray.allocate: the length is an integer, not " +
                         describe_value(length.ptr()));
  }
  const Py_ssize_t count = PyNumber_AsSsize_t(length.ptr(), PyExc_OverflowError);
  if (count == -1 && PyErr_Occurred()) fail();
  if (count < 0) {
    raise(PyExc_ValueError,
          "CudaArray.allocate: the length is " + std::to_string(count) + ", which is negative");
    fail();
  }
  const auto scalar = scalar_from_object(type.ptr());
  if (!scalar) fail();
  try {
    return {count, *scalar};
  } catch (const std::bad_alloc&) {
    raise(PyExc_MemoryError, "CudaArray.allocate: there is no memory for " + std::to_string(count) +
                                 " items of " + std::string(ir::name_of(*scalar)));
    fail();
  }
}

char* element(HostArray& array, int64_t index) {
  return static_cast<char*>(array.data()) + index * ir::size_of(array.scalar());
}

// The position that a Python index means; -1 with an exception set.
int64_t checked_index(const HostArray& array, PyObject* index) {
  if (!PyIndex_Check(index)) {
    raise_type_error("a CudaArray is indexed by an integer, not " + describe_value(index) +
                     (PySlice_Check(index) ? "; slice the copy that .toHost() gives" : ""));
    return -1;
  }
  const Py_ssize_t given = PyNumber_AsSsize_t(index, PyExc_IndexError);
  if (given == -1 && PyErr_Occurred()) return -1;
  const int64_t i = given < 0 ? given + array.length() : given;
  if (i >= 0 && i < array.length()) return i;
  raise(PyExc_IndexError, "index " + std::to_string(given) + " of a CudaArray of length " +
                              std::to_string(array.length()));
  return -1;
}

PyObject* get_item(PyObject* self, PyObject* index) {
  HostArray& array = *host_array_of(self);
  const int64_t i = checked_index(array, index);
  return i < 0 ? nullptr : load_number(array.scalar(), element(array, i));
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
  HostArray& array = *host_array_of(self);
  const int64_t i = checked_index(array, index);
  if (i < 0) return -1;
  if (value == nullptr) {
    raise_type_error("elements of a CudaArray cannot be deleted");
    return -1;
  }
  switch (store_number(value, array.scalar(), element(array, i))) {
    case StoreResult::kStored:
      return 0;
    case StoreResult::kWrongType:
      raise_type_error(describe_value(value) + ", does not become an element of " +
                       std::string(ir::name_of(array.scalar())));
      break;
    case StoreResult::kOutOfRange:
      raise(PyExc_OverflowError,
            describe_value(value) + ", does not fit: " + describe_range(array.scalar()));
      break;
    case StoreResult::kRaised:
      break;
  }
  return -1;
}

nb::object to_list(const HostArray& array) {
  PyObject* list = list_of_elements(array.scalar(), array.data(), array.length());
  if (list == nullptr) fail();
  return nb::steal(list);
}

nb::object elem_type(const HostArray& array) {
  PyRef type = elem_type_object(array.scalar());
  if (!type) fail();
  return nb::steal(type.release());
}

nb::object dtype(const HostArray& array) {
  return nb::module_::import_("numpy").attr("dtype")(
      std::string(ir::name_of(array.scalar())).c_str());
}

// A NumPy array over the same memory, or converted; `copy` as in NumPy's __array__ protocol.
nb::object as_numpy(nb::handle self, nb::handle dtype, nb::handle copy) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  const nb::object view = numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(self.ptr())));
  nb::object result = dtype.is_none() ? view : view.attr("astype")(dtype, nb::arg("copy") = false);
  if (copy.is_valid() && !copy.is_none() && nb::cast<bool>(copy)) result = result.attr("copy")();
  return result;
}

std::string repr(HostArray& array) {
  constexpr int64_t kShown = 6;
  std::string text = "CudaArray([";
  for (int64_t i = 0; i < std::min(array.length(), kShown); ++i) {
    const PyRef number = PyRef::steal(load_number(array.scalar(), element(array, i)));
    const PyRef shown = PyRef::steal(number ? PyObject_Repr(number.get()) : nullptr);
    if (!shown) fail();
    text += (i > 0 ? ", " : "") + std::string(PyUnicode_AsUTF8AndSize(shown.get(), nullptr));
  }
  if (array.length() > kShown) text += ", ...";
  text += "], " + std::string(ir::name_of(array.scalar()));
  if (array.length() > kShown) text += ", length " + std::to_string(array.length());
  return text + ")";
}

// What a DLPack consumer holds of an array: the tensor with its shape, and the Python object that
// owns the memory.
struct ExportedTensor {
  DLManagedTensor managed;
  int64_t shape;
  PyObject* owner;

  static void destroy(DLManagedTensor* managed) {
    auto* self = static_cast<ExportedTensor*>(managed->manager_ctx);
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF(self->owner);
    PyGILState_Release(state);
    delete self;
  }
};

void destroy_unused_capsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, "dltensor")) return;  // a consumer took it over
  ExportedTensor::destroy(static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor")));
}

nb::object to_dlpack(nb::handle self, const nb::kwargs&) {
  HostArray& array = *host_array_of(self.ptr());
  auto* exported = new ExportedTensor{{}, array.length(), self.inc_ref().ptr()};
  exported->managed.dl_tensor = {array.data(),     {kDLCPU, 0}, 1, dlpack_type(array.scalar()),
                                 &exported->shape, nullptr,     0};
  exported->managed.manager_ctx = exported;
  exported->managed.deleter = ExportedTensor::destroy;
  PyObject* capsule = PyCapsule_New(&exported->managed, "dltensor", destroy_unused_capsule);
  if (capsule == nullptr) {
    ExportedTensor::destroy(&exported->managed);
    fail();
  }
  return nb::steal(capsule);
}

// Shape and stride of an exported buffer, which live until it is released.
struct ExportedLayout {
  Py_ssize_t shape;
  Py_ssize_t stride;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  HostArray& array = *host_array_of(self);
  const int size = ir::size_of(array.scalar());
  auto* layout = new (std::nothrow) ExportedLayout{array.length(), size};
  if (layout == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  Py_INCREF(self);
  view->obj = self;
  view->buf = array.data();
  view->len = array.bytes();
  view->itemsize = size;
  view->readonly = 0;
  view->ndim = 1;
  view->format =
      (flags & PyBUF_FORMAT) ? const_cast<char*>(buffer_format(array.scalar())) : nullptr;
  view->shape = (flags & PyBUF_ND) ? &layout->shape : nullptr;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? &layout->stride : nullptr;
  view->suboffsets = nullptr;
  view->internal = layout;
  return 0;
}

void release_buffer(PyObject*, Py_buffer* view) {
  delete static_cast<ExportedLayout*>(view->internal);
}

Py_ssize_t sequence_size(PyObject* self) {
  return host_array_of(self)->length();
}

// For iteration: PySequence_GetItem has added the length to negative indices already.
PyObject* sequence_get(PyObject* self, Py_ssize_t index) {
  HostArray& array = *host_array_of(self);
  if (index >= 0 && index < array.length())
    return load_number(array.scalar(), element(array, index));
  PyErr_SetString(PyExc_IndexError, "CudaArray index out of range");
  return nullptr;
}

PyType_Slot slots[] = {
    {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)},
    {Py_sq_length, reinterpret_cast<void*>(sequence_size)},
    {Py_mp_length, reinterpret_cast<void*>(sequence_size)},
    {Py_sq_item, reinterpret_cast<void*>(sequence_get)},
    {Py_mp_subscript, reinterpret_cast<void*>(get_item)},
    {Py_mp_ass_subscript, reinterpret_cast<void*>(set_item)},
    {0, nullptr},
};

constexpr const char* kClassDoc =
    R"(A typed one-dimensional array that kernels read and write in place.

Its memory is aligned to 64 bytes and shared with NumPy without a copy: `np.asarray(a)`.

Args:
    source: a list (or tuple, range, iterable) of numbers; or a NumPy array, or whatever has the buffer protocol, DLPack
        or `__array_interface__`. It is copied.
    dtype: the element type. By default that of an array; of a list of numbers Int (int32, or int64 where one does not
        fit), Float (float32) or Bool.

Raises:
    CudaTypeError: an item is no number or does not fit the type, or the array has several dimensions.

Example:
    >>> import cudapy as cp
    >>> Y = cp.CudaArray([1.0, 2.0, 3.0])
    >>> len(Y), Y.elemType(), Y[-1]
    (3, cudapy.float32, 3.0)
    >>> Y.toList()
    [1.0, 2.0, 3.0])";

}  // namespace

PyTypeObject* cuda_array_type = nullptr;

runtime::HostArray* host_array_of(PyObject* object) {
  if (!PyObject_TypeCheck(object, cuda_array_type)) return nullptr;
  return nb::inst_ptr<HostArray>(nb::handle(object));
}

bool convert_foreign_array(const ForeignArray& array, Scalar scalar, void* out) {
  const int size = ir::size_of(array.scalar);
  if (array.scalar == scalar && array.is_contiguous() && !array.is_swapped) {
    std::memcpy(out, array.data, static_cast<size_t>(array.length * size));
    return true;
  }
  if (array.scalar == scalar) {
    gather_elements(array, out);
    return true;
  }
  std::vector<uint64_t> gathered(static_cast<size_t>(array.length * size) / sizeof(uint64_t) + 1);
  gather_elements(array, gathered.data());
  if (scalar == Scalar::F32) {
    convert_to_float<float>(array.scalar, gathered.data(), array.length, out);
  } else if (scalar == Scalar::F64) {
    convert_to_float<double>(array.scalar, gathered.data(), array.length, out);
  } else {
    return convert_checked(array.scalar, gathered.data(), array.length, scalar, out);
  }
  return true;
}

void define_cuda_array(nb::module_& module) {
  nb::class_<HostArray> array(module, "CudaArray", nb::type_slots(slots),
                              nb::is_weak_referenceable(), kClassDoc);
  cuda_array_type = reinterpret_cast<PyTypeObject*>(array.ptr());
  array
      .def(
          "__init__",
          [](HostArray* self, nb::handle source, nb::handle dtype) {
            new (self) HostArray(make_array(source, dtype));
          },
          nb::arg("source"), nb::arg("dtype") = nb::none())
      .def_static("allocate", allocate, nb::arg("length"), nb::arg("type"),
                  "A new array of `length` elements of `type`, all zero.")
      .def("toList", to_list, "The elements as a list of Python numbers.")
      .def(
          "toHost", [](nb::handle self) { return as_numpy(self, nb::none(), nb::bool_(true)); },
          "The elements as a new NumPy array.")
      .def("length", &HostArray::length, "The number of elements.")
      .def("elemType", elem_type, "The element type, such as cudapy.float32.")
      .def(
          "pointer", [](HostArray& self) { return reinterpret_cast<uintptr_t>(self.data()); },
          "The address of the first element.")
      .def("__repr__", repr)
      .def("__array__", as_numpy, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__dlpack__", to_dlpack, nb::arg("kwargs"))
      .def("__dlpack_device__", [](const HostArray&) { return nb::make_tuple(kDLCPU, 0); })
      .def_prop_ro("shape", [](const HostArray& self) { return nb::make_tuple(self.length()); })
      .def_prop_ro("dtype", dtype, "The element type as a NumPy dtype.")
      .def_prop_ro("ndim", [](const HostArray&) { return 1; })
      .def_prop_ro("size", &HostArray::length)
      .def_prop_ro("nbytes", &HostArray::bytes)
      .def_prop_ro("itemsize", [](const HostArray& self) { return ir::size_of(self.scalar()); })
      .def_prop_ro(
          "device", [](const HostArray&) { return "cpu"; },
          "The name of the device that holds the array.");
}

}  // namespace cudapy::binding
