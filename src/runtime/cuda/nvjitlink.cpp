#include "runtime/cuda/nvjitlink.h"

#include <dlfcn.h>

#include <cstdlib>
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
