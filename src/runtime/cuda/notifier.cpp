#include "runtime/cuda/notifier.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "runtime/cuda/context_scope.h"

namespace cudapy::runtime::cuda {

// Goes when both of its owners have: the notifier, and the driver, which has still to ring it.
struct Bell {
  int descriptor = -1;
  std::atomic<int> owners{1};

  void leave() {
    if (owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    close(descriptor);
    delete this;
  }
};

namespace {

// The driver calls it after an error in the context, too, so nobody waits for ever.
void ring(StreamHandle, Result, void* data) {
  auto* bell = static_cast<Bell*>(data);
  const uint64_t one = 1;
  // It can only fail where 2^64 - 2 rings were not listened to.
  [[maybe_unused]] const ssize_t written = write(bell->descriptor, &one, sizeof one);
  bell->leave();
}

Bell* make_bell() {
  const int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  auto* bell = new Bell;
  bell->descriptor = descriptor;
  return bell;
}

}  // namespace

Notifier::Notifier(const Stream& stream) : stream_(stream.device(), Stream::Apart{}) {
  Event here(stream.device());
  here.record(&stream);
  arm(here);
}

Notifier::Notifier(const Event& event) : stream_(event.device(), Stream::Apart{}) {
  arm(event);
}

Notifier::~Notifier() {
  bell_->leave();
}

int Notifier::descriptor() const {
  return bell_->descriptor;
}

void Notifier::arm(const Event& event) {
  bell_ = make_bell();
  try {
    stream_.wait_for(event);
    bell_->owners.store(2);
    const ContextScope scope(stream_.device().context());
    CUDAPY_CALL(cuStreamAddCallback, stream_.handle(), ring, bell_, 0);
  } catch (...) {
    close(bell_->descriptor);
    delete bell_;
    throw;
  }
}

}  // namespace cudapy::runtime::cuda
