// Elements of CudaArrays, views of them by slicing, lists and text.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "binding/array_parts.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
#include "binding/masked_array.h"
#include "binding/numbers.h"
#include "support/address.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::ArrayLayout;
using runtime::HostArray;

namespace {

// The functions below are called by Python itself: C++ exceptions end here.
template <typename Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (const runtime::cuda::CudaFailure& failure) {
    return raise_cuda_failure(failure);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

char* at(const HostArray& array, int64_t offset) {
  return static_cast<char*>(
      pointer_to(reinterpret_cast<uint64_t>(array.data()) + static_cast<uint64_t>(offset)));
}

// A number; null with an exception set. From a GPU it is fetched.
PyObject* load_element(const HostArray& array, int64_t offset) {
  if (array.structure() != nullptr) return guarded([&] { return load_struct(array, offset); });
  if (!array.is_on_gpu() && recorded_graph == nullptr)
    return load_number(array.scalar(), at(array, offset));
  return guarded([&]() -> PyObject* {
    if (!array.is_on_gpu()) {
      refuse_while_recording_on_cpu();
      return load_number(array.scalar(), at(array, offset));
    }
    std::array<uint64_t, 2> value{};
    runtime::cuda::Device& gpu = runtime::cuda::Device::get(array.device());
    {
      const GilRelease released;
      gpu.copy_to_host(value.data(), reinterpret_cast<runtime::cuda::Address>(at(array, offset)),
                       static_cast<size_t>(ir::size_of(array.scalar())));
    }
    return raise_no_fault(gpu) ? load_number(array.scalar(), value.data()) : nullptr;
  });
}

// As store_number, which may have to go to a GPU.
StoreResult store_element(const HostArray& array, int64_t offset, PyObject* value) {
  if (!array.is_on_gpu()) return store_number(value, array.scalar(), at(array, offset));
  std::array<uint64_t, 2> bits{};
  const StoreResult result = store_number(value, array.scalar(), bits.data());
  if (result != StoreResult::kStored) return result;
  const PyObject* done = guarded([&]() -> PyObject* {
    const GilRelease released;
    runtime::cuda::Device::get(array.device())
        .copy_from_host(reinterpret_cast<runtime::cuda::Address>(at(array, offset)), bits.data(),
                        static_cast<size_t>(ir::size_of(array.scalar())));
    return value;
  });
  return done != nullptr ? StoreResult::kStored : StoreResult::kRaised;
}

// False with an exception set.
bool raise_unless_stored(StoreResult result, PyObject* value, ir::Scalar scalar) {
  switch (result) {
    case StoreResult::kStored:
      return true;
    case StoreResult::kWrongType:
      raise_type_error(describe_value(value) + ", does not become an element of " +
                       std::string(ir::name_of(scalar)));
      break;
    case StoreResult::kOutOfRange:
      raise(PyExc_OverflowError,
            describe_value(value) + ", does not fit: " + describe_range(scalar));
      break;
    case StoreResult::kRaised:
      break;
  }
  return false;
}

// The part of an array that an index selects: an element if its layout has no dimensions.
struct Selection {
  int64_t offset = 0;  // bytes from the first element
  ArrayLayout layout;
};

// Follows integers, slices and an ellipsis through the dimensions of an array.
class Selector {
 public:
  explicit Selector(const HostArray& array) : array_(array) { made_.layout.rank = 0; }

  // False with an exception set.
  bool select(PyObject* index, Selection& out) {
    const bool several = PyTuple_Check(index);
    const Py_ssize_t count = several ? PyTuple_Size(index) : 1;
    if (!check_count(index, several, count)) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* item = several ? PyTuple_GetItem(index, i) : index;
      if (item == Py_Ellipsis) {
        while (axis_ + static_cast<size_t>(count - 1 - i) < rank()) keep(axis_);
      } else if (!(PySlice_Check(item) ? slice(item) : integer(item))) {
        return false;
      }
    }
    while (axis_ < rank()) keep(axis_);
    out = made_;
    return true;
  }

 private:
  [[nodiscard]] size_t rank() const { return static_cast<size_t>(array_.layout().rank); }
  [[nodiscard]] int64_t length() const { return array_.layout().shape[axis_]; }
  [[nodiscard]] int64_t stride() const { return array_.layout().strides[axis_]; }

  bool check_count(PyObject* index, bool several, Py_ssize_t count) {
    Py_ssize_t indices = 0;
    Py_ssize_t ellipses = 0;
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* item = several ? PyTuple_GetItem(index, i) : index;
      const bool is_index = PyIndex_Check(item) && !PyBool_Check(item);
      if (item == Py_Ellipsis) {
        ++ellipses;
      } else if (is_index || PySlice_Check(item)) {
        ++indices;
      } else {
        raise_type_error("a CudaArray is indexed by integers and slices, not " +
                         describe_value(item));
        return false;
      }
    }
    if (ellipses > 1) {
      raise(PyExc_IndexError, "an index of a CudaArray has one `...` at most");
      return false;
    }
    if (indices <= static_cast<Py_ssize_t>(rank())) return true;
    raise(PyExc_IndexError, std::to_string(indices) + " indices for a CudaArray of " +
                                std::to_string(rank()) +
                                (rank() == 1 ? " dimension" : " dimensions"));
    return false;
  }

  void keep(size_t axis) {
    append(array_.layout().shape[axis], array_.layout().strides[axis]);
    ++axis_;
  }

  void append(int64_t length, int64_t stride) {
    const auto next = static_cast<size_t>(made_.layout.rank++);
    made_.layout.shape[next] = length;
    made_.layout.strides[next] = stride;
  }

  bool integer(PyObject* item) {
    const Py_ssize_t given = PyNumber_AsSsize_t(item, PyExc_IndexError);
    if (given == -1 && PyErr_Occurred()) return false;
    const int64_t i = given < 0 ? given + length() : given;
    if (i < 0 || i >= length()) {
      std::string of = " of a CudaArray of length " + std::to_string(length());
      if (rank() > 1) {
        of = " of dimension " + std::to_string(axis_) + " of a CudaArray of shape " +
             shape_text(array_);
      }
      raise(PyExc_IndexError, "index " + std::to_string(given) + of);
      return false;
    }
    made_.offset += i * stride();
    ++axis_;
    return true;
  }

  bool slice(PyObject* item) {
    Py_ssize_t start = 0;
    Py_ssize_t stop = 0;
    Py_ssize_t step = 0;
    if (PySlice_Unpack(item, &start, &stop, &step) != 0) return false;
    const Py_ssize_t count = PySlice_AdjustIndices(length(), &start, &stop, step);
    if (count > 0) made_.offset += start * stride();
    // A step beyond all elements leads to one of them at most.
    append(count, count > 1 ? step * stride() : stride());
    ++axis_;
    return true;
  }

  const HostArray& array_;
  size_t axis_ = 0;
  Selection made_;
};

PyObject* wrap(HostArray array) {
  return guarded([&] { return nb::cast(std::move(array)).release().ptr(); });
}

bool is_number(PyObject* value) {
  if (PyFloat_Check(value) || PyLong_Check(value) || PyComplex_Check(value)) return true;
  if (host_array_of(value) != nullptr || PyList_Check(value) || PyTuple_Check(value)) return false;
  ForeignArray foreign;
  ForeignHold hold;
  std::string problem;
  return view_foreign_array(value, foreign, hold, problem) == ForeignResult::kViewed
             ? foreign.layout.rank == 0
             : PyNumber_Check(value) != 0;
}

// All elements of `array`, in order, from those of `source`, which lies row by row.
void write_elements(HostArray& array, const HostArray& source) {
  if (!array.is_on_gpu()) return scatter_elements(source.data(), view_of(array));
  if (array.is_contiguous()) {
    const GilRelease released;
    return array.copy_from_host(source);
  }
  HostArray copy = fetch(array);
  scatter_elements(source.data(), view_of(copy));
  const GilRelease released;
  array.copy_from_host(copy);
}

// A[1:3] = value: a number for all elements, or as many numbers in the same shape.
bool assign(HostArray array, PyObject* value) {
  if (is_masked_array(value)) {
    raise_type_error(std::string("the mask of a masked array would be lost; ") + kMaskedHelp);
    return false;
  }
  if (array.structure() != nullptr) {
    if (copy_at_once(array, value)) return true;
    write_elements(array, spread_structs(array, value));
    return true;
  }
  const auto size = static_cast<size_t>(ir::size_of(array.scalar()));
  if (is_number(value)) {
    std::array<uint64_t, 2> bits{};
    if (!raise_unless_stored(store_number(value, array.scalar(), bits.data()), value,
                             array.scalar())) {
      return false;
    }
    if (clear_at_once(array, bits)) return true;
    HostArray source(array.shape(), array.scalar());
    auto* to = static_cast<char*>(source.data());
    for (int64_t i = 0; i < array.length(); ++i, to += size) std::memcpy(to, bits.data(), size);
    write_elements(array, source);
    return true;
  }
  if (copy_at_once(array, value)) return true;
  const HostArray source = make_array_on_host(value, array.scalar());
  if (!std::ranges::equal(source.shape(), array.shape())) {
    raise(PyExc_ValueError, "elements of shape " + shape_text(source) +
                                " are given to a part of shape " + shape_text(array));
    return false;
  }
  write_elements(array, source);
  return true;
}

PyObject* list_of(const HostArray& array, size_t axis, const char* first) {
  const ArrayLayout& layout = array.layout();
  const bool innermost = axis + 1 == static_cast<size_t>(layout.rank);
  const int size = ir::size_of(array.scalar());
  if (innermost && layout.strides[axis] == size)
    return list_of_elements(array.scalar(), first, layout.shape[axis]);
  PyRef list = PyRef::steal(PyList_New(layout.shape[axis]));
  for (int64_t i = 0; list && i < layout.shape[axis]; ++i) {
    const char* item = first + i * layout.strides[axis];
    PyObject* made = innermost ? load_number(array.scalar(), item) : list_of(array, axis + 1, item);
    if (made == nullptr) return nullptr;
    if (PyList_SetItem(list.get(), i, made) != 0) return nullptr;
  }
  return list.release();
}

}  // namespace

ForeignArray view_of(const HostArray& array) {
  ForeignArray view;
  view.data = const_cast<void*>(array.data());
  view.length = array.length();
  view.scalar = array.scalar();
  view.structure = array.structure();
  view.device = array.device();
  view.layout = array.layout();
  return view;
}

HostArray fetch(const HostArray& array) {
  if (!array.is_on_gpu()) refuse_while_recording_on_cpu();
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

PyObject* get_item(PyObject* self, PyObject* index) {
  const HostArray& array = *host_array_of(self);
  if (PyUnicode_Check(index) && array.structure() != nullptr)
    return guarded([&] { return nb::cast(field_of_array(array, index)).release().ptr(); });
  Selection part;
  if (!Selector(array).select(index, part)) return nullptr;
  if (part.layout.rank == 0) return load_element(array, part.offset);
  return wrap(array.view(part.offset, part.layout));
}

int set_item(PyObject* self, PyObject* index, PyObject* value) {
  const HostArray& array = *host_array_of(self);
  if (value == nullptr) {
    raise_type_error("elements of a CudaArray cannot be deleted");
    return -1;
  }
  if (PyUnicode_Check(index) && array.structure() != nullptr) {
    const PyObject* done = guarded([&]() -> PyObject* {
      return assign(field_of_array(array, index), value) ? value : nullptr;
    });
    return done != nullptr ? 0 : -1;
  }
  Selection part;
  if (!Selector(array).select(index, part)) return -1;
  if (part.layout.rank == 0 && array.structure() != nullptr) {
    part.layout.rank = 1;  // one element
    part.layout.shape[0] = 1;
    part.layout.strides[0] = array.item_size();
  }
  if (part.layout.rank == 0) {
    const StoreResult result = store_element(array, part.offset, value);
    return raise_unless_stored(result, value, array.scalar()) ? 0 : -1;
  }
  const PyObject* done = guarded([&]() -> PyObject* {
    return assign(array.view(part.offset, part.layout), value) ? value : nullptr;
  });
  return done != nullptr ? 0 : -1;
}

Py_ssize_t sequence_size(PyObject* self) {
  return host_array_of(self)->layout().shape[0];
}

// For iteration: PySequence_GetItem has added the length to negative indices already.
PyObject* sequence_get(PyObject* self, Py_ssize_t index) {
  const HostArray& array = *host_array_of(self);
  const ArrayLayout& layout = array.layout();
  if (index < 0 || index >= layout.shape[0]) {
    PyErr_SetString(PyExc_IndexError, "CudaArray index out of range");
    return nullptr;
  }
  const int64_t offset = index * layout.strides[0];
  if (layout.rank == 1) return load_element(array, offset);
  ArrayLayout row;
  row.rank = layout.rank - 1;
  std::copy(layout.shape.begin() + 1, layout.shape.end(), row.shape.begin());
  std::copy(layout.strides.begin() + 1, layout.strides.end(), row.strides.begin());
  return wrap(array.view(offset, row));
}

nb::object to_list(const HostArray& array) {
  std::optional<HostArray> fetched;
  if (array.is_on_gpu())
    fetched = fetch(array);
  else
    refuse_while_recording_on_cpu();
  const HostArray& source = fetched ? *fetched : array;
  if (array.structure() != nullptr)
    return as_numpy(nb::cast(source), nb::none(), nb::none()).attr("tolist")();
  PyObject* list = list_of(source, 0, static_cast<const char*>(source.data()));
  if (list == nullptr) fail();
  return nb::steal(list);
}

HostArray transposed(const HostArray& array) {
  ArrayLayout layout = array.layout();
  std::reverse(layout.shape.begin(), layout.shape.begin() + layout.rank);
  std::reverse(layout.strides.begin(), layout.strides.begin() + layout.rank);
  return array.view(0, layout);
}

std::string shape_text(const HostArray& array) {
  std::string text = "(";
  for (const int64_t length : array.shape())
    text += (text.size() > 1 ? ", " : "") + std::to_string(length);
  return text + (array.layout().rank == 1 ? ",)" : ")");
}

std::string device_name(const HostArray& array) {
  return array.is_on_gpu() ? "cuda:" + std::to_string(array.device()) : "cpu";
}

std::string repr(const HostArray& array) {
  constexpr int64_t kShown = 6;
  const bool is_vector = array.layout().rank == 1;
  const bool shows_all = array.length() <= (is_vector ? kShown : 4 * kShown);
  std::string text = "CudaArray(";
  if (is_vector || shows_all) {
    ArrayLayout first = array.layout();
    if (is_vector) first.shape[0] = std::min(first.shape[0], kShown);
    const PyRef shown = PyRef::steal(PyObject_Repr(to_list(array.view(0, first)).ptr()));
    if (!shown) fail();
    text += PyUnicode_AsUTF8AndSize(shown.get(), nullptr);
    if (!shows_all) text.insert(text.size() - 1, ", ...");
    text += ", ";
  }
  text += ir::to_string(array.element());
  if (!shows_all)
    text +=
        is_vector ? ", length " + std::to_string(array.length()) : ", shape " + shape_text(array);
  if (array.is_on_gpu()) text += ", on " + device_name(array);
  return text + ")";
}

}  // namespace cudapy::binding
