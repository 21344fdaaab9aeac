#include "binding/array.h"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "binding/dlpack.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/gpu.h"
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
    case Scalar::C64:
    case Scalar::C128:
      return;  // no caller comes here: a complex number has no float
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

// Copies without the GIL, and raises what the GPU's launches before it ran into.
HostArray fetch(const HostArray& array) {
  std::optional<HostArray> copy;
  {
    const GilRelease released;
    copy = array.copied_to_host();
  }
  if (array.is_on_gpu() && !raise_no_fault(runtime::cuda::Device::get(array.device()))) fail();
  return std::move(*copy);
}

HostArray send(const HostArray& array, runtime::cuda::Device& gpu) {
  const GilRelease released;
  return array.copied_to(gpu);
}

HostArray make_array_on_host(nb::handle source, nb::handle dtype);

HostArray make_array(nb::handle source, nb::handle dtype) {
  HostArray array = make_array_on_host(source, dtype);
  return current_gpu != nullptr ? send(array, *current_gpu) : std::move(array);
}

// An array of somebody else's on a GPU, as one of ours on the host.
HostArray fetch_foreign(const ForeignArray& source) {
  if (source.layout.rank != 1 || !source.is_contiguous() || source.is_swapped)
    fail_with_type_error("CudaArray: an array on a GPU has to be contiguous, with one dimension");
  HostArray array(source.length, source.scalar);
  runtime::cuda::Device& gpu = runtime::cuda::Device::get(source.device);
  {
    const GilRelease released;
    gpu.copy_to_host(array.data(), reinterpret_cast<runtime::cuda::Address>(source.data),
                     static_cast<size_t>(array.bytes()));
  }
  if (!raise_no_fault(gpu)) fail();
  return array;
}

ForeignArray view_of(HostArray& array) {
  ForeignArray view;
  view.data = array.data();
  view.length = array.length();
  view.scalar = array.scalar();
  view.layout =
      runtime::ArrayLayout::contiguous(std::array{array.length()}, ir::size_of(array.scalar()));
  return view;
}

HostArray make_array_on_host(nb::handle source, nb::handle dtype) {
  const auto wanted = wanted_scalar(dtype);
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  if (PyUnicode_Check(source.ptr())) {
    fail_with_type_error("CudaArray takes a list of numbers or an array, not " +
                         describe_value(source.ptr()));
  }
  if (HostArray* own = host_array_of(source.ptr()); own != nullptr && own->is_on_gpu()) {
    HostArray fetched = fetch(*own);
    return array_from_foreign(view_of(fetched), wanted);
  }
  switch (view_foreign_array(source.ptr(), foreign, hold, problem)) {
    case ForeignResult::kViewed:
      if (foreign.device != runtime::kHostDevice) {
        HostArray fetched = fetch_foreign(foreign);
        return array_from_foreign(view_of(fetched), wanted);
      }
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
    if (current_gpu == nullptr) return {count, *scalar};
    HostArray array(count, *scalar, *current_gpu);
    current_gpu->fill_with_zero(reinterpret_cast<runtime::cuda::Address>(array.data()),
                                static_cast<size_t>(array.bytes()));
    return array;
  } catch (const std::bad_alloc&) {
    raise(PyExc_MemoryError, "CudaArray.allocate: there is no memory for " + std::to_string(count) +
                                 " items of " + std::string(ir::name_of(*scalar)));
    fail();
  }
}

char* element(HostArray& array, int64_t index) {
  return static_cast<char*>(array.data()) + index * ir::size_of(array.scalar());
}

// The functions below are called by Python itself: C++ exceptions end here.
template <typename Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (const runtime::cuda::CudaFailure& failure) {
    return raise_cuda_error(failure.what());
  }
}

// A number; null with an exception set. From a GPU it is fetched.
PyObject* load_element(HostArray& array, int64_t index) {
  if (!array.is_on_gpu()) return load_number(array.scalar(), element(array, index));
  return guarded([&]() -> PyObject* {
    std::array<uint64_t, 2> value{};
    runtime::cuda::Device& gpu = runtime::cuda::Device::get(array.device());
    {
      const GilRelease released;
      gpu.copy_to_host(value.data(),
                       reinterpret_cast<runtime::cuda::Address>(element(array, index)),
                       static_cast<size_t>(ir::size_of(array.scalar())));
    }
    return raise_no_fault(gpu) ? load_number(array.scalar(), value.data()) : nullptr;
  });
}

// As store_number, which may have to go to a GPU.
StoreResult store_element(HostArray& array, int64_t index, PyObject* value) {
  if (!array.is_on_gpu()) return store_number(value, array.scalar(), element(array, index));
  std::array<uint64_t, 2> bits{};
  const StoreResult result = store_number(value, array.scalar(), bits.data());
  if (result != StoreResult::kStored) return result;
  const PyObject* done = guarded([&]() -> PyObject* {
    const GilRelease released;
    runtime::cuda::Device::get(array.device())
        .copy_from_host(reinterpret_cast<runtime::cuda::Address>(element(array, index)),
                        bits.data(), static_cast<size_t>(ir::size_of(array.scalar())));
    return value;
  });
  return done != nullptr ? StoreResult::kStored : StoreResult::kRaised;
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
  return i < 0 ? nullptr : load_element(array, i);
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
  HostArray& array = *host_array_of(self);
  const int64_t i = checked_index(array, index);
  if (i < 0) return -1;
  if (value == nullptr) {
    raise_type_error("elements of a CudaArray cannot be deleted");
    return -1;
  }
  switch (store_element(array, i, value)) {
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
  std::optional<HostArray> fetched;
  if (array.is_on_gpu()) fetched = fetch(array);
  const void* elements = fetched ? fetched->data() : array.data();
  PyObject* list = list_of_elements(array.scalar(), elements, array.length());
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
  const HostArray& array = *host_array_of(self.ptr());
  if (array.is_on_gpu()) {
    if (copy.is_valid() && !copy.is_none() && !nb::cast<bool>(copy)) {
      raise(PyExc_ValueError, "an array on a GPU has to be copied to become a NumPy array");
      fail();
    }
    const nb::object fetched = nb::cast(fetch(array));
    return as_numpy(fetched, dtype, nb::none());
  }
  const nb::module_ numpy = nb::module_::import_("numpy");
  const nb::object view = numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(self.ptr())));
  nb::object result = dtype.is_none() ? view : view.attr("astype")(dtype, nb::arg("copy") = false);
  if (copy.is_valid() && !copy.is_none() && nb::cast<bool>(copy)) result = result.attr("copy")();
  return result;
}

std::string device_name(const HostArray& array) {
  return array.is_on_gpu() ? "cuda:" + std::to_string(array.device()) : "cpu";
}

// What CuPy, torch, numba and others read an array on a GPU by.
nb::dict cuda_array_interface(const HostArray& array) {
  if (!array.is_on_gpu()) {
    raise(PyExc_AttributeError, "a CudaArray in the CPU's memory has no __cuda_array_interface__");
    fail();
  }
  const char kind = array.scalar() == Scalar::Bool    ? 'b'
                    : ir::is_float(array.scalar())    ? 'f'
                    : ir::is_complex(array.scalar())  ? 'c'
                    : ir::is_unsigned(array.scalar()) ? 'u'
                                                      : 'i';
  const int size = ir::size_of(array.scalar());
  nb::dict interface;
  interface["shape"] = nb::make_tuple(array.length());
  interface["typestr"] = std::string(size == 1 ? "|" : "<") + kind + std::to_string(size);
  interface["data"] = nb::make_tuple(reinterpret_cast<uintptr_t>(array.data()), false);
  interface["strides"] = nb::none();
  interface["stream"] = 1;
  interface["version"] = 3;
  return interface;
}

// A copy on another device, or the array itself if it is there: "cpu", "cuda", "cuda:1".
nb::object to_device(nb::handle self, const std::string& device) {
  const HostArray& array = *host_array_of(self.ptr());
  if (device == device_name(array)) return nb::borrow(self);
  if (device == "cpu") return nb::cast(fetch(array));
  int ordinal = -1;
  if (device == "cuda") ordinal = current_gpu != nullptr ? current_gpu->ordinal() : 0;
  const char* end = device.data() + device.size();
  if (device.starts_with("cuda:") && std::from_chars(device.data() + 5, end, ordinal).ptr != end) {
    ordinal = -1;
  }
  if (ordinal < 0) {
    raise(PyExc_ValueError,
          "no device '" + device + "': there are \"cpu\", \"cuda\" and \"cuda:0\"");
    fail();
  }
  if (ordinal == array.device()) return nb::borrow(self);
  return nb::cast(send(array, runtime::cuda::Device::get(ordinal)));
}

std::string repr(HostArray& array) {
  constexpr int64_t kShown = 6;
  std::string text = "CudaArray([";
  for (int64_t i = 0; i < std::min(array.length(), kShown); ++i) {
    const PyRef number = PyRef::steal(load_element(array, i));
    if (!number) fail();
    const PyRef shown = PyRef::steal(number ? PyObject_Repr(number.get()) : nullptr);
    if (!shown) fail();
    text += (i > 0 ? ", " : "") + std::string(PyUnicode_AsUTF8AndSize(shown.get(), nullptr));
  }
  if (array.length() > kShown) text += ", ...";
  text += "], " + std::string(ir::name_of(array.scalar()));
  if (array.length() > kShown) text += ", length " + std::to_string(array.length());
  if (array.is_on_gpu()) text += ", on " + device_name(array);
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

// Of the consumer's streams the default ones (None, 1 and 2) take turns with ours; others wait
// here.
void wait_for_consumer(const HostArray& array, const nb::kwargs& arguments) {
  if (!array.is_on_gpu() || !arguments.contains("stream")) return;
  const nb::object stream = arguments["stream"];
  if (stream.is_none()) return;
  const auto handle = nb::cast<int64_t>(stream);
  if (handle == -1 || handle == 1 || handle == 2) return;
  const GilRelease released;
  runtime::cuda::Device::get(array.device()).synchronize();
}

DLDevice dlpack_device(const HostArray& array) {
  return array.is_on_gpu() ? DLDevice{kDLCUDA, array.device()} : DLDevice{kDLCPU, 0};
}

nb::object to_dlpack(nb::handle self, const nb::kwargs& arguments) {
  HostArray& array = *host_array_of(self.ptr());
  wait_for_consumer(array, arguments);
  auto* exported = new ExportedTensor{{}, array.length(), self.inc_ref().ptr()};
  exported->managed.dl_tensor = {array.data(),
                                 dlpack_device(array),
                                 1,
                                 dlpack_type(array.scalar()),
                                 &exported->shape,
                                 nullptr,
                                 0};
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
  if (array.is_on_gpu()) {
    view->obj = nullptr;
    raise(PyExc_BufferError,
          "the array is on " + device_name(array) + ": .toHost() gives a NumPy array");
    return -1;
  }
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
  if (index >= 0 && index < array.length()) return load_element(array, index);
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
  if (scalar == Scalar::F32 && !ir::is_complex(array.scalar)) {
    convert_to_float<float>(array.scalar, gathered.data(), array.length, out);
  } else if (scalar == Scalar::F64 && !ir::is_complex(array.scalar)) {
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
      .def("__dlpack_device__",
           [](const HostArray& self) {
             const DLDevice device = dlpack_device(self);
             return nb::make_tuple(device.device_type, device.device_id);
           })
      .def_prop_ro("__cuda_array_interface__", cuda_array_interface)
      .def("to", to_device, nb::arg("device"),
           "The array on another device, copied there; itself if it is there already.")
      .def_prop_ro("shape", [](const HostArray& self) { return nb::make_tuple(self.length()); })
      .def_prop_ro("dtype", dtype, "The element type as a NumPy dtype.")
      .def_prop_ro("ndim", [](const HostArray&) { return 1; })
      .def_prop_ro("size", &HostArray::length)
      .def_prop_ro("nbytes", &HostArray::bytes)
      .def_prop_ro("itemsize", [](const HostArray& self) { return ir::size_of(self.scalar()); })
      .def_prop_ro(
          "device", [](const HostArray& self) { return device_name(self); },
          "The name of the device that holds the array.");
}

}  // namespace cudapy::binding
