// Code images: what is written is read back, damage is refused, loaded code runs, and many images
// need few mappings.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "runtime/cpu/code_image.h"

namespace cudapy::runtime {
namespace {

using Answer = int (*)();

int imported_function() {
  return 1234;
}

const void* resolve(std::string_view name) {
  return name == "imported" ? reinterpret_cast<const void*>(&imported_function) : nullptr;
}

#if defined(__x86_64__)
// mov $value, %eax; ret
std::vector<uint8_t> returns(int value) {
  std::vector<uint8_t> code = {0xb8, 0, 0, 0, 0, 0xc3};
  std::memcpy(&code[1], &value, sizeof value);
  return code;
}
// jmp *10(%rip), to the word at 16
const std::vector<uint8_t> kTailCall = {0xff, 0x25, 10, 0, 0, 0};
// mov 9(%rip), %rax (the word at 16); mov (%rax), %eax; ret
const std::vector<uint8_t> kLoadThrough = {0x48, 0x8b, 0x05, 9, 0, 0, 0, 0x8b, 0x00, 0xc3};
#elif defined(__aarch64__)
std::vector<uint8_t> assemble(std::initializer_list<uint32_t> instructions) {
  std::vector<uint8_t> code(instructions.size() * 4);
  std::memcpy(code.data(), instructions.begin(), code.size());
  return code;
}
// mov w0, #value; ret
std::vector<uint8_t> returns(int value) {
  return assemble({0x52800000U | static_cast<uint32_t>(value) << 5, 0xd65f03c0});
}
// ldr x16, 16; br x16
const std::vector<uint8_t> kTailCall = assemble({0x58000090, 0xd61f0200});
// ldr x0, 16; ldr w0, [x0]; ret
const std::vector<uint8_t> kLoadThrough = assemble({0x58000080, 0xb9400000, 0xd65f03c0});
#endif

// Code with one word at offset 16 for the loader to fill.
CodeImage image_with_word(std::vector<uint8_t> code, uint32_t import, int64_t addend) {
  CodeImage image;
  image.code = std::move(code);
  image.code.resize(24);
  image.fixups.push_back({16, import, addend});
  return image;
}

CodeImage calling_image(const std::string& symbol) {
  CodeImage image = image_with_word(kTailCall, 0, 0);
  image.imports.push_back(symbol);
  image.metadata = {1, 2, 3};
  return image;
}

int run(const LoadedCode& code) {
  return reinterpret_cast<Answer>(const_cast<void*>(code.entry()))();
}

LoadedCode load_or_die(const CodeImage& image) {
  std::string error;
  LoadedCode code = load_image(image, resolve, error);
  if (!code) throw std::runtime_error(error);
  return code;
}

TEST(CodeImage, RoundTrips) {
  const CodeImage image = calling_image("imported");
  CodeImage read;
  std::string error;
  ASSERT_TRUE(parse_image(serialize_image(image), read, error)) << error;
  EXPECT_EQ(read, image);
}

TEST(CodeImage, EveryTruncationIsRefused) {
  const auto bytes = serialize_image(calling_image("imported"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    CodeImage read;
    std::string error;
    EXPECT_FALSE(parse_image(std::span(bytes).first(size), read, error)) << size;
    EXPECT_FALSE(error.empty());
  }
}

TEST(CodeImage, DamagedBytesNeverLeadOutside) {
  const auto bytes = serialize_image(calling_image("imported"));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const uint8_t flip : {0x01, 0x80, 0xff}) {
      auto damaged = bytes;
      damaged[at] ^= flip;
      CodeImage read;
      std::string error;
      if (!parse_image(damaged, read, error)) continue;
      EXPECT_LT(read.entry_offset, read.code.size());
      for (const ImageFixup& fixup : read.fixups) {
        EXPECT_LE(fixup.offset + 8, read.code.size());
        EXPECT_TRUE(fixup.import == ImageFixup::kImageBase || fixup.import < read.imports.size());
      }
    }
  }
}

TEST(CodeImage, AnotherVersionIsNamed) {
  auto bytes = serialize_image(calling_image("imported"));
  bytes[8] = 77;
  CodeImage read;
  std::string error;
  EXPECT_FALSE(parse_image(bytes, read, error));
  EXPECT_NE(error.find("version 77"), std::string::npos) << error;
}

TEST(LoadedCode, Runs) {
  CodeImage image;
  image.code = returns(42);
  image.metadata = {9};
  const LoadedCode code = load_or_die(image);
  EXPECT_EQ(run(code), 42);
  EXPECT_EQ(code.metadata(), std::vector<uint8_t>{9});
}

TEST(LoadedCode, EntryNeedNotComeFirst) {
  CodeImage image;
  image.code = returns(1);
  image.code.resize(16);
  const auto second = returns(2);
  image.code.insert(image.code.end(), second.begin(), second.end());
  image.entry_offset = 16;
  EXPECT_EQ(run(load_or_die(image)), 2);
}

TEST(LoadedCode, CallsWhatItImports) {
  EXPECT_EQ(run(load_or_die(calling_image("imported"))), 1234);
}

TEST(LoadedCode, AnUnknownImportIsAnErrorThatNamesIt) {
  std::string error;
  EXPECT_FALSE(load_image(calling_image("missing"), resolve, error));
  EXPECT_NE(error.find("'missing'"), std::string::npos) << error;
}

TEST(LoadedCode, AForeignMachineIsRefused) {
  CodeImage image = calling_image("imported");
  image.machine =
      kHostMachine == ImageMachine::kX86_64 ? ImageMachine::kAArch64 : ImageMachine::kX86_64;
  std::string error;
  EXPECT_FALSE(load_image(image, resolve, error));
  EXPECT_FALSE(error.empty());
}

TEST(LoadedCode, AddressesInsideTheImageFollowIt) {
  CodeImage image = image_with_word(kLoadThrough, ImageFixup::kImageBase, 24);
  image.code.resize(28);
  image.code[24] = 77;
  const LoadedCode one = load_or_die(image);
  const LoadedCode two = load_or_die(image);
  EXPECT_NE(one.base(), two.base());
  EXPECT_EQ(run(one), 77);
  EXPECT_EQ(run(two), 77);
}

TEST(LoadedCode, MovingLeavesTheSourceEmpty) {
  CodeImage image;
  image.code = returns(5);
  LoadedCode first = load_or_die(image);
  LoadedCode second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(run(second), 5);
  image.code = returns(6);
  second = load_or_die(image);
  EXPECT_EQ(run(second), 6);
}

// The protection of the mapping that holds `address`, as in /proc/self/maps: "r-xp".
std::string protection_of(const void* address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long first, last;
    char protection[5];
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &first, &last, protection) != 3) continue;
    const auto wanted = reinterpret_cast<unsigned long>(address);
    if (wanted >= first && wanted < last) return protection;
  }
  return "";
}

TEST(LoadedCode, IsExecutableAndNotWritable) {
  CodeImage image;
  for (const size_t size : {size_t{64}, size_t{3} << 20}) {
    image.code = returns(1);
    image.code.resize(size);
    const LoadedCode code = load_or_die(image);
    EXPECT_EQ(protection_of(code.base()), "r-xp");
    EXPECT_EQ(run(code), 1);
  }
}

// Only executable ones: the allocator of a sanitizer makes others of its own.
size_t mapping_count() {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find(" r-xp ") != line.npos;
  return count;
}

TEST(LoadedCode, ManyImagesNeedFewMappingsAndAreGivenBack) {
  CodeImage image;
  const size_t before = mapping_count();
  {
    std::vector<LoadedCode> codes;
    for (int i = 0; i < 5000; ++i) {
      image.code = returns(i);
      codes.push_back(load_or_die(image));
    }
    EXPECT_LT(mapping_count(), before + 12);
    // Kernels come and go in no order.
    std::shuffle(codes.begin(), codes.end(), std::mt19937(1));
    codes.resize(2500);
    EXPECT_LT(mapping_count(), before + 12);
    for (int i = 0; i < 2500; ++i) {
      image.code = returns(7);
      codes.push_back(load_or_die(image));
    }
    EXPECT_EQ(run(codes.back()), 7);
    EXPECT_LT(mapping_count(), before + 12);
  }
  // The memory allocator may keep a mapping or two for itself.
  EXPECT_LE(mapping_count(), before + 2);
}

TEST(LoadedCode, LoadsWhileOtherImagesRun) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      CodeImage image;
      image.code = returns(t);
      const LoadedCode kept = load_or_die(image);
      for (int i = 0; i < 500; ++i) {
        image.code = returns(100 + i);
        const LoadedCode passing = load_or_die(image);
        ASSERT_EQ(run(passing), 100 + i);
        ASSERT_EQ(run(kept), t);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(LoadedCode, AForkedChildLoadsAndRuns) {
  CodeImage image;
  image.code = returns(3);
  const LoadedCode kept = load_or_die(image);
  const pid_t child = fork();
  if (child == 0) {
    const LoadedCode own = load_or_die(image);
    _exit(run(kept) == 3 && run(own) == 3 ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace cudapy::runtime
