"""The Mandelbrot set, from plain Python to every lane and core: renders it, and compares times.

    python examples/mandelbrot.py [--size 1024] [--iterations 256] [--output mandelbrot.png]

Needs NumPy for the comparison with it; the picture is written without any library.
"""

from __future__ import annotations

import argparse
import struct
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cudapy as cp

LEFT, RIGHT, TOP, BOTTOM = -2.0, 0.6, -1.3, 1.3


# escape : int (float cr, float ci, int iterations)
def escape(cr, ci, iterations):
    zr = 0.0
    zi = 0.0
    for i in range(iterations):
        zr2 = zr * zr
        zi2 = zi * zi
        if zr2 + zi2 > 4.0:
            return i
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
    return iterations


# rows : void (int* counts, int width, int height, int iterations)
def rows(counts, width, height, iterations):
    """One thread a pixel, numbered along the rows."""
    if idx < width * height:
        x = idx % width
        y = idx // width
        cr = LEFT + (RIGHT - LEFT) * x / width
        ci = TOP + (BOTTOM - TOP) * y / height
        counts[idx] = escape(cr, ci, iterations)


# plane : void (int* counts, int width, int height, int iterations)
def plane(counts, width, height, iterations):
    """One thread a pixel, in two dimensions."""
    if idx < width and idy < height:
        cr = LEFT + (RIGHT - LEFT) * idx / width
        ci = TOP + (BOTTOM - TOP) * idy / height
        counts[idy * width + idx] = escape(cr, ci, iterations)


def with_numpy(width: int, height: int, iterations: int):
    """The same picture with whole-array operations, as a NumPy user would write it."""
    import numpy as np

    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)
    cr = np.float32(LEFT) + np.float32(RIGHT - LEFT) * x / np.float32(width)
    ci = np.float32(TOP) + np.float32(BOTTOM - TOP) * y / np.float32(height)
    cr, ci = (plane.ravel() for plane in np.meshgrid(cr, ci))
    counts = np.full(width * height, iterations, np.int32)
    # Only points that are still inside are carried on.
    alive = np.arange(width * height)
    zr, zi = np.zeros_like(cr), np.zeros_like(ci)
    for i in range(iterations):
        zr2, zi2 = zr * zr, zi * zi
        gone = zr2 + zi2 > 4
        if gone.any():
            counts[alive[gone]] = i
            stay = ~gone
            alive, cr, ci, zr, zi, zr2, zi2 = (a[stay] for a in (alive, cr, ci, zr, zi, zr2, zi2))
        zi = 2 * zr * zi + ci
        zr = zr2 - zi2 + cr
    return counts


def with_python(width: int, height: int, iterations: int, step: int) -> list[int]:
    """Every `step`-th row and column, by CPython running the kernel's own helper."""
    return [
        escape(LEFT + (RIGHT - LEFT) * x / width, TOP + (BOTTOM - TOP) * y / height, iterations)
        for y in range(0, height, step)
        for x in range(0, width, step)
    ]


def write_png(path: Path, counts: list[int], width: int, height: int, iterations: int) -> None:
    """Writes the counts as a colour picture; the inside of the set is black."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    palette = bytearray()
    for i in range(iterations):
        t = (i / iterations) ** 0.4
        shades = (9 * (1 - t) * t**3, 15 * (1 - t) ** 2 * t**2, 8.5 * (1 - t) ** 3 * t)
        palette += bytes(min(255, int(255 * shade)) for shade in shades)
    palette += bytes(3)
    pixels = bytearray()
    for y in range(height):
        pixels.append(0)  # this row is not filtered
        for count in counts[y * width : (y + 1) * width]:
            pixels += palette[3 * count : 3 * count + 3]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = (
        chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(pixels), 6))
        + chunk(b"IEND", b"")
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def timed(work: Callable[[], object], repeats: int = 1) -> float:
    """The shortest time of `repeats` runs, in seconds."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def show(results: list[tuple[str, float, str]], slowest: float) -> None:
    """Prints the table: who, how long, how many times as fast as pure Python."""
    print(f"{'':34}{'time':>12}{'speed-up':>12}")
    for name, seconds, remark in results:
        print(f"{name:34}{seconds * 1e3:9.2f} ms{slowest / seconds:11,.0f}x  {remark}")


def main(size: int = 1024, iterations: int = 256, output: str = "mandelbrot.png") -> cp.CudaArray:
    """Renders, writes the picture, prints the table, and returns the counts."""
    width = height = size
    step = 16
    arguments = (width, height, iterations)
    python_time = timed(lambda: with_python(*arguments, step)) * step * step
    results = [
        ("pure Python", python_time, f"1 pixel in {step * step} was computed, and the time scaled")
    ]
    try:
        import numpy  # noqa: F401
    except ImportError:
        print("NumPy is not installed: its row is left out")
    else:
        results.append(("NumPy", timed(lambda: with_numpy(*arguments)), ""))

    counts = cp.CudaArray.allocate(width * height, cp.Int)
    for over, call in (
        ("idx", cp.compile(rows)(width * height)),
        ("idx, idy", cp.compile(plane)(width, height)),
    ):
        work = partial(call, counts, *arguments)
        results.append((f"cudapy over {over}, first call", timed(work), ""))
        results.append((f"cudapy over {over}, later calls", timed(work, 10), ""))

    write_png(Path(output), counts.toList(), width, height, iterations)
    print(f"{width} x {height} pixels, at most {iterations} iterations, float32: {output}")
    show(results, python_time)
    return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--iterations", type=int, default=256)
    parser.add_argument("--output", default="mandelbrot.png")
    options = parser.parse_args()
    main(options.size, options.iterations, options.output)
