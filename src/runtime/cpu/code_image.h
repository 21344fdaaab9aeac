// A compiled kernel as flat bytes (the form that the cache stores), and the loader that makes them
// executable. No LLVM here.
//
// An image is one position-independent blob of machine code and read-only data. Everything inside
// it is already relocated; what depends on where it is loaded is a list of fixups: 64-bit words
// that receive the address of an imported runtime symbol (the image's global offset table) or of a
// place inside the image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cudapy::runtime {

enum class ImageMachine : uint32_t { kX86_64 = 1, kAArch64 = 2 };

// The machine that this process runs on.
#if defined(__x86_64__)
inline constexpr ImageMachine kHostMachine = ImageMachine::kX86_64;
#elif defined(__aarch64__)
inline constexpr ImageMachine kHostMachine = ImageMachine::kAArch64;
#else
#error "cudapy's CPU back end knows x86-64 and AArch64"
#endif

// Images are loaded at addresses of this alignment or better: no section may ask for more, and
// AArch64's page-relative addressing holds inside an image.
inline constexpr size_t kImageAlignment = 4096;

struct ImageFixup {
  static constexpr uint32_t kImageBase = UINT32_MAX;

  uint64_t offset = 0;           // of the 64-bit word, from the image's start
  uint32_t import = kImageBase;  // index into imports, or kImageBase for the image's own address
  int64_t addend = 0;            // added to the symbol's or the image's address

  friend bool operator==(const ImageFixup&, const ImageFixup&) = default;
};

struct CodeImage {
  ImageMachine machine = kHostMachine;
  uint64_t entry_offset = 0;  // of the kernel's first instruction in `code`
  std::vector<uint8_t>
      code;  // instructions, constants, and at its end the words that the fixups fill
  std::vector<ImageFixup> fixups;
  std::vector<std::string> imports;  // names of runtime symbols
  std::vector<uint8_t> metadata;     // the caller's own (KernelMetadata); not interpreted here

  friend bool operator==(const CodeImage&, const CodeImage&) = default;
};

std::vector<uint8_t> serialize_image(const CodeImage& image);

// False, with the reason in `error`, if `bytes` are not a well-formed image of this format version.
// Every offset and size is checked, so that a parsed image can be loaded without further checks.
bool parse_image(std::span<const uint8_t> bytes, CodeImage& image, std::string& error);

// The address of a runtime symbol, or null if there is none of that name.
using SymbolResolver = const void* (*)(std::string_view name);

// Executable code, unmapped at destruction: its owner keeps it until no thread is inside it and no
// pointer to it is left. Images share address-space arenas, page by page, so that many kernels need
// few memory mappings; a page is never writable and executable at once. Loading and releasing are
// thread safe.
class LoadedCode {
 public:
  LoadedCode() = default;
  LoadedCode(LoadedCode&& other) noexcept;
  LoadedCode& operator=(LoadedCode&& other) noexcept;
  LoadedCode(const LoadedCode&) = delete;
  LoadedCode& operator=(const LoadedCode&) = delete;
  ~LoadedCode();

  explicit operator bool() const { return base_ != nullptr; }
  const void* base() const { return base_; }
  size_t size() const { return size_; }
  const void* entry() const { return entry_; }
  const std::vector<uint8_t>& metadata() const { return metadata_; }

 private:
  friend LoadedCode load_image(const CodeImage&, SymbolResolver, std::string&);

  void release() noexcept;

  uint8_t* base_ = nullptr;
  size_t size_ = 0;
  const void* entry_ = nullptr;
  std::vector<uint8_t> metadata_;
};

// An empty LoadedCode, with the reason in `error`, if the image is for another machine, imports a
// symbol that `resolve` does not know, or memory cannot be mapped. `image` must come from
// parse_image or the linker.
LoadedCode load_image(const CodeImage& image, SymbolResolver resolve, std::string& error);

// Parses and loads.
LoadedCode load_image(std::span<const uint8_t> bytes, SymbolResolver resolve, std::string& error);

}  // namespace cudapy::runtime
