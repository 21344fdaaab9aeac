"""What `idx`, `threadIdx` and their like are outside of a kernel: names that can be imported and say so when used.

Inside a kernel the front end replaces them (it knows them by `__cudapy_name__`), so no kernel ever meets these objects.
"""

from __future__ import annotations

from .errors import CudaPyError

INTRINSICS = (
    "popc",
    "clz",
    "ffs",
    "brev",
    "byte_perm",
    "mulhi",
    "clock",
    "threadfence",
    "threadfence_block",
    "threadfence_system",
    "randbits",
    "rand",
    "rand64",
    "randint",
    "normal",
    "normal64",
)
ATOMICS = ("add", "sub", "min", "max", "and_", "or_", "xor", "exch", "cas", "inc", "dec")
_VECTORS = ("threadIdx", "blockIdx", "blockDim", "gridDim")


class Placeholder:
    """A name that has a value only in a thread of a kernel."""

    __slots__ = ("__cudapy_name__", "name")

    def __init__(self, name: str) -> None:
        self.__cudapy_name__ = name
        self.name = name

    def __repr__(self) -> str:
        return f"<cudapy.{self.name}: has a value only inside a kernel>"

    def __getattr__(self, attribute: str) -> object:
        # Special names must stay missing, so that copying, pickling and typing machinery see a plain object.
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        if self.name in _VECTORS and attribute not in ("x", "y", "z"):
            raise AttributeError(f"{self.name} has .x, .y and .z, not .{attribute}")
        raise _outside(self.name)


class DeviceFunction(Placeholder):
    """A function that only threads of a kernel can call: `popc`, `rand`, `atomic.add`."""

    __slots__ = ()

    def __call__(self, *arguments: object) -> object:
        raise _outside(self.name)


class Atomic(Placeholder):
    """`atomic`: what threads do to one element of an array without another thread in between."""

    __slots__ = tuple(ATOMICS)

    def __init__(self) -> None:
        super().__init__("atomic")
        for name in ATOMICS:
            setattr(self, name, DeviceFunction("atomic." + name))


def _outside(name: str) -> CudaPyError:
    return CudaPyError(
        f"{name} has a value only in the threads of a kernel, and this is plain Python.\n"
        f"A kernel is compiled, then launched over the number of threads wanted:\n"
        f"    call = cp.compile(function)        # or write @cp.kernel above it\n"
        f"    call(len(X))(X, Y)                 # threads, then the arguments\n"
        f'To step through it in Python instead, call cp.set_device("python") before the launch.'
    )


def _refuse(method: str) -> None:
    def refuse(self: Placeholder, *_: object) -> object:
        raise _outside(self.name)

    refuse.__name__ = method
    setattr(Placeholder, method, refuse)


for _operation in [
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "or",
    "xor",
    "radd",
    "rsub",
    "rmul",
    "rtruediv",
    "rfloordiv",
    "rmod",
    "rpow",
    "rlshift",
    "rrshift",
    "rand",
    "ror",
    "rxor",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "neg",
    "pos",
    "invert",
    "abs",
    "bool",
    "int",
    "float",
    "index",
    "getitem",
    "round",
    "divmod",
    "call",
]:
    _refuse(f"__{_operation}__")
Placeholder.__hash__ = object.__hash__  # type: ignore[method-assign]

idx = Placeholder("idx")
idy = Placeholder("idy")
idz = Placeholder("idz")
threadIdx = Placeholder("threadIdx")
blockIdx = Placeholder("blockIdx")
blockDim = Placeholder("blockDim")
gridDim = Placeholder("gridDim")
warpSize = Placeholder("warpSize")
shared = Placeholder("shared")
local = Placeholder("local")
syncthreads = Placeholder("syncthreads")
syncthreads_count = Placeholder("syncthreads_count")
syncthreads_and = Placeholder("syncthreads_and")
syncthreads_or = Placeholder("syncthreads_or")
popc = DeviceFunction("popc")
clz = DeviceFunction("clz")
ffs = DeviceFunction("ffs")
brev = DeviceFunction("brev")
byte_perm = DeviceFunction("byte_perm")
fma = DeviceFunction("fma")
mulhi = DeviceFunction("mulhi")
clock = DeviceFunction("clock")
threadfence = DeviceFunction("threadfence")
threadfence_block = DeviceFunction("threadfence_block")
threadfence_system = DeviceFunction("threadfence_system")
randbits = DeviceFunction("randbits")
rand = DeviceFunction("rand")
rand64 = DeviceFunction("rand64")
randint = DeviceFunction("randint")
normal = DeviceFunction("normal")
normal64 = DeviceFunction("normal64")
shfl = DeviceFunction("shfl")
shfl_up = DeviceFunction("shfl_up")
shfl_down = DeviceFunction("shfl_down")
shfl_xor = DeviceFunction("shfl_xor")
ballot = DeviceFunction("ballot")
any = DeviceFunction("any")
all = DeviceFunction("all")
match_any = DeviceFunction("match_any")
activemask = DeviceFunction("activemask")
syncwarp = DeviceFunction("syncwarp")
lane_id = DeviceFunction("lane_id")
warp_id = DeviceFunction("warp_id")
shfl_sync = DeviceFunction("shfl_sync")
shfl_up_sync = DeviceFunction("shfl_up_sync")
shfl_down_sync = DeviceFunction("shfl_down_sync")
shfl_xor_sync = DeviceFunction("shfl_xor_sync")
ballot_sync = DeviceFunction("ballot_sync")
any_sync = DeviceFunction("any_sync")
all_sync = DeviceFunction("all_sync")
match_any_sync = DeviceFunction("match_any_sync")
match_all = DeviceFunction("match_all")
match_all_sync = DeviceFunction("match_all_sync")
atomic = Atomic()
