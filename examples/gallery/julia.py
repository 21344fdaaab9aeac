"""Julia sets: z = f(z) again and again, for any function of a complex number that is handed in.

python examples/gallery/julia.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import coloured, write_png
from timing import compare


def julia_kernel(f):
    """A kernel that counts how often `f` can be applied before z leaves the circle of radius 4."""

    @cp.kernel
    def kernel(start, limit, counts):
        if idx < start.shape[1] and idy < start.shape[0]:
            z = start[idy, idx]
            n = 0
            while n < limit and z.real**2 + z.imag**2 < 16:
                z = f(z)
                n += 1
            counts[idy, idx] = n

    return kernel


def square(z):
    return z * z - 0.8 + 0.156j


def cube(z):
    return z**3 + 0.4 + 0.5j


def quotient(z):
    return (z * z + 0.35 - 0.4j) / (0.6 * z + 1)


SETS = {"square": square, "cube": cube, "quotient": quotient}


def plane(size, reach=1.6):
    """complex64[size, size] around 0"""
    side = np.linspace(-reach, reach, size, dtype=np.float32)
    return side - 1j * side[:, None]


def julia(start, f, limit=200):
    counts = np.empty(start.shape, np.int32)
    julia_kernel(f)(start.shape[1], start.shape[0])(start, limit, counts)
    return counts


def with_numpy(start, f, limit=200):
    z, counts, at = start.reshape(-1), np.full(start.size, limit, np.int32), np.arange(start.size)
    for n in range(limit):
        gone = z.real**2 + z.imag**2 >= 16
        counts[at[gone]] = n
        z, at = f(z[~gone]), at[~gone]
    return counts.reshape(start.shape)


def check(size=40):
    start = plane(size)
    for name, f in SETS.items():
        ours, theirs = julia(start, f), with_numpy(start, f)
        # Near the border rounding decides a few points.
        assert np.mean(np.abs(ours - theirs) > 1) < 0.05, name


def main(size=512, output="julia.png"):
    start = plane(size)
    pictures = []
    for name, f in SETS.items():
        what = f"{name}, {size} x {size} points"
        compare(what, lambda f=f: julia(start, f), lambda f=f: with_numpy(start, f))
        pictures.append(coloured((julia(start, f) / 200) ** 0.5))
    write_png(output, np.hstack(pictures))
    print(f"The sets are in {output}")


if __name__ == "__main__":
    check()
    main()
