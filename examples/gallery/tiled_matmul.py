"""Matrix multiplication by tiles that the threads of a block load together and share.

python examples/gallery/tiled_matmul.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy, shared, syncthreads, threadIdx

from timing import compare

TILE = 16


@cp.kernel
def multiply(A, B, C):
    """C = A @ B, one thread an element."""
    a = shared((TILE, TILE), float)
    b = shared((TILE, TILE), float)
    x, y = threadIdx.x, threadIdx.y
    depth = A.shape[1]
    total = 0.0
    for k in range(0, depth, TILE):
        a[y, x] = A[idy, k + x] if idy < A.shape[0] and k + x < depth else 0.0
        b[y, x] = B[k + y, idx] if k + y < depth and idx < B.shape[1] else 0.0
        syncthreads()
        for i in range(TILE):
            total += a[y, i] * b[i, x]
        syncthreads()
    if idy < C.shape[0] and idx < C.shape[1]:
        C[idy, idx] = total


def matmul(A, B):
    C = np.empty((A.shape[0], B.shape[1]), np.float32)
    multiply(C.shape[1], C.shape[0], block=(TILE, TILE))(A, B, C)
    return C


def with_numpy(A, B):
    return A @ B


def matrices(m, k, n):
    random = np.random.default_rng(4)
    return random.random((m, k), np.float32) - 0.5, random.random((k, n), np.float32) - 0.5


def check(size=40):
    A, B = matrices(size, size + 7, size - 3)
    np.testing.assert_allclose(matmul(A, B), with_numpy(A, B), atol=1e-4)


def main(size=768):
    A, B = matrices(size, size, size)
    compare(f"{size} x {size} (NumPy calls BLAS)", lambda: matmul(A, B), lambda: with_numpy(A, B))


if __name__ == "__main__":
    check()
    main()
