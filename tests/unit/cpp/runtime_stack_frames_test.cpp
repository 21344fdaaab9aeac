// Frames in machine code for GPUs, told of as NVIDIA's assembler tells of them, and stacks of them.
#include "runtime/cuda/stack_frames.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace cudapy::runtime::cuda {
namespace {

using Bytes = std::vector<uint8_t>;

template <class T>
void put(Bytes& bytes, const T& value) {
  const auto* first = reinterpret_cast<const uint8_t*>(&value);
  bytes.insert(bytes.end(), first, first + sizeof value);
}

// An ELF file of these sections.
Bytes image(const std::vector<std::pair<std::string, Bytes>>& sections) {
  Bytes file(sizeof(Elf64_Ehdr));
  std::vector<Elf64_Shdr> headers(1);
  Bytes names(1);
  const auto add = [&](const std::string& name, const Bytes& contents, bool is_names) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<uint32_t>(names.size());
    header.sh_type = SHT_PROGBITS;
    names.insert(names.end(), name.begin(), name.end());
    names.push_back(0);
    header.sh_offset = file.size();
    const Bytes& bytes = is_names ? names : contents;
    header.sh_size = bytes.size();
    file.insert(file.end(), bytes.begin(), bytes.end());
    headers.push_back(header);
  };
  for (const auto& [name, contents] : sections) add(name, contents, false);
  add(".shstrtab", {}, true);
  Elf64_Ehdr start{};
  std::memcpy(start.e_ident, ELFMAG, SELFMAG);
  start.e_shoff = file.size();
  start.e_shentsize = sizeof(Elf64_Shdr);
  start.e_shnum = static_cast<uint16_t>(headers.size());
  start.e_shstrndx = static_cast<uint16_t>(headers.size() - 1);
  std::memcpy(file.data(), &start, sizeof start);
  for (const Elf64_Shdr& header : headers) put(file, header);
  return file;
}

void put_attribute(Bytes& bytes, uint8_t form, uint8_t attribute,
                   const std::vector<uint32_t>& words, uint16_t value = 0) {
  put(bytes, form);
  put(bytes, attribute);
  put(bytes, words.empty() ? value : static_cast<uint16_t>(words.size() * 4));
  for (const uint32_t word : words) put(bytes, word);
}

Bytes attributes_with_frames(const std::vector<uint32_t>& frames) {
  Bytes bytes;
  put_attribute(bytes, 4, 0x2F, {10, 58});  // registers
  put_attribute(bytes, 3, 0x1B, {}, 255);   // a value without bytes
  for (const uint32_t frame : frames) put_attribute(bytes, 4, 0x11, {5, frame});
  put_attribute(bytes, 4, 0x12, {10, 9999});  // another attribute of the same form
  return bytes;
}

void put_table_entry(Bytes& bytes, bool is_long, bool is_common, const Bytes& rules) {
  Bytes entry;
  if (is_long)
    put(entry, is_common ? UINT64_MAX : uint64_t{0});
  else
    put(entry, is_common ? UINT32_MAX : uint32_t{0});
  if (!is_common) {
    put(entry, uint64_t{0x1000});
    put(entry, uint64_t{0x100});
  }
  entry.insert(entry.end(), rules.begin(), rules.end());
  if (is_long) {
    put(bytes, UINT32_MAX);
    put(bytes, uint64_t{entry.size()});
  } else {
    put(bytes, static_cast<uint32_t>(entry.size()));
  }
  bytes.insert(bytes.end(), entry.begin(), entry.end());
}

// DW_CFA_advance_loc4 and DW_CFA_def_cfa of a register with a long number.
Bytes frame_of(std::initializer_list<uint8_t> uleb) {
  Bytes rules{0x04, 0x08, 0, 0, 0, 0x0C, 0x81, 0x80, 0x80, 0x28};
  rules.insert(rules.end(), uleb);
  return rules;
}

TEST(StackFrames, AreReadFromAttributes) {
  EXPECT_EQ(largest_frame(image({{".nv.info", attributes_with_frames({32, 280, 0})}})), 280U);
  EXPECT_EQ(largest_frame(image({{".nv.info.k", attributes_with_frames({32})}})), 0U);
  EXPECT_EQ(largest_frame(image({{".text", {1, 2, 3}}})), 0U);
}

TEST(StackFrames, AreReadFromTablesOfBothSizes) {
  for (const bool is_long : {true, false}) {
    Bytes table;
    put_table_entry(table, is_long, true, frame_of({0xFF, 0x7F}));  // of no function
    put_table_entry(table, is_long, false, frame_of({0x20}));
    put_table_entry(table, is_long, false, frame_of({0x90, 0x02}));
    put_table_entry(table, is_long, false, {0x0E, 0x18, 0x00, 0x00});
    const Bytes file =
        image({{".nv.info", attributes_with_frames({0, 40})}, {".debug_frame", table}});
    EXPECT_EQ(largest_frame(file), 272U);
  }
}

TEST(StackFrames, AreFoundBehindOtherRules) {
  Bytes rules{0x05, 0xB7, 0x80, 0x01, 0x2C, 0x06, 0x82, 0x01, 0x08, 0x85, 0x01, 0x41, 0x83, 0x05};
  for (const int byte : {0x10, 0x02, 0x03, 0x0E, 0xFF, 0x7F}) rules.push_back(byte);  // a block
  rules.insert(rules.end(), {0x0E, 0x30, 0x0E, 0x00});
  Bytes table;
  put_table_entry(table, true, false, rules);
  EXPECT_EQ(largest_frame(image({{".debug_frame", table}})), 48U);
}

TEST(StackFrames, AreNotLookedForBehindTheEnd) {
  Bytes table;
  put_table_entry(table, true, false, frame_of({0x90, 0x02}));
  const Bytes whole = image({{".nv.info", attributes_with_frames({64})}, {".debug_frame", table}});
  ASSERT_EQ(largest_frame(whole), 272U);
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_LE(largest_frame(part), 272U) << size;
  }
  Bytes wrong = whole;
  for (size_t i = sizeof(Elf64_Ehdr); i < whole.size(); ++i) {
    wrong[i] = static_cast<uint8_t>(~wrong[i]);
    largest_frame(wrong);
    wrong[i] = whole[i];
  }
  EXPECT_EQ(largest_frame(std::vector<uint8_t>{'n', 'o'}), 0U);
}

TEST(StackPlan, HasRoomForAllCallsWhereItGetsWhatItWants) {
  for (const uint64_t frame : {8, 32, 272, 5000}) {
    const StackPlan plan(frame, 100);
    EXPECT_GE(plan.room(plan.wanted()), static_cast<int64_t>(257 * frame));
    // The call that begins last, what it calls and the kernel itself are inside of the stack.
    for (const uint64_t stack : {plan.wanted(), plan.wanted() / 2, uint64_t{65536}}) {
      if (plan.room(stack) == 0) continue;
      EXPECT_LE(static_cast<uint64_t>(plan.room(stack)) + frame + 100 + 1024, stack);
    }
  }
}

TEST(StackPlan, HasNoRoomInAStackThatIsTooSmall) {
  EXPECT_EQ(StackPlan(64, 100).room(1024), 0);
  EXPECT_EQ(StackPlan(64, 100).room(0), 0);
}

TEST(StackPlan, GuessesFramesThatAreNotKnown) {
  EXPECT_EQ(StackPlan(0, 16).wanted(), StackPlan(256, 16).wanted());
}

}  // namespace
}  // namespace cudapy::runtime::cuda
