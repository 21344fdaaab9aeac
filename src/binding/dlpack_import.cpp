#include "binding/dlpack_import.h"

#include <array>
#include <cstring>
#include <utility>

#include "binding/py_ref.h"

namespace cudapy::binding {
namespace {

constexpr const char* kPlain = "dltensor";
constexpr const char* kVersioned = "dltensor_versioned";

// The table for this major version; null: there is none.
const DLPackExchangeAPI* suitable(const DLPackExchangeHeader* header) {
  while (header != nullptr && header->version.major != kDLMajorVersion) header = header->prev_api;
  // The header is the table's first member.
  const auto* table = reinterpret_cast<const DLPackExchangeAPI*>(header);
  const bool is_whole = table != nullptr && table->managed_tensor_from_py_object_no_sync != nullptr;
  return is_whole ? table : nullptr;
}

// Tables live as long as the process. A type in the list is kept, so that no other takes its place
// in memory; what has no table now may get one later and is looked up again.
const DLPackExchangeAPI* table_of(PyTypeObject* type) {
  struct Known {
    PyTypeObject* type;
    const DLPackExchangeAPI* table;
  };
  constexpr size_t kMostKnown = 8;
  static std::array<Known, kMostKnown> known{};
  static size_t count = 0;
  for (size_t i = 0; i < count; ++i) {
    if (known[i].type == type) return known[i].table;
  }
  const PyRef capsule = PyRef::steal(
      PyObject_GetAttrString(reinterpret_cast<PyObject*>(type), "__dlpack_c_exchange_api__"));
  void* found = capsule ? PyCapsule_GetPointer(capsule.get(), "dlpack_exchange_api") : nullptr;
  PyErr_Clear();
  const DLPackExchangeAPI* table = suitable(static_cast<DLPackExchangeHeader*>(found));
  if (table != nullptr && count < kMostKnown) {
    Py_INCREF(reinterpret_cast<PyObject*>(type));
    known[count++] = {type, table};
  }
  return table;
}

// Lists and numbers are no tensors: they are not asked.
bool may_be_tensor(PyObject* object) {
  return !PyList_Check(object) && !PyTuple_Check(object) && !PyLong_Check(object) &&
         !PyFloat_Check(object) && !PyType_Check(object);
}

PyRef call(PyObject* method, PyObject* keywords) {
  const PyRef none = PyRef::steal(PyTuple_New(0));
  return PyRef::steal(none ? PyObject_Call(method, none.get(), keywords) : nullptr);
}

// Producers of before version 1 do not know `max_version`.
PyRef call_dlpack(PyObject* object, bool is_on_gpu) {
  const PyRef method = PyRef::steal(PyObject_GetAttrString(object, "__dlpack__"));
  PyRef keywords =
      PyRef::steal(Py_BuildValue("{s:(II)}", "max_version", kDLMajorVersion, kDLMinorVersion));
  if (!method || !keywords) return {};
  if (is_on_gpu) {
    // Its work so far comes before that of the legacy default stream, which DLPack calls 1.
    const PyRef stream = PyRef::steal(PyLong_FromLong(1));
    if (!stream || PyDict_SetItemString(keywords.get(), "stream", stream.get()) != 0) return {};
  }
  PyRef capsule = call(method.get(), keywords.get());
  if (capsule || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return capsule;
  PyErr_Clear();
  if (PyDict_DelItemString(keywords.get(), "max_version") != 0) return {};
  return call(method.get(), keywords.get());
}

std::optional<ImportedTensor> take_over(PyObject* capsule, std::string& problem) {
  if (PyCapsule_IsValid(capsule, kVersioned) != 0) {
    auto* managed =
        static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, kVersioned));
    PyCapsule_SetName(capsule, "used_dltensor_versioned");
    ImportedTensor tensor(managed);
    if (managed->version.major == kDLMajorVersion) return tensor;
    problem = "its __dlpack__ gives a tensor of version " + std::to_string(managed->version.major) +
              " of DLPack";
    return std::nullopt;
  }
  auto* managed = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, kPlain));
  PyErr_Clear();
  if (managed == nullptr) {
    problem = "its __dlpack__ gives no tensor";
    return std::nullopt;
  }
  PyCapsule_SetName(capsule, "used_dltensor");
  return ImportedTensor(managed);
}

}  // namespace

ImportedTensor::ImportedTensor(ImportedTensor&& other) noexcept
    : managed_(std::exchange(other.managed_, nullptr)),
      versioned_(std::exchange(other.versioned_, nullptr)) {}

ImportedTensor& ImportedTensor::operator=(ImportedTensor&& other) noexcept {
  std::swap(managed_, other.managed_);
  std::swap(versioned_, other.versioned_);
  return *this;
}

// A deleter may be Python's own code, which an exception on its way must not meet.
ImportedTensor::~ImportedTensor() {
  if (managed_ == nullptr && versioned_ == nullptr) return;
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  if (managed_ != nullptr && managed_->deleter != nullptr) managed_->deleter(managed_);
  if (versioned_ != nullptr && versioned_->deleter != nullptr) versioned_->deleter(versioned_);
  PyErr_Restore(type, value, trace);
}

bool is_gpu(DLDevice device) {
  return device.device_type == kDLCUDA || device.device_type == kDLCUDAManaged;
}

bool is_known_device(DLDevice device) {
  return is_gpu(device) || device.device_type == kDLCPU || device.device_type == kDLCUDAHost;
}

std::optional<ImportedTensor> exchange_tensor(PyObject* object) {
  if (!may_be_tensor(object)) return std::nullopt;
  const DLPackExchangeAPI* table = table_of(Py_TYPE(object));
  if (table == nullptr) return std::nullopt;
  DLManagedTensorVersioned* managed = nullptr;
  if (table->managed_tensor_from_py_object_no_sync(object, &managed) != 0 || managed == nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return ImportedTensor(managed);
}

std::optional<ImportedTensor> import_tensor(PyObject* object, std::string& problem) {
  const PyRef given = PyRef::steal(PyObject_CallMethod(object, "__dlpack_device__", nullptr));
  DLDevice device{};
  if (!given || !PyTuple_Check(given.get()) ||
      PyArg_ParseTuple(given.get(), "ii", &device.device_type, &device.device_id) == 0) {
    problem = "its __dlpack_device__ does not work (" + take_exception_text() + ")";
    return std::nullopt;
  }
  if (!is_known_device(device)) {
    problem = "its memory is neither the CPU's nor an NVIDIA GPU's; copy it there first";
    return std::nullopt;
  }
  const PyRef capsule = call_dlpack(object, is_gpu(device));
  if (!capsule) {
    problem = "its __dlpack__ does not work (" + take_exception_text() + ")";
    return std::nullopt;
  }
  return take_over(capsule.get(), problem);
}

std::string take_exception_text() {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  const PyRef owned[] = {PyRef::steal(type), PyRef::steal(value), PyRef::steal(trace)};
  const PyRef text = PyRef::steal(value != nullptr ? PyObject_Str(value) : nullptr);
  const char* chars = text ? PyUnicode_AsUTF8AndSize(text.get(), nullptr) : nullptr;
  const std::string copied = chars != nullptr ? chars : "no reason given";
  PyErr_Clear();
  return copied;
}

}  // namespace cudapy::binding
