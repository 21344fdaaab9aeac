"""A matrix turned over its diagonal, tile by tile: rows are read and rows are written.

python examples/gallery/transpose.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import blockIdx, idx, idy, shared, syncthreads, threadIdx

from timing import compare

TILE = 16


@cp.kernel
def simple(A, B):
    """One of the two goes along columns, which jumps through memory."""
    if idx < A.shape[1] and idy < A.shape[0]:
        B[idx, idy] = A[idy, idx]


@cp.kernel
def tiled(A, B):
    tile = shared((TILE, TILE + 1), float)  # the odd width keeps columns apart in memory
    x, y = threadIdx.x, threadIdx.y
    if idx < A.shape[1] and idy < A.shape[0]:
        tile[y, x] = A[idy, idx]
    syncthreads()
    row = blockIdx.x * TILE + y
    column = blockIdx.y * TILE + x
    if row < B.shape[0] and column < B.shape[1]:
        B[row, column] = tile[x, y]


def transpose(kernel, A):
    B = np.empty(A.shape[::-1], A.dtype)
    kernel(A.shape[1], A.shape[0], block=(TILE, TILE))(A, B)
    return B


def with_numpy(A):
    return np.ascontiguousarray(A.T)


def check(size=50):
    A = np.random.default_rng(3).random((size, size + 21), np.float32)
    for kernel in (simple, tiled):
        assert np.array_equal(transpose(kernel, A), with_numpy(A))


def main(size=4096):
    A = np.random.default_rng(3).random((size, size), np.float32)
    for name, kernel in (("Element by element", simple), ("Tile by tile", tiled)):
        compare(
            f"{name}, {size} x {size}",
            lambda kernel=kernel: transpose(kernel, A),
            lambda: with_numpy(A),
        )


if __name__ == "__main__":
    check()
    main()
