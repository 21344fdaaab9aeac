// A file descriptor that becomes readable when a GPU comes to an event, for event loops.
//
// A thread of the driver writes to it and does nothing else: it takes no lock and waits for nobody,
// so no stream waits for Python.
#pragma once

#include "runtime/cuda/stream.h"

namespace cudapy::runtime::cuda {

struct Bell;

class Notifier {
 public:
  // Of all that is in `stream` so far.
  explicit Notifier(const Stream& stream);
  explicit Notifier(const Event& event);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();  // nobody listens any more

  int descriptor() const;

 private:
  void arm(const Event& event);

  Stream stream_;
  Bell* bell_ = nullptr;  // shared with the driver's thread
};

}  // namespace cudapy::runtime::cuda
