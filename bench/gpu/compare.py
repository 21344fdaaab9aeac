"""Kernels on a GPU beside the same through nvcc and numba-cuda, the cost of a call beside the driver's own and other
libraries', and copies beside cudaMemcpy. `script/bench --gpu` builds what it needs and runs it:

    python bench/gpu/compare.py kernels.cubin launches.so results.json plot.png

Times of kernels are medians of device events (CuPy's); rows are printed as they are measured, and written in the end.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import cudapy as cp
import cupy
import numpy as np
from rivals import cuda_core_call, cupy_kernels, numba_call, numba_kernels, triton_call

sys.path.insert(0, str(Path(__file__).parents[1]))  # what the CPU's benchmark runs as well
from kernels.black_scholes import black_scholes
from kernels.nbody import accelerate
from kernels.sobel import sobel


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


# stencil : void (float* X, float* Y, int width, int height)
def stencil(X, Y, width, height):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        Y[i] = 0.2 * (X[i] + X[i - 1] + X[i + 1] + X[i - width] + X[i + width])


# gather : void (float* X, int* order, float* Y)
def gather(X, order, Y):
    if idx < len(order):
        Y[idx] = X[order[idx]]


# tiled : void (float* A, float* B, float* C, int n)
def tiled(A, B, C, n):
    a = shared((32, 32), float)
    b = shared((32, 32), float)
    tx = threadIdx.x
    ty = threadIdx.y
    total = 0.0
    for t in range(n // 32):
        a[ty, tx] = A[idy * n + t * 32 + tx]
        b[ty, tx] = B[(t * 32 + ty) * n + idx]
        syncthreads()
        for k in range(32):
            total += a[ty, k] * b[k, tx]
        syncthreads()
    C[idy * n + idx] = total


# transpose : void (float* A, float* B, int n)
def transpose(A, B, n):  # blocks of 32 x 8 threads, four rows each
    tile = shared((32, 33), float)
    x = blockIdx.x * 32 + threadIdx.x
    y = blockIdx.y * 32 + threadIdx.y
    for row in range(0, 32, 8):
        tile[threadIdx.y + row, threadIdx.x] = A[(y + row) * n + x]
    syncthreads()
    x = blockIdx.y * 32 + threadIdx.x
    y = blockIdx.x * 32 + threadIdx.y
    for row in range(0, 32, 8):
        B[(y + row) * n + x] = tile[threadIdx.x, threadIdx.y + row]


# reduce : void (float* X, float* Y)
def reduce(X, Y):  # eight elements a thread
    held = shared(256, float)
    t = threadIdx.x
    total = 0.0
    for k in range(8):
        total += X[(blockIdx.x * 8 + k) * 256 + t]
    held[t] = total
    syncthreads()
    step = 128
    while step > 0:
        if t < step:
            held[t] += held[t + step]
        syncthreads()
        step //= 2
    if t == 0:
        Y[blockIdx.x] = held[0]


# histogram : void (uint8* X, int* C)
def histogram(X, C):
    held = shared(256, int)
    for k in range(64):
        i = (blockIdx.x * 64 + k) * 256 + threadIdx.x
        if i < len(X):
            atomic.add(held, X[i], 1)
    syncthreads()
    atomic.add(C, threadIdx.x, held[threadIdx.x])


# waves : void (float* X, float* Y)
def waves(X, Y):
    if idx < len(X):
        Y[idx] = math.sin(X[idx]) * math.exp(X[idx]) + math.cos(X[idx])


# nothing : void (float alpha, float* X, float* Y)
def nothing(alpha, X, Y):
    if idx < 0:
        Y[idx] = X[idx]


# empty : void ()
def empty():
    pass


def many(a, b, c, d, e, f, g, h, A, B, C, D, E, F, G, H):
    if idx < 0:
        A[idx] = B[idx]


MANY = f"void ({', '.join(f'float {c}' for c in 'abcdefgh')}, {', '.join(f'float* {c}' for c in 'ABCDEFGH')})"


def device_ms(run: Any, rounds: int = 15) -> float:
    """The median time of run() by device events."""
    return device_ms_in_turn(run, rounds=rounds)[0]


def device_ms_in_turn(*runs: Any, rounds: int = 15) -> list[float]:
    """The median times of several that are held against each other: what the clocks do meanwhile they do to all."""
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(-3, rounds):  # the first ones warm up
        for run, of_run in zip(runs, times):
            begin, end = cupy.cuda.Event(), cupy.cuda.Event()
            begin.record(cupy.cuda.Stream.null)
            run()
            end.record(cupy.cuda.Stream.null)
            end.synchronize()
            if turn >= 0:
                of_run.append(cupy.cuda.get_elapsed_time(begin, end))
    return [median(of_run) for of_run in times]


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
    RESULTS["copy 2^28"] = {"ms": copy}
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
    theirs_s, theirs_g = module.get_function("stencil"), module.get_function("gather")
    plane = (X[: side * side], Y[: side * side])
    row(
        "stencil 8192^2",
        stencil,
        (side, side),
        (*plane, side, side),
        lambda: theirs_s(grid, (32, 8), (*plane, np.int32(side), np.int32(side))),
    )
    count = 1 << 26
    order = cupy.random.permutation(count).astype(cupy.int32)
    some = (X[:count], order, Y[:count])
    row(
        "gather 2^26",
        gather,
        (count,),
        some,
        lambda: theirs_g((count // 256,), (256,), (*some, np.int32(count))),
    )
    theirs_t, theirs_r = module.get_function("transpose"), module.get_function("reduce")
    tiles = (side // 32, side // 32)
    row(
        "transpose 8192^2",
        transpose,
        (side, side // 4),
        (*plane, side),
        lambda: theirs_t(tiles, (32, 8), (*plane, np.int32(side))),
        block=(32, 8),
    )
    theirs_k, blocks = module.get_function("tiled"), (32, 32)
    products = (size // 32, size // 32)
    row(
        "tiled matmul 1024",
        tiled,
        (size, size),
        (A, B, C, size),
        lambda: theirs_k(products, blocks, (A, B, C, np.int32(size))),
        block=blocks,
    )
    row(
        "block reduction 2^28",
        reduce,
        (n // 8,),
        (X, Y),
        lambda: theirs_r((n // 2048,), (256,), (X, Y)),
        block=(256,),
    )
    theirs_h = module.get_function("histogram")
    pixels, bins = (
        cupy.random.randint(0, 256, count, dtype=cupy.uint8),
        cupy.zeros(256, cupy.int32),
    )
    row(
        "histogram 2^26",
        histogram,
        (count // 64,),
        (pixels, bins),
        lambda: theirs_h((count // 64 // 256,), (256,), (pixels, bins, np.int32(count))),
        block=(256,),
    )
    small = 1 << 24
    k = cp.compile(waves)(small)
    x, y = cp.CudaArray(cupy.asnumpy(X[:small])), cp.CudaArray.allocate(small, cp.float32)
    ms = device_ms(lambda: k(x, y))
    print(f"sin x exp x + cos x, 2^24: {ms:.3f} ms, {8 * small / ms / 1e6:.0f} GB/s")


def compare_checks() -> None:
    """The price of checks of more kernels, those that the CPU's benchmark has."""
    bodies, options, side = 1 << 15, 1 << 24, 8192
    place, motion = ([floats_on_device(bodies) for _ in range(count)] for count in (4, 3))
    price("n-body, 2^15", accelerate, (bodies,), (*place, *motion))
    price_strike_years = [floats_on_device(options) for _ in range(3)]
    results = [cp.CudaArray.allocate(options, cp.float32) for _ in range(2)]
    market = (*price_strike_years, 0.02, 0.3, *results)
    price("Black-Scholes, 2^24", black_scholes, (options,), market)
    image, edges = (floats_on_device(side * side).reshape(side, side) for _ in range(2))
    price("Sobel, 8192^2", sobel, (side, side), (image, edges))


def floats_on_device(count: int) -> cp.CudaArray:
    numbers = cupy.asnumpy(cupy.random.random(count, dtype=cupy.float32))
    return cp.CudaArray(numbers + np.float32(0.5))


def price(name: str, function: Any, threads: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
    checked, unchecked = cp.compile(function)(*threads), cp.compile(function, check=False)(*threads)
    a, b = device_ms_in_turn(lambda: checked(*arguments), lambda: unchecked(*arguments))
    RESULTS[name] = {"ms": a, "unchecked_ms": b}
    print(f"{name}: {a:.3f} ms, unchecked {b:.3f}, checks {a / b - 1:+.1%}")
    if a / b - 1 > MOST_FOR_CHECKS:
        MISSED.append(f"{name}: checks cost {a / b - 1:.1%}")


RESULTS: dict[str, Any] = {}
RIVALS = {"numba": numba_kernels(), "CuPy": cupy_kernels()}
# What is to be reached: the speed of nvcc's code, and the part of the time that checks may take.
LEAST_OF_NVCC = 1.0
MOST_FOR_CHECKS = 0.05
MOST_OVER = {"assembled": 12.0, "loaded": 1.0}  # ms of a first call, new and from the cache
# Bytes that a kernel moves at least, and which part of a device copy's speed that is to be.
PLANE = 8 * 8192 * 8192
OF_COPY = {
    "saxpy 2^28": (12 << 28, 0.98),
    "stencil 8192^2": (PLANE, 0.9),
    "transpose 8192^2": (PLANE, 0.9),
    "block reduction 2^28": (4 << 28, 0.9),
}
MOST_OVER_DRIVER = {0: 0.5, 3: 0.5, 16: 1.0}  # us of a call
MISSED: list[str] = []


def row(
    name: str,
    function: Any,
    threads: tuple[int, ...],
    arguments: tuple[Any, ...],
    theirs: Any,
    block: tuple[int, ...] | None = None,
) -> None:
    ours = tuple(
        cp.CudaArray(a) if isinstance(a, cupy.ndarray) and a.size < 1 << 27 else a
        for a in arguments
    )
    checked = cp.compile(function)(*threads, block=block)
    unchecked = cp.compile(function, check=False)(*threads, block=block)
    a, b, c = device_ms_in_turn(lambda: checked(*ours), lambda: unchecked(*ours), theirs)
    RESULTS[name] = {"ms": a, "unchecked_ms": b, "nvcc_ms": c}
    text = f"{name}: {a:.3f} ms, unchecked {b:.3f}, nvcc {c:.3f}; nvcc/ours {c / a:.3f}, checks {a / b - 1:+.1%}"
    if c / a < LEAST_OF_NVCC:
        MISSED.append(f"{name}: {c / a:.3f} of nvcc's speed")
    if name in OF_COPY:
        moved, least = OF_COPY[name]
        part = moved / a / ((8 << 28) / RESULTS["copy 2^28"]["ms"])
        text += f", {part:.2f} of a copy's speed"
        if part < least:
            MISSED.append(f"{name}: {part:.3f} of a copy's speed")
    if a / b - 1 > MOST_FOR_CHECKS:
        MISSED.append(f"{name}: checks cost {a / b - 1:.1%}")
    for library, kernels in RIVALS.items():
        if function.__name__ not in kernels:
            continue
        try:
            d = device_ms(kernels[function.__name__](threads, *arguments))
        except Exception as error:  # is no reason to measure nothing
            text += f"; {library} {type(error).__name__}: {str(error).splitlines()[:1]}"
            continue
        RESULTS[name][f"{library.lower()}_ms"] = d
        text += f"; {library} {d:.3f}, {library}/ours {d / a:.2f}"
    print(text)


def call_row(name: str, run: Any) -> None:
    us = call_us(run)
    RESULTS[name] = {"us": us}
    print(f"{name}: {us:.2f} us")


def try_call_row(name: str, make: Any) -> None:
    """A library that does not work here is no reason to measure nothing."""
    try:
        run = make()
        if run is not None:
            call_row(name, run)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {str(error).splitlines()[:1]}")


def compare_with_driver(
    calls: list[tuple[str, Any, int]], launches: ctypes.CDLL, rounds: int = 60
) -> None:
    """`calls`: name, call, and how many arguments the driver's own launch has that it is held against. All are measured
    in turn, a few hundred launches at a time, and judged by the median of what a round has them apart: the clocks of a
    machine drift by more."""
    launches.launch_us.restype = ctypes.c_double
    theirs: dict[int, list[float]] = {count: [] for count in MOST_OVER_DRIVER}
    ours: dict[str, list[float]] = {name: [] for name, *_ in calls}
    for _ in range(rounds):
        for count, times in theirs.items():
            times.append(launches.launch_us(count, 2))
        for name, run, _beside in calls:
            ours[name].append(call_us(run, rounds=2))
    for count, times in theirs.items():
        RESULTS[f"C++, {count} arguments"] = {"us": median(times)}
        print(f"cuLaunchKernel from C++, {count} arguments: {median(times):.2f} us")
    for name, _run, beside in calls:
        apart = [a - b for a, b in zip(ours[name], theirs[beside])]
        low, over, high = quantiles(apart, n=4)
        RESULTS[name] = {"us": median(ours[name]), "over_us": over}
        print(
            f"{name}: {median(ours[name]):.2f} us, {over:+.2f} beside C++ "
            f"(half of {rounds} rounds between {low:+.2f} and {high:+.2f})"
        )
        if over > MOST_OVER_DRIVER[beside]:
            MISSED.append(f"{name}: {over:.2f} us over cuLaunchKernel")


def compare_calls(module: Any, cubin: str, launches: str) -> None:
    X = cp.CudaArray.allocate(256, cp.float32)
    k = cp.compile(nothing)
    bound, bare = k(256), cp.compile(empty)(256)
    sixteen = cp.compile(many, sig=MANY)(256)
    arguments = (1.0,) * 8 + (X,) * 8
    compare_with_driver(
        [
            ("bound with no argument", bare, 0),
            ("k(n)(a, X, Y)", lambda: k(256)(2.0, X, X), 3),
            ("bound(a, X, Y)", lambda: bound(2.0, X, X), 3),
            ("bound with 16 arguments", lambda: sixteen(*arguments), 16),
        ],
        ctypes.CDLL(launches),
    )
    theirs, array = module.get_function("nothing"), cupy.zeros(256, cupy.float32)
    given = (np.float32(2), array, np.int64(256), array, np.int64(256))
    call_row("CuPy RawKernel, 3 arguments", lambda: theirs((1,), (256,), given))
    with cp.Graph() as graph:
        for _ in range(20):
            bound(2.0, X, X)
    call_row("a graph of 20 launches", graph.launch)
    for name, make in (
        ("cuda.core, 3 arguments", lambda: cuda_core_call(cubin, 3)),
        ("cuda.core, 16 arguments", lambda: cuda_core_call(cubin, 16)),
        ("numba-cuda, 3 arguments", lambda: numba_call(3)),
        ("numba-cuda, 16 arguments", lambda: numba_call(16)),
        ("Triton, 3 arguments", triton_call),
    ):
        try_call_row(name, make)


def compare_copies(mebibytes: int) -> None:
    """Between NumPy arrays and the GPU, beside one cudaMemcpy to or from the same memory."""
    count = mebibytes << 20
    host = np.full(count, 3, np.uint8)
    array, theirs = cp.CudaArray(host), cupy.empty(count, cupy.uint8)
    memcpy, there, here = cupy.cuda.runtime.memcpy, theirs.data.ptr, host.ctypes.data
    times = {
        "in": call_us(lambda: cp.CudaArray(host), 1, 7),
        "in, cudaMemcpy": call_us(lambda: memcpy(there, here, count, 1), 1, 7),
        "in, array[:] = A": call_us(lambda: array.__setitem__(slice(None), host), 1, 7),
        "out": call_us(array.toHost, 1, 7),
        "out, toHost(out=A)": call_us(lambda: array.toHost(out=host), 1, 7),
        "out, cupy.asnumpy": call_us(lambda: cupy.asnumpy(theirs), 1, 7),
        "out, cudaMemcpy to warm memory": call_us(lambda: memcpy(here, there, count, 2), 1, 7),
    }
    RESULTS[f"copies of {mebibytes} MiB"] = {f"{name}, us": us for name, us in times.items()}
    speeds = ", ".join(f"{name} {count / us / 1e3:.1f}" for name, us in times.items())
    print(f"copies of {mebibytes} MiB, GB/s: {speeds}")


def plot(path: str) -> None:
    """Ratios to nvcc's times, one bar a kernel."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = {name: row for name, row in RESULTS.items() if "nvcc_ms" in row}
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(rows) + 1))
    names = list(rows)[::-1]
    axes.barh(names, [rows[name]["nvcc_ms"] / rows[name]["ms"] for name in names], color="#4477aa")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlabel("speed, times nvcc's")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def first_calls() -> None:
    """In milliseconds, each in a fresh process: with nvJitLink if it is there, with the driver alone, and cached."""
    tag = str(time.time_ns())
    with tempfile.TemporaryDirectory() as folder:
        for name, choice in (("nvJitLink", ""), ("driver", "0"), ("cached", "0")):
            cache = f"{folder}/{'driver' if name == 'cached' else name}"
            done = subprocess.run(
                [sys.executable, str(Path(__file__).with_name("first_calls.py")), f"{tag}{choice}"],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "CUDAPY_NVJITLINK": choice, "CUDAPY_CACHE_DIR": cache},
            )
            for kernel, rest in re.findall(r"(\w+) (first=.*)", done.stdout):
                times = {part: float(ms) for part, ms in re.findall(r"(\w+)=([\d.]+)", rest)}
                RESULTS[f"first call, {name}, {kernel}"] = times
                print(f"first call of {kernel}, {name}: {judge_first_call(name, kernel, times)}")
    print(f"nvJitLink: {cp._core.nvjitlink()}")


def judge_first_call(name: str, kernel: str, times: dict[str, float]) -> str:
    """The first kernel's time holds the loading of libraries, and is not judged."""
    part = "loaded" if name == "cached" else "assembled"
    over, most = times["first"] - times[part], MOST_OVER[part]
    if kernel != "saxpy" and over > most:
        MISSED.append(f"first call of {kernel}, {name}: {over:.2f} ms more than {part} alone")
    return f"{times['first']:.2f} ms, {over:.2f} over {part} alone ({times[part]:.2f})"


if __name__ == "__main__":
    begin = time.perf_counter()
    cp.set_device("cuda")
    print(f"the device opens in {(time.perf_counter() - begin) * 1e3:.0f} ms: {cp.devices()[1]}")
    first_calls()
    cubin = cupy.RawModule(path=sys.argv[1])
    compare_calls(cubin, sys.argv[1], sys.argv[2])
    for mebibytes in (1, 16, 256):
        compare_copies(mebibytes)
    compare_kernels(cubin)
    compare_checks()
    Path(sys.argv[3]).write_text(json.dumps(RESULTS, indent=1) + "\n")
    plot(sys.argv[4])
    print("\n".join(f"MISSED  {line}" for line in MISSED) or "every limit is kept")
