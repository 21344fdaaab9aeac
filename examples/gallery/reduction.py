"""The sum, least and greatest of many numbers: each block of threads folds its share in a tree.

python examples/gallery/reduction.py
"""

from __future__ import annotations

from functools import partial

import cudapy as cp
import numpy as np
from cudapy import blockDim, blockIdx, gridDim, shared, syncthreads, threadIdx

from timing import compare

BLOCK = 256


def reduction(combine, start):
    """A kernel that combines the numbers of each block; `start` changes nothing when it is combined."""

    @cp.kernel
    def fold(X, partial):
        held = shared(BLOCK, float)
        t = threadIdx.x
        share = (len(X) + gridDim.x - 1) // gridDim.x  # of a block
        first = blockIdx.x * share
        mine = start
        for k in range(first + t, min(first + share, len(X)), BLOCK):
            mine = combine(mine, X[k])
        held[t] = mine
        syncthreads()

        reach = blockDim.x // 2
        while reach > 0:
            if t < reach:
                held[t] = combine(held[t], held[t + reach])
            syncthreads()
            reach //= 2
        if t == 0:
            partial[blockIdx.x] = held[0]

    return fold


def add(a, b):
    return a + b


FOLDS = {
    "sum": (reduction(add, 0.0), np.sum),
    "least": (reduction(min, np.inf), np.min),
    "greatest": (reduction(max, -np.inf), np.max),
}


def reduce(kernel, X, blocks=1024):
    """First to one number a block, then to one."""
    partial, out = np.empty(blocks, np.float32), np.empty(1, np.float32)
    kernel(blocks * BLOCK, block=BLOCK)(X, partial)
    kernel(BLOCK, block=BLOCK)(partial, out)
    return out[0]


def check(size=10_000, blocks=3):
    X = np.random.default_rng(1).uniform(-1, 1, size).astype(np.float32)
    for name, (kernel, with_numpy) in FOLDS.items():
        np.testing.assert_allclose(
            reduce(kernel, X, blocks), with_numpy(X), atol=1e-3, err_msg=name
        )


def main(size=1 << 24):
    X = np.random.default_rng(1).uniform(-1, 1, size).astype(np.float32)
    for name, (kernel, with_numpy) in FOLDS.items():
        what = f"The {name} of {size:,} numbers"
        compare(what, partial(reduce, kernel, X), partial(with_numpy, X))


if __name__ == "__main__":
    check()
    main()
