#include "binding/cpu_launch.h"

#include <optional>
#include <string>

#include "binding/errors.h"
#include "binding/faults.h"
#include "binding/gil.h"
#include "binding/interrupt_check.h"
#include "binding/prints.h"

namespace cudapy::binding {
namespace {

// Of a launch that was taken for a small one and runs with the GIL held: once it has taken long
// enough to ask, other threads may run.
bool signals_raised_inline(void* context) {
  auto& released = *static_cast<std::optional<GilRelease>*>(context);
  if (!released) released.emplace();
  return is_main_thread() && released->signals_raised();
}

// False with an exception set: the launch was interrupted.
bool run_blocks(const runtime::CpuKernel& kernel, const void* arguments, runtime::LaunchPlan& plan,
                runtime::FaultRecord& fault) {
  if (plan.is_tiny) {
    std::optional<GilRelease> released;
    return runtime::run_inline(kernel, arguments, plan, fault,
                               {signals_raised_inline, &released}) == runtime::PoolOutcome::kDone;
  }
  runtime::PoolOutcome outcome;
  {
    GilRelease released;
    outcome = runtime::run_launch(kernel, arguments, plan, fault, interrupt_check(released));
  }
  if (outcome == runtime::PoolOutcome::kForked && !PyErr_Occurred()) {
    PyErr_SetString(PyExc_RuntimeError,
                    "the process forked in a signal handler during a launch, which this child "
                    "cannot finish");
  }
  return outcome == runtime::PoolOutcome::kDone;
}

// False with an exception set: a block's arrays are too large.
bool has_room(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
              const runtime::LaunchPlan& plan) {
  if (plan.blocks == 0 || code.block_arrays.arrays.empty()) return true;
  int64_t bytes = 0;
  const std::string problem = runtime::block_bytes(code.block_arrays, arguments, plan.launch.block,
                                                   ir::kMostBlockBytes, bytes);
  if (problem.empty()) return true;
  raise(PyExc_ValueError, "`" + body.name + "`: " + problem);
  return false;
}

// False with an exception set.
inline bool run(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
                const runtime::LaunchRequest& request, runtime::LaunchPlan& plan) {
  if (plan.blocks == 0) return true;
  runtime::FaultRecord fault;
  const auto has_no_fault = [&] {
    if (fault.site < 0) return true;
    const runtime::KernelMetadata& metadata = code.kernel.metadata;
    const bool has_blocks = metadata.uses_block_shape != 0 || metadata.repeated_axes != 0 ||
                            metadata.takes_turns != 0 || request.block[0] > 0;
    int64_t block[3];
    runtime::visible_block(request, block);
    raise_fault(fault, code, body, has_blocks ? block : nullptr);
    return false;
  };
  if (!code.prints) return run_blocks(code.kernel, arguments, plan, fault) && has_no_fault();
  runtime::PrintBuffer prints;
  plan.launch.prints = &prints;
  const bool is_done = run_blocks(code.kernel, arguments, plan, fault) && has_no_fault();
  return write_prints(prints, code.fault_sites) && is_done;
}

}  // namespace

bool launch_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code,
                   const void* arguments, const runtime::LaunchRequest& request) {
  runtime::LaunchPlan plan = runtime::plan_launch(code.kernel.metadata, request);
  return has_room(body, code, arguments, plan) && run(body, code, arguments, request, plan);
}

bool plan_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
                 const runtime::LaunchRequest& request, runtime::LaunchPlan& plan) {
  plan = runtime::plan_launch(code.kernel.metadata, request);
  return has_room(body, code, arguments, plan);
}

bool run_on_cpu(const KernelBody& body, const runtime::CompiledKernel& code, const void* arguments,
                const runtime::LaunchRequest& request, runtime::LaunchPlan& plan) {
  return run(body, code, arguments, request, plan);
}

}  // namespace cudapy::binding
