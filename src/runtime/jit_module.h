// The compiler's own shared module (libcudapy_jit.so: code generation and LLVM), opened beside the
// extension at the first cache miss. Code that only ever hits the cache never opens it.
#pragma once

#include <cstdint>
#include <string>

namespace cudapy::jit {
struct CompileRequest;
struct CompileResult;
}  // namespace cudapy::jit

namespace cudapy::runtime {

inline constexpr const char* kJitModuleName = "libcudapy_jit.so";

// cudapy_jit_compile of jit/jit.h.
using JitCompile = bool (*)(const jit::CompileRequest*, jit::CompileResult*);

// Opens the module that lies beside `core_path` (the extension's own file, from dladdr), once: it
// stays open for the process's life. Null, with the reason in `error`, if it is missing, broken or
// of another interface version than `interface_version` (jit::kInterfaceVersion); a later call
// tries again. Thread safe.
JitCompile open_jit_module(const std::string& core_path, uint32_t interface_version,
                           std::string& error);

// What identifies a shared object's contents, for cache keys: its GNU build id in hexadecimal, read
// from the file without loading it, or its size and time of change where it has none. Empty if the
// file cannot be read.
std::string shared_object_identity(const std::string& path);

// Identity of the extension and of the compiler's module together: two builds that may compile
// differently differ in it. Reads both files (tens of microseconds): keep the result.
std::string compiler_identity(const std::string& core_path);

}  // namespace cudapy::runtime
