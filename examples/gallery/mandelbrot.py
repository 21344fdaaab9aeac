"""The Mandelbrot set in complex numbers, coloured smoothly.

python examples/gallery/mandelbrot.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import coloured, write_png
from timing import compare


@cp.kernel
def escape_time(c, limit, out):
    """out: when z = z * z + c leaves the circle, with a fraction that makes colours smooth; 0 if it never does"""
    if idx < c.shape[1] and idy < c.shape[0]:
        point = c[idy, idx]
        z = 0j
        n = 0
        size = 0.0
        while n < limit and size <= 256:
            z = z * z + point
            size = z.real * z.real + z.imag * z.imag
            n += 1
        out[idy, idx] = n + 4 - math.log2(math.log2(size)) if size > 256 else 0.0


def plane(height, width, left=-2.2, right=0.8):
    """complex64[height, width] around the real axis"""
    x = np.linspace(left, right, width, dtype=np.float32)
    top = (right - left) * height / width / 2
    return x + 1j * np.linspace(top, -top, height, dtype=np.float32)[:, None]


def mandelbrot(c, limit=200):
    out = np.empty(c.shape, np.float32)
    escape_time(c.shape[1], c.shape[0])(c, limit, out)
    return out


def with_numpy(c, limit=200):
    """Points that have left are not carried on."""
    out, z, at = np.zeros(c.size, np.float32), np.zeros(c.size, c.dtype), np.arange(c.size)
    c = c.reshape(-1)
    for n in range(limit):
        z = z * z + c
        size = z.real * z.real + z.imag * z.imag
        left = size > 256
        out[at[left]] = n + 5 - np.log2(np.log2(size[left]))
        z, c, at = z[~left], c[~left], at[~left]
    return out


def check(size=40):
    c = plane(size, size + 9)
    ours, theirs = mandelbrot(c).reshape(-1), with_numpy(c)
    # Near the border rounding decides a few points.
    assert np.mean(np.abs(ours - theirs) > 1e-2) < 0.02


def main(size=720, output="mandelbrot.png"):
    c = plane(size, size * 3 // 2)
    compare(f"{c.shape[1]} x {size} points", lambda: mandelbrot(c), lambda: with_numpy(c))
    write_png(output, coloured((mandelbrot(c) / 60).clip(0, 1) ** 0.5))
    print(f"The set is in {output}")


if __name__ == "__main__":
    check()
    main()
