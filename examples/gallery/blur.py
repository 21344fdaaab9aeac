"""A Gaussian blur in two passes, along the rows and along the columns: 2 n instead of n * n steps a pixel.

python examples/gallery/blur.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import grey, scene, write_png
from timing import compare


@cp.kernel
def blur_rows(image, weights, out):
    height, width = image.shape
    if idx < width and idy < height:
        total = 0.0
        for k, weight in enumerate(weights):
            x = idx + k - len(weights) // 2
            x = min(max(x, 0), width - 1)
            total += weight * image[idy, x]
        out[idy, idx] = total


@cp.kernel
def blur_columns(image, weights, out):
    height, width = image.shape
    if idx < width and idy < height:
        total = 0.0
        for k, weight in enumerate(weights):
            y = idy + k - len(weights) // 2
            y = min(max(y, 0), height - 1)
            total += weight * image[y, idx]
        out[idy, idx] = total


def gaussian(sigma):
    """Weights that sum to 1, three sigma to each side."""
    reach = int(3 * sigma + 0.5)
    x = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (x / sigma) ** 2)
    return (weights / weights.sum()).astype(np.float32)


def blurred(image, weights):
    height, width = image.shape
    between, out = np.empty_like(image), np.empty_like(image)
    blur_rows(width, height)(image, weights, between)
    blur_columns(width, height)(between, weights, out)
    return out


def with_numpy(image, weights):
    """The same with np.convolve on every row, then on every column."""
    for axis in (1, 0):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (len(weights) // 2, len(weights) // 2)
        padded = np.pad(image, pad, mode="edge")
        image = np.apply_along_axis(np.convolve, axis, padded, weights[::-1], "valid")
    return image


def check(size=40):
    image = scene(size, size + 7)
    for sigma in (0.6, 2.0):
        weights = gaussian(sigma)
        np.testing.assert_allclose(blurred(image, weights), with_numpy(image, weights), atol=1e-5)


def main(size=1024, output="blur.png"):
    image, weights = scene(size, size), gaussian(4.0)
    write_png(output, grey(blurred(image, weights)))
    compare(
        f"{len(weights)} weights, {size} x {size} pixels",
        lambda: blurred(image, weights),
        lambda: with_numpy(image, weights),
    )
    print(f"The blurred picture is in {output}")


if __name__ == "__main__":
    check()
    main()
