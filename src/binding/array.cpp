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

#include "binding/array_parts.h"
#include "binding/docstrings.h"
#include "binding/elem_type.h"
#include "binding/errors.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
#include "binding/nested_sequence.h"
#include "binding/numbers.h"
#include "binding/struct_type.h"
#include "ir/half.h"

namespace nb = nanobind;

namespace cudapy::binding {

using ir::Scalar;
using runtime::HostArray;

namespace {

// A dataclass, a NamedTuple or a dtype with fields.
std::optional<ir::Type> wanted_struct(nb::handle dtype) {
  if (!dtype.is_valid() || dtype.is_none()) return std::nullopt;
  std::string problem;
  auto structure = struct_of_type(dtype.ptr(), problem);
  if (!structure && !problem.empty()) fail_with_type_error("CudaArray: " + problem);
  return structure;
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
    case Scalar::F16:
    case Scalar::BF16: {
      const auto* halves = static_cast<const uint16_t*>(from);
      std::transform(halves, halves + length, static_cast<To*>(to), [&](uint16_t bits) {
        return static_cast<To>(ir::half_value(from_scalar, bits));
      });
      return;
    }
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
  if (source.layout.rank == 0)
    fail_with_type_error("CudaArray: a number without dimensions; write it as a list: [x]");
  const Scalar scalar = wanted.value_or(source.scalar);
  HostArray array({source.layout.shape.data(), static_cast<size_t>(source.layout.rank)}, scalar);
  if (!convert_foreign_array(source, scalar, array.data())) fail();
  return array;
}

HostArray array_from_sequence(nb::handle source, std::optional<Scalar> wanted) {
  NestedSequence sequence;
  std::string problem;
  if (!sequence.read(source.ptr(), problem)) {
    if (!problem.empty()) fail_with_type_error("CudaArray: " + problem);
    PyErr_Clear();
    fail_with_type_error("CudaArray takes a list of numbers or an array, not " +
                         describe_value(source.ptr()));
  }
  const auto scalar = wanted ? wanted : sequence.infer(Scalar::F32, problem);
  if (!scalar && problem.empty()) fail();
  if (!scalar) fail_with_type_error("CudaArray: " + problem);
  HostArray array(sequence.shape(), *scalar);
  if (!sequence.store(*scalar, array.data(), problem)) {
    if (problem.empty()) fail();
    fail_with_type_error("CudaArray: " + problem);
  }
  return array;
}

// Of an array in the host's memory that is as the GPU needs it, without a copy on the host.
std::optional<HostArray> send_at_once(nb::handle source, std::optional<Scalar> wanted,
                                      runtime::cuda::Device& gpu) {
  if (host_array_of(source.ptr()) != nullptr || !PyObject_CheckBuffer(source.ptr()))
    return std::nullopt;
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  if (view_foreign_array(source.ptr(), foreign, hold, problem) != ForeignResult::kViewed)
    return std::nullopt;
  const bool is_plain = foreign.device == runtime::kHostDevice && foreign.structure == nullptr &&
                        !foreign.is_swapped && foreign.layout.rank > 0 && foreign.is_contiguous() &&
                        wanted.value_or(foreign.scalar) == foreign.scalar;
  if (!is_plain) return std::nullopt;
  HostArray array({foreign.layout.shape.data(), static_cast<size_t>(foreign.layout.rank)},
                  ir::Type::of(foreign.scalar), gpu);
  const GilRelease released;
  gpu.copy_from_host(reinterpret_cast<runtime::cuda::Address>(array.data()), foreign.data,
                     static_cast<size_t>(array.bytes()));
  return array;
}

HostArray make_array(nb::handle source, nb::handle dtype) {
  runtime::cuda::Device* const gpu = current_gpu();
  if (const auto structure = wanted_struct(dtype)) {
    HostArray array = make_struct_array(source, *structure);
    return gpu != nullptr ? send(array, *gpu) : std::move(array);
  }
  if (gpu != nullptr) {
    if (auto sent = send_at_once(source, wanted_scalar(dtype), *gpu)) return std::move(*sent);
  }
  HostArray array = make_array_on_host(source, wanted_scalar(dtype));
  return gpu != nullptr ? send(array, *gpu) : std::move(array);
}

// An array of somebody else's on a GPU, as one of ours on the host.
HostArray fetch_foreign(const ForeignArray& source) {
  if (source.layout.rank == 0 || !source.is_contiguous() || source.is_swapped)
    fail_with_type_error("CudaArray: an array on a GPU has to be contiguous");
  HostArray array({source.layout.shape.data(), static_cast<size_t>(source.layout.rank)},
                  source.scalar);
  runtime::cuda::Device& gpu = runtime::cuda::Device::get(source.device);
  {
    const GilRelease released;
    gpu.copy_to_host(array.data(), reinterpret_cast<runtime::cuda::Address>(source.data),
                     static_cast<size_t>(array.bytes()));
  }
  if (!raise_no_fault(gpu)) fail();
  return array;
}

int64_t wanted_length(PyObject* length) {
  if (!PyIndex_Check(length) || PyBool_Check(length)) {
    fail_with_type_error("CudaArray.allocate: the length is an integer, or a tuple of some, not " +
                         describe_value(length));
  }
  const Py_ssize_t count = PyNumber_AsSsize_t(length, PyExc_OverflowError);
  if (count == -1 && PyErr_Occurred()) fail();
  if (count >= 0) return count;
  raise(PyExc_ValueError,
        "CudaArray.allocate: the length is " + std::to_string(count) + ", which is negative");
  fail();
}

std::vector<int64_t> wanted_shape(nb::handle given) {
  if (!PyTuple_Check(given.ptr()) && !PyList_Check(given.ptr()))
    return {wanted_length(given.ptr())};
  std::vector<int64_t> shape;
  for (const nb::handle length : nb::borrow<nb::sequence>(given))
    shape.push_back(wanted_length(length.ptr()));
  if (shape.empty() || shape.size() > ir::kMaxRank)
    fail_with_type_error("CudaArray.allocate: an array has 1 to 8 dimensions");
  return shape;
}

HostArray allocate(nb::handle given, nb::handle type) {
  if (type.is_none())
    fail_with_type_error(
        "CudaArray.allocate: the element type is missing: CudaArray.allocate(length, cp.Float)");
  const std::vector<int64_t> shape = wanted_shape(given);
  std::optional<ir::Type> element = wanted_struct(type);
  if (!element) {
    const auto scalar = scalar_from_object(type.ptr());
    if (!scalar) fail();
    element = ir::Type::of(*scalar);
  }
  try {
    runtime::cuda::Device* const gpu = current_gpu();
    if (gpu == nullptr) return {shape, *element};
    HostArray array(shape, *element, *gpu);
    gpu->fill_with_zero(reinterpret_cast<runtime::cuda::Address>(array.data()),
                        static_cast<size_t>(array.bytes()));
    return array;
  } catch (const std::bad_alloc&) {
    std::string items;
    for (const int64_t length : shape)
      items += (items.empty() ? "" : " x ") + std::to_string(length);
    raise(PyExc_MemoryError, "CudaArray.allocate: there is no memory for " + items + " items of " +
                                 ir::to_string(*element));
    fail();
  }
}

nb::object elem_type(const HostArray& array) {
  if (array.structure() != nullptr) return dtype_of(array.element());
  PyRef type = elem_type_object(array.scalar());
  if (!type) fail();
  return nb::steal(type.release());
}

// NumPy has no bfloat16 by itself: cudapy's own element type then.
nb::object dtype(const HostArray& array) {
  if (array.structure() != nullptr) return dtype_of(array.element());
  if (array.scalar() == Scalar::BF16) {
    nb::object own = nb::module_::import_("cudapy._impl.bfloat16").attr("dtype")();
    return own.is_none() ? elem_type(array) : own;
  }
  return nb::module_::import_("numpy").attr("dtype")(
      std::string(ir::name_of(array.scalar())).c_str());
}

// A copy on another device, or the array itself if it is there: "cpu", "cuda", "cuda:1".
nb::object to_device(nb::handle self, const std::string& device) {
  const HostArray& array = *host_array_of(self.ptr());
  if (device == device_name(array)) return nb::borrow(self);
  if (device == "cpu") return nb::cast(fetch(array));
  int ordinal = -1;
  if (device == "cuda") {
    const runtime::cuda::Device* const gpu = current_gpu();
    ordinal = gpu != nullptr ? gpu->ordinal() : 0;
  }
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

[[noreturn]] void refuse_structs(const ir::Type& structure, Scalar wanted) {
  fail_with_type_error("CudaArray: structs " + ir::to_string(structure) + " do not become " +
                       std::string(ir::name_of(wanted)) + ": name the field, such as A[\"" +
                       structure.aggregate->names[0] + "\"]");
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

}  // namespace

HostArray make_array_on_host(nb::handle source, std::optional<Scalar> wanted) {
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  if (PyUnicode_Check(source.ptr())) {
    fail_with_type_error("CudaArray takes a list of numbers or an array, not " +
                         describe_value(source.ptr()));
  }
  if (const HostArray* own = host_array_of(source.ptr())) {
    if (!own->is_on_gpu()) refuse_while_recording_on_cpu();
    if (own->structure() != nullptr && !wanted) return make_struct_array(source, own->element());
    if (own->structure() != nullptr) refuse_structs(own->element(), *wanted);
    if (!own->is_on_gpu()) return array_from_foreign(view_of(*own), wanted);
    const HostArray fetched = fetch(*own);
    return array_from_foreign(view_of(fetched), wanted);
  }
  switch (view_foreign_array(source.ptr(), foreign, hold, problem)) {
    case ForeignResult::kViewed:
      if (foreign.structure != nullptr && wanted) refuse_structs(foreign.type().element(), *wanted);
      if (foreign.structure != nullptr) return make_struct_array(source, foreign.type().element());
      if (foreign.device != runtime::kHostDevice) {
        const HostArray fetched = fetch_foreign(foreign);
        return array_from_foreign(view_of(fetched), wanted);
      }
      return array_from_foreign(foreign, wanted);
    case ForeignResult::kUnsupported:
      fail_with_type_error("CudaArray: " + with_article(type_name(source.ptr())) + ": " + problem);
    case ForeignResult::kNotAnArray:
      break;
  }
  if (!wanted) {
    if (const auto structure = struct_in_list(source)) return make_struct_array(source, *structure);
  }
  return array_from_sequence(source, wanted);
}

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
                              nb::is_weak_referenceable(), docs::CudaArray::text);
  cuda_array_type = reinterpret_cast<PyTypeObject*>(array.ptr());
  array
      .def(
          "__init__",
          [](HostArray* self, nb::handle source, nb::handle dtype) {
            new (self) HostArray(make_array(source, dtype));
          },
          nb::arg("source"), nb::arg("dtype") = nb::none())
      .def_static("allocate", allocate, nb::arg("length"), nb::arg("type") = nb::none(),
                  docs::CudaArray::allocate)
      .def("toList", to_list, docs::CudaArray::toList)
      .def(
          "toHost",
          [](nb::handle self, nb::handle out) {
            return out.is_none() ? as_numpy(self, nb::none(), nb::bool_(true))
                                 : copy_out(self, out);
          },
          nb::arg("out") = nb::none(), docs::CudaArray::toHost)
      .def("length", &HostArray::length, docs::CudaArray::length)
      .def("elemType", elem_type, docs::CudaArray::elemType)
      .def(
          "pointer", [](HostArray& self) { return reinterpret_cast<uintptr_t>(self.data()); },
          docs::CudaArray::pointer)
      .def(
          "_bits", [](const HostArray& self) { return self.bits(); },
          "The elements of a float16 or bfloat16 array as uint16, in the same memory.")
      .def("__repr__", repr)
      .def("__array__", as_numpy, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__dlpack__", to_dlpack, nb::kw_only(), nb::arg("stream") = nb::none(),
           nb::arg("max_version") = nb::none(), nb::arg("dl_device") = nb::none(),
           nb::arg("copy") = nb::none(),
           "The array as DLPack's capsule, for `from_dlpack` of other libraries.")
      .def("__dlpack_device__", [](const HostArray& self) { return dlpack_device_of(self); })
      .def_prop_ro("__cuda_array_interface__", cuda_array_interface)
      .def("to", to_device, nb::arg("device"), docs::CudaArray::to)
      .def("copy", copy_of, docs::CudaArray::copy)
      .def("__copy__", copy_of)
      .def("__deepcopy__", [](const HostArray& self, nb::handle) { return copy_of(self); })
      .def("reshape", reshaped, nb::arg("shape"), docs::CudaArray::reshape)
      .def("fill", fill, nb::arg("value").none(), docs::CudaArray::fill)
      .def(
          "astype",
          [](nb::handle self, nb::handle dtype) {
            return nb::module_::import_("cudapy._impl.array_methods").attr("as_type")(self, dtype);
          },
          nb::arg("dtype").none(), docs::CudaArray::astype)
      .def("__reduce__",
           [](nb::handle self) {
             return nb::module_::import_("cudapy._impl.array_methods").attr("reduce")(self);
           })
      .def_prop_ro("shape", shape_of, docs::CudaArray::shape)
      .def_prop_ro("strides", strides_of, docs::CudaArray::strides)
      .def_prop_ro("T", transposed, docs::CudaArray::T)
      .def_prop_ro("dtype", dtype, docs::CudaArray::dtype)
      .def_prop_ro(
          "ndim", [](const HostArray& self) { return self.layout().rank; }, docs::CudaArray::ndim)
      .def_prop_ro("size", &HostArray::length, docs::CudaArray::size)
      .def_prop_ro("nbytes", &HostArray::bytes, docs::CudaArray::nbytes)
      .def_prop_ro("itemsize", &HostArray::item_size, docs::CudaArray::itemsize)
      .def_prop_ro(
          "device", [](const HostArray& self) { return device_name(self); },
          docs::CudaArray::device);
}

}  // namespace cudapy::binding
