"""The same work for numba, written the way its documentation would have it."""

import numba
import numpy as np
from numba import njit, prange


@njit(inline="always")
def _iterations(cr, ci, limit):
    zr = np.float32(0)
    zi = np.float32(0)
    n = np.int32(0)
    while n < limit and zr * zr + zi * zi <= np.float32(4):
        zr, zi = zr * zr - zi * zi + cr, np.float32(2) * zr * zi + ci
        n += np.int32(1)
    return n


def _mandelbrot(width, height, limit, left, top, step, counts):
    for y in prange(height):
        for x in range(width):
            cr = left + np.float32(x) * step
            ci = top + np.float32(y) * step
            counts[y * width + x] = _iterations(cr, ci, limit)


mandelbrot = njit(_mandelbrot)
mandelbrot_parallel = njit(parallel=True)(_mandelbrot)


def _saxpy(alpha, x, y):
    for i in prange(len(x)):
        y[i] = alpha * x[i] + y[i]


saxpy = njit(_saxpy)
saxpy_parallel = njit(parallel=True)(_saxpy)


@njit(parallel=True)
def stencil_parallel(width, height, source, result):
    for y in prange(1, height - 1):
        for x in range(1, width - 1):
            i = y * width + x
            result[i] = np.float32(0.2) * (
                source[i] + source[i - 1] + source[i + 1] + source[i - width] + source[i + width]
            )


@njit(parallel=True)
def matmul_by_element(n, k, m, a, b, c):
    for i in prange(n):
        for j in range(m):
            total = np.float32(0)
            for p in range(k):
                total += a[i * k + p] * b[p * m + j]
            c[i * m + j] = total


@njit(parallel=True)
def matmul_by_row(n, k, m, a, b, c):
    for i in prange(n):
        for j in range(m):
            c[i * m + j] = np.float32(0)
        for p in range(k):
            factor = a[i * k + p]
            for j in range(m):
                c[i * m + j] += factor * b[p * m + j]


@njit
def add(x, y):
    for i in range(len(y)):
        y[i] = x[i] + y[i]


def use_threads(threads: int) -> None:
    numba.set_num_threads(threads)
