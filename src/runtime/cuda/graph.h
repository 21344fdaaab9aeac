// Launches that are recorded once and replayed by one call of the driver.
//
// A graph records what is launched in its stream, and in streams that wait for an event of it, from
// begin() to end(). While one is recorded its device refuses what would wait: nothing recorded has
// run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/cuda/stream.h"

namespace cudapy::runtime::cuda {

class Graph {
 public:
  explicit Graph(Device& device);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph();  // a replay that was started still runs

  Device& device() const { return stream_.device(); }
  const Stream& stream() const { return stream_; }  // what is launched in it is recorded
  bool is_recording() const { return is_recording_; }
  bool is_ready() const { return executable_ != nullptr; }
  size_t nodes() const { return nodes_; }

  // What was recorded before is gone.
  void begin();
  // Makes the recording ready to be replayed. Throws CudaFailure, and then there is none, if the
  // recording is broken.
  void end();
  // Ends a recording that is not wanted.
  void abandon() noexcept;

  // Replays it in a stream; null: the default stream. `stack_bytes` as Device::replay wants it.
  void launch(const Stream* stream, uint64_t stack_bytes) const;

 private:
  GraphHandle stop();
  void drop() noexcept;

  Stream stream_;
  GraphExecutable executable_ = nullptr;
  size_t nodes_ = 0;
  bool is_recording_ = false;
};

}  // namespace cudapy::runtime::cuda
