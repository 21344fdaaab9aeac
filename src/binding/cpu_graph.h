// Graphs of the CPU: launches that are recorded once, and run one after the other by a replay.
//
// A program records on the CPU what it would on a GPU. Streams take part as they do there: one that
// waits for an event of the recording becomes part of it, and the graph has to come after all that
// is in it. All of this is called with the GIL held.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "binding/foreign_array.h"
#include "binding/kernel_body.h"
#include "binding/py_ref.h"
#include "runtime/cpu/launch.h"

namespace cudapy::binding {

struct RecordedGraph;

// A launch with its arguments as they were when it was recorded, arrays by their place; or a call
// of what launches are handed to instead.
struct CpuStep {
  PyRef kernel;  // which owns the body
  const KernelBody* body = nullptr;
  std::shared_ptr<const runtime::CompiledKernel> code;
  std::vector<uint64_t> arguments;
  runtime::LaunchRequest request;
  runtime::LaunchPlan plan;
  PyRef hook;  // or null
  PyRef given;
};

// What is recorded, and what keeps its arrays valid.
struct CpuSteps {
  std::vector<CpuStep> all;
  std::vector<PyRef> arguments;
  std::vector<ForeignHold> holds;
};

// A place in a recording: of each of its streams how many launches come before. Streams are told by
// their number, the graph's own is 0.
using RecordedPlace = std::vector<size_t>;

// The streams of one recording.
class RecordedStreams {
 public:
  explicit RecordedStreams(PyObject* graph) { join(graph, {}); }

  // Null: it is none of them.
  std::optional<size_t> find(PyObject* stream) const;
  // What is launched in the stream from now on comes after the place.
  void join(PyObject* stream, const RecordedPlace& place);
  void launch(size_t stream);
  const RecordedPlace& place_of(size_t stream) const { return streams_[stream].second; }
  // Whether the graph's own stream comes after all launches of the others.
  bool are_joined() const;

 private:
  std::vector<std::pair<PyRef, RecordedPlace>> streams_;
};

class CpuGraph {
 public:
  void begin(PyObject* graph);
  // Makes the recording ready to be replayed. False, and there is none, with an exception set.
  bool end();
  void abandon();

  bool is_ready() const { return ready_ != nullptr; }
  size_t nodes() const { return ready_ != nullptr ? ready_->all.size() : 0; }
  CpuSteps& building() { return *building_; }
  RecordedStreams& streams() { return *streams_; }

  // Runs the steps in the order of their recording until one fails; that one's exception is set.
  bool run() const;

 private:
  std::shared_ptr<CpuSteps> building_;
  std::optional<RecordedStreams> streams_;
  std::shared_ptr<const CpuSteps> ready_;
};

// While a graph is recorded: whether a launch on the CPU, in `stream` (null: in that of the block
// around it), becomes part of `graph`, that of the block around it or null. False with an exception
// set if it may not be done at all.
bool join_recording(PyObject* stream, const RecordedGraph* graph, bool& is_recorded);

// The call of a hook becomes a step. What it is given is (kernel, sizes, block, arguments[,
// keywords]). False with an exception set.
bool record_call(const PyRef& hook, const PyRef& given, CpuSteps& steps);

}  // namespace cudapy::binding
