"""The same work for numba, written the way its documentation would have it."""

import math

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


@njit(inline="always")
def _below(x):
    return np.float32(0.5) * math.erfc(np.float32(-0.7071067811865476) * x)


@njit(parallel=True)
def black_scholes(price, strike, years, rate, sigma, call, put):
    for i in prange(len(price)):
        s, k, t = price[i], strike[i], years[i]
        spread = sigma * math.sqrt(t)
        d1 = (math.log(s / k) + (rate + np.float32(0.5) * sigma * sigma) * t) / spread
        now = k * math.exp(-rate * t)
        value = s * _below(d1) - now * _below(d1 - spread)
        call[i] = value
        put[i] = value - s + now


@njit(parallel=True)
def nbody(bodies, pulls):
    x, y, z, mass = bodies
    for i in prange(len(x)):
        sx = sy = sz = np.float32(0)
        for j in range(len(x)):
            dx = x[j] - x[i]
            dy = y[j] - y[i]
            dz = z[j] - z[i]
            near = np.float32(1) / math.sqrt(dx * dx + dy * dy + dz * dz + np.float32(1e-3))
            pull = mass[j] * near * near * near
            sx += pull * dx
            sy += pull * dy
            sz += pull * dz
        pulls[0, i] = sx
        pulls[1, i] = sy
        pulls[2, i] = sz


@njit(parallel=True)
def histogram(image, bins, threads):
    own = np.zeros((threads, 256), np.int32)
    for t in prange(threads):
        for i in range(len(image) * t // threads, len(image) * (t + 1) // threads):
            own[t, image[i]] += 1
    bins += own.sum(axis=0)


@njit
def add(x, y):
    for i in range(len(y)):
        y[i] = x[i] + y[i]


def use_threads(threads: int) -> None:
    numba.set_num_threads(threads)
