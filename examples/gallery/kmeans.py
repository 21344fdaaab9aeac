"""K-means: points choose the nearest centre, centres move to the middle of their points.

python examples/gallery/kmeans.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import atomic, idx

from pictures import coloured, write_png
from timing import compare


def distance2(p, q):
    total = 0.0
    for a, b in zip(p, q):
        total += (a - b) ** 2
    return total


@cp.kernel
def choose(points, centres, chosen, sums, counts):
    """points: float32[n, d], centres, sums: float32[k, d], chosen: int32[n], counts: int32[k]"""
    if idx < len(points):
        best = 0
        nearest = math.inf
        for k, centre in enumerate(centres):
            d = distance2(points[idx], centre)
            if d < nearest:
                nearest = d
                best = k
        chosen[idx] = best
        atomic.add(counts, best, 1)
        for axis in range(points.shape[1]):
            atomic.add(sums, (best, axis), points[idx, axis])


def clouds(n, k=6, seed=9):
    """Points around a few places: float32[n, 2]."""
    random = np.random.default_rng(seed)
    place = random.uniform(-1, 1, (k, 2))
    return (place[random.integers(0, k, n)] + 0.15 * random.standard_normal((n, 2))).astype(
        np.float32
    )


def step(points, centres):
    chosen = np.empty(len(points), np.int32)
    sums, counts = np.zeros_like(centres), np.zeros(len(centres), np.int32)
    choose(len(points))(points, centres, chosen, sums, counts)
    filled = counts > 0
    moved = centres.copy()
    moved[filled] = sums[filled] / counts[filled, None]
    return moved, chosen


def with_numpy(points, centres):
    apart = ((points[:, None] - centres[None]) ** 2).sum(2)
    chosen = apart.argmin(1)
    moved = centres.copy()
    for k in range(len(centres)):
        if np.any(chosen == k):
            moved[k] = points[chosen == k].mean(0)
    return moved, chosen


def check(size=300):
    points = clouds(size)
    centres = points[:6].copy()
    for _ in range(3):
        (ours, chosen), (theirs, chosen_numpy) = step(points, centres), with_numpy(points, centres)
        assert np.array_equal(chosen, chosen_numpy)
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
        centres = ours


def main(size=200_000, output="kmeans.png", steps=20):
    points = clouds(size)
    centres = points[:6].copy()
    compare(
        f"One step of {size:,} points",
        lambda: step(points, centres),
        lambda: with_numpy(points, centres),
    )
    for _ in range(steps):
        centres, chosen = step(points, centres)
    place = ((points + 1.6) / 3.2 * 400).clip(0, 399).astype(int)
    canvas = np.zeros((400, 400))
    canvas[place[:, 1], place[:, 0]] = (chosen + 1.5) / 7.5
    write_png(output, coloured(canvas))
    print("Centres:", ", ".join(f"({x:.2f}, {y:.2f})" for x, y in centres), f"in {output}")


if __name__ == "__main__":
    check()
    main()
