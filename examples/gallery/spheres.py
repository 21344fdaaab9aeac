"""Spheres on a chequered floor, a ray of light a pixel, with shadows and reflections.

python examples/gallery/spheres.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx, idy

from pictures import write_png
from timing import compare

FAR = 1e9


def light():
    """Where it comes from; of length 1."""
    return 0.36, 0.8, -0.48


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def along(origin, way, t):
    return origin[0] + t * way[0], origin[1] + t * way[1], origin[2] + t * way[2]


def hit(spheres, origin, way):
    """The nearest sphere on the way, and how far it is; -1 and FAR if there is none."""
    nearest = FAR
    which = -1
    for k, sphere in enumerate(spheres):
        apart = (origin[0] - sphere[0], origin[1] - sphere[1], origin[2] - sphere[2])
        b = dot(apart, way)
        under_root = b * b - dot(apart, apart) + sphere[3] ** 2
        if under_root > 0.0:
            t = -b - math.sqrt(under_root)
            if 1e-3 < t < nearest:
                nearest = t
                which = k
    return which, nearest


def lit(spheres, place, normal):
    """How bright a place is: some light comes from everywhere, most from one side, if nothing is in the way."""
    which, _ = hit(spheres, place, light())
    return 0.2 + (0.8 * max(0.0, dot(normal, light())) if which < 0 else 0.0)


def chequered(place):
    return 0.85 if (math.floor(place[0]) + math.floor(place[2])) % 2 == 0 else 0.35


@cp.kernel
def render(spheres, image, bounces):
    """spheres: float32[n, 5] of x, y, z, radius, mirror; image: float32[height, width]"""
    height, width = image.shape
    if idx < width and idy < height:
        across = (2.0 * idx - width) / height
        down = (2.0 * idy - height) / height
        length = math.sqrt(across * across + down * down + 3.0)
        origin = (0.0, 1.2, -5.0)
        way = (across / length, -down / length, math.sqrt(3.0) / length)
        strength = 1.0
        shade = 0.0
        for _ in range(bounces):
            which, t = hit(spheres, origin, way)
            floor = -origin[1] / way[1] if way[1] < 0.0 else FAR
            if floor < t:
                place = along(origin, way, floor)
                shade += strength * chequered(place) * lit(spheres, place, (0.0, 1.0, 0.0))
                break
            if which < 0:
                shade += strength * (0.5 + 0.5 * way[1])  # the sky
                break
            sphere = spheres[which]
            radius, mirror = sphere[3], sphere[4]
            place = along(origin, way, t)
            normal = (
                (place[0] - sphere[0]) / radius,
                (place[1] - sphere[1]) / radius,
                (place[2] - sphere[2]) / radius,
            )
            shade += strength * (1.0 - mirror) * lit(spheres, place, normal)
            strength *= mirror
            origin = place
            way = along(way, normal, -2.0 * dot(way, normal))
        image[idy, idx] = shade


def room():
    """float32[n, 5]: a ring of spheres around a large one."""
    around = np.linspace(0, 2 * math.pi, 9)[:-1]
    ring = [
        (2.2 * math.cos(a), 0.45, 2.2 * math.sin(a), 0.45, 0.3 + 0.08 * k)
        for k, a in enumerate(around)
    ]
    return np.array([(0, 1, 0, 1, 0.8), *ring], np.float32)


def picture(size, bounces=4):
    image = np.empty((size, size * 3 // 2), np.float32)
    render(image.shape[1], image.shape[0])(room(), image, bounces)
    return image


def with_numpy(size, bounces=4):
    """The same for all rays at once; those that have ended are carried along."""
    height, width = size, size * 3 // 2
    spheres = room()
    down, across = np.mgrid[0:height, 0:width].reshape(2, -1).astype(np.float32)
    across, down = (2 * across - width) / height, (2 * down - height) / height
    way = np.stack([across, -down, np.full_like(across, math.sqrt(3))])
    way /= np.sqrt((way**2).sum(0))
    origin = np.repeat(np.array([[0], [1.2], [-5]], np.float32), height * width, axis=1)
    to_light = np.array(light(), np.float32)[:, None]

    def nearest(origin, way):
        best, which = np.full(height * width, FAR, np.float32), np.full(height * width, -1)
        for k, (*centre, radius, _) in enumerate(spheres):
            apart = origin - np.array(centre, np.float32)[:, None]
            b = (apart * way).sum(0)
            root = b * b - (apart**2).sum(0) + radius * radius
            t = -b - np.sqrt(np.maximum(root, 0))
            closer = (root > 0) & (t > 1e-3) & (t < best)
            best[closer], which[closer] = t[closer], k
        return which, best

    def lit(place, normal):
        which, _ = nearest(place, np.broadcast_to(to_light, place.shape))
        return 0.2 + np.where(which < 0, 0.8 * np.maximum(0, (normal * to_light).sum(0)), 0)

    up = np.array([[0], [1], [0]], np.float32)
    shade, strength = np.zeros(height * width, np.float32), np.ones(height * width, np.float32)
    with np.errstate(all="ignore"):
        for _ in range(bounces):
            which, t = nearest(origin, way)
            floor = np.where(way[1] < 0, -origin[1] / way[1], FAR)
            on_floor, sky = floor < t, (floor >= t) & (which < 0)
            place = origin + np.where(on_floor, floor, t) * way
            tiles = np.floor(place[0]) + np.floor(place[2])
            chequered = np.where(tiles % 2 == 0, 0.85, 0.35)
            centre, radius, mirror = spheres[which, :3].T, spheres[which, 3], spheres[which, 4]
            normal = (place - centre) / radius
            shade += strength * np.where(on_floor, chequered * lit(place, up), 0)
            shade += strength * np.where(sky, 0.5 + 0.5 * way[1], 0)
            ended = on_floor | sky
            shade += np.where(ended, 0, strength * (1 - mirror) * lit(place, normal))
            strength = np.where(ended, 0, strength * mirror)
            origin, way = place, way - 2 * (way * normal).sum(0) * normal
    return shade.reshape(height, width)


def check(size=32):
    ours, theirs = picture(size), with_numpy(size)
    # A ray that hits the rim of a sphere in one program may miss it in the other.
    assert np.mean(np.abs(ours - theirs) > 1e-3) < 0.01


def main(size=720, output="spheres.png"):
    compare(f"{size * 3 // 2} x {size} pixels", lambda: picture(size), lambda: with_numpy(size))
    bright = picture(size).clip(0, 1)[..., None]
    tint = np.array([1.0, 0.93, 0.82]) * bright + np.array([0.05, 0.08, 0.16]) * (1 - bright)
    write_png(output, (255 * tint).clip(0, 255).astype(np.uint8))
    print(f"The picture is in {output}")


if __name__ == "__main__":
    check()
    main()
