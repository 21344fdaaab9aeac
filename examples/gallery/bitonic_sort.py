"""Sorting by a network of comparisons (Batcher's bitonic sort), the short-ranged ones within shared memory.

python examples/gallery/bitonic_sort.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, shared, syncthreads, threadIdx

from timing import compare

BLOCK = 256


@cp.kernel
def sort_blocks(X):
    """Sorts each block's elements, every other block from the greatest to the least."""
    held = shared(BLOCK, float)
    t = threadIdx.x
    held[t] = X[idx]
    syncthreads()
    run = 2
    while run <= BLOCK:
        reach = run // 2
        while reach > 0:
            other = t ^ reach
            if other > t:
                a, b = held[t], held[other]
                if (a > b) == (idx & run == 0):
                    held[t], held[other] = b, a
            syncthreads()
            reach //= 2
        run *= 2
    X[idx] = held[t]


@cp.kernel
def compare_far(X, run, reach):
    """One step over distances that are longer than a block."""
    other = idx ^ reach
    if other > idx and other < len(X):
        a, b = X[idx], X[other]
        if (a > b) == (idx & run == 0):
            X[idx], X[other] = b, a


@cp.kernel
def merge_blocks(X, run):
    """The steps of a run that stay within a block."""
    held = shared(BLOCK, float)
    t = threadIdx.x
    held[t] = X[idx]
    syncthreads()
    reach = BLOCK // 2
    while reach > 0:
        other = t ^ reach
        if other > t:
            a, b = held[t], held[other]
            if (a > b) == (idx & run == 0):
                held[t], held[other] = b, a
        syncthreads()
        reach //= 2
    X[idx] = held[t]


def bitonic_sort(values):
    """A sorted copy; it is filled up to a power of two with infinity."""
    length = max(BLOCK, 1 << (len(values) - 1).bit_length())
    X = np.full(length, np.inf, np.float32)
    X[: len(values)] = values
    sort_blocks(length, block=BLOCK)(X)
    run = 2 * BLOCK
    while run <= length:
        reach = run // 2
        while reach >= BLOCK:
            compare_far(length)(X, run, reach)
            reach //= 2
        merge_blocks(length, block=BLOCK)(X, run)
        run *= 2
    return X[: len(values)]


def check(size=5000):
    values = np.random.default_rng(5).standard_normal(size, np.float32)
    assert np.array_equal(bitonic_sort(values), np.sort(values))


def main(size=1 << 20):
    values = np.random.default_rng(5).standard_normal(size, np.float32)
    compare(f"{size:,} numbers", lambda: bitonic_sort(values), lambda: np.sort(values))


if __name__ == "__main__":
    check()
    main()
