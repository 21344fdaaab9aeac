// Ctrl-C while this thread waits for a kernel or for its code.
#pragma once

#include "binding/gil.h"
#include "runtime/cpu/pool.h"

namespace cudapy::binding {

// Python runs signal handlers in the main thread alone; the others need not ask.
bool is_main_thread();

// For a thread that has let go of the GIL: true once a signal handler has raised, and the exception
// stays set. `released` has to live as long as it is used.
runtime::InterruptCheck interrupt_check(GilRelease& released);

}  // namespace cudapy::binding
