"""The cost of a call of a kernel that does nothing, from other Python libraries; kernels of numba-cuda and CuPy.

Each is None where its library is not there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cupy
import numpy as np

if not hasattr(np, "row_stack"):  # numba-cuda 0.x asks for it, and NumPy 2.5 has dropped it
    np.row_stack = np.vstack  # type: ignore[attr-defined]

try:
    import triton
    import triton.language as tl
except ImportError:
    tl = None

Run = Callable[[], Any]


def cuda_core_call(cubin: str, count: int) -> Run | None:
    """`launch` of cuda.core, of kernels.cu's `nothing` (3) or `many` (16)."""
    try:
        from cuda.core import Device, LaunchConfig, ObjectCode, launch
    except ImportError:
        return None
    device = Device()
    device.set_current()
    kernel = ObjectCode.from_cubin(cubin).get_kernel("nothing" if count == 3 else "many")
    stream, config = device.default_stream, LaunchConfig(grid=1, block=256)
    array = cupy.zeros(256, cupy.float32).data.ptr
    given = (
        (np.float32(2), array, np.int64(256), array, np.int64(256))
        if count == 3
        else (np.float32(1),) * 8 + (array, np.int64(256)) * 8
    )
    return lambda: launch(stream, config, kernel, *given)


def numba_call(count: int) -> Run | None:
    try:
        from numba import cuda
    except ImportError:
        return None

    @cuda.jit
    def nothing(alpha, X, Y):
        pass

    @cuda.jit
    def many(a, b, c, d, e, f, g, h, A, B, C, D, E, F, G, H):
        pass

    array = cuda.device_array(256, np.float32)
    given = (np.float32(2), array, array) if count == 3 else (np.float32(1),) * 8 + (array,) * 8
    launcher = (nothing if count == 3 else many)[1, 256]
    return lambda: launcher(*given)


def triton_nothing(X, Y, n, BLOCK: tl.constexpr):  # Triton looks `tl` up among the globals
    pass


def triton_call() -> Run | None:
    if tl is None:
        return None
    import torch

    X, launcher = torch.zeros(256, device="cuda"), triton.jit(triton_nothing)[(1,)]
    return lambda: launcher(X, X, 256, BLOCK=256)


def numba_kernels() -> dict[str, Callable[..., Any]]:
    """The kernels of compare.py in numba-cuda's words, by name: `run(grid, block, *arguments)`."""
    try:
        from numba import cuda, float32
    except ImportError:
        return {}

    @cuda.jit(fastmath=False)
    def saxpy(alpha, X, Y):
        i = cuda.grid(1)
        if i < X.size:
            Y[i] = alpha * X[i] + Y[i]

    @cuda.jit
    def mandelbrot(out, width, height, limit):
        x, y = cuda.grid(2)
        if x < width and y < height:
            cr = float32(2.5) * float32(x) / float32(width) - float32(2.0)
            ci = float32(2.5) * float32(y) / float32(height) - float32(1.25)
            zr = zi = float32(0.0)
            n = 0
            for _i in range(limit):
                if zr * zr + zi * zi > float32(4.0):
                    break
                zr, zi = zr * zr - zi * zi + cr, float32(2.0) * zr * zi + ci
                n += 1
            out[y * width + x] = n

    @cuda.jit
    def matmul(A, B, C, n, m, p):
        x, y = cuda.grid(2)
        if x < p and y < n:
            total = float32(0.0)
            for k in range(m):
                total += A[y * m + k] * B[k * p + x]
            C[y * p + x] = total

    @cuda.jit
    def stencil(X, Y, width, height):
        x, y = cuda.grid(2)
        if 0 < x < width - 1 and 0 < y < height - 1:
            i = y * width + x
            Y[i] = float32(0.2) * (X[i] + X[i - 1] + X[i + 1] + X[i - width] + X[i + width])

    made = {"saxpy": saxpy, "mandelbrot": mandelbrot, "matmul": matmul, "stencil": stencil}

    def runner(kernel: Any) -> Callable[..., Any]:
        def run(threads: tuple[int, ...], *arguments: Any) -> Run:
            block = (256,) if len(threads) == 1 else (32, 8)
            grid = tuple(math.ceil(n / b) for n, b in zip(threads, block))
            launcher = kernel[grid, block]
            return lambda: launcher(*arguments)

        return run

    return {name: runner(kernel) for name, kernel in made.items()}


def cupy_kernels() -> dict[str, Callable[..., Any]]:
    """The same work as those who use CuPy would write it, by name: its own functions where it has one, else an
    ElementwiseKernel. `run(threads, *arguments)`."""
    scaled = cupy.ElementwiseKernel(
        "float32 alpha, float32 x, float32 y", "float32 z", "z = alpha * x + y", "scaled"
    )
    escape = cupy.ElementwiseKernel(
        "int32 width, int32 height, int32 limit",
        "int32 n",
        """
        float cr = 2.5f * (i % width) / width - 2.0f, ci = 2.5f * (i / width) / height - 1.25f;
        float zr = 0, zi = 0;
        n = 0;
        for (int k = 0; k < limit; ++k) {
          if (zr * zr + zi * zi > 4.0f) break;
          float next = zr * zr - zi * zi + cr;
          zi = 2.0f * zr * zi + ci;
          zr = next;
          ++n;
        }
        """,
        "escape",
    )
    cross = cupy.ElementwiseKernel(
        "raw float32 X, int32 width, int32 height",
        "float32 y",
        """
        int x = i % width, row = i / width;
        if (x > 0 && x < width - 1 && row > 0 && row < height - 1)
          y = 0.2f * (X[i] + X[i - 1] + X[i + 1] + X[i - width] + X[i + width]);
        """,
        "cross",
    )

    def squares(*arrays: Any) -> list[Any]:
        side = math.isqrt(arrays[0].size)
        return [array.reshape(side, side) for array in arrays]

    def transpose(_threads: Any, A: Any, B: Any, _n: Any) -> Run:
        a, b = squares(A, B)
        return lambda: cupy.copyto(b, a.T)

    return {
        "saxpy": lambda _, alpha, X, Y: lambda: scaled(np.float32(alpha), X, Y, Y),
        "mandelbrot": lambda _, out, *sizes: lambda: escape(*map(np.int32, sizes), out),
        "stencil": lambda _, X, Y, *sizes: lambda: cross(X, *map(np.int32, sizes), Y),
        "gather": lambda _, X, order, Y: lambda: cupy.take(X, order, out=Y),
        "transpose": transpose,
        "reduce": lambda _, X, Y: lambda: X.reshape(-1, 256).sum(axis=1, out=Y[: X.size // 256]),
        "histogram": lambda _, X, C: lambda: cupy.bincount(X, minlength=256),
    }
