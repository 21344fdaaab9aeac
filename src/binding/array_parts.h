// What the files of CudaArray share: private to array*.cpp. Functions that throw do so with a
// Python exception set, as nanobind wants it.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <optional>
#include <span>
#include <string>

#include "binding/array.h"
#include "binding/errors.h"
#include "runtime/cuda/driver.h"

namespace cudapy::binding {

// Ends a nanobind function whose Python exception is set.
[[noreturn]] inline void fail() {
  throw nanobind::python_error();
}

[[noreturn]] inline void fail_with_type_error(const std::string& message) {
  raise_type_error(message);
  fail();
}

// array.cpp: a new array on the CPU of what a list or an array holds.
runtime::HostArray make_array_on_host(nanobind::handle source, std::optional<ir::Scalar> wanted);

// array_structs.cpp: arrays whose elements are structs. NumPy makes and reads these.

// A new array on the CPU; `source` may be anything whose elements are structs of the same fields.
runtime::HostArray make_struct_array(nanobind::handle source, const ir::Type& element);
// Whether a list begins with an instance of a dataclass or of a NamedTuple; its struct.
std::optional<ir::Type> struct_in_list(nanobind::handle source);
nanobind::object dtype_of(const ir::Type& structure);
// A[i], at `offset`; null with an exception set.
PyObject* load_struct(const runtime::HostArray& array, int64_t offset);
// A["x"]: the field of all elements, in the same memory.
runtime::HostArray field_of_array(const runtime::HostArray& array, PyObject* name);
// All elements of `array`, in order, as a new array on the CPU: `value`, as NumPy spreads it.
runtime::HostArray spread_structs(const runtime::HostArray& array, PyObject* value);
// The format of the buffer protocol, a string that lives forever; null with an exception set.
const char* struct_format(const ir::Type& structure);

// array_items.cpp

ForeignArray view_of(const runtime::HostArray& array);

// Copies of the same layout, without the GIL. fetch() raises what the GPU's launches before it ran
// into.
runtime::HostArray fetch(const runtime::HostArray& array);
runtime::HostArray send(const runtime::HostArray& array, runtime::cuda::Device& gpu);

// Slots of Python's: null or -1 with an exception set.
PyObject* get_item(PyObject* self, PyObject* index);
int set_item(PyObject* self, PyObject* index, PyObject* value);
PyObject* sequence_get(PyObject* self, Py_ssize_t index);
Py_ssize_t sequence_size(PyObject* self);

nanobind::object to_list(const runtime::HostArray& array);
runtime::HostArray transposed(const runtime::HostArray& array);
std::string shape_text(const runtime::HostArray& array);
std::string repr(const runtime::HostArray& array);
std::string device_name(const runtime::HostArray& array);

// array_copies.cpp

// `array.toHost(out)`: fills an array of the same shape and type in the host's memory; gives it.
nanobind::object copy_out(nanobind::handle self, nanobind::handle out);
// Copies `source` to `array` where a GPU is on either side and its bytes need no change. False with
// no exception set: another way has to be taken.
bool copy_at_once(const runtime::HostArray& array, PyObject* source);
// The same for a number with these bits, in all elements.
bool clear_at_once(const runtime::HostArray& array, std::span<const uint64_t> bits);

// A new array on the same device, row by row, with the same elements.
runtime::HostArray copy_of(const runtime::HostArray& array);
// In the same memory where the elements are neighbours in C order, else a copy.
runtime::HostArray reshaped(const runtime::HostArray& array, const nanobind::args& shape);
void fill(nanobind::handle self, nanobind::handle value);

// array_dlpack.cpp

// The array's `__dlpack__`, as the Python array API has it.
nanobind::object to_dlpack(nanobind::handle self, nanobind::handle stream,
                           nanobind::handle max_version, nanobind::handle dl_device,
                           nanobind::handle copy);
nanobind::tuple dlpack_device_of(const runtime::HostArray& array);

// array_exports.cpp

int get_buffer(PyObject* self, Py_buffer* view, int flags);
void release_buffer(PyObject* self, Py_buffer* view);
nanobind::object as_numpy(nanobind::handle self, nanobind::handle dtype, nanobind::handle copy);
nanobind::dict cuda_array_interface(const runtime::HostArray& array);
nanobind::tuple shape_of(const runtime::HostArray& array);
nanobind::tuple strides_of(const runtime::HostArray& array);

}  // namespace cudapy::binding
