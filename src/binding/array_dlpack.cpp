// CudaArrays for other libraries by DLPack, versions 0.x and 1.x.
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "binding/array_parts.h"
#include "binding/dlpack.h"
#include "binding/gil.h"
#include "binding/gpu.h"
#include "binding/graph.h"
#include "binding/numbers.h"
#include "runtime/cuda/device.h"

namespace nb = nanobind;

namespace cudapy::binding {

using runtime::HostArray;

namespace {

[[noreturn]] void refuse(PyObject* exception, const std::string& why) {
  raise(exception, "CudaArray.__dlpack__: " + why);
  fail();
}

// What a consumer holds of an array: the tensor with its shape, and the Python object that owns the
// memory.
template <typename Managed>
struct ExportedTensor {
  Managed managed;
  std::array<int64_t, ir::kMaxRank> shape;
  std::array<int64_t, ir::kMaxRank> strides;  // elements
  PyObject* owner;

  static void destroy(Managed* managed) {
    auto* self = static_cast<ExportedTensor*>(managed->manager_ctx);
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF(self->owner);
    PyGILState_Release(state);
    delete self;
  }
};

template <typename Managed>
constexpr const char* kCapsuleName = "dltensor";
template <>
constexpr const char* kCapsuleName<DLManagedTensorVersioned> = "dltensor_versioned";

template <typename Managed>
void destroy_unused_capsule(PyObject* capsule) {
  constexpr const char* kName = kCapsuleName<Managed>;
  if (PyCapsule_IsValid(capsule, kName) == 0) return;  // a consumer took it over
  ExportedTensor<Managed>::destroy(static_cast<Managed*>(PyCapsule_GetPointer(capsule, kName)));
}

DLDevice device_of(const HostArray& array) {
  return array.is_on_gpu() ? DLDevice{kDLCUDA, array.device()} : DLDevice{kDLCPU, 0};
}

template <typename Managed>
nb::object capsule_of(nb::handle owner, uint64_t flags) {
  HostArray& array = *host_array_of(owner.ptr());
  const runtime::ArrayLayout& layout = array.layout();
  auto* exported =
      new ExportedTensor<Managed>{{}, layout.shape, layout.strides, owner.inc_ref().ptr()};
  for (int64_t& stride : exported->strides) stride /= ir::size_of(array.scalar());
  Managed& managed = exported->managed;
  managed.dl_tensor = {array.data(),
                       device_of(array),
                       layout.rank,
                       dlpack_type(array.scalar()),
                       exported->shape.data(),
                       exported->strides.data(),
                       0};
  managed.manager_ctx = exported;
  managed.deleter = ExportedTensor<Managed>::destroy;
  if constexpr (requires { managed.flags; }) {
    managed.version = {kDLMajorVersion, kDLMinorVersion};
    managed.flags = flags;
  }
  PyObject* capsule =
      PyCapsule_New(&managed, kCapsuleName<Managed>, destroy_unused_capsule<Managed>);
  if (capsule == nullptr) {
    ExportedTensor<Managed>::destroy(&managed);
    fail();
  }
  return nb::steal(capsule);
}

// Two integers, such as (1, 0).
std::optional<std::pair<int, int>> pair_of(nb::handle given, const char* name) {
  if (given.is_none()) return std::nullopt;
  std::pair<int, int> pair;
  const bool is_pair =
      PyTuple_Check(given.ptr()) && PyArg_ParseTuple(given.ptr(), "ii", &pair.first, &pair.second);
  if (is_pair) return pair;
  PyErr_Clear();
  refuse(PyExc_TypeError,
         std::string(name) + "=" + describe_value(given.ptr()) + ": it is a tuple of two integers");
}

std::optional<bool> wanted_copy(nb::handle given) {
  if (given.is_none()) return std::nullopt;
  if (PyBool_Check(given.ptr())) return given.is(nb::handle(Py_True));
  refuse(PyExc_TypeError, "copy=" + describe_value(given.ptr()) + ": it is True, False or None");
}

// Of the consumer's streams the default ones (None, 1 and 2) take turns with ours; others wait
// here.
void wait_for_consumer(const HostArray& array, nb::handle stream) {
  if (stream.is_none()) return;
  constexpr int64_t kNone = -2;
  int64_t handle = PyLong_Check(stream.ptr()) ? PyLong_AsLongLong(stream.ptr()) : kNone;
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    handle = kNone;
  }
  if (!array.is_on_gpu() && handle != -1)
    refuse(PyExc_ValueError,
           "stream=" + describe_value(stream.ptr()) + ": an array in the CPU's memory has none");
  if (handle < -1 || handle == 0)
    refuse(PyExc_ValueError, "stream=" + describe_value(stream.ptr()) +
                                 ": it is 1 or 2, one of the default streams, -1, no wait, or the "
                                 "handle of a stream");
  if (!array.is_on_gpu() || handle == -1 || handle == 1 || handle == 2) return;
  const GilRelease released;
  runtime::cuda::Device::get(array.device()).synchronize();
}

// The array on another device.
HostArray moved(const HostArray& array, DLDevice to) {
  if (to.device_type == kDLCPU && to.device_id == 0) return fetch(array);
  if (to.device_type == kDLCUDA) return send(array, runtime::cuda::Device::get(to.device_id));
  refuse(PyExc_BufferError, "dl_device=(" + std::to_string(to.device_type) + ", " +
                                std::to_string(to.device_id) +
                                "): arrays are on the CPU, (1, 0), or on a GPU, (2, number)");
}

}  // namespace

nb::tuple dlpack_device_of(const HostArray& array) {
  const DLDevice device = device_of(array);
  return nb::make_tuple(device.device_type, device.device_id);
}

nb::object to_dlpack(nb::handle self, nb::handle stream, nb::handle max_version,
                     nb::handle dl_device, nb::handle copy) {
  const HostArray& array = *host_array_of(self.ptr());
  if (!array.is_on_gpu()) refuse_while_recording_on_cpu();
  const auto version = pair_of(max_version, "max_version");
  const auto wanted = pair_of(dl_device, "dl_device");
  const std::optional<bool> copies = wanted_copy(copy);
  if (array.structure() != nullptr)
    refuse(PyExc_BufferError, "DLPack knows no structs: copy a field, CudaArray(A[\"x\"])");
  const DLDevice here = device_of(array);
  const DLDevice to = wanted ? DLDevice{wanted->first, wanted->second} : here;
  const bool moves = to.device_type != here.device_type || to.device_id != here.device_id;
  if (moves && copies == false)
    refuse(PyExc_BufferError, "the array is on " + device_name(array) +
                                  ", and copy=False forbids to copy it to another device");
  const bool is_copied = moves || copies == true;
  if (!is_copied && !array.layout().has_whole_strides(array.item_size()))
    refuse(PyExc_BufferError,
           "DLPack counts distances in elements, and these lie between others: copy them, "
           "CudaArray(A)");
  nb::object owner = nb::borrow(self);
  if (copies == true && !moves) owner = nb::cast(copy_of(array));
  if (moves) {
    const bool keeps_layout = array.layout().has_whole_strides(array.item_size());
    owner = nb::cast(moved(keeps_layout ? array : copy_of(array), to));
  }
  const HostArray& exported = *host_array_of(owner.ptr());
  if (!moves || exported.is_on_gpu()) wait_for_consumer(exported, stream);
  if (!version || version->first < static_cast<int>(kDLMajorVersion))
    return capsule_of<DLManagedTensor>(owner, 0);
  return capsule_of<DLManagedTensorVersioned>(owner, is_copied ? kDLIsCopied : 0);
}

}  // namespace cudapy::binding
