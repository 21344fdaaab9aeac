// Encodes relocations as the psABI supplements of x86-64 and AArch64 define them.
#include "jit/relocation.h"

#include <llvm/BinaryFormat/ELF.h>
#include <llvm/Object/ELF.h>

#include <cstring>
#include <optional>

namespace cudapy::jit {
namespace {

using runtime::ImageMachine;
namespace elf = llvm::ELF;

constexpr uint64_t kPage = 4096;

RelocationTarget x86_target(uint32_t type) {
  switch (type) {
    case elf::R_X86_64_PC32:
    case elf::R_X86_64_PC64:
      return RelocationTarget::kSymbol;
    case elf::R_X86_64_PLT32:
      return RelocationTarget::kCall;
    case elf::R_X86_64_GOTPCREL:
    case elf::R_X86_64_GOTPCRELX:
    case elf::R_X86_64_REX_GOTPCRELX:
    case elf::R_X86_64_CODE_4_GOTPCRELX:
      return RelocationTarget::kTableSlot;
    case elf::R_X86_64_64:
      return RelocationTarget::kAbsolute;
    default:
      return RelocationTarget::kUnsupported;
  }
}

RelocationTarget aarch64_target(uint32_t type) {
  switch (type) {
    case elf::R_AARCH64_PREL32:
    case elf::R_AARCH64_PREL64:
    case elf::R_AARCH64_ADR_PREL_PG_HI21:
    case elf::R_AARCH64_ADD_ABS_LO12_NC:
    case elf::R_AARCH64_LDST8_ABS_LO12_NC:
    case elf::R_AARCH64_LDST16_ABS_LO12_NC:
    case elf::R_AARCH64_LDST32_ABS_LO12_NC:
    case elf::R_AARCH64_LDST64_ABS_LO12_NC:
    case elf::R_AARCH64_LDST128_ABS_LO12_NC:
      return RelocationTarget::kSymbol;
    case elf::R_AARCH64_CALL26:
    case elf::R_AARCH64_JUMP26:
      return RelocationTarget::kCall;
    case elf::R_AARCH64_ADR_GOT_PAGE:
    case elf::R_AARCH64_LD64_GOT_LO12_NC:
      return RelocationTarget::kTableSlot;
    case elf::R_AARCH64_ABS64:
      return RelocationTarget::kAbsolute;
    default:
      return RelocationTarget::kUnsupported;
  }
}

bool fits_signed(int64_t value, int bits) {
  const int64_t limit = int64_t{1} << (bits - 1);
  return value >= -limit && value < limit;
}

bool write_distance(uint8_t* at, int64_t distance, size_t bytes) {
  if (bytes == 4 && !fits_signed(distance, 32)) return false;
  std::memcpy(at, &distance, bytes);
  return true;
}

bool apply_x86(uint32_t type, uint8_t* at, int64_t distance) {
  return write_distance(at, distance, type == elf::R_X86_64_PC64 ? 8 : 4);
}

// Sets the bits of `mask`, shifted to their place, in an instruction.
void patch(uint8_t* at, uint32_t mask, uint32_t bits) {
  uint32_t instruction;
  std::memcpy(&instruction, at, sizeof instruction);
  instruction = (instruction & ~mask) | (bits & mask);
  std::memcpy(at, &instruction, sizeof instruction);
}

// adrp: a page count, its low two bits at 29 and the other nineteen at 5.
bool patch_page_distance(uint8_t* at, uint64_t place, uint64_t value) {
  const int64_t pages = static_cast<int64_t>(value / kPage) - static_cast<int64_t>(place / kPage);
  if (!fits_signed(pages, 21)) return false;
  const auto bits = static_cast<uint32_t>(pages);
  patch(at, 0x60ffffe0, ((bits & 3) << 29) | (((bits >> 2) & 0x7ffff) << 5));
  return true;
}

// An unsigned 12-bit immediate at bit 10, in units of the access.
bool patch_page_offset(uint8_t* at, uint64_t value, unsigned access_shift) {
  const uint64_t offset = value % kPage;
  if (offset % (uint64_t{1} << access_shift) != 0) return false;
  patch(at, 0x003ffc00, static_cast<uint32_t>(offset >> access_shift) << 10);
  return true;
}

bool patch_branch(uint8_t* at, int64_t distance) {
  if (distance % 4 != 0 || !fits_signed(distance, 28)) return false;
  patch(at, 0x03ffffff, static_cast<uint32_t>(distance / 4));
  return true;
}

// The size of the access, as a power of two, of a relocation that fills a page offset.
std::optional<unsigned> page_offset_shift(uint32_t type) {
  switch (type) {
    case elf::R_AARCH64_ADD_ABS_LO12_NC:
    case elf::R_AARCH64_LDST8_ABS_LO12_NC:
      return 0;
    case elf::R_AARCH64_LDST16_ABS_LO12_NC:
      return 1;
    case elf::R_AARCH64_LDST32_ABS_LO12_NC:
      return 2;
    case elf::R_AARCH64_LDST64_ABS_LO12_NC:
    case elf::R_AARCH64_LD64_GOT_LO12_NC:
      return 3;
    case elf::R_AARCH64_LDST128_ABS_LO12_NC:
      return 4;
    default:
      return std::nullopt;
  }
}

bool apply_aarch64(uint32_t type, uint8_t* at, uint64_t place, uint64_t value) {
  if (const auto shift = page_offset_shift(type)) return patch_page_offset(at, value, *shift);
  const auto distance = static_cast<int64_t>(value - place);
  switch (type) {
    case elf::R_AARCH64_ADR_PREL_PG_HI21:
    case elf::R_AARCH64_ADR_GOT_PAGE:
      return patch_page_distance(at, place, value);
    case elf::R_AARCH64_CALL26:
    case elf::R_AARCH64_JUMP26:
      return patch_branch(at, distance);
    case elf::R_AARCH64_PREL32:
      return write_distance(at, distance, 4);
    case elf::R_AARCH64_PREL64:
      return write_distance(at, distance, 8);
    default:
      return false;
  }
}

}  // namespace

RelocationTarget relocation_target(ImageMachine machine, uint32_t type) {
  return machine == ImageMachine::kX86_64 ? x86_target(type) : aarch64_target(type);
}

bool apply_relocation(ImageMachine machine, uint32_t type, uint8_t* code, uint64_t place,
                      uint64_t value) {
  if (machine == ImageMachine::kX86_64)
    return apply_x86(type, code + place, static_cast<int64_t>(value - place));
  return apply_aarch64(type, code + place, place, value);
}

void write_stub(ImageMachine machine, uint8_t* code, uint64_t stub, uint64_t slot) {
  uint8_t* at = code + stub;
  if (machine == ImageMachine::kX86_64) {
    constexpr uint8_t kJump[] = {0xff, 0x25};
    std::memcpy(at, kJump, sizeof kJump);
    write_distance(at + 2, static_cast<int64_t>(slot - (stub + 6)), 4);
    return;
  }
  constexpr uint32_t kLoadAndBranch[] = {0x90000010, 0xf9400210, 0xd61f0200};
  std::memcpy(at, kLoadAndBranch, sizeof kLoadAndBranch);
  patch_page_distance(at, stub, slot);
  patch_page_offset(at + 4, slot, 3);
}

std::string relocation_name(ImageMachine machine, uint32_t type) {
  const uint32_t elf_machine = machine == ImageMachine::kX86_64 ? elf::EM_X86_64 : elf::EM_AARCH64;
  return llvm::object::getELFRelocationTypeName(elf_machine, type).str();
}

}  // namespace cudapy::jit
