"""The discrete cosine transform of 8 x 8 blocks, as in JPEG: transform, keep the large coefficients, go back.

python examples/gallery/dct.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx, idy, local

from pictures import grey, scene, write_png
from timing import compare


def cosine(frequency, place):
    scale = math.sqrt(0.125) if frequency == 0 else 0.5
    return scale * math.cos((2 * place + 1) * frequency * math.pi / 16)


@cp.kernel
def transform(image, basis, out):
    """One thread a block of 8 x 8 pixels: out = basis @ block @ basis.T"""
    if 8 * idx < image.shape[1] and 8 * idy < image.shape[0]:
        left = 8 * idx
        top = 8 * idy
        rows = local((8, 8), float)
        for y in range(8):
            for u in range(8):
                total = 0.0
                for x in range(8):
                    total += image[top + y, left + x] * basis[u, x]
                rows[y, u] = total
        for v in range(8):
            for u in range(8):
                total = 0.0
                for y in range(8):
                    total += basis[v, y] * rows[y, u]
                out[top + v, left + u] = total


@cp.kernel
def drop_small(coefficients, threshold):
    if idx < coefficients.shape[1] and idy < coefficients.shape[0]:
        if abs(coefficients[idy, idx]) < threshold:
            coefficients[idy, idx] = 0.0


BASIS = np.array([[cosine(u, x) for x in range(8)] for u in range(8)], np.float32)


def dct(image):
    out = np.empty_like(image)
    transform(image.shape[1] // 8, image.shape[0] // 8)(image, BASIS, out)
    return out


def inverse(coefficients):
    """The basis is orthogonal, so its transpose takes everything back."""
    out = np.empty_like(coefficients)
    transform(out.shape[1] // 8, out.shape[0] // 8)(coefficients, BASIS.T, out)
    return out


def with_numpy(image):
    height, width = image.shape
    blocks = image.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    return (BASIS @ blocks @ BASIS.T).swapaxes(1, 2).reshape(height, width)


def check(size=32):
    size -= size % 8
    image = scene(size, size + 8)
    np.testing.assert_allclose(dct(image), with_numpy(image), atol=1e-5)
    np.testing.assert_allclose(inverse(dct(image)), image, atol=1e-5)


def main(size=1024, output="dct.png", threshold=0.08):
    image = scene(size, size)
    compare(f"{size} x {size} pixels", lambda: dct(image), lambda: with_numpy(image))
    coefficients = dct(image)
    drop_small(size, size)(coefficients, threshold)
    kept = np.count_nonzero(coefficients) / coefficients.size
    restored = inverse(coefficients)
    write_png(output, grey(restored))
    error = np.sqrt(np.mean((restored - image) ** 2))
    print(f"{kept:.1%} of the coefficients are kept, the error is {error:.4f}: {output}")


if __name__ == "__main__":
    check()
    main()
