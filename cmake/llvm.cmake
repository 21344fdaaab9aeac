# Finds LLVM 22's static archives. Gives `cudapy_llvm_headers` to what only compiles against LLVM
# and `cudapy_llvm` to what links it: the kernel compiler module and its tests, nothing else.
find_program(CUDAPY_LLVM_CONFIG NAMES llvm-config-22 llvm-config HINTS /usr/lib/llvm-22/bin)
if(NOT CUDAPY_LLVM_CONFIG)
  message(FATAL_ERROR "llvm-config of LLVM 22 is missing: install llvm-22-dev, or set CUDAPY_LLVM_CONFIG")
endif()

function(cudapy_llvm_config out)
  execute_process(COMMAND "${CUDAPY_LLVM_CONFIG}" ${ARGN} OUTPUT_VARIABLE answer
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${answer}" PARENT_SCOPE)
endfunction()

cudapy_llvm_config(CUDAPY_LLVM_VERSION --version)
if(NOT CUDAPY_LLVM_VERSION MATCHES "^22\\.")
  message(FATAL_ERROR "${CUDAPY_LLVM_CONFIG} is LLVM ${CUDAPY_LLVM_VERSION}; cudapy needs LLVM 22")
endif()
message(STATUS "LLVM ${CUDAPY_LLVM_VERSION} (${CUDAPY_LLVM_CONFIG})")

cudapy_llvm_config(llvm_includes --includedir)
cudapy_llvm_config(llvm_libdir --libdir)
cudapy_llvm_config(llvm_targets --targets-built)
separate_arguments(llvm_targets)

set(llvm_components core support analysis bitreader bitwriter irreader linker object passes target
                    transformutils)
foreach(target IN ITEMS x86 aarch64 nvptx)
  list(APPEND llvm_components ${target}codegen ${target}desc ${target}info)
  if(NOT target STREQUAL "nvptx")
    list(APPEND llvm_components ${target}asmparser)
  endif()
endforeach()
cudapy_llvm_config(llvm_libraries --link-static --libs ${llvm_components})
separate_arguments(llvm_libraries)

add_library(cudapy_llvm_headers INTERFACE)
target_include_directories(cudapy_llvm_headers SYSTEM INTERFACE "${llvm_includes}")
target_compile_definitions(cudapy_llvm_headers INTERFACE _GNU_SOURCE __STDC_CONSTANT_MACROS
                           __STDC_FORMAT_MACROS __STDC_LIMIT_MACROS)

# LLVM's Support archive compresses debug sections with these two; the static archives keep the
# wheel free of any shared library but the C library's own.
find_library(CUDAPY_ZLIB_STATIC libz.a REQUIRED)
find_library(CUDAPY_ZSTD_STATIC libzstd.a REQUIRED)

add_library(cudapy_llvm INTERFACE)
target_link_directories(cudapy_llvm INTERFACE "${llvm_libdir}")
target_link_libraries(cudapy_llvm INTERFACE cudapy_llvm_headers ${llvm_libraries}
                      "${CUDAPY_ZSTD_STATIC}" "${CUDAPY_ZLIB_STATIC}" ${CMAKE_DL_LIBS} pthread m rt)
