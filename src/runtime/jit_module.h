// The compiler's own shared module (libcudapy_jit.so: code generation and LLVM), opened beside the extension at the first cache
// miss. Code that only ever hits the cache never opens it.
#pragma once

#include <string>

namespace cudapy::jit {
struct CompileRequest;
struct CompileResult;
}  // namespace cudapy::jit

namespace cudapy::runtime {

inline constexpr const char* kJitModuleName = "libcudapy_jit.so";

// `core_path` is the extension's own file (dladdr). Opens the module on the first call and keeps it open for the process's life.
// False, with the reason in `error`, if it is missing or belongs to another build; a later call tries again. Thread safe.
bool open_jit_module(const std::string& core_path, std::string& error);

// Opens the module if needed, then compiles. On failure result.error says why.
bool jit_compile(const std::string& core_path, const jit::CompileRequest& request, jit::CompileResult& result);

// What identifies a shared object's contents, for cache keys: its GNU build id in hexadecimal, read from the file without
// loading it, or its size and time of change where it has none. Empty if the file cannot be read.
std::string shared_object_identity(const std::string& path);

// Identity of the extension and of the compiler's module together. Two builds that may compile differently differ in it.
// Computed once per path.
const std::string& compiler_identity(const std::string& core_path);

}  // namespace cudapy::runtime
