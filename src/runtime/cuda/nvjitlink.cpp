#include "runtime/cuda/nvjitlink.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "support/files.h"

namespace cudapy::runtime::cuda {
namespace {

constexpr int kNewest = 13;  // of the versions that are known to work
constexpr int kOldest = 12;
constexpr int kInputPtx = 2;  // NVJITLINK_INPUT_PTX

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

// The number behind the first `name` from `at` on; 0: there is none.
long number_behind(const std::string& text, std::string_view name, size_t at = 0) {
  at = text.find(name, at);
  return at == std::string::npos ? 0 : std::strtol(text.c_str() + at + name.size(), nullptr, 10);
}

long threads_of_a_multiprocessor(const std::string& architecture) {
  if (architecture == "sm_75") return 1024;
  for (const std::string_view small : {"sm_86", "sm_87", "sm_89", "sm_12"})
    if (architecture.starts_with(small)) return 1536;
  return 2048;
}

// PTX of a kernel whose blocks have one shape, with the wish that a multiprocessor holds as many
// blocks as it has threads and shared memory for. Without it nvJitLink gives a thread more
// registers than ptxas does, all that one block leaves over: a tiled product of matrices gets 48,
// and half of the threads a multiprocessor could run, for no instruction less. Empty: there is
// nothing to wish for.
std::string asking_for_full_occupancy(const std::string& ptx, const std::string& architecture) {
  constexpr std::string_view kShape = "\n.reqntid ";
  constexpr long kSharedBytes = 96 << 10;  // which all but the oldest multiprocessors have
  const size_t shape = ptx.find(kShape);
  if (shape == std::string::npos) return {};
  const size_t end = ptx.find('\n', shape + 1);
  long threads = 1;
  const char* place = ptx.c_str() + shape + kShape.size();
  for (int axis = 0; axis < 3; ++axis) {
    char* next = nullptr;
    threads *= std::strtol(place, &next, 10);
    place = next + std::strspn(next, ", ");
  }
  if (threads <= 0) return {};
  long shared = 0;
  for (size_t at = ptx.find(".shared .align"); at != std::string::npos;
       at = ptx.find(".shared .align", at + 1))
    shared += number_behind(ptx, "[", at);
  long blocks = threads_of_a_multiprocessor(architecture) / threads;
  if (shared > 0) blocks = std::min(blocks, kSharedBytes / shared);
  if (blocks < 2) return {};
  return ptx.substr(0, end) + "\n.minnctapersm " + std::to_string(blocks) + ptx.substr(end);
}

bool spills(const std::string& log) {
  return number_behind(log, "bytes stack frame, ") > 0;
}

std::string file_name(int version) {
  return "libnvJitLink.so." + std::to_string(version);
}

std::vector<std::string> places(const std::vector<std::string>& packages, int version) {
  const std::string wheel =
      version >= 13 ? "/nvidia/cu" + std::to_string(version) + "/lib/" : "/nvidia/nvjitlink/lib/";
  std::vector<std::string> files;
  files.reserve(packages.size());
  for (const std::string& folder : packages) files.push_back(folder + wheel + file_name(version));
  if (const char* path = std::getenv("LD_LIBRARY_PATH"); path != nullptr) {
    for (const std::string_view folder : split(path, ':')) {
      if (!folder.empty()) files.push_back(std::string(folder) + "/" + file_name(version));
    }
  }
  for (const char* folder : {"/usr/local/cuda/lib64/", "/usr/local/cuda/lib/", "/usr/lib64/",
                             "/usr/lib/x86_64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/"})
    files.push_back(folder + file_name(version));
  return files;
}

}  // namespace

std::string find_nvjitlink(const std::vector<std::string>& packages, int newest) {
  for (int version = newest < kNewest ? newest : kNewest; version >= kOldest; --version) {
    for (std::string& file : places(packages, version)) {
      if (is_regular_file(file)) return std::move(file);
    }
  }
  return {};
}

const NvJitLink* NvJitLink::open(const std::string& path, std::string& error) {
  static std::mutex mutex;
  static auto* const opened = new std::map<std::string, std::unique_ptr<NvJitLink>>;
  const std::lock_guard lock(mutex);
  if (const auto known = opened->find(path); known != opened->end()) return known->second.get();
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    error = reason != nullptr ? reason : path + " cannot be opened";
    return nullptr;
  }
  auto made = std::make_unique<NvJitLink>();
  if (!made->find_symbols(library)) {
    dlclose(library);
    error = path + " lacks functions of CUDA 12";
    return nullptr;
  }
  return (*opened)[path].swap(made), (*opened)[path].get();
}

bool NvJitLink::find_symbols(void* library) {
  GetVersion get_version = nullptr;
  unsigned major = 0;
  unsigned minor = 0;
  if (find(library, "nvJitLinkVersion", get_version) && get_version(&major, &minor) == 0)
    version_ = static_cast<int>(1000 * major + 10 * minor);
  return find(library, "nvJitLinkCreate", create_) && find(library, "nvJitLinkDestroy", destroy_) &&
         find(library, "nvJitLinkAddData", add_data_) &&
         find(library, "nvJitLinkComplete", complete_) &&
         find(library, "nvJitLinkGetLinkedCubinSize", cubin_size_) &&
         find(library, "nvJitLinkGetLinkedCubin", cubin_) &&
         find(library, "nvJitLinkGetErrorLogSize", error_size_) &&
         find(library, "nvJitLinkGetErrorLog", error_) &&
         find(library, "nvJitLinkGetInfoLogSize", info_size_) &&
         find(library, "nvJitLinkGetInfoLog", info_);
}

std::string NvJitLink::text(Handle* handle, GetSize size_of, GetText text_of) {
  size_t size = 0;
  if (size_of(handle, &size) != 0 || size == 0) return {};
  std::string text(size + 1, '\0');
  if (text_of(handle, text.data()) != 0) return {};
  text.resize(text.find('\0'));
  return text;
}

Assembled NvJitLink::assemble(const std::string& ptx, const std::string& architecture) const {
  const std::string fuller = asking_for_full_occupancy(ptx, architecture);
  if (!fuller.empty()) {
    Assembled result = link(fuller, architecture);
    if (result.error.empty() && !spills(result.log)) return result;
  }
  return link(ptx, architecture);
}

Assembled NvJitLink::link(const std::string& ptx, const std::string& architecture) const {
  const std::string target = "-arch=" + architecture;
  // The last one counts where the text says which lines it comes from.
  const char* options[] = {target.c_str(), "-verbose", "-lineinfo"};
  const bool has_lines = ptx.find("\t.loc\t") != std::string::npos;
  Assembled result;
  Handle* handle = nullptr;
  if (const int failure = create_(&handle, has_lines ? 3 : 2, options); failure != 0) {
    result.error = "nvJitLink knows no " + architecture + ": error " + std::to_string(failure);
    return result;
  }
  int failure = add_data_(handle, kInputPtx, ptx.data(), ptx.size(), "kernel.ptx");
  if (failure == 0) failure = complete_(handle);
  size_t size = 0;
  if (failure == 0) failure = cubin_size_(handle, &size);
  result.cubin.resize(size);
  if (failure == 0) failure = cubin_(handle, result.cubin.data());
  if (failure == 0) {
    result.log = text(handle, info_size_, info_);
  } else {
    result.error = "nvJitLink refuses the kernel's PTX: error " + std::to_string(failure) + "\n" +
                   text(handle, error_size_, error_);
  }
  destroy_(&handle);
  return result;
}

}  // namespace cudapy::runtime::cuda
