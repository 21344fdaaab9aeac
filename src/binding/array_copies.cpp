// Copies between CudaArrays and other arrays that go straight from one's memory to the other's.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "binding/array_parts.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
#include "binding/numbers.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::HostArray;
using runtime::cuda::Address;
using runtime::cuda::Device;

namespace {

Address address_of(const void* data) {
  return reinterpret_cast<Address>(data);
}

std::span<const int64_t> lengths_of(const ForeignArray& array) {
  return {array.layout.shape.data(), static_cast<size_t>(array.layout.rank)};
}

std::string text_of_shape(const ForeignArray& array) {
  std::string text = "(";
  for (const int64_t length : lengths_of(array))
    text += (text.size() > 1 ? ", " : "") + std::to_string(length);
  return text + (array.layout.rank == 1 ? ",)" : ")");
}

// Whether the bytes of one are those of the other, in order.
bool lie_alike(const ForeignArray& a, const ForeignArray& b) {
  return a.scalar == b.scalar && a.structure == b.structure && !a.is_swapped && !b.is_swapped &&
         a.is_contiguous() && b.is_contiguous() && std::ranges::equal(lengths_of(a), lengths_of(b));
}

bool overlap(const ForeignArray& a, const ForeignArray& b) {
  const auto bytes = static_cast<Address>(a.length * a.item_size());
  const Address first = address_of(a.data);
  const Address second = address_of(b.data);
  return first < second + bytes && second < first + bytes;
}

// Between devices, or on one. Without the GIL.
void copy_bytes(const ForeignArray& to, const ForeignArray& from) {
  const auto bytes = static_cast<size_t>(to.length * to.item_size());
  if (to.device == runtime::kHostDevice) {
    Device::get(from.device).copy_to_host(to.data, address_of(from.data), bytes);
  } else if (from.device == runtime::kHostDevice) {
    Device::get(to.device).copy_from_host(address_of(to.data), from.data, bytes);
  } else if (from.device == to.device) {
    Device::get(to.device).copy_within(address_of(to.data), address_of(from.data), bytes);
  } else {
    Device::get(to.device).copy_from_device(address_of(to.data), Device::get(from.device),
                                            address_of(from.data), bytes);
  }
}

void view_target(nb::handle out, const HostArray& array, ForeignArray& target, ForeignHold& hold) {
  std::string problem;
  const ForeignResult result = view_foreign_array(out.ptr(), target, hold, problem);
  if (result != ForeignResult::kViewed || target.layout.rank == 0) {
    fail_with_type_error("toHost(out=): " + describe_value(out.ptr()) + ", is no array" +
                         (problem.empty() ? "" : " to copy to: " + problem));
  }
  if (target.device != runtime::kHostDevice)
    fail_with_type_error("toHost(out=): the array is on a GPU; `out[:] = array` copies to it");
  if (target.is_read_only) fail_with_type_error("toHost(out=): the array cannot be written");
  if (target.structure != array.structure() || target.scalar != array.scalar()) {
    fail_with_type_error("toHost(out=): the array has elements of " +
                         ir::to_string(target.type().element()) + ", and this one of " +
                         ir::to_string(array.element()));
  }
  if (std::ranges::equal(lengths_of(target), array.shape())) return;
  raise(PyExc_ValueError, "toHost(out=): the array has shape " + text_of_shape(target) +
                              ", and this one " + shape_text(array));
  fail();
}

}  // namespace

nb::object copy_out(nb::handle self, nb::handle out) {
  const HostArray& array = *host_array_of(self.ptr());
  ForeignArray target;
  ForeignHold hold;
  view_target(out, array, target, hold);
  if (array.is_on_gpu() && lie_alike(target, view_of(array))) {
    {
      const GilRelease released;
      copy_bytes(target, view_of(array));
    }
    if (!raise_no_fault(Device::get(array.device()))) fail();
    return nb::borrow(out);
  }
  const HostArray fetched = fetch(array);  // of an array on the CPU too: they may overlap
  std::vector<unsigned char> elements(static_cast<size_t>(array.bytes()));
  gather_elements(view_of(fetched), elements.data());
  scatter_elements(elements.data(), target);
  return nb::borrow(out);
}

bool copy_at_once(const HostArray& array, PyObject* source) {
  ForeignArray from;
  ForeignHold hold;
  if (const HostArray* own = host_array_of(source)) {
    from = view_of(*own);
  } else {
    std::string problem;
    const bool is_buffer = array.is_on_gpu() && PyObject_CheckBuffer(source) != 0;
    if (!is_buffer || view_foreign_array(source, from, hold, problem) != ForeignResult::kViewed) {
      return false;
    }
  }
  const ForeignArray to = view_of(array);
  const bool meets_gpu = to.device != runtime::kHostDevice || from.device != runtime::kHostDevice;
  if (!meets_gpu || !lie_alike(to, from) || (to.device == from.device && overlap(to, from)))
    return false;
  {
    const GilRelease released;
    copy_bytes(to, from);
  }
  if (to.device == runtime::kHostDevice && !raise_no_fault(Device::get(from.device))) fail();
  return true;
}

HostArray copy_of(const HostArray& array) {
  if (!array.is_on_gpu()) {
    refuse_while_recording_on_cpu();
    HostArray copy(array.shape(), array.element());
    gather_elements(view_of(array), copy.data());
    return copy;
  }
  Device& gpu = Device::get(array.device());
  if (!array.is_contiguous()) return send(copy_of(fetch(array)), gpu);
  HostArray copy(array.shape(), array.element(), gpu);
  const GilRelease released;
  gpu.copy_within(address_of(copy.data()), address_of(array.data()),
                  static_cast<size_t>(array.bytes()));
  return copy;
}

namespace {

[[noreturn]] void refuse_shape(const HostArray& array, const std::string& why) {
  raise(PyExc_ValueError, "CudaArray.reshape: " + why + "; the array has the shape " +
                              shape_text(array) + ", which is " + std::to_string(array.length()) +
                              (array.length() == 1 ? " element" : " elements"));
  fail();
}

// The lengths that reshape() is given: integers, or a tuple or list of them; -1: as many as are
// left.
std::vector<int64_t> wanted_lengths(const HostArray& array, const nb::args& given) {
  const bool is_tuple = given.size() == 1 && PyIndex_Check(nb::handle(given[0]).ptr()) == 0;
  const nb::object lengths = is_tuple ? nb::object(given[0]) : nb::object(given);
  std::vector<int64_t> shape;
  int64_t items = 1;
  std::optional<size_t> left;
  for (const nb::handle item : lengths) {
    const int64_t length = PyNumber_AsSsize_t(item.ptr(), PyExc_OverflowError);
    if (length == -1 && PyErr_Occurred() != nullptr) fail();
    if (length < -1)
      refuse_shape(array, "a length of " + std::to_string(length) +
                              " is none: give 0 or more, or -1 for as many as are left");
    if (length == -1 && left)
      refuse_shape(array, "only one length can be -1, which stands for as many as are left");
    if (length == -1) left = shape.size();
    if (length != -1 && __builtin_mul_overflow(items, length, &items))
      refuse_shape(array, "the new shape takes more than 2**63 elements");
    shape.push_back(length);
  }
  if (shape.empty() || shape.size() > ir::kMaxRank)
    fail_with_type_error("CudaArray.reshape: an array has 1 to 8 dimensions");
  if (left && items > 0) shape[*left] = array.length() / items;
  if (left && items == 0) refuse_shape(array, "-1 beside a length of 0 could stand for any length");
  if (items * (left ? shape[*left] : 1) != array.length())
    refuse_shape(array, "the new shape takes " + std::string(left ? "a multiple of " : "") +
                            std::to_string(items) + (items == 1 ? " element" : " elements"));
  return shape;
}

}  // namespace

HostArray reshaped(const HostArray& array, const nb::args& shape) {
  const std::vector<int64_t> lengths = wanted_lengths(array, shape);
  const auto layout = runtime::ArrayLayout::contiguous(lengths, array.item_size());
  return (array.is_contiguous() ? array : copy_of(array)).view(0, layout);
}

void fill(nb::handle self, nb::handle value) {
  const bool is_number = host_array_of(self.ptr())->structure() != nullptr ||
                         (host_array_of(value.ptr()) == nullptr && !PyList_Check(value.ptr()) &&
                          !PyTuple_Check(value.ptr()));
  if (!is_number)
    fail_with_type_error("CudaArray.fill takes a number, not " + describe_value(value.ptr()) +
                         "; `A[:] = values` copies elements");
  self.attr("__setitem__")(nb::slice(nb::none(), nb::none(), nb::none()), value);
}

bool clear_at_once(const HostArray& array, std::span<const uint64_t> bits) {
  const bool is_zero = std::ranges::all_of(bits, [](uint64_t word) { return word == 0; });
  if (!array.is_on_gpu() || !array.is_contiguous() || !is_zero) return false;
  const GilRelease released;
  Device::get(array.device())
      .fill_with_zero(address_of(array.data()), static_cast<size_t>(array.bytes()));
  return true;
}

}  // namespace cudapy::binding
