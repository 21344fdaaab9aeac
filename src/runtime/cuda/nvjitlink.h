// nvJitLink, NVIDIA's library that makes machine code of PTX: a part of the CUDA toolkit, and of
// the wheels that torch and CuPy bring. It takes two thirds of the driver's time. Found as a file,
// so that a cache's key can name it without opening it; opened when there is something to assemble.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cudapy::runtime::cuda {

// What assembling gives: `error` is empty if it went well.
struct Assembled {
  std::vector<uint8_t> cubin;
  std::string log;  // registers and spills
  std::string error;
};

class NvJitLink {
 public:
  // The library at `path`. Null, with `error`, if it cannot be opened, or is older than CUDA 12.
  // It stays open; asking again for the same is cheap. Thread safe.
  static const NvJitLink* open(const std::string& path, std::string& error);

  // As CUDA's versions are written: 12040 for 12.4.
  int version() const { return version_; }

  // Keeps lines where the text says which lines it comes from. Thread safe.
  Assembled assemble(const std::string& ptx, const std::string& architecture) const;

 private:
  struct Handle;
  using Create = int (*)(Handle**, uint32_t, const char**);
  using Destroy = int (*)(Handle**);
  using AddData = int (*)(Handle*, int, const void*, size_t, const char*);
  using Complete = int (*)(Handle*);
  using GetSize = int (*)(Handle*, size_t*);
  using GetText = int (*)(Handle*, char*);
  using GetCode = int (*)(Handle*, void*);
  using GetVersion = int (*)(unsigned*, unsigned*);

  bool find_symbols(void* library);
  Assembled link(const std::string& ptx, const std::string& architecture) const;
  static std::string text(Handle* handle, GetSize size_of, GetText text_of);

  int version_ = 0;
  Create create_ = nullptr;
  Destroy destroy_ = nullptr;
  AddData add_data_ = nullptr;
  Complete complete_ = nullptr;
  GetSize cubin_size_ = nullptr;
  GetCode cubin_ = nullptr;
  GetSize error_size_ = nullptr;
  GetText error_ = nullptr;
  GetSize info_size_ = nullptr;
  GetText info_ = nullptr;
};

// The first file that is nvJitLink, of those that drivers of CUDA `newest` (13 for 13.x) or newer
// take the code of: in the wheels of `packages`, the folders that modules are imported from, then
// where LD_LIBRARY_PATH and the toolkit have it. Empty: none.
std::string find_nvjitlink(const std::vector<std::string>& packages, int newest);

}  // namespace cudapy::runtime::cuda
