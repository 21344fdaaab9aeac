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


ORIGIN = Point(1.5, -2.0)
RAY = Ray(ORIGIN, Point(0.25, 0.5), 3, 0.125)
RECORD = np.array([(3.0, 4.0)], POINT)[0]
TABLE = np.array([(1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0), (9.0, 0.5)], POINT)
GRID = TABLE[:4].reshape(2, 2)[:, ::-1]
CORNERS = (Point(0.0, 1.0), Point(2.0, 3.0))


def captured(X, R):
    n = len(R)
    if idx < n:
        p = ORIGIN
        ray = advance(RAY, X[idx])
        corner = CORNERS[1]
        R[idx].x = p.x + add(ORIGIN, RECORD).y * ray.origin.x + corner.y + ORIGIN[1]
        R[idx].y = RECORD.y + RAY.direction.y + RAY.weight + len(ORIGIN) + (RECORD == p)
        for k in ORIGIN:
            R[idx].y += k
        x, *rest = ORIGIN
        R[idx].x += x * rest[0] + sum(RECORD) + max(p) + add(*CORNERS).x


def test_instances_from_outside():
    differential(captured, lambda n: [floats(n), np.zeros(n, POINT)])


def looked_up(I, R):
    n = len(R)
    if idx < n:
        p = TABLE[I[idx]]
        R[idx].x = p.x + GRID[I[idx] % 2, 1].y
        R[idx].y = TABLE[I[idx] - 1].y + TABLE[2].x
        for q in TABLE:
            R[idx].y += q.x * q.y


def test_arrays_of_structs_from_outside():
    differential(looked_up, lambda n: [integers(n, 1, "int32", 1, 5), np.zeros(n, POINT)])


def replaced(X, R):
    n = len(R)
    if idx < n:
        p = ORIGIN._replace(x=X[idx])
        q = p._replace(y=p.x * 2, x=1)
        R[idx] = add(p, q)._replace(y=X[idx])
        R[idx].x += RAY.origin._replace(y=4).y


def test_fields_replaced():
    differential(replaced, lambda n: [floats(n), np.zeros(n, POINT)])
