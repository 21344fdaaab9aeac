"""How often each grey level occurs, by atomic additions; and a picture whose levels are spread evenly by it.

python examples/gallery/histogram.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import atomic, idx

from pictures import grey, scene, write_png
from timing import compare


@cp.kernel
def count(levels, bins):
    if idx < len(levels):
        atomic.add(bins, levels[idx], 1)


@cp.kernel
def look_up(levels, table):
    if idx < len(levels):
        levels[idx] = table[levels[idx]]


def histogram(levels):
    bins = np.zeros(256, np.int32)
    count(levels.size)(levels.reshape(-1), bins)
    return bins


def equalised(levels):
    """Each level becomes the share of pixels that are no brighter."""
    levels = levels.copy()
    share = np.cumsum(histogram(levels)) / levels.size
    look_up(levels.size)(levels.reshape(-1), (255 * share).astype(np.uint8))
    return levels


def with_numpy(levels):
    return np.bincount(levels.reshape(-1), minlength=256)


def check(size=50):
    levels = (255 * scene(size, size)).astype(np.uint8)
    assert np.array_equal(histogram(levels), with_numpy(levels))
    share = np.cumsum(with_numpy(levels)) / levels.size
    assert np.array_equal(equalised(levels), (255 * share).astype(np.uint8)[levels])


def main(size=1024, output="histogram.png"):
    levels = (255 * scene(size, size) ** 3).astype(np.uint8)  # too dark
    compare(f"{size} x {size} pixels", lambda: histogram(levels), lambda: with_numpy(levels))
    write_png(output, grey(np.hstack([levels, equalised(levels)]) / 255))
    print(f"Before and after: {output}")


if __name__ == "__main__":
    check()
    main()
