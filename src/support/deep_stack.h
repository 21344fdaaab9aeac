// Work whose recursion follows the nesting of a user's program: it runs on a thread of its own with
// a stack that is large enough for all that is let through, whatever the caller's is.
#pragma once

#include <cstddef>
#include <functional>

namespace cudapy {

// Runs `work` and waits for it; what it throws is thrown here. Where no such thread can be made, it
// runs on the calling one: stack_left() tells it how deep it may go.
//
// `is_stopped`, if given, is asked by the calling thread about every 50 ms. Once it says true,
// false is returned at once and `work` goes on by itself, so it must own all that it uses. The
// process may fork inside is_stopped: the child begins `work` anew.
bool run_deep(const std::function<void()>& work, const std::function<bool()>& is_stopped = {});

// Bytes from here to the end of the calling thread's stack.
size_t stack_left();

// Waits until no work goes on by itself any more: before the end of the process, which destroys
// what such work uses.
void wait_for_abandoned_work();

}  // namespace cudapy
