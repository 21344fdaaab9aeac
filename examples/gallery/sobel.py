"""Edges of a picture: two filters of any size, Sobel's or others, and the length of what they give.

python examples/gallery/sobel.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import grey, scene, write_png
from timing import compare

SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
SCHARR = np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]], np.float32) / 4
PREWITT_5 = np.array([[-2, -1, 0, 1, 2]] * 5, np.float32) / 4


@cp.kernel
def edges(image, across, down, out):
    """out: the length of the gradient at each pixel; the picture's border is repeated."""
    height, width = image.shape
    if idx < width and idy < height:
        reach = len(across) // 2
        gx = 0.0
        gy = 0.0
        for i in range(len(across)):
            for j in range(len(across)):
                y = min(max(idy + i - reach, 0), height - 1)
                x = min(max(idx + j - reach, 0), width - 1)
                gx += across[i, j] * image[y, x]
                gy += down[i, j] * image[y, x]
        out[idy, idx] = np.sqrt(gx * gx + gy * gy)


def find_edges(image, filter):
    """The strength of the edges: float32[height, width]."""
    out = np.empty_like(image)
    height, width = image.shape
    edges(width, height)(image, filter, filter.T, out)
    return out


def with_numpy(image, filter):
    """The same by whole-array operations."""
    reach = len(filter) // 2
    padded = np.pad(image, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, filter.shape)
    gx = np.einsum("yxij,ij->yx", windows, filter)
    gy = np.einsum("yxij,ji->yx", windows, filter)
    return np.sqrt(gx * gx + gy * gy)


def check(size=48):
    image = scene(size, size + 5)
    for filter in (SOBEL, SCHARR, PREWITT_5):
        np.testing.assert_allclose(find_edges(image, filter), with_numpy(image, filter), atol=2e-5)


def main(size=1024, output="sobel.png"):
    image = scene(size, size)
    write_png(output, grey(find_edges(image, SOBEL) / 2))
    for name, filter in (("Sobel 3 x 3", SOBEL), ("Prewitt 5 x 5", PREWITT_5)):
        compare(
            f"{name}, {size} x {size} pixels",
            lambda filter=filter: find_edges(image, filter),
            lambda filter=filter: with_numpy(image, filter),
        )
    print(f"The edges are in {output}")


if __name__ == "__main__":
    check()
    main()
