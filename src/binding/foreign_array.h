// Arrays of other libraries, seen through the buffer protocol, DLPack's functions in C,
// __cuda_array_interface__, DLPack's methods or __array_interface__: whichever the object has, in
// this order. NumPy is not needed.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "binding/dlpack_import.h"
#include "binding/py_ref.h"
#include "ir/type.h"
#include "runtime/array_layout.h"
#include "runtime/host_array.h"

namespace cudapy::binding {

// A view of somebody's memory, which stays valid while `hold` lives.
struct ForeignArray {
  void* data = nullptr;
  int64_t length = 0;           // elements, over all dimensions
  runtime::ArrayLayout layout;  // of rank 0: a number
  ir::Scalar scalar = ir::Scalar::U8;
  const ir::Aggregate* structure = nullptr;  // what the elements are if they are no numbers
  bool is_swapped = false;                   // in the other byte order
  bool is_read_only = false;
  int device = runtime::kHostDevice;  // a GPU's number, if the memory is there

  // The type of an array with these elements.
  ir::Type type(bool is_strided = false) const {
    const auto rank = static_cast<uint8_t>(layout.rank);
    return {ir::Type::Kind::Array, scalar, rank, false, structure, is_strided};
  }
  int item_size() const { return ir::item_size(type()); }
  bool is_contiguous() const { return layout.is_contiguous(item_size()); }

  // True if a kernel of the device that the memory is on can work on it as it is.
  bool is_usable_in_place() const {
    const int size = item_size();
    const int alignment = structure != nullptr ? structure->alignment : size;
    return !is_swapped && layout.has_whole_strides(size) &&
           reinterpret_cast<uintptr_t>(data) % static_cast<uintptr_t>(alignment) == 0;
  }
};

// Keeps a view valid: a buffer that is held, or objects that own the memory. Movable; its end needs
// the GIL.
class ForeignHold {
 public:
  ForeignHold() = default;
  ForeignHold(ForeignHold&& other) noexcept;
  ForeignHold& operator=(ForeignHold&& other) noexcept;
  ~ForeignHold();

 private:
  friend struct ForeignReader;
  void release();

  Py_buffer* buffer_ = nullptr;  // owned; on the heap because exporters may point into it
  PyRef owner_;
  ImportedTensor tensor_;
};

enum class ForeignResult {
  kViewed,
  kNotAnArray,   // none of the protocols; no exception is set
  kUnsupported,  // an array that kernels cannot take; `problem` says why; no exception is set
};

ForeignResult view_foreign_array(PyObject* object, ForeignArray& array, ForeignHold& hold,
                                 std::string& problem);

// Copies an array's elements into `out`, in C order and in native byte order; and back.
void gather_elements(const ForeignArray& array, void* out);
void scatter_elements(const void* elements, const ForeignArray& array);

// The same with other memory whose first element is at `native`, aligned and in native byte order,
// and whose others lie as `layout` says, of the array's shape.
void copy_elements(const ForeignArray& array, void* native, const runtime::ArrayLayout& layout);
void return_elements(void* native, const runtime::ArrayLayout& layout, const ForeignArray& array);

}  // namespace cudapy::binding
