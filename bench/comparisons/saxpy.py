"""SAXPY: out of the cache it measures memory, in the cache the loop and the call."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels, numpy_kernels
from comparison import Comparison, Settings
from kernels.saxpy import saxpy
from kernels.saxpy_grid import saxpy_grid
from rounds import Contestant, check_answers, race

GRID = "cudapy, grid-stride loop"
GRID_THREADS = 1 << 16  # of the loop over the grid's width
ALPHA = np.float32(1.0009765625)


def close(one: np.ndarray, other: np.ndarray) -> bool:
    """With or without an fma."""
    return np.allclose(one, other, rtol=1e-6, atol=1e-6)


def compare(settings: Settings) -> list[Comparison]:
    return [out_of_cache(settings), in_cache(settings)]


def out_of_cache(settings: Settings) -> Comparison:
    n = 1 << settings.pick(26, 24, 12)
    x, y = np.full(n, 1e-3, np.float32), np.zeros(n, np.float32)

    def start() -> None:
        x[:] = np.arange(n) % 1009 * np.float32(1e-5)
        y[:] = 1

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        return Contestant(
            name, "f(*arguments)", {"f": function, "arguments": arguments}, lambda: y, start
        )

    contestants = [
        contestant(
            "C++",
            native.load("saxpy")["saxpy"],
            ALPHA,
            x.ctypes.data,
            y.ctypes.data,
            n,
            settings.threads,
        ),
        contestant("numba njit(parallel=True)", numba_kernels.saxpy_parallel, ALPHA, x, y),
        contestant("numba njit", numba_kernels.saxpy, ALPHA, x, y),
        contestant("cudapy", cp.compile(saxpy)(n), ALPHA, x, y),
        contestant(GRID, cp.compile(saxpy_grid)(min(n, GRID_THREADS)), ALPHA, x, y),
        contestant("NumPy", numpy_kernels.saxpy, ALPHA, x, y),
    ]
    complaints = check_answers(contestants, close)
    rows = race(contestants, 2 * settings.seconds, settings.rounds)
    comparison = Comparison(
        f"SAXPY out of cache, {n:,} × float32", rows, "C++", complaints=complaints
    )
    comparison.work, comparison.work_unit = 12 * n, "GB/s"
    comparison.at_least(0.95, "cudapy", "C++")
    comparison.at_least(0.85, GRID, "C++")
    return comparison


def in_cache(settings: Settings) -> Comparison:
    n = 1 << 14
    passes = 100
    x, y = np.zeros(n, np.float32), np.zeros(n, np.float32)

    def start() -> None:
        x[:] = np.arange(n) % 1009 * np.float32(1e-5)
        y[:] = 1

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        names = {"f": function, "alpha": ALPHA, "x": x, "y": y, "n": n, "passes": passes}
        names |= {"px": x.ctypes.data, "py": y.ctypes.data}
        text = ", ".join(str(argument) for argument in arguments)
        return Contestant(name, f"f({text})", names, lambda: y, start)

    native_saxpy = native.load("saxpy")
    in_a_loop = contestant(
        "C++, called from C++", native_saxpy["saxpy_repeated"], "alpha", "px", "py", "n", "passes"
    )
    in_a_loop.passes = passes
    in_a_loop.answer = None  # many passes, not one
    one_thread = contestant(
        "C++, through ctypes", native_saxpy["saxpy"], "alpha", "px", "py", "n", 1
    )
    contestants = [
        one_thread,
        in_a_loop,
        contestant("numba njit", numba_kernels.saxpy, "alpha", "x", "y"),
        contestant("numba njit(parallel=True)", numba_kernels.saxpy_parallel, "alpha", "x", "y"),
        contestant("cudapy", cp.compile(saxpy)(n), "alpha", "x", "y"),
        contestant(GRID, cp.compile(saxpy_grid)(n // 4), "alpha", "x", "y"),
        contestant("NumPy", numpy_kernels.saxpy, "alpha", "x", "y"),
    ]
    complaints = check_answers(contestants, close)
    x[:] = 0  # what is timed never grows
    rows = race(contestants, settings.seconds / 4, settings.rounds)
    comparison = Comparison(
        f"SAXPY in cache, {n:,} × float32, a call", rows, one_thread.name, complaints=complaints
    )
    comparison.work, comparison.work_unit = 12 * n, "GB/s"
    return comparison
