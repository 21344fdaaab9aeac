"""Stars that attract each other: every pair, and a leapfrog in time.

python examples/gallery/nbody.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx

from pictures import coloured, write_png
from timing import compare

SOFTENING = 0.02  # stars pass through each other


def pull(dx, dy, dz, mass):
    """The acceleration towards a star at (dx, dy, dz)."""
    distance2 = dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING
    strength = mass / (distance2 * math.sqrt(distance2))
    return strength * dx, strength * dy, strength * dz


@cp.kernel
def accelerate(place, speed, mass, dt):
    """place, speed: float32[3, n]"""
    if idx < len(mass):
        x, y, z = place[0, idx], place[1, idx], place[2, idx]
        ax, ay, az = 0.0, 0.0, 0.0
        for k in range(len(mass)):
            px, py, pz = pull(place[0, k] - x, place[1, k] - y, place[2, k] - z, mass[k])
            ax += px
            ay += py
            az += pz
        speed[0, idx] += ax * dt
        speed[1, idx] += ay * dt
        speed[2, idx] += az * dt


@cp.kernel
def move(place, speed, dt):
    if idx < place.shape[1]:
        for axis in range(3):
            place[axis, idx] += speed[axis, idx] * dt


def galaxies(n, seed=3):
    """Two turning disks that pass each other."""
    random = np.random.default_rng(seed)
    angle, radius = random.uniform(0, 2 * math.pi, n), np.sqrt(random.uniform(0.01, 1, n))
    side = np.where(np.arange(n) % 2 == 0, 1, -1)
    thick = 0.03 * random.standard_normal(n)
    place = np.stack(
        [radius * np.cos(angle) + 1.2 * side, radius * np.sin(angle) + 0.5 * side, thick]
    )
    around = 0.65 * np.sqrt(radius)
    speed = np.stack([-np.sin(angle) * around - 0.25 * side, np.cos(angle) * around, 0 * angle])
    mass = np.full(n, 1 / n)
    return place.astype(np.float32), speed.astype(np.float32), mass.astype(np.float32)


def simulate(place, speed, mass, steps, dt=0.01):
    place, speed = place.copy(), speed.copy()
    n = len(mass)
    for _ in range(steps):
        accelerate(n)(place, speed, mass, dt)
        move(n)(place, speed, dt)
    return place, speed


def with_numpy(place, speed, mass, steps, dt=0.01):
    place, speed = place.copy(), speed.copy()
    for _ in range(steps):
        apart = place[:, None, :] - place[:, :, None]
        distance2 = (apart**2).sum(0) + np.float32(SOFTENING**2)
        speed += (apart * (mass / distance2**1.5)).sum(2) * np.float32(dt)
        place += speed * np.float32(dt)
    return place, speed


def check(size=50):
    stars = galaxies(size)
    for ours, theirs in zip(simulate(*stars, steps=3), with_numpy(*stars, steps=3)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def main(size=4096, output="nbody.png", steps=150):
    stars = galaxies(size)
    few = galaxies(min(size, 2048))
    compare(
        f"One step of {len(few[2])} stars", lambda: simulate(*few, 1), lambda: with_numpy(*few, 1)
    )
    place, _ = simulate(*stars, steps)
    light, _, _ = np.histogram2d(place[1], place[0], bins=256, range=[[-2, 2], [-2.6, 2.6]])
    write_png(output, coloured(np.log1p(light) / np.log1p(light).max()))
    print(f"{size} stars after {steps} steps are in {output}")


if __name__ == "__main__":
    check()
    main()
