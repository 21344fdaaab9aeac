#include "binding/foreign_array.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "binding/dlpack_import.h"
#include "binding/elem_type.h"
#include "binding/gil.h"
#include "binding/masked_array.h"
#include "binding/struct_type.h"
#include "runtime/cuda/device.h"

namespace cudapy::binding {
namespace {

std::string unsupported_format(const char* format) {
  return std::string("its element format '") + (format != nullptr ? format : "") +
         "' is none of cudapy's types";
}

// Whether these are lengths of dimensions, and the bytes between them can be counted.
bool is_shape(std::span<const int64_t> shape, int64_t item_size) {
  int64_t bytes = item_size;
  for (const int64_t length : shape) {
    if (length < 0 || __builtin_mul_overflow(bytes, std::max<int64_t>(length, 1), &bytes)) {
      return false;
    }
  }
  return true;
}

// `strides` in bytes; null means C order. False if there are too many dimensions.
bool set_layout(ForeignArray& array, int ndim, const int64_t* shape, const int64_t* strides) {
  if (ndim > ir::kMaxRank) return false;
  const auto dimensions = static_cast<size_t>(ndim);
  array.layout = runtime::ArrayLayout::contiguous({shape, dimensions}, array.item_size());
  if (strides != nullptr) std::copy_n(strides, dimensions, array.layout.strides.begin());
  array.length = array.layout.size();
  return true;
}

int64_t item(PyObject* tuple, Py_ssize_t index) {
  return PyLong_AsLongLong(PyTuple_GetItem(tuple, index));
}

std::vector<int64_t> numbers_of(PyObject* tuple) {
  std::vector<int64_t> numbers(static_cast<size_t>(PyTuple_Size(tuple)));
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = item(tuple, static_cast<Py_ssize_t>(i));
  }
  return numbers;
}

}  // namespace

struct ForeignReader {
  ForeignArray& array;
  ForeignHold& hold;
  std::string& problem;

  ForeignResult fail(std::string why) const {
    problem = std::move(why);
    PyErr_Clear();
    return ForeignResult::kUnsupported;
  }

  ForeignResult lay_out(int ndim, const int64_t* shape, const int64_t* strides) const {
    if (ndim < 0 || !is_shape({shape, static_cast<size_t>(ndim)}, ir::size_of(array.scalar))) {
      return fail("its shape is malformed");
    }
    if (!set_layout(array, ndim, shape, strides)) {
      return fail("it has " + std::to_string(ndim) + " dimensions, and kernels take up to " +
                  std::to_string(ir::kMaxRank));
    }
    if (array.data == nullptr && array.length > 0) return fail("it has no memory");
    return ForeignResult::kViewed;
  }

  ForeignResult read_buffer(PyObject* object) const {
    auto buffer = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(object, buffer.get(), PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
      return fail("its memory cannot be viewed (" + take_exception_text() + ")");
    }
    hold.buffer_ = buffer.release();
    const Py_buffer& view = *hold.buffer_;
    const bool is_struct = view.format != nullptr && std::strncmp(view.format, "T{", 2) == 0;
    if (is_struct) {
      if (!read_struct(object)) return fail(problem.empty() ? unsupported_format("T{}") : problem);
    } else {
      const auto format = parse_buffer_format(view.format, view.itemsize);
      if (!format) return fail(unsupported_format(view.format));
      array.scalar = format->scalar;
      array.is_swapped = format->is_swapped;
    }
    array.data = view.buf;
    array.is_read_only = view.readonly != 0;
    static_assert(sizeof(Py_ssize_t) == sizeof(int64_t));
    const std::vector<int64_t> shape(view.shape, view.shape + view.ndim);
    std::vector<int64_t> strides;  // left out by ctypes even where they are asked for
    if (view.strides != nullptr) strides.assign(view.strides, view.strides + view.ndim);
    return lay_out(view.ndim, shape.data(), view.strides != nullptr ? strides.data() : nullptr);
  }

  // NumPy's dtype says what the elements consist of.
  bool read_struct(PyObject* object) const {
    const PyRef dtype = PyRef::steal(PyObject_GetAttrString(object, "dtype"));
    if (!dtype) PyErr_Clear();
    const auto type = dtype ? struct_of_dtype(dtype.get(), problem) : std::nullopt;
    if (!type || type->aggregate->size != hold.buffer_->itemsize) return false;
    array.scalar = ir::Scalar::Bool;
    array.structure = type->aggregate;
    return true;
  }

  // Reads what the tensor says and keeps it.
  ForeignResult read_tensor(ImportedTensor imported) const {
    const DLTensor& tensor = imported.tensor();
    if (!is_known_device(tensor.device))
      return fail("its memory is neither the CPU's nor an NVIDIA GPU's; copy it there first");
    const auto scalar = scalar_of_dlpack(tensor.dtype);
    if (!scalar) return fail("its element type is none of cudapy's");
    array.data = static_cast<char*>(tensor.data) + tensor.byte_offset;
    array.scalar = *scalar;
    array.is_read_only = imported.is_read_only();
    if (is_gpu(tensor.device)) array.device = tensor.device.device_id;
    std::vector<int64_t> strides;
    for (int i = 0; tensor.strides != nullptr && i < tensor.ndim; ++i) {
      strides.push_back(tensor.strides[i] * ir::size_of(*scalar));
    }
    const int64_t* const steps = tensor.strides != nullptr ? strides.data() : nullptr;
    const ForeignResult result = lay_out(tensor.ndim, tensor.shape, steps);
    hold.tensor_ = std::move(imported);
    return result;
  }

  ForeignResult read_dlpack(PyObject* object) const {
    std::string why;
    auto imported = import_tensor(object, why);
    return imported ? read_tensor(std::move(*imported)) : fail(why);
  }

  // `interface`: {"shape": (n,), "typestr": "<f4", "data": (address, read_only), "strides": None or
  // (bytes,), ...}.
  ForeignResult read_array_interface(PyObject* object, PyObject* interface) const {
    if (!PyDict_Check(interface)) return fail("its __array_interface__ is no dict");
    PyObject* shape = PyDict_GetItemString(interface, "shape");
    PyObject* typestr = PyDict_GetItemString(interface, "typestr");
    PyObject* data = PyDict_GetItemString(interface, "data");
    PyObject* strides = PyDict_GetItemString(interface, "strides");
    const char* type = typestr != nullptr ? PyUnicode_AsUTF8AndSize(typestr, nullptr) : nullptr;
    if (shape == nullptr || !PyTuple_Check(shape) || type == nullptr || data == nullptr ||
        !PyTuple_Check(data) || PyTuple_Size(data) != 2) {
      return fail("its __array_interface__ lacks shape, typestr or data");
    }
    std::optional<BufferFormat> format = BufferFormat{ir::Scalar::BF16, false};
    if (!is_bfloat16(object)) format = parse_typestr(type);
    if (!format) return fail(unsupported_format(type));
    array.scalar = format->scalar;
    array.is_swapped = format->is_swapped;
    array.data = PyLong_AsVoidPtr(PyTuple_GetItem(data, 0));
    array.is_read_only = PyObject_IsTrue(PyTuple_GetItem(data, 1)) != 0;
    const std::vector<int64_t> sizes = numbers_of(shape);
    const bool has_strides = strides != nullptr && strides != Py_None;
    if (has_strides && !PyTuple_Check(strides)) return fail("its strides are no tuple");
    const std::vector<int64_t> steps = has_strides ? numbers_of(strides) : std::vector<int64_t>();
    if (PyErr_Occurred() || (has_strides && steps.size() != sizes.size()))
      return fail("its __array_interface__ is malformed");
    hold.owner_ = PyRef::borrow(object);
    return lay_out(static_cast<int>(sizes.size()), sizes.data(),
                   has_strides ? steps.data() : nullptr);
  }

  // As above, but the memory is a GPU's, and work of the stream in "stream" may still be under way.
  ForeignResult read_cuda_array_interface(PyObject* object, PyObject* interface) const {
    const ForeignResult result = read_array_interface(object, interface);
    if (result != ForeignResult::kViewed) return result;
    try {
      const auto address = reinterpret_cast<runtime::cuda::Address>(array.data);
      array.device = address != 0 ? runtime::cuda::Device::owner_of(address) : 0;
      PyObject* stream = PyDict_GetItemString(interface, "stream");
      if (stream == nullptr || stream == Py_None) return result;
      const uint64_t handle = PyLong_AsUnsignedLongLong(stream);
      if (PyErr_Occurred()) return fail("its __cuda_array_interface__ has a malformed stream");
      // 1 and 2, the default streams, take turns with ours.
      if (handle > 2) {
        const GilRelease released;
        runtime::cuda::Device::get(array.device).wait_for_stream(handle);
      }
    } catch (const runtime::cuda::CudaFailure& failure) {
      return fail(failure.what());
    }
    return result;
  }

  // As the package ml_dtypes gives it to NumPy: no letter tells it from other types of two bytes.
  static bool is_bfloat16(PyObject* object) {
    const PyRef dtype = PyRef::steal(PyObject_GetAttrString(object, "dtype"));
    const PyRef name = PyRef::steal(dtype ? PyObject_GetAttrString(dtype.get(), "name") : nullptr);
    const char* text = name && PyUnicode_Check(name.get())
                           ? PyUnicode_AsUTF8AndSize(name.get(), nullptr)
                           : nullptr;
    PyErr_Clear();
    return text != nullptr && std::strcmp(text, "bfloat16") == 0;
  }

  // "<f4": byte order, kind, size in bytes.
  static std::optional<BufferFormat> parse_typestr(const char* type) {
    if (std::strlen(type) < 3) return std::nullopt;
    const auto size = static_cast<Py_ssize_t>(std::strtol(type + 2, nullptr, 10));
    if (type[1] == 'f' && size == 2) {
      const char half[] = {type[0], 'e', '\0'};
      return parse_buffer_format(half, size);
    }
    const char letter = type[1] == 'b'   ? '?'
                        : type[1] == 'i' ? 'q'
                        : type[1] == 'u' ? 'Q'
                        : size == 4      ? 'f'
                                         : 'd';
    if (std::strchr("biufc", type[1]) == nullptr) return std::nullopt;
    const char order = type[0] == '|' ? '=' : type[0];
    const char complex_format[] = {order, 'Z', size == 8 ? 'f' : 'd', '\0'};
    if (type[1] == 'c') return parse_buffer_format(complex_format, size);
    const char format[] = {order, letter, '\0'};
    return parse_buffer_format(format, size);
  }
};

ForeignHold::ForeignHold(ForeignHold&& other) noexcept
    : buffer_(std::exchange(other.buffer_, nullptr)),
      owner_(std::move(other.owner_)),
      tensor_(std::move(other.tensor_)) {}

ForeignHold& ForeignHold::operator=(ForeignHold&& other) noexcept {
  release();
  buffer_ = std::exchange(other.buffer_, nullptr);
  owner_ = std::move(other.owner_);
  tensor_ = std::move(other.tensor_);
  return *this;
}

ForeignHold::~ForeignHold() {
  release();
}

void ForeignHold::release() {
  if (buffer_ != nullptr) {
    PyBuffer_Release(buffer_);
    delete std::exchange(buffer_, nullptr);
  }
  tensor_ = ImportedTensor();
  owner_ = PyRef();
}

ForeignResult view_foreign_array(PyObject* object, ForeignArray& array, ForeignHold& hold,
                                 std::string& problem) {
  const ForeignReader reader{array, hold, problem};
  if (is_masked_array(object))
    return reader.fail(std::string("its mask would be lost; ") + kMaskedHelp);
  // CuPy's arrays have the buffer protocol, too, and refuse it.
  if (PyObject_CheckBuffer(object) && reader.read_buffer(object) == ForeignResult::kViewed)
    return ForeignResult::kViewed;
  if (PyType_Check(object)) return ForeignResult::kNotAnArray;
  if (auto tensor = exchange_tensor(object)) return reader.read_tensor(std::move(*tensor));
  const PyRef cuda = PyRef::steal(PyObject_GetAttrString(object, "__cuda_array_interface__"));
  if (cuda) return reader.read_cuda_array_interface(object, cuda.get());
  PyErr_Clear();
  if (PyObject_CheckBuffer(object) && !ForeignReader::is_bfloat16(object))
    return ForeignResult::kUnsupported;
  if (!PyObject_CheckBuffer(object) && PyObject_HasAttrString(object, "__dlpack__") &&
      PyObject_HasAttrString(object, "__dlpack_device__")) {
    return reader.read_dlpack(object);
  }
  const PyRef interface = PyRef::steal(PyObject_GetAttrString(object, "__array_interface__"));
  if (interface) return reader.read_array_interface(object, interface.get());
  PyErr_Clear();
  return ForeignResult::kNotAnArray;
}

namespace {

// visit(address) for each element, in C order.
template <typename Visit>
void visit_elements(const ForeignArray& array, Visit visit) {
  const runtime::ArrayLayout& layout = array.layout;
  const auto rank = static_cast<size_t>(layout.rank);
  std::array<int64_t, ir::kMaxRank> index{};
  auto* element = static_cast<char*>(array.data);
  for (int64_t i = 0; i < array.length; ++i) {
    visit(element);
    for (size_t axis = rank; axis-- > 0;) {
      element += layout.strides[axis];
      if (++index[axis] < layout.shape[axis]) break;
      element -= layout.strides[axis] * layout.shape[axis];
      index[axis] = 0;
    }
  }
}

// From one byte order to the other; a complex number part by part.
void swap_bytes(char* element, ir::Scalar scalar) {
  const int size = ir::size_of(scalar);
  const int part = ir::is_complex(scalar) ? size / 2 : size;
  for (int begin = 0; begin < size; begin += part)
    std::reverse(element + begin, element + begin + part);
}

}  // namespace

void gather_elements(const ForeignArray& array, void* out) {
  const int size = array.item_size();
  if (array.is_contiguous() && !array.is_swapped) {
    if (array.length > 0) std::memcpy(out, array.data, static_cast<size_t>(array.length * size));
    return;
  }
  auto* to = static_cast<char*>(out);
  visit_elements(array, [&](const char* from) {
    std::memcpy(to, from, static_cast<size_t>(size));
    if (array.is_swapped) swap_bytes(to, array.scalar);
    to += size;
  });
}

void scatter_elements(const void* elements, const ForeignArray& array) {
  const int size = array.item_size();
  if (array.is_contiguous() && !array.is_swapped) {
    if (array.length > 0)
      std::memcpy(array.data, elements, static_cast<size_t>(array.length * size));
    return;
  }
  const auto* from = static_cast<const char*>(elements);
  visit_elements(array, [&](char* to) {
    std::memcpy(to, from, static_cast<size_t>(size));
    if (array.is_swapped) swap_bytes(to, array.scalar);
    from += size;
  });
}

namespace {

ForeignArray native_form(const ForeignArray& array, void* data,
                         const runtime::ArrayLayout& layout) {
  ForeignArray native = array;
  native.data = data;
  native.layout = layout;
  native.is_swapped = false;
  return native;
}

std::vector<unsigned char> gathered(const ForeignArray& array) {
  std::vector<unsigned char> elements(static_cast<size_t>(array.length * array.item_size()));
  gather_elements(array, elements.data());
  return elements;
}

}  // namespace

void copy_elements(const ForeignArray& array, void* native, const runtime::ArrayLayout& layout) {
  if (layout.is_contiguous(array.item_size())) return gather_elements(array, native);
  scatter_elements(gathered(array).data(), native_form(array, native, layout));
}

void return_elements(void* native, const runtime::ArrayLayout& layout, const ForeignArray& array) {
  if (layout.is_contiguous(array.item_size())) return scatter_elements(native, array);
  scatter_elements(gathered(native_form(array, native, layout)).data(), array);
}

}  // namespace cudapy::binding
