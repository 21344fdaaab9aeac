// Tensors of other libraries by DLPack: by the functions that a type offers in C, else by the
// methods of the object.
#pragma once

#include <Python.h>

#include <optional>
#include <string>

#include "binding/dlpack.h"

namespace cudapy::binding {

// A tensor that was taken over, which is given back at the end. The GIL is held.
class ImportedTensor {
 public:
  ImportedTensor() = default;
  explicit ImportedTensor(DLManagedTensor* managed) : managed_(managed) {}
  explicit ImportedTensor(DLManagedTensorVersioned* managed) : versioned_(managed) {}
  ImportedTensor(ImportedTensor&& other) noexcept;
  ImportedTensor& operator=(ImportedTensor&& other) noexcept;
  ~ImportedTensor();

  const DLTensor& tensor() const {
    return versioned_ != nullptr ? versioned_->dl_tensor : managed_->dl_tensor;
  }
  bool is_read_only() const {
    return versioned_ != nullptr && (versioned_->flags & kDLReadOnly) != 0;
  }

 private:
  DLManagedTensor* managed_ = nullptr;
  DLManagedTensorVersioned* versioned_ = nullptr;
};

// Whether the memory is one that a kernel can be given.
bool is_known_device(DLDevice device);
bool is_gpu(DLDevice device);

// By the functions of the object's type, without a call of Python's; nothing if it has none, or
// they fail. What the producer's current stream still has to do to a tensor on a GPU is not waited
// for, as with `__cuda_array_interface__` without a stream.
std::optional<ImportedTensor> exchange_tensor(PyObject* object);

// By `__dlpack_device__` and `__dlpack__`, in the order of the legacy default stream. Nothing, with
// the reason in `problem`, if that does not work.
std::optional<ImportedTensor> import_tensor(PyObject* object, std::string& problem);

// The message of the exception that is set, which is cleared.
std::string take_exception_text();

}  // namespace cudapy::binding
