"""The same work as whole-array NumPy."""

import numpy as np


def mandelbrot(
    width: int, height: int, limit: int, left: float, top: float, step: float
) -> np.ndarray:
    """Iteration counts, int32[height * width]. Only the points still inside are carried on."""
    f32 = np.float32
    x = f32(left) + np.arange(width, dtype=f32) * f32(step)
    y = f32(top) + np.arange(height, dtype=f32) * f32(step)
    cr, ci = (plane.ravel() for plane in np.meshgrid(x, y))
    counts = np.zeros(width * height, np.int32)
    where = np.arange(width * height)
    zr = np.zeros_like(cr)
    zi = np.zeros_like(ci)
    for n in range(limit):
        inside = zr * zr + zi * zi <= 4
        if not inside.all():
            counts[where[~inside]] = n
            where, zr, zi, cr, ci = (plane[inside] for plane in (where, zr, zi, cr, ci))
        zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
    counts[where] = limit
    return counts


def saxpy(alpha: np.float32, x: np.ndarray, y: np.ndarray) -> None:
    np.add(alpha * x, y, out=y)


def stencil(source: np.ndarray, result: np.ndarray) -> None:
    """Both float32[height, width]."""
    inner = source[1:-1, 1:-1] + source[1:-1, :-2]
    inner += source[1:-1, 2:]
    inner += source[:-2, 1:-1]
    inner += source[2:, 1:-1]
    np.multiply(inner, np.float32(0.2), out=result[1:-1, 1:-1])
