// What kernels with functions that call themselves ask before each call: is there room for it?
#pragma once

extern "C" {

// The lowest address that the stack pointer of the calling thread may have when such a function is
// called: some way above the stack's end, so that the function's frame and what it calls fit. Null
// where the end is not known. Found once a thread.
const void* cudapy_stack_end();
}
