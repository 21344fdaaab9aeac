"""Times the first calls of a process and prints them as JSON, in seconds. Run by comparisons/first_call.py.

first_call.py cudapy KERNEL    from `cp.compile` to the result of the first launch, and a later call
first_call.py numba            the first and the second kernel that numba compiles
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from time import perf_counter

import numpy as np

WIDTH, HEIGHT = 64, 16


def arguments_of(kernel: str) -> tuple[tuple[int, ...], tuple[object, ...]]:
    """The launch and the arguments for a small piece of work."""
    n = WIDTH * HEIGHT
    if kernel == "mandelbrot":
        step = 2.5 / WIDTH
        return (WIDTH, HEIGHT), (WIDTH, HEIGHT, 10, -2.0, -1.25, step, np.zeros(n, np.int32))
    return (n,), (2.0, np.ones(n, np.float32), np.ones(n, np.float32))


def cudapy_first_call(name: str) -> dict[str, float]:
    import cudapy as cp

    function = getattr(import_module(f"kernels.{name}"), name)
    threads, arguments = arguments_of(name)
    started = perf_counter()
    compile_kernel, _ = cp.compile, cp.CudaArray  # loads the core
    loaded = perf_counter()
    kernel = compile_kernel(function)
    kernel(*threads)(*arguments)
    first = perf_counter()
    kernel(*threads)(*arguments)
    later = perf_counter()
    assert arguments[-1].max() > 1  # type: ignore[attr-defined]
    return {"first": first - started, "core": loaded - started, "later": later - first}


def numba_first_calls() -> dict[str, float]:
    from numba import njit

    def add(x, y):
        for i in range(len(y)):
            y[i] = x[i] + y[i]

    def saxpy(alpha, x, y):
        for i in range(len(y)):
            y[i] = alpha * x[i] + y[i]

    x, y = np.ones(1024, np.float32), np.ones(1024, np.float32)
    started = perf_counter()
    njit(add)(x, y)
    first = perf_counter()
    njit(saxpy)(np.float32(2.0), x, y)
    second = perf_counter()
    assert y[0] == 4
    return {"first": first - started, "second": second - first}


if __name__ == "__main__":
    what = sys.argv[1]
    print(json.dumps(cudapy_first_call(sys.argv[2]) if what == "cudapy" else numba_first_calls()))
