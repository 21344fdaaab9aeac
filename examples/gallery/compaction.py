"""The numbers that pass a test, in their order: the lanes of a warp vote, and count the votes before their own.

python examples/gallery/compaction.py
"""

from __future__ import annotations

from functools import partial

import cudapy as cp
import numpy as np
from cudapy import (
    ballot,
    blockDim,
    blockIdx,
    idx,
    lane_id,
    popc,
    shared,
    shfl_up,
    syncthreads,
    threadIdx,
    warp_id,
    warpSize,
)

from timing import compare

BLOCK = 256


@cp.kernel
def pack(X, least, packed, counts):
    """Moves what each block keeps to the front of its share."""
    totals = shared(warpSize, int)
    v = X[idx] if idx < len(X) else least
    votes = ballot(v > least)
    if lane_id() == 0:
        totals[warp_id()] = popc(votes)
    syncthreads()
    if warp_id() == 0:  # becomes how many this warp and those before it keep
        count = totals[lane_id()]
        for d in (1, 2, 4, 8, 16):
            before = shfl_up(count, d)
            if lane_id() >= d:
                count += before
        totals[lane_id()] = count
    syncthreads()
    if v > least:
        place = totals[warp_id() - 1] if warp_id() > 0 else 0
        place += popc(votes & ((1 << lane_id()) - 1))
        packed[blockIdx.x * blockDim.x + place] = v
    if threadIdx.x == 0:
        counts[blockIdx.x] = totals[warpSize - 1]


def above(least, X):
    """The elements of X that are more than `least`: the fronts of all blocks' shares."""
    blocks = max(-(-len(X) // BLOCK), 1)
    packed = np.empty((blocks, BLOCK), X.dtype)
    counts = np.empty(blocks, np.int32)
    pack(blocks * BLOCK, block=BLOCK)(X, least, packed.reshape(-1), counts)
    return packed[np.arange(BLOCK) < counts[:, None]]


def with_numpy(least, X):
    return X[least < X]


def check(size=10_000):
    X = np.random.default_rng(1).uniform(-1, 1, size).astype(np.float32)
    for least in (-2.0, 0.5, 0.99, 2.0):
        found = above(least, X)
        assert found.shape == with_numpy(least, X).shape
        assert np.array_equal(found, with_numpy(least, X))


def main(size=1 << 22):
    X = np.random.default_rng(1).uniform(-1, 1, size).astype(np.float32)
    compare(f"A quarter of {size:,} numbers", partial(above, 0.5, X), partial(with_numpy, 0.5, X))


if __name__ == "__main__":
    check()
    main()
