"""Structs where types are written: annotations, `sig=`, comments, of kernels and of helpers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import differential, floats, integers


@dataclass
class Particle:
    x: float
    y: float
    kind: cp.int8
    mass: cp.float64


class Point(NamedTuple):
    x: float
    y: float


ALIGNED = np.dtype([("x", "f4"), ("y", "f4"), ("kind", "i1"), ("mass", "f8")], align=True)
PACKED = np.dtype([("x", "f4"), ("y", "f4"), ("kind", "i1"), ("mass", "f8")])
PAIR = np.dtype([("x", "f4"), ("y", "f4")])


real = np.float64


class Pair(NamedTuple):
    a: cp.int32
    b: cp.int64


def particles(n, dtype):
    array = np.zeros(n, dtype)
    array["x"], array["y"], array["mass"] = floats(n), floats(n, 1), floats(n, 2, "f8")
    array["kind"] = integers(n, 0, "int8")
    return array


def middle(p: Point, q: Point) -> Point:
    return Point((p.x + q.x) / 2, (p.y + q.y) / 2)


# weight : double (Particle* P, int i)
def weight(P, i):
    return P[i].mass * P[i].kind


def annotated(P: cp.Array[Particle], home: Point, M: cp.Array[PAIR]):
    if idx < len(P):
        p = P[idx]
        M[idx] = middle(home, Point(p.x, p.y))
        P[idx].mass = weight(P, idx)


@pytest.mark.parametrize("dtype", [ALIGNED, PACKED])
def test_annotations(dtype):
    differential(
        annotated,
        lambda n: [particles(n, dtype), Point(1.5, -2), np.zeros(n, PAIR)],
        contract=False,
    )


# moved : void (Particle* P, Point by, float t)
def moved(P, by, t):
    if idx < len(P):
        P[idx].x += by.x * t
        P[idx].y += by.y * t


@pytest.mark.parametrize("step", [1, 2])
def test_comments(step):
    differential(moved, lambda n: [particles(step * n, PACKED)[::step], Point(1, 2), 0.5])


def grid(G, p):
    if idx < G.shape[1] and idy < G.shape[0]:
        G[idy, idx].x = p.y + idx
        G[idy, idx].y -= p.x


def test_sig_and_two_dimensions():
    differential(
        grid,
        lambda n: [np.zeros((3, n), PAIR), np.array((2, 3), PAIR)[()]],
        sig="void (PAIR** G, PAIR p)",
        threads=lambda n: (n, 3),
    )
    assert cp.compile(grid, sig="void (PAIR** G, Point p)").signatures == (
        "void ({x: float32, y: float32}** G, {x: float32, y: float32} p)",
    )


def locals_and_nested(P, R):
    if idx < len(P):
        best: Point = (0, 1)

        def longer(p: Point, q: Point):
            return p if p.x * p.x > q.x * q.x else q

        if idx % 2 == 0:
            best = Point(P[idx].x, P[idx].y)
        best = longer(best, (P[idx].y, 3))
        R[idx] = best


def test_annotations_of_variables_and_nested_functions():
    differential(locals_and_nested, lambda n: [particles(n, ALIGNED), np.zeros(n, PAIR)])


def joined(P, R):
    if idx < len(R):
        best = P[0]
        for i in range(len(P)):
            if P[i].mass > best.mass:
                best = Particle(P[i].x, P[i].y, P[i].kind, P[i].mass)
        R[idx] = best
        R[idx].x = 1 if best == P[idx % len(P)] else 0


def test_structs_of_two_layouts_are_one_type():
    differential(joined, lambda n: [particles(7, PACKED), np.zeros(n, ALIGNED)])


def test_types_in_the_scope_of_a_function():
    # sums : void (Pair p, real* R)
    def sums(p, R):
        if idx < len(R):
            R[idx] = p.a / p.b

    differential(sums, lambda n: [Pair(3, 2**40), np.zeros(n)])


def test_array_types():
    assert cp.Array[Particle] == cp.Pointer(Particle) == cp.Array[Particle, 1]
    assert cp.Array[Particle, 2] != cp.Array[Particle]
    assert repr(cp.Array[Particle, 2]) == "cudapy.Array[Particle, 2]"
    kernel = cp.compile(moved)
    assert kernel.inspect("asm", types=[cp.Array[PACKED], Point, cp.float32])


def test_what_is_no_such_struct_is_refused():
    with pytest.raises(cp.CudaTypeError, match=r"expected \{x: .*, a Particle of \{x"):
        cp.compile(moved)(1)(particles(1, ALIGNED), Particle(1, 2, 3, 4), 0.5)
    with pytest.raises(cp.CudaTypeError, match="its elements need fields of these names"):
        cp.compile(moved)(1)(np.zeros(1, PAIR), Point(1, 2), 0.5)
    with pytest.raises(cp.CudaTypeError, match="pass an instance"):
        cp.compile(moved)(1)(particles(1, ALIGNED), (1, 2), 0.5)
    with pytest.raises(cp.CudaTypeError, match="expected"):
        cp.compile(moved)(1)(particles(1, ALIGNED), 1.5, 0.5)
    with pytest.raises(cp.CudaTypeError, match="expected float32, got a record"):
        cp.compile(moved)(1)(particles(1, ALIGNED), Point(1, 2), np.zeros(1, PAIR)[0])
