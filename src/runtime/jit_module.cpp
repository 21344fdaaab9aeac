// Opens libcudapy_jit.so and identifies builds. See jit_module.h.
#include "runtime/jit_module.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string_view>
#include <vector>

namespace cudapy::runtime {
namespace {

// Closes at scope end.
struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  bool read_at(void* into, size_t size, uint64_t offset) const {
    return pread(fd, into, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
  }

  int fd;
};

std::string hex(const uint8_t* bytes, size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

// The description of the NT_GNU_BUILD_ID note among the notes of one segment, or "".
std::string build_id_in_notes(const std::vector<uint8_t>& notes) {
  constexpr size_t kPadding = 4;
  const auto padded = [](size_t size) { return (size + kPadding - 1) / kPadding * kPadding; };
  size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr header;
    std::memcpy(&header, &notes[at], sizeof header);
    const size_t name = at + sizeof header;
    const size_t description = name + padded(header.n_namesz);
    if (description + header.n_descsz > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(&notes[name], "GNU", 4) == 0) {
      return hex(&notes[description], header.n_descsz);
    }
    at = description + padded(header.n_descsz);
  }
  return {};
}

std::string build_id(const OpenFile& file) {
  constexpr size_t kMostSegments = 64;
  constexpr size_t kMostNoteBytes = size_t{64} << 10;
  Elf64_Ehdr header;
  if (!file.read_at(&header, sizeof header, 0) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return {};
  }
  std::vector<Elf64_Phdr> segments(std::min<size_t>(header.e_phnum, kMostSegments));
  if (!file.read_at(segments.data(), segments.size() * sizeof(Elf64_Phdr), header.e_phoff))
    return {};
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMostNoteBytes) continue;
    std::vector<uint8_t> notes(segment.p_filesz);
    if (!file.read_at(notes.data(), notes.size(), segment.p_offset)) continue;
    if (std::string id = build_id_in_notes(notes); !id.empty()) return id;
  }
  return {};
}

std::string beside(const std::string& core_path) {
  const size_t slash = core_path.rfind('/');
  return (slash == std::string::npos ? std::string("./") : core_path.substr(0, slash + 1)) +
         kJitModuleName;
}

std::string last_dl_error() {
  const char* message = dlerror();
  return message != nullptr ? message : "unknown dynamic linker error";
}

}  // namespace

JitCompile open_jit_module(const std::string& core_path, uint32_t interface_version,
                           std::string& error) {
  static std::mutex mutex;
  static JitCompile opened = nullptr;
  const std::lock_guard lock(mutex);
  if (opened != nullptr) return opened;

  const std::string path = beside(core_path);
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    error = "cannot open cudapy's compiler module: " + last_dl_error();
    return nullptr;
  }
  const auto compile = reinterpret_cast<JitCompile>(dlsym(module, "cudapy_jit_compile"));
  const auto version =
      reinterpret_cast<uint32_t (*)()>(dlsym(module, "cudapy_jit_interface_version"));
  if (compile == nullptr || version == nullptr) {
    error = "cudapy's compiler module " + path + " lacks its entry points; reinstall cudapy";
  } else if (version() != interface_version) {
    error = "cudapy's compiler module " + path + " has interface version " +
            std::to_string(version()) + ", this build needs " + std::to_string(interface_version) +
            "; reinstall cudapy";
  } else {
    opened = compile;
    return opened;
  }
  dlclose(module);
  return nullptr;
}

std::string shared_object_identity(const std::string& path) {
  const OpenFile file(path);
  if (file.fd < 0) return {};
  if (std::string id = build_id(file); !id.empty()) return id;
  struct stat status;
  if (fstat(file.fd, &status) != 0) return {};
  return "size " + std::to_string(status.st_size) + " time " +
         std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

std::string compiler_identity(const std::string& core_path) {
  return shared_object_identity(core_path) + "/" + shared_object_identity(beside(core_path));
}

}  // namespace cudapy::runtime
