// The part of every launch that is paid in nanoseconds: no allocation, no exception, no reference
// counted.

#include <algorithm>
#include <cstring>

#include "binding/arguments.h"
#include "binding/array.h"
#include "binding/elem_type.h"
#include "binding/masked_array.h"
#include "binding/numpy_array.h"
#include "binding/py_ref.h"
#include "binding/struct_type.h"
#include "ir/half.h"

namespace cudapy::binding {
namespace {

using ir::Scalar;

template <typename T>
bool put(unsigned char* out, T value) {
  std::memcpy(out, &value, sizeof value);
  return true;
}

bool put_integer(Scalar scalar, int64_t value, unsigned char* out) {
  switch (scalar) {
    case Scalar::I8:
      return value == static_cast<int8_t>(value) && put(out, static_cast<int8_t>(value));
    case Scalar::I16:
      return value == static_cast<int16_t>(value) && put(out, static_cast<int16_t>(value));
    case Scalar::I32:
      return value == static_cast<int32_t>(value) && put(out, static_cast<int32_t>(value));
    case Scalar::I64:
      return put(out, value);
    case Scalar::U8:
      return value == static_cast<uint8_t>(value) && put(out, static_cast<uint8_t>(value));
    case Scalar::U16:
      return value == static_cast<uint16_t>(value) && put(out, static_cast<uint16_t>(value));
    case Scalar::U32:
      return value == static_cast<uint32_t>(value) && put(out, static_cast<uint32_t>(value));
    case Scalar::U64:
      return value >= 0 && put(out, value);
    case Scalar::F32:
      return put(out, static_cast<float>(value));
    case Scalar::F64:
      return put(out, static_cast<double>(value));
    case Scalar::F16:
    case Scalar::BF16:
      return put(out, ir::half_bits(scalar, static_cast<float>(value)));
    case Scalar::Bool:
    case Scalar::C64:
    case Scalar::C128:
      return false;
  }
  return false;
}

// The format that the slot's own element type is written as by nearly everybody; the rest are
// parsed.
bool has_format(const Py_buffer& view, Scalar scalar) {
  // What has the letter of bfloat16 in a buffer is an array of uint16.
  if (scalar == Scalar::BF16) return false;
  if (!ir::is_complex(scalar) && view.format != nullptr &&
      view.format[0] == buffer_format(scalar)[0] && view.format[1] == '\0') {
    return view.itemsize == ir::size_of(scalar);
  }
  const auto format = parse_buffer_format(view.format, view.itemsize);
  return format && format->scalar == scalar && !format->is_swapped;
}

// ctypes leaves the strides out even where they are asked for.
bool has_unit_stride(const Py_buffer& view) {
  return view.strides == nullptr || view.strides[0] == view.itemsize || view.shape[0] <= 1;
}

bool is_usable(const Py_buffer& view, const ParameterSlot& slot) {
  const bool is_struct = slot.structure != nullptr;
  const auto alignment =
      static_cast<uintptr_t>(is_struct ? slot.structure->alignment : view.itemsize);
  return (is_struct ? view.itemsize == slot.structure->size : has_format(view, slot.scalar)) &&
         !(slot.is_written && view.readonly) &&
         reinterpret_cast<uintptr_t>(view.buf) % alignment == 0;
}

// Of structs the dtype is looked at instead of the buffer's format, which NumPy writes anew for
// each buffer.
bool is_array_of(const ir::Aggregate& structure, PyObject* argument) {
  static PyObject* const name = PyUnicode_InternFromString("dtype");
  const PyRef dtype = PyRef::steal(PyObject_GetAttr(argument, name));
  if (!dtype) PyErr_Clear();
  return dtype && known_struct(dtype.get()) == &structure;
}

// A NumPy scalar, or an array without dimensions, of the slot's own type. Where the parameter's
// type is the call's choice, it is what such an argument chooses.
bool put_element(Scalar scalar, PyObject* argument, unsigned char* out) {
  if (!PyObject_CheckBuffer(argument) || is_masked_array(argument)) return false;
  Py_buffer view;
  if (PyObject_GetBuffer(argument, &view, PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
    PyErr_Clear();
    return false;
  }
  const bool fits = view.ndim == 0 && has_format(view, scalar);
  if (fits) std::memcpy(out, view.buf, static_cast<size_t>(view.itemsize));
  PyBuffer_Release(&view);
  return fits;
}

runtime::ArrayLayout layout_of(const Py_buffer& view) {
  const auto rank = static_cast<size_t>(view.ndim);
  runtime::ArrayLayout layout = runtime::ArrayLayout::contiguous({view.shape, rank}, view.itemsize);
  if (view.strides != nullptr) std::copy_n(view.strides, rank, layout.strides.begin());
  return layout;
}

// Of one element along a dimension NumPy's strides say nothing; its buffers have those of an array
// without gaps.
runtime::ArrayLayout layout_of(const NumpyArray& array, int item_size) {
  const auto rank = static_cast<size_t>(array.rank);
  runtime::ArrayLayout layout = runtime::ArrayLayout::contiguous({array.shape, rank}, item_size);
  if (!array.is_row_major()) std::copy_n(array.strides, rank, layout.strides.begin());
  return layout;
}

// An array that the slot's code can take as it is. Null: look at its buffer.
const NumpyArray* plain_array_of(const ParameterSlot& slot, PyObject* argument, int device) {
  if (device != runtime::kHostDevice || slot.structure != nullptr) return nullptr;
  const NumpyArray* array = numpy_array_of(argument, slot.scalar);
  const auto size = static_cast<uintptr_t>(slot.item_size());
  const bool is_usable = array != nullptr && array->rank == slot.rank &&
                         (array->is_row_major() || !array->is_column_major()) &&
                         !(slot.is_written && !array->is_writable()) &&
                         reinterpret_cast<uintptr_t>(array->data) % size == 0;
  return is_usable ? array : nullptr;
}

}  // namespace

bool FastArguments::fill_array(const ParameterSlot& slot, PyObject* argument, int device) {
  runtime::ArrayArgument array{};
  if (runtime::HostArray* own = exact_host_array_of(argument)) {
    if (own->structure() != slot.structure || own->scalar() != slot.scalar ||
        own->device() != device || !own->is_aligned())
      return false;
    if (slot.rank != 1 || slot.is_strided || !own->is_vector()) {
      return own->layout().rank == slot.rank &&
             fill_layout(slot, own->data(), own->layout(), device);
    }
    array = {own->data(), own->length()};
  } else if (const NumpyArray* numpy = plain_array_of(slot, argument, device)) {
    if (slot.rank > 1 || slot.is_strided)
      return fill_layout(slot, numpy->data, layout_of(*numpy, slot.item_size()), device);
    if (numpy->strides[0] != slot.item_size() && numpy->shape[0] > 1) return false;
    array = {numpy->data, numpy->shape[0]};
  } else {
    if (device != runtime::kHostDevice || !PyObject_CheckBuffer(argument) ||
        is_masked_array(argument))
      return false;
    if (slot.structure != nullptr && !is_array_of(*slot.structure, argument)) return false;
    Py_buffer& view = views_[view_count_];
    const int flags = PyBUF_STRIDES | (slot.structure != nullptr ? 0 : PyBUF_FORMAT);
    if (PyObject_GetBuffer(argument, &view, flags) != 0) {
      PyErr_Clear();
      return false;
    }
    ++view_count_;
    if (view.ndim != slot.rank || !is_usable(view, slot)) return false;
    if (slot.rank > 1 || slot.is_strided)
      return fill_layout(slot, view.buf, layout_of(view), device);
    if (!has_unit_stride(view)) return false;
    array = {view.buf, view.shape[0]};
  }
  if (array.length > longest_) longest_ = array.length;
  return put(bytes_ + slot.offset, array);
}

// Any array but those of one contiguous dimension. It must be just what the slot's code was made
// for: one with contiguous rows goes to code that relies on them.
bool FastArguments::fill_layout(const ParameterSlot& slot, void* data,
                                const runtime::ArrayLayout& layout, int device) {
  const int size = slot.item_size();
  const bool takes_images = device == runtime::kHostDevice && slot.structure == nullptr;
  const bool fits = layout.has_contiguous_rows(size) != slot.is_strided &&
                    layout.has_whole_strides(size) &&
                    slot.channels == (takes_images ? layout.channels(size) : 0) &&
                    !(slot.is_written && layout.repeats_elements());
  if (!fits) return false;
  longest_ = std::max({longest_, layout.size(), layout.reach(size)});
  auto* words = reinterpret_cast<int64_t*>(bytes_ + slot.offset);
  words[0] = reinterpret_cast<int64_t>(data);
  layout.write_argument(slot.is_strided, size, words + 1);
  return true;
}

bool FastArguments::fill_scalar(const ParameterSlot& slot, PyObject* argument) {
  unsigned char* out = bytes_ + slot.offset;
  if (slot.takes_float &&
      (PyFloat_CheckExact(argument) || (slot.is_declared && PyFloat_Check(argument)))) {
    const double value = PyFloat_AsDouble(argument);
    if (slot.scalar == Scalar::F64) return put(out, value);
    return slot.scalar == Scalar::F32 ? put(out, static_cast<float>(value))
                                      : put(out, ir::half_bits(slot.scalar, value));
  }
  if (slot.takes_int && PyLong_CheckExact(argument)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(argument, &overflow);
    if (overflow != 0 || (slot.needs_wide_int && value == static_cast<int32_t>(value)))
      return false;
    return put_integer(slot.scalar, value, out);
  }
  if (slot.scalar == Scalar::Bool && PyBool_Check(argument))
    return put(out, static_cast<uint8_t>(argument == Py_True));
  return put_element(slot.scalar, argument, out);
}

bool FastArguments::fill(const Binding& binding, PyObject* const* arguments, bool wide_threads,
                         int device) {
  if (!binding.takes_fast_path) return false;
  size_t i = 0;
  for (const ParameterSlot& slot : binding.slots) {
    const bool is_filled =
        slot.is_array ? fill_array(slot, arguments[i], device) : fill_scalar(slot, arguments[i]);
    if (!is_filled) {
      release();
      return false;
    }
    ++i;
  }
  if ((wide_threads || longest_ > INT32_MAX) == binding.types.wide_index) return true;
  release();
  return false;
}

void FastArguments::release() {
  for (int i = 0; i < view_count_; ++i) PyBuffer_Release(&views_[i]);
  view_count_ = 0;
  longest_ = 0;
}

}  // namespace cudapy::binding
