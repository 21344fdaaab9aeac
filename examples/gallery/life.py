"""Conway's game of life; beyond the border of the world nothing lives.

python examples/gallery/life.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import coloured, write_png
from timing import compare


@cp.kernel
def generation(world, after):
    """A cell lives on with two or three neighbours, and comes to life with three."""
    height, width = world.shape
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        neighbours = 0
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if dx != 0 or dy != 0:
                    neighbours += world[idy + dy, idx + dx]
        after[idy, idx] = neighbours == 3 or (world[idy, idx] and neighbours == 2)


def soup(height, width, seed=4):
    """A third of the cells live, none at the border: uint8[height, width]."""
    inside = np.random.default_rng(seed).random((height - 2, width - 2)) < 1 / 3
    return np.pad(inside, 1).astype(np.uint8)


def play(world, generations):
    world, after = world.copy(), np.zeros_like(world)
    step = generation(world.shape[1], world.shape[0])
    for _ in range(generations):
        step(world, after)
        world, after = after, world
    return world


def with_numpy(world, generations):
    for _ in range(generations):
        rows = world[:-2] + world[1:-1] + world[2:]
        nine = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]  # the neighbours and the cell itself
        lives = (nine == 3) | ((world[1:-1, 1:-1] == 1) & (nine == 4))
        world = np.pad(lives, 1).astype(np.uint8)
    return world


def check(size=30):
    world = soup(size, size + 9)
    assert np.array_equal(play(world, 6), with_numpy(world, 6))
    glider = np.zeros((9, 9), np.uint8)
    glider[[2, 3, 4, 4, 4], [3, 4, 2, 3, 4]] = 1
    assert np.array_equal(play(glider, 4), np.roll(glider, (1, 1), (0, 1)))


def main(size=1024, output="life.png", generations=100):
    world = soup(size, size)
    compare(
        f"{generations} generations of {size} x {size} cells",
        lambda: play(world, generations),
        lambda: with_numpy(world, generations),
    )
    # Cells that live now are bright, those that lived shortly before glow.
    glow = np.zeros((size, size))
    for _ in range(24):
        glow = np.maximum(world, 0.85 * glow)
        world = play(world, 1)
    write_png(output, coloured(glow))
    print(f"The last generations are in {output}")


if __name__ == "__main__":
    check()
    main()
