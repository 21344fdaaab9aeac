// ELF relocations of x86-64 and AArch64: what each needs from the linker, and how it is encoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "runtime/cpu/code_image.h"

namespace cudapy::jit {

// What stands for the symbol in a relocation's formula.
enum class RelocationTarget {
  kSymbol,     // its own place; it has to lie inside the image
  kCall,       // its own place, or a stub that jumps to an imported function
  kTableSlot,  // the slot in the address table (GOT) that holds its address
  kAbsolute,   // its address at run time, in a 64-bit word that the loader fills
  kUnsupported,
};

RelocationTarget relocation_target(runtime::ImageMachine machine, uint32_t type);

// Encodes a relocation at `place` in `code`, for the symbol's place or slot plus the addend in
// `value`; both are offsets from the image's start, which is page aligned. False if the distance
// does not fit or is misaligned.
bool apply_relocation(runtime::ImageMachine machine, uint32_t type, uint8_t* code, uint64_t place,
                      uint64_t value);

// A stub jumps to the address in a table slot:
//   x86-64:  jmp *slot(%rip)
//   AArch64: adrp x16, slot; ldr x16, [x16, :lo12:slot]; br x16
inline constexpr size_t kStubBytes = 16;
void write_stub(runtime::ImageMachine machine, uint8_t* code, uint64_t stub, uint64_t slot);

// "R_X86_64_32S", for messages.
std::string relocation_name(runtime::ImageMachine machine, uint32_t type);

}  // namespace cudapy::jit
