"""cudapy: write a kernel as a plain Python function; it runs on every SIMD lane and core, with the same answers.

    import cudapy as cp

    # saxpy : void (float alpha, float* X, float* Y)
    def saxpy(alpha, X, Y):
        if idx < len(X):
            Y[idx] = alpha * X[idx] + Y[idx]

    saxpy_call = cp.compile(saxpy)
    Y = cp.CudaArray(Y)
    saxpy_call(len(X))(5.0, X, Y)
    Y.toList()

This file only says where each public name lives. What is not here already is loaded when it is first asked for, so that
`import cudapy` costs next to nothing: neither the core, LLVM nor NumPy is loaded by it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._core import (
        CudaArray as CudaArray,
    )
    from ._core import (
        Event as Event,
    )
    from ._core import (
        Graph as Graph,
    )
    from ._core import (
        Stream as Stream,
    )
    from ._core import (
        cache_clear as cache_clear,
    )
    from ._core import (
        cache_info as cache_info,
    )
    from ._core import (
        get_num_threads as get_num_threads,
    )
    from ._core import (
        set_num_threads as set_num_threads,
    )
    from ._impl.compile import compile as compile
    from ._impl.compile import device_function as device_function
    from ._impl.compile import kernel as kernel
    from ._impl.device import Device as Device
    from ._impl.device import cuda as cuda
    from ._impl.device import device as device
    from ._impl.device import devices as devices
    from ._impl.device import get_device as get_device
    from ._impl.device import set_device as set_device
    from ._impl.device import synchronize as synchronize
    from ._impl.errors import (
        CompileError as CompileError,
    )
    from ._impl.errors import (
        CudaError as CudaError,
    )
    from ._impl.errors import (
        CudaPyError as CudaPyError,
    )
    from ._impl.errors import (
        CudaTypeError as CudaTypeError,
    )
    from ._impl.errors import (
        PerformanceWarning as PerformanceWarning,
    )
    from ._impl.errors import (
        TemplateError as TemplateError,
    )
    from ._impl.names_of_atomics import (
        atomic as atomic,
    )
    from ._impl.names_of_bits import (
        brev as brev,
    )
    from ._impl.names_of_bits import (
        byte_perm as byte_perm,
    )
    from ._impl.names_of_bits import (
        clock as clock,
    )
    from ._impl.names_of_bits import (
        clz as clz,
    )
    from ._impl.names_of_bits import (
        double_as_longlong as double_as_longlong,
    )
    from ._impl.names_of_bits import (
        ffs as ffs,
    )
    from ._impl.names_of_bits import (
        float_as_int as float_as_int,
    )
    from ._impl.names_of_bits import (
        float_as_uint as float_as_uint,
    )
    from ._impl.names_of_bits import (
        fma as fma,
    )
    from ._impl.names_of_bits import (
        int_as_float as int_as_float,
    )
    from ._impl.names_of_bits import (
        longlong_as_double as longlong_as_double,
    )
    from ._impl.names_of_bits import (
        mulhi as mulhi,
    )
    from ._impl.names_of_bits import (
        popc as popc,
    )
    from ._impl.names_of_bits import (
        threadfence as threadfence,
    )
    from ._impl.names_of_bits import (
        threadfence_block as threadfence_block,
    )
    from ._impl.names_of_bits import (
        threadfence_system as threadfence_system,
    )
    from ._impl.names_of_bits import (
        uint_as_float as uint_as_float,
    )
    from ._impl.names_of_random import (
        normal as normal,
    )
    from ._impl.names_of_random import (
        normal64 as normal64,
    )
    from ._impl.names_of_random import (
        rand as rand,
    )
    from ._impl.names_of_random import (
        rand64 as rand64,
    )
    from ._impl.names_of_random import (
        randbits as randbits,
    )
    from ._impl.names_of_random import (
        randint as randint,
    )
    from ._impl.names_of_threads import (
        blockDim as blockDim,
    )
    from ._impl.names_of_threads import (
        blockIdx as blockIdx,
    )
    from ._impl.names_of_threads import (
        gridDim as gridDim,
    )
    from ._impl.names_of_threads import (
        idx as idx,
    )
    from ._impl.names_of_threads import (
        idy as idy,
    )
    from ._impl.names_of_threads import (
        idz as idz,
    )
    from ._impl.names_of_threads import (
        local as local,
    )
    from ._impl.names_of_threads import (
        shared as shared,
    )
    from ._impl.names_of_threads import (
        syncthreads as syncthreads,
    )
    from ._impl.names_of_threads import (
        syncthreads_and as syncthreads_and,
    )
    from ._impl.names_of_threads import (
        syncthreads_count as syncthreads_count,
    )
    from ._impl.names_of_threads import (
        syncthreads_or as syncthreads_or,
    )
    from ._impl.names_of_threads import (
        threadIdx as threadIdx,
    )
    from ._impl.names_of_threads import (
        warpSize as warpSize,
    )
    from ._impl.names_of_warps import (
        activemask as activemask,
    )
    from ._impl.names_of_warps import (
        all as all,
    )
    from ._impl.names_of_warps import (
        all_sync as all_sync,
    )
    from ._impl.names_of_warps import (
        any as any,
    )
    from ._impl.names_of_warps import (
        any_sync as any_sync,
    )
    from ._impl.names_of_warps import (
        ballot as ballot,
    )
    from ._impl.names_of_warps import (
        ballot_sync as ballot_sync,
    )
    from ._impl.names_of_warps import (
        lane_id as lane_id,
    )
    from ._impl.names_of_warps import (
        match_all as match_all,
    )
    from ._impl.names_of_warps import (
        match_all_sync as match_all_sync,
    )
    from ._impl.names_of_warps import (
        match_any as match_any,
    )
    from ._impl.names_of_warps import (
        match_any_sync as match_any_sync,
    )
    from ._impl.names_of_warps import (
        shfl as shfl,
    )
    from ._impl.names_of_warps import (
        shfl_down as shfl_down,
    )
    from ._impl.names_of_warps import (
        shfl_down_sync as shfl_down_sync,
    )
    from ._impl.names_of_warps import (
        shfl_sync as shfl_sync,
    )
    from ._impl.names_of_warps import (
        shfl_up as shfl_up,
    )
    from ._impl.names_of_warps import (
        shfl_up_sync as shfl_up_sync,
    )
    from ._impl.names_of_warps import (
        shfl_xor as shfl_xor,
    )
    from ._impl.names_of_warps import (
        shfl_xor_sync as shfl_xor_sync,
    )
    from ._impl.names_of_warps import (
        syncwarp as syncwarp,
    )
    from ._impl.names_of_warps import (
        warp_id as warp_id,
    )
    from ._impl.template import Template as Template
    from ._impl.template import template as template
    from ._impl.types import (
        Array as Array,
    )
    from ._impl.types import (
        Bool as Bool,
    )
    from ._impl.types import (
        Double as Double,
    )
    from ._impl.types import (
        Float as Float,
    )
    from ._impl.types import (
        Int as Int,
    )
    from ._impl.types import (
        Pointer as Pointer,
    )
    from ._impl.types import (
        Void as Void,
    )
    from ._impl.types import (
        bfloat16 as bfloat16,
    )
    from ._impl.types import (
        bool_ as bool_,
    )
    from ._impl.types import (
        complex64 as complex64,
    )
    from ._impl.types import (
        complex128 as complex128,
    )
    from ._impl.types import (
        dim3 as dim3,
    )
    from ._impl.types import (
        elemType as elemType,
    )
    from ._impl.types import (
        float16 as float16,
    )
    from ._impl.types import (
        float32 as float32,
    )
    from ._impl.types import (
        float64 as float64,
    )
    from ._impl.types import (
        int8 as int8,
    )
    from ._impl.types import (
        int16 as int16,
    )
    from ._impl.types import (
        int32 as int32,
    )
    from ._impl.types import (
        int64 as int64,
    )
    from ._impl.types import (
        uint8 as uint8,
    )
    from ._impl.types import (
        uint16 as uint16,
    )
    from ._impl.types import (
        uint32 as uint32,
    )
    from ._impl.types import (
        uint64 as uint64,
    )

__version__ = "0.1.0"

_HOMES = {
    "_core": "CudaArray Event Graph Stream cache_clear cache_info get_num_threads set_num_threads",
    "_impl.compile": "compile device_function kernel",
    "_impl.device": "Device cuda device devices get_device set_device synchronize",
    "_impl.errors": "CompileError CudaError CudaPyError CudaTypeError PerformanceWarning TemplateError",
    "_impl.names_of_atomics": "atomic",
    "_impl.names_of_bits": "popc clz ffs brev byte_perm mulhi float_as_int float_as_uint int_as_float uint_as_float "
    "double_as_longlong longlong_as_double fma clock threadfence threadfence_block "
    "threadfence_system",
    "_impl.names_of_random": "rand rand64 randint normal normal64 randbits",
    "_impl.names_of_threads": "shared local syncthreads syncthreads_count syncthreads_and syncthreads_or idx idy idz "
    "threadIdx blockIdx blockDim gridDim warpSize",
    "_impl.names_of_warps": "shfl shfl_up shfl_down shfl_xor shfl_sync shfl_up_sync shfl_down_sync shfl_xor_sync "
    "ballot any all match_any match_all ballot_sync any_sync all_sync match_any_sync match_all_sync "
    "activemask syncwarp lane_id warp_id",
    "_impl.template": "Template template",
    "_impl.types": "Array Bool Double Float Int Pointer Void bfloat16 bool_ complex64 complex128 dim3 elemType "
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

# `from cudapy import *` brings everything but what would hide Python's own.
__all__ = sorted(name for name in _HOME_OF if name not in ("all", "any", "compile"))


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'cudapy' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module("." + home, __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
