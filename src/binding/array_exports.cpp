// CudaArrays for other libraries: the buffer protocol, NumPy, __cuda_array_interface__.
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <new>

#include "binding/array_parts.h"
#include "binding/elem_type.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"

namespace nb = nanobind;

namespace cudapy::binding {

using ir::Scalar;
using runtime::HostArray;

namespace {

nb::tuple tuple_of(const int64_t* numbers, int count) {
  PyObject* tuple = PyTuple_New(count);
  if (tuple == nullptr) fail();
  for (int i = 0; i < count; ++i) PyTuple_SetItem(tuple, i, PyLong_FromLongLong(numbers[i]));
  return nb::steal<nb::tuple>(tuple);
}

// Shape and strides of an exported buffer, which live until it is released.
struct ExportedLayout {
  std::array<Py_ssize_t, ir::kMaxRank> shape;
  std::array<Py_ssize_t, ir::kMaxRank> strides;
};

bool refuse_buffer(Py_buffer* view, const std::string& why) {
  view->obj = nullptr;
  raise(PyExc_BufferError, why);
  return false;
}

// Whether the array is laid out as a consumer asks. Sets BufferError.
bool suits(const HostArray& array, Py_buffer* view, int flags) {
  if (array.scalar() == Scalar::BF16) {
    return refuse_buffer(
        view,
        "buffers have no format for bfloat16: .toHost() gives a NumPy array, and DLPack has one");
  }
  if (array.is_on_gpu()) {
    return refuse_buffer(
        view, "the array is on " + device_name(array) + ": .toHost() gives a NumPy array");
  }
  if (recorded_graph != nullptr) {
    try {
      refuse_while_recording_on_cpu();
    } catch (const runtime::cuda::CudaFailure& failure) {
      return refuse_buffer(view, failure.what());
    }
  }
  const auto asks = [&](int what) { return (flags & what) == what; };
  const bool by_rows = array.is_contiguous();
  const bool by_columns = transposed(array).is_contiguous();
  const bool fits = asks(PyBUF_C_CONTIGUOUS)     ? by_rows
                    : asks(PyBUF_F_CONTIGUOUS)   ? by_columns
                    : asks(PyBUF_ANY_CONTIGUOUS) ? by_rows || by_columns
                                                 : by_rows || asks(PyBUF_STRIDES);
  return fits || refuse_buffer(view, "the elements of this CudaArray are not neighbours in memory");
}

}  // namespace

nb::tuple shape_of(const HostArray& array) {
  return tuple_of(array.layout().shape.data(), array.layout().rank);
}

nb::tuple strides_of(const HostArray& array) {
  return tuple_of(array.layout().strides.data(), array.layout().rank);
}

namespace {

// NumPy has no bfloat16. `as_numpy` of the package views the bits as ml_dtypes' where that is
// installed, else it makes float32 of them.
nb::object bfloat16_as_numpy(nb::handle self, nb::handle dtype, nb::handle copy) {
  const nb::object bits = nb::cast(host_array_of(self.ptr())->bits());
  const nb::module_ package = nb::module_::import_("cudapy._impl.bfloat16");
  return package.attr("as_numpy")(bits, dtype, copy);
}

}  // namespace

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
  refuse_while_recording_on_cpu();
  if (array.scalar() == Scalar::BF16) return bfloat16_as_numpy(self, dtype, copy);
  const nb::module_ numpy = nb::module_::import_("numpy");
  const nb::object view = numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(self.ptr())));
  nb::object result = dtype.is_none() ? view : view.attr("astype")(dtype, nb::arg("copy") = false);
  if (copy.is_valid() && !copy.is_none() && nb::cast<bool>(copy)) result = result.attr("copy")();
  return result;
}

// What CuPy, torch, numba and others read an array on a GPU by.
nb::dict cuda_array_interface(const HostArray& array) {
  if (!array.is_on_gpu()) {
    raise(PyExc_AttributeError, "a CudaArray in the CPU's memory has no __cuda_array_interface__");
    fail();
  }
  if (array.scalar() == Scalar::BF16) {
    raise(PyExc_AttributeError,
          "a CudaArray of bfloat16 has no __cuda_array_interface__, which knows no such type: use "
          "DLPack");
    fail();
  }
  if (array.structure() != nullptr) {
    raise(PyExc_AttributeError,
          "a CudaArray of structs has no __cuda_array_interface__: its fields have, A[\"x\"]");
    fail();
  }
  const char kind = array.scalar() == Scalar::Bool    ? 'b'
                    : ir::is_float(array.scalar())    ? 'f'
                    : ir::is_complex(array.scalar())  ? 'c'
                    : ir::is_unsigned(array.scalar()) ? 'u'
                                                      : 'i';
  const int size = ir::size_of(array.scalar());
  nb::dict interface;
  interface["shape"] = shape_of(array);
  interface["typestr"] = std::string(size == 1 ? "|" : "<") + kind + std::to_string(size);
  interface["data"] = nb::make_tuple(reinterpret_cast<uintptr_t>(array.data()), false);
  if (array.is_contiguous()) {
    interface["strides"] = nb::none();
  } else {
    interface["strides"] = strides_of(array);
  }
  interface["stream"] = 1;
  interface["version"] = 3;
  return interface;
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  HostArray& array = *host_array_of(self);
  if (!suits(array, view, flags)) return -1;
  const char* format = nullptr;
  if ((flags & PyBUF_FORMAT) != 0) {
    format = array.structure() != nullptr ? struct_format(array.element())
                                          : buffer_format(array.scalar());
    if (format == nullptr) {
      view->obj = nullptr;
      return -1;
    }
  }
  auto* layout = new (std::nothrow) ExportedLayout{array.layout().shape, array.layout().strides};
  if (layout == nullptr) {
    PyErr_NoMemory();
    return -1;
  }
  Py_INCREF(self);
  view->obj = self;
  view->buf = array.data();
  view->len = array.bytes();
  view->itemsize = array.item_size();
  view->readonly = 0;
  view->ndim = array.layout().rank;
  view->format = const_cast<char*>(format);
  view->shape = (flags & PyBUF_ND) ? layout->shape.data() : nullptr;
  view->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? layout->strides.data() : nullptr;
  view->suboffsets = nullptr;
  view->internal = layout;
  return 0;
}

void release_buffer(PyObject* /*self*/, Py_buffer* view) {
  delete static_cast<ExportedLayout*>(view->internal);
}

}  // namespace cudapy::binding
