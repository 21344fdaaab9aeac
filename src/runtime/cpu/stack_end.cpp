// See stack_end.h.
#include "runtime/cpu/stack_end.h"

#include <pthread.h>

#include <cstddef>

namespace {

// For a frame without declared arrays, which the code adds, and for the recording of a fault.
constexpr size_t kReserve = size_t{128} << 10U;

const void* find_stack_end() {
#if defined(__APPLE__)
  const auto* top = static_cast<const char*>(pthread_get_stackaddr_np(pthread_self()));
  return top - pthread_get_stacksize_np(pthread_self()) + kReserve;
#else
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return nullptr;
  void* lowest = nullptr;
  size_t size = 0;
  const bool found = pthread_attr_getstack(&attributes, &lowest, &size) == 0;
  pthread_attr_destroy(&attributes);
  return found ? static_cast<const char*>(lowest) + kReserve : nullptr;
#endif
}

}  // namespace

const void* cudapy_stack_end() {
  thread_local const void* const end = find_stack_end();
  return end;
}
