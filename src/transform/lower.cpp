// The order of the passes, and the reasons for it: aggregates become scalars once the calls that
// pass them are gone, so that no later pass knows of them; folding comes after inlining, because
// constants travel through calls, and after float16 and bfloat16 are no longer computed in;
// contraction after folding, which makes the products of small powers, and before what only CPUs do
// that makes constants, so that all devices round alike; shapes last, on what codegen will see.
#include "transform/lower.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "ir/verifier.h"
#include "ir/warps.h"
#include "sema/shapes.h"
#include "transform/block_shape.h"
#include "transform/block_turns.h"
#include "transform/clip_guards.h"
#include "transform/contract.h"
#include "transform/fold.h"
#include "transform/inline_calls.h"
#include "transform/interchange_turns.h"
#include "transform/place_checks.h"
#include "transform/split_aggregates.h"
#include "transform/split_barriers.h"
#include "transform/split_declared_arrays.h"
#include "transform/split_loop_counters.h"
#include "transform/twin_variables.h"
#include "transform/unroll_loops.h"
#include "transform/widen_halves.h"

namespace cudapy::transform {

ir::Function lower(ir::Program typed, const Options& options) {
  ir::Function function = inline_calls(std::move(typed));
  const auto passed = [&](std::string_view pass) {
    assert(ir::verify_inlined(function).empty());
    if (options.after_pass) options.after_pass(pass, function);
  };
  passed("inline");
  split_aggregates(function);
  split_declared_arrays(function);
  passed("split-aggregates");
  std::copy_n(options.block, 3, function.block);
  fix_block_shape(function);
  passed("block-shape");
  widen_halves(function);
  passed("widen-halves");
  fold(function);
  passed("fold");
  if (options.contract) {
    contract(function);
    passed("contract");
  }
  if (options.split_barriers) {
    unroll_loops(function);
    passed("unroll-loops");
  }
  split_loop_counters(function);
  passed("split-loop-counters");
  function.runs_warps = ir::has_warp_operation(function.body);
  // Where there is a barrier, or warps work together, whole blocks run; on the CPU also where there
  // are arrays of a block.
  const bool runs_whole_blocks = has_barrier(function.body) || function.runs_warps ||
                                 (options.split_barriers && has_block_arrays(function));
  if (!runs_whole_blocks) {
    if (options.split_barriers) {
      interchange_turns(function);
      take_turns_by_block(function, options.always_take_turns);
      passed("interchange-turns");
    }
    if (!takes_turns(function)) {
      clip_guards(function);
      passed("clip-guards");
    }
  }
  place_raises(function, options.check);
  if (options.check) {
    place_checks(function, /*shares_rows=*/options.split_barriers);
    passed("place-checks");
  }
  if (options.split_barriers) {
    split_barriers(function);
    passed("split-barriers");
  } else {
    mark_barriers(function);
    passed("mark-barriers");
  }
  sema::annotate_shapes(function);
  passed("shapes");
  twin_variables(function);
  passed("twin-variables");
  return function;
}

}  // namespace cudapy::transform
