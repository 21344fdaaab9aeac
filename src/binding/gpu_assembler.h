// What makes a GPU's machine code of PTX: nvJitLink where it is found, else the driver.
#pragma once

#include <nanobind/nanobind.h>

#include "runtime/compile_driver.h"
#include "runtime/cuda/device.h"

namespace cudapy::binding {

// Looks for nvJitLink among the packages of sys.path and where the toolkit has it, once. The GIL is
// held, and the driver is open.
void find_assembler();

// Whether nvJitLink was found, and has done what was asked of it so far. From here on the GIL need
// not be held.
bool has_nvjitlink();
// Nothing it makes is of use: the driver does not take it.
void give_up_nvjitlink();

// Their `assemble` throws CudaFailure.
runtime::Assembler nvjitlink_for(const runtime::cuda::Device& gpu);
runtime::Assembler driver_for(runtime::cuda::Device& gpu);

// The functions of the module.
void define_assembler_functions(nanobind::module_& module);

}  // namespace cudapy::binding
