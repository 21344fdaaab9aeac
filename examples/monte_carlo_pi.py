"""π by throwing darts: counter-based random numbers, and one atomic addition a thread.

Every thread draws its own points: the counter says which, so nothing is kept from one draw to the next, and the result
is the same on every machine and for every number of threads.

    python examples/monte_carlo_pi.py [millions of points]
"""

from __future__ import annotations

import math
import sys
import time

import cudapy as cp
from cudapy import atomic, idx, rand

DRAWS = 1024  # a thread


# darts : void (int seed, int draws, int64* hits)
def darts(seed, draws, hits):
    inside = 0
    for k in range(draws):
        x = rand(seed, idx, 2 * k)
        y = rand(seed, idx, 2 * k + 1)
        if x * x + y * y < 1.0:
            inside += 1
    atomic.add(hits, 0, inside)


def main(millions: int = 64) -> None:
    threads = max(1, millions * 1_000_000 // DRAWS)
    launch = cp.compile(darts)(threads)
    hits = cp.CudaArray.allocate(1, cp.int64)
    launch(2026, DRAWS, hits)  # the first call compiles
    hits = cp.CudaArray.allocate(1, cp.int64)
    start = time.perf_counter()
    launch(2026, DRAWS, hits)
    seconds = time.perf_counter() - start
    points = threads * DRAWS
    estimate = 4 * hits.toList()[0] / points
    expected = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4) / points)
    print(
        f"{points} points: pi = {estimate:.6f}, off by {estimate - math.pi:+.6f} (about {expected:.6f} expected)"
    )
    print(f"{2 * points / seconds / 1e9:.2f} billion random numbers a second")
    assert abs(estimate - math.pi) < 5 * expected


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
