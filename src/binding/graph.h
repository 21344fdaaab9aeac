// cudapy.Graph: launches that are recorded once and replayed by one call.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "binding/cpu_graph.h"
#include "binding/foreign_array.h"
#include "binding/gpu.h"
#include "binding/py_ref.h"
#include "runtime/cuda/graph.h"

namespace cudapy::binding {

// A graph and what its launches use, which lives as long as they can be replayed.
struct RecordedGraph {
  // Null: of the CPU.
  explicit RecordedGraph(runtime::cuda::Device* device) {
    if (device != nullptr)
      gpu = std::make_unique<runtime::cuda::Graph>(*device);
    else
      steps = std::make_unique<CpuGraph>();
  }

  std::unique_ptr<runtime::cuda::Graph> gpu;  // or, on the CPU,
  std::unique_ptr<CpuGraph> steps;
  uint64_t recording = 0;  // the number of the one that is under way, of all in the process; or 0
  // Of the GPU's.
  std::vector<std::shared_ptr<const GpuCode>> kernels;
  std::vector<PyRef> arguments;
  std::vector<ForeignHold> holds;
};

// The graph of the `with graph:` that is open somewhere in the process; null: there is none. Read
// and changed with the GIL held.
extern RecordedGraph* recorded_graph;

// While a graph is recorded: whether a launch may be done, which becomes part of `graph`, that of
// the block around it, or of none if it is null. False with an exception set. `stream` null: the
// default one.
bool may_launch(const runtime::cuda::Stream* stream, const RecordedGraph* graph);

// Raises that a launch goes to a stream of another's recording, or to one that is no part of its
// own.
void raise_stream_apart(bool is_anothers);

// Within `with graph:` of the CPU nothing recorded has run, so nothing is read either, as on a GPU.
// Throws CudaFailure.
void refuse_to_read_recorded();
inline void refuse_while_recording_on_cpu() {
  if (recorded_graph != nullptr) refuse_to_read_recorded();
}

void define_graphs(nanobind::module_& module);

}  // namespace cudapy::binding
