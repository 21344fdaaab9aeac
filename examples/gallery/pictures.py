"""What the gallery's programs share to make pictures: a scene to work on, colours for numbers, and PNG files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np


def scene(height: int, width: int) -> np.ndarray:
    """A grey picture with edges, disks, slopes and fine stripes: float32[height, width] in 0 … 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = 2 * x / width - 1, 2 * y / height - 1
    picture = 0.35 + 0.25 * x
    for cx, cy, radius, shade in (
        (-0.45, -0.3, 0.35, 0.9),
        (0.4, 0.35, 0.45, 0.15),
        (0.5, -0.55, 0.2, 0.7),
    ):
        picture = np.where((x - cx) ** 2 + (y - cy) ** 2 < radius**2, shade + 0.1 * y, picture)
    stripes = (np.abs(x + 0.55) < 0.3) & (np.abs(y - 0.55) < 0.3)
    picture = np.where(stripes, 0.5 + 0.4 * np.sin(60 * x * (1.2 + y)), picture)
    return picture.clip(0, 1).astype(np.float32)


def grey(values: np.ndarray) -> np.ndarray:
    """Numbers in 0 … 1 as grey pixels: uint8[height, width, 3]."""
    return np.repeat((values.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)


def coloured(values: np.ndarray) -> np.ndarray:
    """Numbers in 0 … 1 from black over violet and orange to white: uint8[height, width, 3]."""
    at = [0.0, 0.25, 0.5, 0.75, 1.0]
    red, green, blue = (0, 60, 190, 250, 255), (0, 10, 50, 160, 255), (20, 110, 90, 40, 230)
    channels = [np.interp(values, at, shades) for shades in (red, green, blue)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def write_png(path: str | Path, pixels: np.ndarray) -> None:
    """Writes uint8[height, width, 3]; no library is needed."""
    height, width, _ = pixels.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    unfiltered = np.zeros((height, 1), np.uint8)  # how each row is filtered: not at all
    rows = np.hstack([unfiltered, pixels.reshape(height, 3 * width)])
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows.tobytes())) + chunk(b"IEND", b"")
    )
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + body)
