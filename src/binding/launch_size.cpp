#include "binding/launch_size.h"

#include <array>
#include <cstring>

#include "binding/errors.h"
#include "binding/gpu.h"
#include "binding/numbers.h"
#include "binding/py_ref.h"
#include "binding/stream.h"

namespace cudapy::binding {
namespace {

constexpr const char* kAxes[3] = {"x", "y", "z"};

// The arguments by name; those that were not given are null.
struct SizeArguments {
  PyObject* threads[3] = {nullptr, nullptr, nullptr};
  PyObject* block = nullptr;
  PyObject* stream = nullptr;
};

class SizeParser {
 public:
  SizeParser(const std::string& kernel, runtime::LaunchRequest& request, PyRef& stream)
      : kernel_(kernel), request_(request), stream_(stream) {}

  bool parse(const SizeArguments& given) {
    if (given.stream != nullptr && given.stream != Py_None) {
      runtime::cuda::Device* const gpu = current_gpu();
      if (gpu == nullptr && !is_cpu_stream(given.stream)) {
        return fail(
            PyExc_ValueError,
            "stream=" + describe_value(given.stream) +
                ": the launch is on the CPU, and that is no stream of the CPU, cp.Stream()");
      }
      stream_ = gpu != nullptr ? to_stream(given.stream, *gpu) : PyRef::borrow(given.stream);
      if (!stream_) return false;
    }
    if (!parse_threads(given)) return false;
    if (given.block != nullptr && given.block != Py_None && !parse_block(given.block)) return false;
    if (runtime::launch_thread_count(request_.threads) >= 0) return true;
    return fail(PyExc_ValueError,
                "that many threads in all (" + product() + ") are more than 2**62");
  }

  bool fail(PyObject* exception, const std::string& message) const {
    raise(exception, "`" + kernel_ + "`: " + message);
    return false;
  }

 private:
  bool parse_threads(const SizeArguments& given) {
    PyObject* first = given.threads[0];
    if (first == nullptr) {
      return fail(PyExc_TypeError,
                  "the number of threads is missing: " + kernel_ +
                      "(nx, ny=1, nz=1) gives a launcher, which takes the arguments");
    }
    if (!PyIndex_Check(first)) {
      std::array<PyRef, 3> items;
      const int count = split(first, items);
      if (count < 0) return false;
      if (given.threads[1] != nullptr || given.threads[2] != nullptr) {
        return fail(PyExc_TypeError, "the numbers of threads are given twice");
      }
      for (int i = 0; i < count; ++i) {
        if (!parse_threads_along(i, items[static_cast<size_t>(i)].get())) return false;
      }
      return true;
    }
    for (int i = 0; i < 3; ++i) {
      if (given.threads[i] != nullptr && !parse_threads_along(i, given.threads[i])) return false;
    }
    return true;
  }

  // The items of a tuple, a list or a dim3; -1 with an exception set.
  int split(PyObject* sizes, std::array<PyRef, 3>& items) const {
    if (PyTuple_Check(sizes) || PyList_Check(sizes)) {
      const Py_ssize_t count = sequence_length(sizes);
      if (count < 1 || count > 3) {
        fail(PyExc_ValueError, "a launch has 1 to 3 dimensions, not " + std::to_string(count));
        return -1;
      }
      for (Py_ssize_t i = 0; i < count; ++i)
        items[static_cast<size_t>(i)] = PyRef::borrow(sequence_item(sizes, i));
      return static_cast<int>(count);
    }
    for (size_t i = 0; i < 3; ++i) {
      items[i] = PyRef::steal(PyObject_GetAttrString(sizes, kAxes[i]));
      if (items[i]) continue;
      PyErr_Clear();
      fail(PyExc_TypeError, "numbers of threads are integers, not " + describe_value(sizes) +
                                ": write " + kernel_ + "(threads)(arguments)");
      return -1;
    }
    return 3;
  }

  bool parse_integer(PyObject* value, const std::string& what, int64_t& out) const {
    if (!PyIndex_Check(value))
      return fail(PyExc_TypeError, what + " is an integer, not " + describe_value(value));
    const PyRef integer = PyRef::steal(PyNumber_Index(value));
    if (!integer) {  // an array of several elements only looks like an integer
      PyErr_Clear();
      return fail(PyExc_TypeError, what + " is an integer, not " + describe_value(value));
    }
    int overflow = 0;
    out = PyLong_AsLongLongAndOverflow(integer.get(), &overflow);
    if (overflow != 0) out = overflow > 0 ? INT64_MAX : INT64_MIN;
    return true;
  }

  bool parse_threads_along(int axis, PyObject* value) {
    const std::string what = "the number of threads along " + std::string(kAxes[axis]);
    int64_t& threads = request_.threads[axis];
    if (!parse_integer(value, what, threads)) return false;
    if (threads < 0)
      return fail(PyExc_ValueError, what + " is " + describe(value) + ": it cannot be negative");
    const int64_t limit = axis == 0 ? runtime::kMaxLaunchThreads : INT32_MAX;
    if (threads <= limit) return true;
    return fail(PyExc_ValueError, what + " is " + describe(value) + ": at most " +
                                      (axis == 0 ? "2**62" : "2**31 - 1") + " can be asked for");
  }

  bool parse_block(PyObject* block) {
    std::array<PyRef, 3> items;
    int count = 1;
    if (PyIndex_Check(block)) {
      items[0] = PyRef::borrow(block);
    } else {
      count = split(block, items);
      if (count < 0) return false;
    }
    int64_t total = 1;
    for (int i = 0; i < 3; ++i) {
      const std::string what = "the block's size along " + std::string(kAxes[i]);
      int64_t& size = request_.block[i];
      size = 1;
      if (i < count && !parse_integer(items[static_cast<size_t>(i)].get(), what, size))
        return false;
      if (size < 1 || size > runtime::kMaxBlockThreads) {
        return fail(PyExc_ValueError,
                    what + " is " + std::to_string(size) + ": it goes from 1 to 1024");
      }
      total *= size;
    }
    if (total <= runtime::kMaxBlockThreads) return true;
    return fail(PyExc_ValueError,
                "a block of " + std::to_string(total) + " threads: at most 1024 are possible");
  }

  static std::string describe(PyObject* value) {
    const PyRef text = PyRef::steal(PyObject_Str(value));
    const char* chars = text ? PyUnicode_AsUTF8AndSize(text.get(), nullptr) : nullptr;
    PyErr_Clear();
    return chars != nullptr ? chars : "?";
  }

  std::string product() const {
    return std::to_string(request_.threads[0]) + " x " + std::to_string(request_.threads[1]) +
           " x " + std::to_string(request_.threads[2]);
  }

  const std::string& kernel_;
  runtime::LaunchRequest& request_;
  PyRef& stream_;
};

bool assign_keyword(PyObject* name, PyObject* value, SizeArguments& given, std::string& problem) {
  const char* text = PyUnicode_AsUTF8AndSize(name, nullptr);
  if (text == nullptr) return false;
  static constexpr const char* kNames[] = {"nx", "ny", "nz", "block", "stream"};
  PyObject** const places[] = {&given.threads[0], &given.threads[1], &given.threads[2],
                               &given.block, &given.stream};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (std::strcmp(text, kNames[i]) != 0) continue;
    if (*places[i] != nullptr) problem = std::string(text) + " is given twice";
    *places[i] = value;
    return problem.empty();
  }
  problem = std::string("there is no keyword `") + text +
            "`: a launch takes nx, ny, nz, block and stream; the kernel's own arguments come in "
            "the second call";
  return false;
}

}  // namespace

bool parse_launch_size(const std::string& kernel_name, PyObject* const* arguments, Py_ssize_t count,
                       PyObject* keyword_names, runtime::LaunchRequest& request, PyRef& stream) {
  SizeParser parser(kernel_name, request, stream);
  SizeArguments given;
  if (count > 3) {
    return parser.fail(PyExc_TypeError, "a launch has 1 to 3 dimensions, not " +
                                            std::to_string(count) +
                                            "; the kernel's own arguments come in the second call");
  }
  for (Py_ssize_t i = 0; i < count; ++i) given.threads[i] = arguments[i];
  const Py_ssize_t keywords = keyword_names != nullptr ? PyTuple_Size(keyword_names) : 0;
  for (Py_ssize_t i = 0; i < keywords; ++i) {
    std::string problem;
    if (assign_keyword(PyTuple_GetItem(keyword_names, i), arguments[count + i], given, problem))
      continue;
    return !problem.empty() && parser.fail(PyExc_TypeError, problem);
  }
  return parser.parse(given);
}

}  // namespace cudapy::binding
