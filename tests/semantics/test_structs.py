"""Structs: arrays of NumPy's structured dtypes, fields read and stored, structs as values."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import differential, floats, integers

POINT = np.dtype([("x", "f4"), ("y", "f4")])
PARTICLE = np.dtype([("x", "f4"), ("y", "f4"), ("speed", "f4"), ("hits", "i4")])
PACKED = np.dtype([("kind", "i1"), ("mass", "f8"), ("charge", "f4"), ("alive", "?")])
ALIGNED = np.dtype([("kind", "i1"), ("mass", "f8"), ("charge", "f4"), ("alive", "?")], align=True)
NESTED = np.dtype([("at", POINT), ("velocity", POINT), ("phase", "c8"), ("id", "u2")])


def filled(dtype, n, seed=0):
    array = np.zeros(n, dtype)
    for number, name in enumerate(dtype.names):
        field = dtype.fields[name][0]
        if field.names is not None:
            array[name] = filled(field, n, seed + 10 * number)
        elif field.kind == "c":
            array[name] = floats(n, seed + number) + 1j * floats(n, seed + number + 5)
        elif field.kind == "f":
            array[name] = floats(n, seed + number, field.type)
        elif field.kind == "b":
            array[name] = integers(n, seed + number, "int8") > 0
        else:
            array[name] = integers(n, seed + number, field.type)
    return array


def moves(P, dt):
    if idx < len(P):
        p = P[idx]
        P[idx].x = p.x + dt * p.speed
        P[idx].y += dt * p.x
        P[idx].hits += 1
        if p.hits > 0:
            P[idx].speed = -p.speed


@pytest.mark.parametrize("step", [1, -1, 2])
def test_fields_are_read_and_stored(step):
    differential(moves, lambda n: [filled(PARTICLE, n * abs(step))[::step], 0.25])


def reads_all(P, R):
    n = len(P)
    if idx < n:
        R[idx] = P[idx].kind + P[idx].mass
        R[n + idx] = P[idx].charge / 3 if P[idx].alive else P[idx].mass * 2
        P[idx].alive = P[idx].kind > 0
        P[idx].charge = P[idx].mass
        P[idx].kind *= 2


@pytest.mark.parametrize("dtype", [PACKED, ALIGNED])
def test_layouts_are_numpys(dtype):
    differential(reads_all, lambda n: [filled(dtype, n), np.zeros(2 * n)])


def length(p):
    return p.x * p.x + p.y * p.y


def nearer(p, q):
    if length(p) < length(q):
        return p
    return q


def swapped(p):
    return (p.y, p.x)


def nested(Q, P, R):
    n = len(Q)
    if idx < n:
        q = Q[idx]
        R[idx] = length(q.at) + length(Q[idx].velocity) + q.phase.imag
        P[idx] = nearer(q.at, Q[idx].velocity)
        Q[idx].at.x = q.id
        Q[idx].at = Q[idx].velocity
        Q[idx].velocity.y -= 1
        Q[idx].phase *= 2j
        Q[idx].phase.real += 1
        P[n + idx] = swapped(q.velocity)
        P[2 * n + idx] = (1, q.at.y)
        R[n + idx] = 1 if q.at == q.velocity else 0


def test_nested_structs_and_helpers():
    differential(
        [nested],
        lambda n: [filled(NESTED, n), np.zeros(3 * n, POINT), np.zeros(2 * n, "float32")],
    )


def chooses(P, Q, k, R):
    if idx < len(R):
        best = P[0]
        for i in range(len(P)):
            candidate = P[i] if i % 2 == idx % 2 else Q[i]
            if candidate.hits > best.hits:
                best = candidate
        pair = (best, k)
        first, second = pair
        R[idx] = first.x + second.x + pair[1].y


def test_structs_in_variables_and_as_arguments():
    def arguments(n):
        k = filled(POINT, 1, 7)[0]
        return [filled(PARTICLE, 5), filled(PARTICLE, 5, 3), k, np.zeros(n, "float32")]

    differential(chooses, arguments)


def grid(G, R):
    if idx < G.shape[1] and idy < G.shape[0]:
        R[idy, idx] = G[idy, idx].x - G[idy][0].y
        G[idy, idx].x = idy


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_several_dimensions(order):
    differential(
        grid,
        lambda n: [
            np.asarray(filled(POINT, 3 * n).reshape(3, n), order=order),
            np.zeros((3, n), "float32"),
        ],
        threads=lambda n: (n, 3),
    )


def parts(Z):
    if idx < len(Z):
        Z[idx].real = Z[idx].imag
        Z[idx].imag += idx


def test_parts_of_complex_numbers_are_stored():
    differential(parts, lambda n: [floats(n) + 1j * floats(n, 1)])
    differential(parts, lambda n: [(floats(n) + 1j * floats(n, 1)).astype("complex64")])


def test_misaligned_structs_are_copied_and_given_back():
    memory = np.zeros(8 * 9 + 1, "u1")
    array = memory[1:].view(POINT)
    array["x"] = np.arange(9)

    def doubles(P):
        if idx < len(P):
            P[idx].y = P[idx].x * 2

    cp.compile(doubles)(9)(array)
    np.testing.assert_array_equal(array["y"], np.arange(9) * 2)


def test_index_of_a_struct_is_checked():
    def beyond(P):
        P[idx + 1].x = 0

    with pytest.raises(IndexError, match="index 4"):
        cp.compile(beyond)(4)(np.zeros(4, POINT))


def test_only_number_fields_are_taken():
    def first(P):
        P[idx].x = 1

    text = np.dtype([("x", "f4"), ("name", "S4")])
    with pytest.raises(cp.CudaTypeError, match=r"its field 'name' is of type"):
        cp.compile(first)(1)(np.zeros(1, text))


def test_fields_out_of_order_are_refused():
    def first(P):
        P[idx].a = 1

    order = np.dtype({"names": ["a", "b"], "formats": ["i4", "f4"], "offsets": [4, 0]})
    with pytest.raises(cp.CudaTypeError, match="out-of-order"):
        cp.compile(first)(1)(np.zeros(1, order))


def test_fields_that_are_renamed():
    def first(P):
        P[idx].x = 1

    kernel = cp.compile(first)
    array = np.zeros(1, np.dtype([("x", "f4"), ("z", "i4")]))
    kernel(1)(array)
    assert array["x"][0] == 1
    array.dtype.names = ("u", "z")
    with pytest.raises(cp.CompileError, match="has no `x`"):
        kernel(1)(array)


def test_many_dtypes():
    def first(P):
        P[idx].x += 1

    kernel = cp.compile(first)
    for _ in range(2):
        for count in range(70):
            names = [f"f{i}" for i in range(count)]
            array = np.zeros(1, np.dtype([("x", "f4"), *((name, "i1") for name in names)]))
            kernel(1)(array)
            assert array["x"][0] == 1


def turned(P, Q):
    if idx < len(P):
        x, y = P[idx]
        (a, b), _, z, k = Q[idx]
        P[idx] = (y + a, x - b + z.imag + k)


def test_structs_are_unpacked():
    differential(turned, lambda n: [filled(POINT, n), filled(NESTED, n, 3)])


def compares_what_may_be_nan(P, R):
    if idx < len(P):
        p = P[idx]
        R[3 * idx] = 1 if p == p else 0
        R[3 * idx + 1] = 1 if p != P[idx] else 0
        R[3 * idx + 2] = 1 if (p, 1) == (p, 1) else 0


def test_a_nan_in_a_struct_equals_nothing():
    def arguments(n):
        P = np.zeros(n, POINT)
        P["x"] = floats(n, special=True)
        return [P, np.zeros(3 * n, np.int32)]

    differential(compares_what_may_be_nan, arguments)
