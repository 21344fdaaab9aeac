// Where launches go: the device that is set for the process, and the `with` blocks that are open
// around the caller.
//
// The blocks belong to a context as `contextvars` has them: every thread has its own, and so has
// every task of asyncio, which begins with those of what made it. Blocks in different contexts may
// overlap as they like; a block that is left takes out its own entry alone. While no block is open
// in the whole process nothing is looked up.
//
// All of this is called with the GIL held.
#pragma once

#include <Python.h>
#include <nanobind/nanobind.h>

#include <atomic>
#include <cstdint>

#include "binding/py_ref.h"
#include "runtime/cuda/stream.h"

namespace cudapy::binding {

struct RecordedGraph;

// What chooses a device: `name` as it was asked for, the GPU (null: the CPU), and what launches are
// handed to instead of running here (null: they run here).
struct DeviceChoice {
  PyRef name;
  runtime::cuda::Device* gpu = nullptr;
  PyRef hook;
  bool is_automatic = false;  // "auto": the child of a fork, which has no GPU, works on the CPU

  bool fell_back() const {
    return is_automatic && gpu != nullptr && runtime::cuda::is_left_behind_by_fork();
  }
};

struct LaunchTarget {
  runtime::cuda::Device* gpu = nullptr;           // null: the CPU
  PyObject* hook = nullptr;                       // borrowed
  const runtime::cuda::Stream* stream = nullptr;  // of `gpu`; null: its default one
  RecordedGraph* graph = nullptr;                 // of the `with graph:` that is open
};

namespace detail {

extern std::atomic<int64_t> kept_blocks;  // in all contexts, those that nobody runs any more too
extern LaunchTarget process_target;

// Throws nanobind::python_error.
LaunchTarget target_in_blocks();

}  // namespace detail

// Of the running context.
inline LaunchTarget launch_target() {
  if (detail::kept_blocks.load(std::memory_order_relaxed) == 0) return detail::process_target;
  return detail::target_in_blocks();
}

inline runtime::cuda::Device* current_gpu() {
  return launch_target().gpu;
}

// The stream of the innermost block with one of that GPU; null: its default one.
const runtime::cuda::Stream* current_stream_of(const runtime::cuda::Device& gpu);

// The cudapy.Stream of the CPU, or the cudapy.Graph, of the innermost block with one that has not
// ended; null: there is none. Borrowed.
PyObject* innermost_cpu_stream();

// Opens a block of the running context, which `owner` stands for.
void enter_device(nanobind::object owner, DeviceChoice choice);
// null: a stream of the CPU.
void enter_stream(nanobind::object owner, const runtime::cuda::Stream* stream,
                  RecordedGraph* graph = nullptr);

// Closes the innermost block of the running context that `owner` stands for, if there is one.
void leave_block(nanobind::handle owner);

// Within a block that chose a device: for the rest of it. Else for the process.
void choose_device(DeviceChoice choice);

// As it was asked for.
nanobind::object current_device_name();

}  // namespace cudapy::binding
