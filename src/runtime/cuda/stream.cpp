#include "runtime/cuda/stream.h"

#include "runtime/cuda/context_scope.h"

namespace cudapy::runtime::cuda {
namespace {

constexpr Result kNotReady = 600;
constexpr unsigned kTakesTurns = 0;  // CU_STREAM_DEFAULT
constexpr unsigned kApart = 1;       // CU_STREAM_NON_BLOCKING

bool is_over(Result result, const char* call) {
  if (result == kNotReady) return false;
  check(result, call);
  return true;
}

}  // namespace

Stream::Stream(Device& device) : device_(device), is_ours_(true) {
  const ContextScope scope(device.context());
  CUDAPY_CALL(cuStreamCreate, &handle_, kTakesTurns);
}

Stream::Stream(Device& device, Apart) : device_(device), is_ours_(true) {
  const ContextScope scope(device.context());
  CUDAPY_CALL(cuStreamCreate, &handle_, kApart);
}

// The driver may be gone before the last stream is, at the end of the process.
Stream::~Stream() {
  if (!is_ours_) return;
  try {
    const ContextScope scope(device_.context());
    driver().cuStreamDestroy(handle_);
  } catch (const CudaFailure&) {  // nothing is left to destroy
  }
}

void Stream::synchronize() const {
  device_.refuse_while_recording();
  const ContextScope scope(device_.context());
  CUDAPY_CALL(cuStreamSynchronize, handle_);
}

bool Stream::is_done() const {
  const ContextScope scope(device_.context());
  return is_over(driver().cuStreamQuery(handle_), "cuStreamQuery");
}

bool Stream::is_recording() const {
  constexpr int kActive = 1;
  const ContextScope scope(device_.context());
  int status = 0;
  CUDAPY_CALL(cuStreamIsCapturing, handle_, &status);
  return status == kActive;
}

void Stream::wait_for(const Event& event) const {
  const ContextScope scope(device_.context());
  CUDAPY_CALL(cuStreamWaitEvent, handle_, event.handle(), 0);
}

Event::Event(Device& device) : device_(device) {
  const ContextScope scope(device.context());
  CUDAPY_CALL(cuEventCreate, &handle_, 0);
}

Event::~Event() {
  try {
    const ContextScope scope(device_.context());
    driver().cuEventDestroy(handle_);
  } catch (const CudaFailure&) {  // nothing is left to destroy
  }
}

void Event::record(const Stream* stream) {
  const ContextScope scope(device_.context());
  CUDAPY_CALL(cuEventRecord, handle_, stream != nullptr ? stream->handle() : nullptr);
}

void Event::synchronize() const {
  device_.refuse_while_recording();
  const ContextScope scope(device_.context());
  CUDAPY_CALL(cuEventSynchronize, handle_);
}

bool Event::is_done() const {
  const ContextScope scope(device_.context());
  return is_over(driver().cuEventQuery(handle_), "cuEventQuery");
}

float Event::milliseconds_to(const Event& end) const {
  const ContextScope scope(device_.context());
  CUDAPY_CALL(cuEventSynchronize, handle_);
  CUDAPY_CALL(cuEventSynchronize, end.handle());
  float milliseconds = 0;
  CUDAPY_CALL(cuEventElapsedTime, &milliseconds, handle_, end.handle());
  return milliseconds;
}

}  // namespace cudapy::runtime::cuda
