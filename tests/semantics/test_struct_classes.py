"""Dataclasses and NamedTuples: made in kernels, held, passed, returned, stored, and as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers


class Point(NamedTuple):
    x: float
    y: float


@dataclass
class Ray:
    origin: Point
    direction: Point
    depth: cp.int8
    weight: np.float64


class Wave(NamedTuple):
    amplitude: cp.complex64
    on: bool


POINT = np.dtype([("x", "f4"), ("y", "f4")])
WIDE_POINT = np.dtype([("x", "f8"), ("y", "f8")])


def add(a, b):
    return Point(a.x + b.x, a.y + b.y)


def scaled(p, factor):
    return Point(y=p.y * factor, x=p.x * factor)


def advance(ray, t):
    return Ray(
        add(ray.origin, scaled(ray.direction, t)), ray.direction, ray.depth + 1, ray.weight / 3
    )


def traces(P, D, R, W):
    n = len(P)
    if idx < n:
        p, d = P[idx], D[idx]
        ray = Ray(Point(p.x, p.y), Point(d.x, d.y), 120, weight=2)
        for _ in range(10):
            ray = advance(ray, 0.25)
            if ray.origin.x > 3:
                break
        R[idx] = ray.origin
        R[n + idx] = Point(ray.depth, ray.origin[1])
        W[idx] = ray.origin
        W[n + idx].x = ray.weight


def test_objects_in_kernels():
    def points(n, seed):
        array = np.zeros(n, POINT)
        array["x"], array["y"] = floats(n, seed), floats(n, seed + 1)
        return array

    differential(
        traces,
        lambda n: [points(n, 0), points(n, 2), np.zeros(2 * n, POINT), np.zeros(2 * n, WIDE_POINT)],
    )


def swings(wave, ray, A, R):
    if idx < len(R):
        same = Wave(A[idx] * 1j, idx % 2 == 0)
        chosen = wave if wave.on and idx % 3 == 0 else same
        best = Wave(0, False)
        if chosen.on:
            best = chosen
        R[idx] = best.amplitude * ray.weight + ray.origin.x


def test_objects_as_arguments():
    differential(
        swings,
        lambda n: [
            Wave(1 - 2j, True),
            Ray(Point(0.5, 1), Point(1, 1), 3, 0.1),
            (floats(n) + 1j * floats(n, 1)).astype("complex64"),
            np.zeros(n, "complex128"),
        ],
    )


def counts(A, R):
    if idx < len(A):
        p = Point(A[idx], 2**20 + 1)
        q = Point(A[idx] * 0.5, p.y)
        R[idx] = 1 if p == q else 2
        x, y = q
        R[idx] += int(x) + int(y + p[1])


def test_fields_have_their_types():
    differential(counts, lambda n: [integers(n, 0, "int32", -100, 100), np.zeros(n, "int32")])


def test_a_field_that_does_not_fit():
    def weight_of(ray, R):
        R[idx] = ray.depth

    with pytest.raises(cp.CudaTypeError, match="its field `depth` is of type int8"):
        cp.compile(weight_of)(1)(Ray(Point(0, 0), Point(0, 0), 1000, 0.0), np.zeros(1))
