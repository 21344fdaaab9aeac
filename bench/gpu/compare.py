"""Kernels on a GPU beside the same through nvcc, and the cost of a call beside the driver's own.

    python bench/gpu/compare.py kernels.cubin

Times are medians of device events (CuPy's); rows are printed as they are measured.
"""

from __future__ import annotations

import math
import sys
import time
from statistics import median
from typing import Any

import cudapy as cp
import cupy
import numpy as np


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


# mandelbrot : void (int* out, int width, int height, int limit)
def mandelbrot(out, width, height, limit):
    if idx < width and idy < height:
        cr = 2.5 * idx / width - 2.0
        ci = 2.5 * idy / height - 1.25
        zr = 0.0
        zi = 0.0
        n = 0
        for _i in range(limit):
            if zr * zr + zi * zi > 4.0:
                break
            zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
            n += 1
        out[idy * width + idx] = n


# matmul : void (float* A, float* B, float* C, int n, int m, int p)
def matmul(A, B, C, n, m, p):
    if idx < p and idy < n:
        total = 0.0
        for k in range(m):
            total += A[idy * m + k] * B[k * p + idx]
        C[idy * p + idx] = total


# waves : void (float* X, float* Y)
def waves(X, Y):
    if idx < len(X):
        Y[idx] = math.sin(X[idx]) * math.exp(X[idx]) + math.cos(X[idx])


# nothing : void (float alpha, float* X, float* Y)
def nothing(alpha, X, Y):
    if idx < 0:
        Y[idx] = X[idx]


def many(a, b, c, d, e, f, g, h, A, B, C, D, E, F, G, H):
    if idx < 0:
        A[idx] = B[idx]


MANY = f"void ({', '.join(f'float {c}' for c in 'abcdefgh')}, {', '.join(f'float* {c}' for c in 'ABCDEFGH')})"


def device_ms(run: Any, rounds: int = 15) -> float:
    """The median time of run() by device events."""
    for _ in range(3):
        run()
    times = []
    for _ in range(rounds):
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        begin.record(cupy.cuda.Stream.null)
        run()
        end.record(cupy.cuda.Stream.null)
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(begin, end))
    return median(times)


def call_us(run: Any, calls: int = 500, rounds: int = 30) -> float:
    """The least time of one call from Python, without waiting for the device."""
    best = math.inf
    for _ in range(rounds):
        cupy.cuda.Stream.null.synchronize()
        begin = time.perf_counter()
        for _ in range(calls):
            run()
        best = min(best, (time.perf_counter() - begin) / calls)
    return best * 1e6


def compare_kernels(module: Any) -> None:
    n = 1 << 28
    X, Y = cupy.random.random(n, dtype=cupy.float32), cupy.random.random(n, dtype=cupy.float32)
    copy = device_ms(lambda: cupy.copyto(Y, X))
    print(f"device copy of 2^28 float32: {2 * n * 4 / copy / 1e6:.0f} GB/s")
    theirs = module.get_function("saxpy")
    row(
        "saxpy 2^28",
        saxpy,
        (n,),
        (2.0, X, Y),
        lambda: theirs((n // 256,), (256,), (np.float32(2), X, Y, np.int64(n))),
    )
    side = 8192
    out = cupy.zeros(side * side, cupy.int32)
    theirs_m = module.get_function("mandelbrot")
    grid = (side // 32, side // 8)
    row(
        "mandelbrot 8192^2",
        mandelbrot,
        (side, side),
        (out, side, side, 256),
        lambda: theirs_m(grid, (32, 8), (out, np.int32(side), np.int32(side), np.int32(256))),
    )
    size = 1024
    A, B = (cupy.random.random(size * size, dtype=cupy.float32) for _ in range(2))
    C = cupy.zeros(size * size, cupy.float32)
    theirs_p = module.get_function("matmul")
    sizes = (np.int32(size),) * 3
    row(
        "naive matmul 1024",
        matmul,
        (size, size),
        (A, B, C, size, size, size),
        lambda: theirs_p((size // 32, size // 8), (32, 8), (A, B, C, *sizes)),
    )
    small = 1 << 24
    k = cp.compile(waves)(small)
    x, y = cp.CudaArray(cupy.asnumpy(X[:small])), cp.CudaArray.allocate(small, cp.float32)
    ms = device_ms(lambda: k(x, y))
    print(f"sin x exp x + cos x, 2^24: {ms:.3f} ms, {8 * small / ms / 1e6:.0f} GB/s")


def row(
    name: str, function: Any, threads: tuple[int, ...], arguments: tuple[Any, ...], theirs: Any
) -> None:
    ours = tuple(
        cp.CudaArray(a) if isinstance(a, cupy.ndarray) and a.size < 1 << 27 else a
        for a in arguments
    )
    checked = cp.compile(function)(*threads)
    unchecked = cp.compile(function, check=False)(*threads)
    a, b, c = (
        device_ms(lambda: checked(*ours)),
        device_ms(lambda: unchecked(*ours)),
        device_ms(theirs),
    )
    print(
        f"{name}: {a:.3f} ms, unchecked {b:.3f}, nvcc {c:.3f}; nvcc/ours {c / a:.3f}, checks {a / b - 1:+.1%}"
    )


def compare_calls(module: Any) -> None:
    X = cp.CudaArray.allocate(256, cp.float32)
    k = cp.compile(nothing)
    print(f"k(n)(a, X, Y): {call_us(lambda: k(256)(2.0, X, X)):.2f} us")
    bound = k(256)
    print(f"bound(a, X, Y): {call_us(lambda: bound(2.0, X, X)):.2f} us")
    sixteen = cp.compile(many, sig=MANY)(256)
    arguments = (1.0,) * 8 + (X,) * 8
    print(f"bound with 16 arguments: {call_us(lambda: sixteen(*arguments)):.2f} us")
    theirs, array = module.get_function("nothing"), cupy.zeros(256, cupy.float32)
    given = (np.float32(2), array, np.int64(256), array, np.int64(256))
    print(f"CuPy RawKernel, 5 parameters: {call_us(lambda: theirs((1,), (256,), given)):.2f} us")


def first_calls() -> None:
    for name in ("cold", "second kernel"):
        function = saxpy if name == "cold" else mandelbrot
        arguments = (
            (2.0, *(cp.CudaArray.allocate(8, cp.float32),) * 2)
            if name == "cold"
            else (cp.CudaArray.allocate(64, cp.int32), 8, 8, 9)
        )
        begin = time.perf_counter()
        cp.compile(function)(8)(*arguments)
        print(f"first call, {name}: {(time.perf_counter() - begin) * 1e3:.1f} ms")
        begin = time.perf_counter()
        cp.compile(function)(8)(*arguments)
        print(f"first call, {name}, cached: {(time.perf_counter() - begin) * 1e3:.2f} ms")


if __name__ == "__main__":
    begin = time.perf_counter()
    cp.set_device("cuda")
    print(f"the device opens in {(time.perf_counter() - begin) * 1e3:.0f} ms: {cp.devices()[1]}")
    first_calls()
    cubin = cupy.RawModule(path=sys.argv[1])
    compare_calls(cubin)
    compare_kernels(cubin)
