// Streams and events of a GPU: queues of work, and marks in them.
//
// A stream of our own takes turns with the legacy default stream, which copies and everything else
// go to: what was launched before a copy, in whichever of our streams, is done before it, and the
// other way round. One that somebody else made may not.
#pragma once

#include "runtime/cuda/device.h"

namespace cudapy::runtime::cuda {

class Event;

class Stream {
 public:
  explicit Stream(Device& device);
  // One that takes turns with nothing.
  struct Apart {};
  Stream(Device& device, Apart);
  Stream(Device& device, StreamHandle theirs) : device_(device), handle_(theirs) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();  // what is in it still runs

  Device& device() const { return device_; }
  StreamHandle handle() const { return handle_; }
  bool is_ours() const { return is_ours_; }

  void synchronize() const;
  bool is_done() const;
  // Whether what is launched here becomes part of a graph.
  bool is_recording() const;
  // What is launched here from now on starts after the event.
  void wait_for(const Event& event) const;

 private:
  Device& device_;
  StreamHandle handle_ = nullptr;
  bool is_ours_ = false;
};

class Event {
 public:
  explicit Event(Device& device);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  Device& device() const { return device_; }
  EventHandle handle() const { return handle_; }

  // Behind all that is in `stream` (null: the default stream) so far.
  void record(const Stream* stream);
  void synchronize() const;
  bool is_done() const;
  // Milliseconds from this event to `end`; waits for both. Throws CudaFailure if one was never
  // recorded.
  float milliseconds_to(const Event& end) const;

 private:
  Device& device_;
  EventHandle handle_ = nullptr;
};

}  // namespace cudapy::runtime::cuda
