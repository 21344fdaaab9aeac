#include "runtime/cuda/stack_frames.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "ir/tree.h"

namespace cudapy::runtime::cuda {
namespace {

// Of an image that says nothing. Calls look where the stack ends before they are made: a guess that
// is too small costs depth, one that is too large memory.
constexpr uint64_t kUnknownFrame = 256;
// What a call's function may call in turn, and what differs from call to call.
constexpr uint64_t kReserve = 1024;

using Bytes = std::span<const uint8_t>;

// Reads from the front. Behind the end all is zero, and `is_over`.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  T take() {
    T value{};
    if (const Bytes part = take_bytes(sizeof(T)); part.size() == sizeof(T))
      std::memcpy(&value, part.data(), sizeof value);
    return value;
  }

  Bytes take_bytes(uint64_t count) {
    is_over_ = is_over_ || count > bytes_.size();
    const Bytes part = bytes_.first(is_over_ ? 0 : static_cast<size_t>(count));
    bytes_ = is_over_ ? Bytes() : bytes_.subspan(part.size());
    return part;
  }

  // DWARF's unsigned numbers: seven bits a byte, the lowest first.
  uint64_t take_uleb() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = take<uint8_t>();
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    return value;
  }

  void skip_ulebs(int count) {
    for (int i = 0; i < count; ++i) take_uleb();
  }

  bool is_over() const { return is_over_; }
  bool is_empty() const { return bytes_.empty(); }
  Bytes rest() const { return bytes_; }

 private:
  Bytes bytes_;
  bool is_over_ = false;
};

template <class T>
std::optional<T> read_at(Bytes bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

Bytes contents(Bytes image, const Elf64_Shdr& section) {
  if (section.sh_type == SHT_NOBITS || section.sh_offset > image.size() ||
      image.size() - section.sh_offset < section.sh_size)
    return {};
  return image.subspan(section.sh_offset, section.sh_size);
}

std::string_view text_at(Bytes strings, uint64_t offset) {
  if (offset >= strings.size()) return {};
  const auto* text = reinterpret_cast<const char*>(strings.data()) + offset;
  return {text, strnlen(text, strings.size() - offset)};
}

Bytes section_named(Bytes image, std::string_view name) {
  const auto header = read_at<Elf64_Ehdr>(image, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return {};
  const auto section_at = [&](uint64_t number) {
    return read_at<Elf64_Shdr>(image, header->e_shoff + number * sizeof(Elf64_Shdr));
  };
  const auto names = section_at(header->e_shstrndx);
  if (!names) return {};
  for (uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = section_at(i);
    if (section && text_at(contents(image, *names), section->sh_name) == name)
      return contents(image, *section);
  }
  return {};
}

// Attributes: a byte for the form, one for what it is, two for a value or the bytes of one. Of a
// frame: the symbol, 4 bytes, and its size.
uint64_t largest_of_attributes(Bytes section) {
  constexpr uint8_t kHasBytes = 4;
  constexpr uint8_t kFrameSize = 0x11;
  uint64_t largest = 0;
  for (Reader reader(section); !reader.is_empty();) {
    const auto form = reader.take<uint8_t>();
    const auto attribute = reader.take<uint8_t>();
    const auto value = reader.take<uint16_t>();
    if (form != kHasBytes) continue;
    Reader bytes(reader.take_bytes(value));
    if (attribute != kFrameSize) continue;
    bytes.take<uint32_t>();
    largest = std::max<uint64_t>(largest, bytes.take<uint32_t>());
  }
  return largest;
}

// The rules of one function (DWARF 5, section 6.4.2): how far the caller's frame is away.
uint64_t largest_of_rules(Bytes rules) {
  uint64_t largest = 0;
  Reader reader(rules);
  while (!reader.is_empty()) {
    const auto code = reader.take<uint8_t>();
    if ((code & 0xC0U) == 0x80U) reader.skip_ulebs(1);  // DW_CFA_offset
    if ((code & 0xC0U) != 0) continue;
    switch (code) {
      case 0x01:  // set_loc
        reader.take<uint64_t>();
        break;
      case 0x02:  // advance_loc1, 2 and 4
        reader.take<uint8_t>();
        break;
      case 0x03:
        reader.take<uint16_t>();
        break;
      case 0x04:
        reader.take<uint32_t>();
        break;
      case 0x05:  // offset_extended, register and the like
      case 0x09:
      case 0x11:
      case 0x14:
      case 0x15:
        reader.skip_ulebs(2);
        break;
      case 0x06:  // restore_extended, undefined, same_value, def_cfa_register
      case 0x07:
      case 0x08:
      case 0x0D:
        reader.skip_ulebs(1);
        break;
      case 0x0C:  // def_cfa
        reader.skip_ulebs(1);
        [[fallthrough]];
      case 0x0E:  // def_cfa_offset
        if (const uint64_t offset = reader.take_uleb(); !reader.is_over())
          largest = std::max(largest, offset);
        break;
      case 0x10:  // expression
      case 0x16:
        reader.skip_ulebs(1);
        reader.take_bytes(reader.take_uleb());
        break;
      case 0x00:  // nop, remember_state, restore_state
      case 0x0A:
      case 0x0B:
        break;
      default:
        return largest;
    }
  }
  return largest;
}

uint64_t largest_of_tables(Bytes section) {
  constexpr uint32_t kIsLong = 0xFFFFFFFF;  // 64-bit DWARF
  uint64_t largest = 0;
  for (Reader reader(section); !reader.is_empty();) {
    uint64_t length = reader.take<uint32_t>();
    const bool is_long = length == kIsLong;
    if (is_long) length = reader.take<uint64_t>();
    Reader entry(reader.take_bytes(length));
    const uint64_t parent = is_long ? entry.take<uint64_t>() : entry.take<uint32_t>();
    if (parent == (is_long ? UINT64_MAX : kIsLong)) continue;  // what functions have in common
    entry.take<uint64_t>();                                    // where the function begins and ends
    entry.take<uint64_t>();
    largest = std::max(largest, largest_of_rules(entry.rest()));
  }
  return largest;
}

}  // namespace

uint64_t largest_frame(Bytes cubin) {
  return std::max(largest_of_attributes(section_named(cubin, ".nv.info")),
                  largest_of_tables(section_named(cubin, ".debug_frame")));
}

StackPlan::StackPlan(uint64_t frame, uint64_t kernel)
    : frame_(frame != 0 ? frame : kUnknownFrame), kernel_(kernel) {}

uint64_t StackPlan::wanted() const {
  constexpr uint64_t kCalls = ir::kRecursionLimit + 2;
  return (kernel_ + kCalls * frame_ + 2 * kReserve + 15) / 16 * 16;
}

int64_t StackPlan::room(uint64_t stack) const {
  const uint64_t kept = kernel_ + frame_ + kReserve;
  return stack > kept ? static_cast<int64_t>(stack - kept) : 0;
}

}  // namespace cudapy::runtime::cuda
