// A relocatable ELF object as LLVM emits it -> a code image.
#pragma once

#include <span>
#include <string>

#include "runtime/cpu/code_image.h"

namespace cudapy::jit {

// Lays out the object's code and constants, applies every relocation between them, and makes a
// table of addresses for what the code imports. `entry` is the kernel's symbol. False, with the
// reason in `error`, if the object holds what a kernel must not have: writable data, thread-local
// storage, addresses that do not survive loading anywhere.
bool link_image(std::span<const char> object, const std::string& entry, runtime::CodeImage& image,
                std::string& error);

}  // namespace cudapy::jit
