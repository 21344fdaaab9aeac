"""Laplace's equation by Jacobi's method: the temperature of a plate between hot and cold edges.

python examples/gallery/jacobi.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import coloured, write_png
from timing import compare


@cp.kernel
def relax(A, B):
    """Each inner point becomes the mean of its neighbours."""
    if 0 < idx < A.shape[1] - 1 and 0 < idy < A.shape[0] - 1:
        B[idy, idx] = 0.25 * (A[idy - 1, idx] + A[idy + 1, idx] + A[idy, idx - 1] + A[idy, idx + 1])


def plate(size):
    """Hot at the top, lukewarm at the left, cold elsewhere."""
    A = np.zeros((size, size), np.float32)
    A[:, 0] = 0.5
    A[0, :] = 1
    return A


def solve(A, steps):
    A, B = A.copy(), A.copy()
    step = relax(A.shape[1], A.shape[0])
    for _ in range(steps):
        step(A, B)
        A, B = B, A
    return A


def with_numpy(A, steps):
    A, B = A.copy(), A.copy()
    for _ in range(steps):
        B[1:-1, 1:-1] = 0.25 * (A[:-2, 1:-1] + A[2:, 1:-1] + A[1:-1, :-2] + A[1:-1, 2:])
        A, B = B, A
    return A


def check(size=40, steps=7):
    A = plate(size)
    np.testing.assert_allclose(solve(A, steps), with_numpy(A, steps), atol=1e-6)


def main(size=512, output="jacobi.png", steps=1000):
    A = plate(size)
    compare(
        f"{steps} steps of {size} x {size} points",
        lambda: solve(A, steps),
        lambda: with_numpy(A, steps),
    )
    # From coarse to fine, so that the heat gets to the middle in few steps.
    fine = plate(size // 8)
    while len(fine) < size:
        finer = plate(2 * len(fine))
        finer[1:-1, 1:-1] = fine.repeat(2, 0).repeat(2, 1)[1:-1, 1:-1]
        fine = solve(finer, steps)
    write_png(output, coloured(fine))
    print(f"The plate is in {output}")


if __name__ == "__main__":
    check()
    main()
