"""Convolution of a picture with any filter: here it is embossed.

python examples/gallery/convolution.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import grey, scene, write_png
from timing import compare

EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], np.float32)


@cp.kernel
def convolve(image, filter, out):
    """What is outside of the picture counts as 0."""
    height, width = image.shape
    if idx < width and idy < height:
        total = 0.0
        for i in range(filter.shape[0]):
            for j in range(filter.shape[1]):
                y = idy + filter.shape[0] // 2 - i
                x = idx + filter.shape[1] // 2 - j
                if 0 <= y < height and 0 <= x < width:
                    total += filter[i, j] * image[y, x]
        out[idy, idx] = total


def convolved(image, filter):
    out = np.empty_like(image)
    convolve(image.shape[1], image.shape[0])(image, filter, out)
    return out


def with_numpy(image, filter):
    """The same: a shifted picture for each element of the filter."""
    height, width = image.shape
    rows, columns = filter.shape
    padded = np.pad(image, ((rows // 2, rows // 2), (columns // 2, columns // 2)))
    total = np.zeros_like(image)
    for i in range(rows):
        for j in range(columns):
            shifted = padded[
                rows - 1 - i : rows - 1 - i + height, columns - 1 - j : columns - 1 - j + width
            ]
            total += filter[i, j] * shifted
    return total


def check(size=40):
    image = scene(size, size + 3)
    random = np.random.default_rng(1)
    for shape in ((3, 3), (5, 3), (1, 7)):
        filter = random.standard_normal(shape, np.float32)
        np.testing.assert_allclose(convolved(image, filter), with_numpy(image, filter), atol=1e-5)


def main(size=1024, output="convolution.png"):
    image = scene(size, size)
    write_png(output, grey(convolved(image, EMBOSS) / 3 + 0.2))
    for side in (3, 7):
        filter = np.full((side, side), 1 / side**2, np.float32)
        compare(
            f"{side} x {side} filter, {size} x {size} pixels",
            lambda filter=filter: convolved(image, filter),
            lambda filter=filter: with_numpy(image, filter),
        )
    print(f"The embossed picture is in {output}")


if __name__ == "__main__":
    check()
    main()
