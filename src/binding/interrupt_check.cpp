#include "binding/interrupt_check.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace cudapy::binding {
namespace {

bool signals_raised(void* released) {
  return static_cast<GilRelease*>(released)->signals_raised();
}

}  // namespace

bool is_main_thread() {
  return syscall(SYS_gettid) == getpid();
}

runtime::InterruptCheck interrupt_check(GilRelease& released) {
  return {is_main_thread() ? signals_raised : nullptr, &released};
}

}  // namespace cudapy::binding
