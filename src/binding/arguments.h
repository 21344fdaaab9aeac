// The arguments of a launch, from Python objects to the argument buffer of the kernel ABI.
//
// There are two ways. FastArguments takes the objects that most launches are made with, CudaArrays,
// contiguous buffers, floats and ints, for a binding that is already there, without allocating.
// Whatever it declines goes through CallArguments, which knows all kinds of arguments, copies and
// messages.
#pragma once

#include <Python.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "binding/foreign_array.h"
#include "binding/kernel_body.h"
#include "binding/launch_target.h"
#include "binding/native_copies.h"
#include "binding/nested_sequence.h"
#include "binding/py_ref.h"
#include "runtime/cuda/device.h"

namespace cudapy::binding {

// Storage for one launch, on the stack. Holds the arguments' buffers until its end, which needs the
// GIL.
class FastArguments {
 public:
  static constexpr uint32_t kMaxBytes = 512;
  static constexpr int kMaxArrays = 16;

  FastArguments() = default;  // leaves its storage unset
  FastArguments(const FastArguments&) = delete;
  FastArguments& operator=(const FastArguments&) = delete;
  ~FastArguments() { release(); }

  // True if all of `arguments` (as many as there are slots) fit the binding, with no exception set
  // either way.
  // Of arrays those on `device` alone.
  bool fill(const Binding& binding, PyObject* const* arguments, bool wide_threads,
            int device = runtime::kHostDevice);

  // Behind the arguments there is room for a runtime::CudaLaunch.
  unsigned char* buffer() { return bytes_; }

  void release();

 private:
  bool fill_array(const ParameterSlot& slot, PyObject* argument, int device);
  bool fill_layout(const ParameterSlot& slot, void* data, const runtime::ArrayLayout& layout,
                   int device);
  bool fill_scalar(const ParameterSlot& slot, PyObject* argument);

  int64_t longest_ = 0;
  int view_count_ = 0;
  alignas(16) unsigned char bytes_[kMaxBytes + sizeof(runtime::CudaLaunch) +
                                   alignof(runtime::CudaLaunch)];
  Py_buffer views_[kMaxArrays];
};

// Of arguments that a launch would copy, while a graph is recorded.
inline constexpr const char* kRecordedCopy =
    "the launch would work on a copy of it, and while a graph is recorded nothing is copied";
inline constexpr const char* kRecordedCopyHelp = "make a CudaArray of it before the recording";

inline constexpr const char* kListHelp =
    "a list argument holds numbers, or lists of one length that do";

// One argument of any kind.
struct CallArgument {
  enum class Kind { kNumber, kForeign, kSequence };

  PyObject* object = nullptr;  // borrowed from the caller for the call
  Kind kind = Kind::kNumber;
  ArgumentClass type_class;
  ForeignArray
      foreign;  // kForeign, and numbers that are 0-d arrays (NumPy's scalars); CudaArrays too
  ForeignHold hold;
  NestedSequence sequence;  // kSequence
  // Memory that stands for the object during the launch, and where in it; null: its own memory is
  // used.
  std::shared_ptr<std::vector<uint64_t>> copy;
  int64_t copy_offset = 0;
  ir::Scalar copied_as = ir::Scalar::Bool;
  bool copies_back = false;
  std::vector<uint64_t> before;  // kSequence: the copy as it was before the launch

  unsigned char* copied_elements() const {
    return reinterpret_cast<unsigned char*>(copy->data()) + copy_offset;
  }
};

// A list whose rows are rows of a list that is an argument, too.
struct SharedRows {
  size_t owner = 0;  // itself: its rows are its own
  size_t first_row = 0;
};

// Addresses of the host that an array argument of a launch on a GPU takes up.
struct HostSpan {
  int64_t begin = 0;
  int64_t end = 0;
  uint32_t argument = 0;  // where the argument is in the buffer
  bool is_written = false;
};

// Memory on a GPU that stands for a piece of the host's during a launch there.
struct GpuCopy {
  int64_t begin = 0;  // on the host
  int64_t end = 0;
  runtime::cuda::Address memory = 0;
  bool is_written = false;

  size_t bytes() const { return static_cast<size_t>(end - begin); }
  uint64_t shift() const { return static_cast<uint64_t>(begin) % 64; }
  runtime::cuda::Address address() const { return memory + shift(); }
};

class CallArguments {
 public:
  CallArguments(const KernelBody& body, PyObject* const* arguments, size_t count,
                const LaunchTarget& target)
      : body_(body),
        objects_(arguments),
        count_(count),
        gpu_(target.gpu),
        is_recorded_(target.graph != nullptr) {}
  CallArguments(const CallArguments&) = delete;
  CallArguments& operator=(const CallArguments&) = delete;
  ~CallArguments();

  // Finds out what each argument is. False with an exception set.
  bool classify();

  // One a parameter: what the call's arguments are for types that are not declared.
  std::vector<ArgumentClass> classes() const;

  // The types that code is needed for: weak numbers take their place among the others.
  runtime::KernelTypes types(bool wide_threads) const;

  // Fills the argument buffer, copying where the memory cannot be used in place. False with an
  // exception set.
  bool fill(const Binding& binding);

  // Behind the arguments there is room for a runtime::CudaLaunch.
  unsigned char* buffer() { return reinterpret_cast<unsigned char*>(bytes_.data()); }

  // Whether the GPU's results have to come back to the host before the call is done; fetches them.
  bool has_results() const;
  bool has_copies() const { return !gpu_copies_.empty(); }  // on the GPU
  void fetch_results();

  const std::vector<uint64_t>& bytes() const { return bytes_; }

  // Gives what keeps the arrays valid to a graph that is being recorded.
  void keep_in(std::vector<PyRef>& objects, std::vector<ForeignHold>& holds);

  // Gives what the kernel wrote into copies back to the objects. False with an exception set.
  bool copy_back();

 private:
  bool classify_one(size_t index);
  bool classify_number(size_t index);
  bool classify_foreign(size_t index);
  bool classify_sequence(size_t index);
  bool fill_number(size_t index, const ParameterSlot& slot);
  bool classify_record(size_t index);
  bool fill_struct(size_t index, const ir::Type& type, const ParameterSlot& slot);
  bool fill_fields(size_t index, PyObject* object, const ir::Type& type,
                   const std::vector<uint32_t>& places, size_t& leaf);
  bool fill_array(size_t index, const ParameterSlot& slot);
  // call_copies.cpp
  void place_native_copies();
  const runtime::ArrayLayout& layout_of(const CallArgument& argument) const;
  bool check_sharing(const Binding& binding);
  bool check_native_copies(const Binding& binding);
  void find_row_owners(const Binding& binding);
  bool check_rows(const Binding& binding);
  bool make_copy(size_t index, const ParameterSlot& slot);
  void copy_array(size_t index, const ParameterSlot& slot);
  bool copy_list(size_t index, const ParameterSlot& slot);
  bool check_device(size_t index) const;
  void add_host_span(const ParameterSlot& slot, const runtime::ArrayLayout& layout);
  void put_on_gpu();
  bool check_writable(size_t index);
  bool check_rank(size_t index, int rank, const std::string& got);
  bool fail(size_t index, const std::string& got, const std::string& help = {}) const;

  const KernelBody& body_;
  PyObject* const* objects_;
  size_t count_;
  runtime::cuda::Device* gpu_;  // null: the launch is on the CPU
  bool is_recorded_;            // becomes part of a graph
  std::vector<HostSpan> host_spans_;
  std::vector<GpuCopy> gpu_copies_;
  std::vector<CallArgument> arguments_;
  std::optional<NativeCopies> native_copies_;  // where one is needed
  std::vector<SharedRows> row_owners_;         // one an argument, once the binding is known
  std::vector<uint64_t> bytes_;
};

}  // namespace cudapy::binding
