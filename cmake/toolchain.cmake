# Language level, warnings, sanitizers, and the faster linker and compiler cache where they exist.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# -g1 keeps backtraces readable at a fraction of the size and link time of full debug information.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(CUDAPY_CCACHE ccache)
if(CUDAPY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CUDAPY_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CUDAPY_CCACHE}")
endif()

# Everything is compiled with these. Contraction is decided in the kernel tree, never by the C++
# compiler: scalar fallbacks must round like the vector code beside them. gcc 12 warns of fields left
# out of designated initialisers although they have default values.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -ffunction-sections -fdata-sections -ffp-contract=off)
if(CUDAPY_WERROR)
  add_compile_options(-Werror)
endif()

if(CUDAPY_SANITIZE)
  add_compile_options(-fsanitize=${CUDAPY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CUDAPY_SANITIZE})
  if(CUDAPY_SANITIZE MATCHES "undefined")
    # LLVM's own classes carry no vptr instrumentation, so that check would only cry wolf.
    add_compile_options(-fno-sanitize-recover=undefined -fno-sanitize=vptr)
  endif()
endif()

# gcc finds `ld.lld` through -B, so a versioned lld need not be the default of the machine.
find_program(CUDAPY_LLD ld.lld HINTS /usr/lib/llvm-22/bin NO_CMAKE_SYSTEM_PATH
                               PATHS /usr/bin /usr/local/bin)
if(CUDAPY_LLD)
  cmake_path(GET CUDAPY_LLD PARENT_PATH cudapy_lld_dir)
  add_link_options(-B${cudapy_lld_dir} -fuse-ld=lld)
endif()

# What a shared module of ours exports is exactly what its version script lists; nothing of
# libstdc++ or LLVM leaks into a process that may hold other copies of both.
function(cudapy_seal_module target version_script)
  target_link_options(${target} PRIVATE
    "-Wl,--version-script=${version_script}" -Wl,--exclude-libs,ALL -Wl,-Bsymbolic
    -Wl,--gc-sections -Wl,--build-id=sha1 "$<$<CONFIG:Release>:-Wl,-s>")
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${version_script}")
  # A preloaded sanitizer runtime intercepts the shared libstdc++ only.
  if(NOT CUDAPY_SANITIZE)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()
