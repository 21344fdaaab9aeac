"""Running totals (an inclusive scan): within each block, over the blocks' totals, and both together.

python examples/gallery/scan.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import blockIdx, idx, shared, syncthreads, threadIdx

from timing import compare

BLOCK = 256


@cp.kernel
def scan_blocks(X, out, totals):
    """Each step adds what lies twice as far to the left as in the step before (Hillis and Steele)."""
    held = shared(BLOCK, int)
    t = threadIdx.x
    held[t] = X[idx] if idx < len(X) else 0
    syncthreads()
    reach = 1
    while reach < BLOCK:
        before = held[t - reach] if t >= reach else 0
        syncthreads()
        held[t] += before
        syncthreads()
        reach *= 2
    if idx < len(X):
        out[idx] = held[t]
    if t == BLOCK - 1:
        totals[blockIdx.x] = held[t]


@cp.kernel
def add_totals(out, totals):
    if idx < len(out) and blockIdx.x > 0:
        out[idx] += totals[blockIdx.x - 1]


def scan(X):
    out = np.empty_like(X)
    blocks = -(-len(X) // BLOCK)
    totals = np.empty(blocks, X.dtype)
    scan_blocks(len(X), block=BLOCK)(X, out, totals)
    if blocks > 1:
        add_totals(len(X), block=BLOCK)(out, scan(totals))
    return out


def with_numpy(X):
    return np.cumsum(X, dtype=X.dtype)


def numbers(size):
    return np.random.default_rng(2).integers(-9, 10, size).astype(np.int32)


def check(size=100_000):
    X = numbers(size)
    assert np.array_equal(scan(X), with_numpy(X))


def main(size=1 << 24):
    X = numbers(size)
    compare(f"Running totals of {size:,} integers", lambda: scan(X), lambda: with_numpy(X))


if __name__ == "__main__":
    check()
    main()
