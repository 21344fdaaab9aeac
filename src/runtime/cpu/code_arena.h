// Executable pages, handed out from shared arenas so that tens of thousands of kernels need few
// memory mappings (the kernel's default limit is 65,530). Private to code_image.cpp, its
// tests, and what waits at forks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cudapy::runtime {

// Life of pages: allocate (writable) -> seal (executable, read-only) -> release. Sealing or filling
// one range never touches another, so code in the same arena goes on running. All thread safe; the
// lock is taken across fork.

// Adds the handlers that take the lock across forks, once; what is below does it at first use.
// Handlers that wait at a fork for somebody who uses pages have to be added behind them.
void keep_code_pages_across_forks();

// Whole pages for `size` bytes, zeroed and writable; null, with errno set, on failure.
uint8_t* allocate_code_pages(size_t size);

// Makes them executable and read-only; false, with errno set, on failure.
bool seal_code_pages(uint8_t* pages, size_t size);

// Gives back what allocate_code_pages(size) returned, sealed or not.
void release_code_pages(uint8_t* pages, size_t size) noexcept;

}  // namespace cudapy::runtime
