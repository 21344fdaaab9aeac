// Launches on the CPU of code and arguments that are ready.
#pragma once

#include <Python.h>

#include "binding/kernel_body.h"
#include "runtime/cpu/launch.h"

namespace cudapy::binding {

// A launch as a whole. False with an exception set.
bool launch_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code,
                   const void* arguments, const runtime::LaunchRequest& request);

// The same in two steps. Chooses block and grain; false with an exception set if a block's arrays
// are too large.
bool plan_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
                 const runtime::LaunchRequest& request, runtime::LaunchPlan& plan);

// Runs it, prints what it printed, and raises its fault: false with an exception set. A plan is
// good for one run.
bool run_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
                const runtime::LaunchRequest& request, runtime::LaunchPlan& plan);

}  // namespace cudapy::binding
