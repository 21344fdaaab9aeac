"""The shortest ways between all pairs of places, by Floyd and Warshall.

python examples/gallery/floyd_warshall.py
"""

from __future__ import annotations

import math
from itertools import pairwise

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from timing import compare


@cp.kernel
def through(distance, middle, k):
    """Shortens each way that is shorter through place k, and notes that."""
    if idx < len(distance) and idy < len(distance):
        detour = distance[idy, k] + distance[k, idx]
        if detour < distance[idy, idx]:
            distance[idy, idx] = detour
            middle[idy, idx] = k


def roads(n, seed=8):
    """Places on a map, each with roads to a few near ones: float32[n, n], infinity where there is none."""
    place = np.random.default_rng(seed).random((n, 2))
    apart = np.linalg.norm(place[:, None] - place[None], axis=2)
    near = np.argsort(apart, axis=1)[:, : min(6, n)]
    distance = np.full((n, n), math.inf, np.float32)
    for there in near.T:
        distance[np.arange(n), there] = apart[np.arange(n), there]
    return distance


def shortest(distance):
    """The lengths of the shortest ways, and a place in the middle of each; -1 where the road is direct."""
    distance = distance.copy()
    middle = np.full(distance.shape, -1, np.int32)
    n = len(distance)
    for k in range(n):
        through(n, n)(distance, middle, k)
    return distance, middle


def way(middle, start, end):
    """The places that one comes by, without the first and the last."""
    k = int(middle[start, end])
    return [] if k < 0 else [*way(middle, start, k), k, *way(middle, k, end)]


def with_numpy(distance):
    distance = distance.copy()
    for k in range(len(distance)):
        np.minimum(distance, distance[:, k, None] + distance[None, k], out=distance)
    return distance


def check(size=30):
    distance = roads(size)
    ours, middle = shortest(distance)
    np.testing.assert_allclose(ours, with_numpy(distance), rtol=1e-6)
    start, end = divmod(int(np.argmax(np.where(np.isinf(ours), 0, ours))), size)
    stops = [start, *way(middle, start, end), end]
    walked = sum(distance[a, b] for a, b in pairwise(stops))
    np.testing.assert_allclose(walked, ours[start, end], rtol=1e-5)


def main(size=600):
    distance = roads(size)
    compare(f"{size} places", lambda: shortest(distance), lambda: with_numpy(distance))
    length, middle = shortest(distance)
    start, end = divmod(int(np.argmax(np.where(np.isinf(length), 0, length))), size)
    stops = [start, *way(middle, start, end), end]
    print(f"The longest way, {length[start, end]:.2f}, goes by {' '.join(map(str, stops))}")


if __name__ == "__main__":
    check()
    main()
