"""Holds compiled kernels against the reference device, for every gang width and instruction set of this machine.

    differential(saxpy, lambda n: [2.0, floats(n), floats(n, seed=1)])

runs `saxpy` over n threads in CPython and compiled, for sizes around each gang width, and compares every
array afterwards, bit for bit or within `ulp` units in the last place.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from fenced import fenced_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Target:
    """What machine code is made for: an instruction set and a gang width; or "cuda" and sizes to go around."""

    isa: str
    gang: int

    def __str__(self) -> str:
        return f"{self.isa}/{self.gang}"


def host_isas() -> list[str]:
    """The instruction sets that this machine can run, the best one last."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = set(next((line for line in file if line.startswith("flags")), "").split())
    except OSError:
        flags = set()
    levels = {
        "sse4": {"sse4_2", "popcnt"},
        "avx2": {"avx2", "fma", "bmi2", "f16c"},
        "avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"},
    }
    return [name for name, needed in levels.items() if needed <= flags]


GANGS = (1, 4, 8, 16, 32)
_ISAS = host_isas()
# Every width on the best instruction set, and on the others the widths that they are made for.
# The device that the tests of the language run on: CUDAPY_TEST_DEVICE=cuda takes the GPU instead.
ON_GPU = os.environ.get("CUDAPY_TEST_DEVICE", "cpu").startswith("cuda")
CPU_TARGETS = [
    *(Target(isa, gang) for isa in _ISAS[:-1] for gang in ((4, 8) if isa == "sse4" else (8, 16))),
    *(Target(isa, gang) for isa in _ISAS[-1:] for gang in GANGS),
]
TARGETS = [Target("cuda", size) for size in (4, 8, 32, 100, 256)] if ON_GPU else CPU_TARGETS


@contextlib.contextmanager
def compiling_for(target: Target) -> Iterator[None]:
    """Kernels that are compiled within the block are compiled for `target`."""
    if target.isa == "cuda":
        with cp.device("cuda"):
            yield
        return
    before = {name: os.environ.get(name) for name in ("CUDAPY_ISA", "CUDAPY_GANG")}
    os.environ["CUDAPY_ISA"], os.environ["CUDAPY_GANG"] = target.isa, str(target.gang)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def running_as(gang: str) -> Iterator[None]:
    """Kernels that are launched within the block run in gangs of that many threads; "python": in CPython."""
    if gang == "python":
        with cp.device("python"):
            yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDAPY_GANG", gang)
        yield


class Source:
    """What the interpreter needs to know of a kernel, without compiling it."""

    def __init__(self, functions: tuple[Any, ...], sigs: tuple[str | None, ...]) -> None:
        self.functions = functions
        self.sigs = sigs


def ulp_distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How many representable values lie between the items of two float arrays; 0 for two NaNs."""
    width = {2: np.int16, 4: np.int32, 8: np.int64}[a.dtype.itemsize]
    ordered = []
    for array in (a, b):
        bits = np.ascontiguousarray(array).view(width).astype(object)
        ordered.append(
            np.array(
                [bit if bit >= 0 else -(2 ** (8 * a.dtype.itemsize - 1)) - bit for bit in bits],
                dtype=object,
            )
        )
    distance = np.array([abs(x - y) for x, y in zip(*ordered)], dtype=object)
    return np.where(np.isnan(a) & np.isnan(b), 0, distance)


def same(expected: np.ndarray, got: np.ndarray, ulp: float) -> bool:
    """Bit for bit, except that one NaN is as good as another; or within `ulp`."""
    if expected.dtype.names is not None:
        return all(same(expected[name], got[name], ulp) for name in expected.dtype.names)
    if expected.dtype.kind == "c":
        part = f"f{expected.dtype.itemsize // 2}"
        parts = (np.ascontiguousarray(array).view(part) for array in (expected, got))
        return same(*parts, ulp)
    if expected.dtype.kind != "f":
        return bool(np.array_equal(expected, got))
    if ulp == 0:
        width = {2: np.uint16, 4: np.uint32, 8: np.uint64}[expected.dtype.itemsize]
        equal = expected.view(width) == got.view(width)
        return bool(np.all(equal | (np.isnan(expected) & np.isnan(got))))
    return bool(np.all(ulp_distance(expected, got) <= ulp))


def describe(expected: np.ndarray, got: np.ndarray) -> str:
    """The first places where two arrays differ."""
    differ = [i for i in range(len(expected)) if not same(expected[i : i + 1], got[i : i + 1], 0)]
    return "\n".join(f"    [{i}] expected {expected[i]!r}, got {got[i]!r}" for i in differ[:6])


def sizes_for(gang: int) -> list[int]:
    """The sizes where gangs go wrong: none, one, one off a full gang, several and a tail."""
    return sorted({0, 1, gang - 1, gang, gang + 1, 3 * gang + 5})


def differential(
    functions: Any,
    arguments: Callable[[int], list[Any]],
    *,
    sig: str | None = None,
    threads: Callable[[int], tuple[int, ...]] = lambda n: (n,),
    block: tuple[int, int, int] | None = None,
    sizes: Callable[[int], list[int]] = sizes_for,
    ulp: float = 0,
    targets: list[Target] = TARGETS,
    **options: Any,
) -> None:
    """Compares a kernel, compiled for each target, with the reference device.

    Args:
        functions: the kernel, or a list of the kernel and its helpers.
        arguments: makes fresh arguments for a size; those that are NumPy arrays are compared after the launch.
        sig: the kernel's signature.
        threads: the launch for a size.
        block: the block's size where the launch says one.
        sizes: the sizes for a gang width.
        ulp: how far floats may be apart.
        targets: what to compile for.
        options: of `cp.compile`; `contract=False` unless given, because a contracted a * b + c is rounded once.
    """
    listed = tuple(functions) if isinstance(functions, (list, tuple)) else (functions,)
    source = Source(listed, (sig,) + (None,) * (len(listed) - 1))
    expected: dict[int, list[Any]] = {}
    for number, target in enumerate(targets):
        # Checked and unchecked code are different code: every other target has each.
        options.setdefault("contract", False)
        chosen = {"check": number % 2 == 0, **options}
        with compiling_for(target):
            kernel = cp.compile(list(listed), sig=sig, **chosen)
            for n in sizes(target.gang):
                if n not in expected:
                    expected[n] = arguments(n)
                    launch = (*threads(n), 1, 1)[:3]
                    interpret(source, launch, block, tuple(expected[n]))
                compare_launch(
                    kernel,
                    threads(n),
                    expected[n],
                    arguments(n),
                    ulp,
                    f"{listed[0].__name__}, {target}, n = {n}",
                    block,
                )


def compare_launch(
    kernel: Any,
    threads: tuple[int, ...],
    expected: list[Any],
    given: list[Any],
    ulp: float,
    what: str,
    block: tuple[int, int, int] | None = None,
) -> None:
    """Launches `kernel` on `given` and holds what it wrote against `expected`."""
    if not ON_GPU:
        given = fenced_arguments(given, sum(threads))
    kernel(*threads, block=block)(*given)
    for position, (want, have) in enumerate(zip(expected, given)):
        if isinstance(want, np.ndarray):
            assert same(want, have, ulp), (
                f"{what}: argument {position} differs\n{describe(want, have)}"
            )
        elif isinstance(want, list):
            assert want == have, f"{what}: argument {position} differs: expected {want}, got {have}"


def floats(n: int, seed: int = 0, dtype: Any = np.float32, special: bool = False) -> np.ndarray:
    """Reproducible floats of both signs and many magnitudes; `special` mixes in zeros, infinities, NaN and
    denormals."""
    random = np.random.default_rng(seed + 1000)
    values = (random.standard_normal(n) * 10.0 ** random.integers(-3, 4, n)).astype(dtype)
    if special:
        tiny = np.finfo(dtype).tiny
        extra = np.array(
            [
                0.0,
                -0.0,
                np.inf,
                -np.inf,
                np.nan,
                tiny / 4,
                1.0,
                -1.0,
                0.5,
                2.5,
                np.finfo(dtype).max,
            ],
            dtype=dtype,
        )
        places = random.integers(0, 2, n).astype(bool)
        values[places] = extra[random.integers(0, len(extra), int(places.sum()))]
    return values


def integers(
    n: int, seed: int = 0, dtype: Any = np.int32, low: int | None = None, high: int | None = None
) -> np.ndarray:
    """Reproducible integers, over the whole range of the type unless bounds are given (`high` exclusive)."""
    random = np.random.default_rng(seed + 2000)
    info = np.iinfo(dtype)
    values = random.integers(
        info.min if low is None else low,
        info.max if high is None else high - 1,
        n,
        dtype=dtype,
        endpoint=True,
    )
    if low is None and high is None and n > 3:
        values[:3] = [info.min, info.max, 0]
    return values
