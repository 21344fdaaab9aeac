"""Arrays of several dimensions, however they lie in memory: CPython on NumPy's indexing, and every gang width."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy, idz
from differential import ON_GPU, TARGETS, compiling_for, differential, floats, integers

LAYOUTS = {
    "C": lambda a: a,
    "F": np.asfortranarray,
    "rows of a larger array": lambda a: np.tile(a, (2, 2))[: a.shape[0], : a.shape[1]],
    "every other row and column": lambda a: np.kron(a, np.ones((2, 2), a.dtype))[::2, ::2],
    "columns backwards": lambda a: np.ascontiguousarray(a[:, ::-1])[:, ::-1],
    "rows backwards": lambda a: np.ascontiguousarray(a[::-1])[::-1],
}


def matrix(n, m, seed=0, dtype="float32"):
    flat = floats(n * m, seed, dtype) if dtype.startswith("f") else integers(n * m, seed, dtype)
    return flat.reshape(n, m)


def laid_out(layout, array):
    """The same values in another order of memory; nothing but the array itself is compared."""
    made = LAYOUTS[layout](array)
    assert np.array_equal(made, array)
    return made


# stencil : void (float** A, float** B)
def stencil(A, B):
    if 0 < idx < A.shape[1] - 1 and 0 < idy < A.shape[0] - 1:
        B[idy, idx] = 0.25 * (A[idy - 1, idx] + A[idy + 1, idx]) + A[idy, idx - 1] - A[idy][idx + 1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stencil_of_any_layout(layout):
    def arguments(n):
        return [
            laid_out(layout, matrix(n % 7 + 1, n + 1)),
            laid_out(layout, np.zeros((n % 7 + 1, n + 1), "float32")),
        ]

    differential(stencil, arguments, threads=lambda n: (n + 1, n % 7 + 1))


def product(A, B, C):
    if idx < C.shape[1] and idy < C.shape[0]:
        total = A[0, 0] * 0
        for k in range(A.shape[1]):
            total += A[idy, k] * B[k, idx]
        C[idy, idx] = total


@pytest.mark.parametrize("dtype", ["int8", "int32", "uint64", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_product_without_a_signature(dtype, layout):
    def arguments(n):
        return [
            laid_out(layout, matrix(3, n + 2, 0, dtype)),
            laid_out(layout, matrix(n + 2, n, 1, dtype)),
            laid_out(layout, np.zeros((3, n), dtype)),
        ]

    # A GPU's last targets are so long that CPython takes a minute over them.
    differential(
        product,
        arguments,
        threads=lambda n: (n, 3),
        targets=TARGETS[:3:2] if ON_GPU else TARGETS[::2],
    )


def transposed(A, B):
    if idx < A.shape[0] and idy < A.shape[1]:
        B[idy, idx] = A[idx, idy]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_transpose_gathers_or_scatters(dtype):
    def arguments(n):
        values = integers(5 * n, 3, "int8", 0, 2).astype(dtype).reshape(n, 5)
        return [values, np.zeros((5, n), dtype)]

    differential(transposed, arguments, threads=lambda n: (n, 5))


def scattered(A, P, Q, R):
    if idx < len(P):
        R[Q[idx], P[idx]] = A[P[idx], Q[idx]] + A[2][P[idx] % 3] + A[Q[idx] % 2, idx % 3]


@pytest.mark.parametrize("index", ["int8", "uint8", "int32", "uint32", "int64"])
def test_indices_that_differ_in_every_lane(index):
    def arguments(n):
        places = np.random.default_rng(5).permutation(9)[: min(n, 9)]
        return [
            matrix(3, 3),
            (places % 3).astype(index),
            (places // 3).astype(index),
            np.zeros((3, 3), "float32"),
        ]

    differential(scattered, arguments)


def every_rank(A, B, C, D):
    if idx < D.shape[3]:
        D[idz, idy, 1, idx] = A[idx] + B[idy, idx] + C[idz, idy, idx] + D[idz, idy, 0, idx]
        D[idz, idy, 0, idx] = A.ndim + B.ndim * 10 + C.ndim * 100 + D.ndim * 1000 + D.size


def test_three_and_four_dimensions():
    def arguments(n):
        cube = floats(6 * n, 2).reshape(2, 3, n)
        return [
            floats(2 * n, 1)[::2],
            floats(3 * n).reshape(n, 3).T,
            cube[::-1],
            floats(12 * n, 3).reshape(2, 3, 2, n),
        ]

    differential(every_rank, arguments, threads=lambda n: (n, 3, 2))


def test_eight_dimensions():
    def eight(A, R):
        if idx < A.shape[7]:
            R[idx] = A[0, 1, 0, 1, 0, 1, 0, idx] + A[1][0][1][0][1][0][1][-1] + A.ndim

    def arguments(n):
        return [floats(2**7 * n).reshape(*[2] * 7, n), np.zeros(n, "float32")]

    differential(eight, arguments, targets=TARGETS[-2:])


def reversed_in_place(X):
    if idx < len(X):
        X[idx] = X[idx] * 2 + idx


@pytest.mark.parametrize("step", [-1, 2, -3])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_one_dimension_with_strides(step, dtype):
    def arguments(n):
        values = integers(abs(step) * n, 1, "int8", 0, 50).astype(dtype)
        return [values[::step][:n]]

    differential(reversed_in_place, arguments)


def test_what_lies_between_the_elements_stays():
    kernel = cp.compile(reversed_in_place)
    values = np.arange(40.0)
    kernel(13)(values[::-3])
    expected = np.arange(40.0)
    expected[::-3][:13] = expected[::-3][:13] * 2 + np.arange(13)
    assert np.array_equal(values, expected)


def broadcast(A, B, R):
    if idx < R.shape[1] and idy < R.shape[0]:
        R[idy, idx] = A[idy, idx] - B[idy, idx] * A[-1, -1]


def test_broadcast_arguments():
    def arguments(n):
        return [
            np.broadcast_to(floats(n), (4, n)),
            np.broadcast_to(floats(4, 1)[:, None], (4, n)),
            np.zeros((4, n), "float32"),
        ]

    # A[-1, -1] of an array without elements would be out of bounds.
    differential(broadcast, arguments, threads=lambda n: (n, 4))


def test_lists_of_lists():
    def arguments(n):
        return [
            matrix(2, n).tolist(),
            [tuple(row) for row in matrix(2, n, 1).tolist()],
            np.zeros((2, n)).tolist(),
        ]

    differential(broadcast, arguments, threads=lambda n: (n, 2), targets=TARGETS[::3])


def test_a_list_keeps_the_items_that_are_not_written():
    def first_column(A):
        A[idx, 0] = 7

    third = 1 / 3
    rows = [[third, third], [third, third]]
    cp.compile(first_column)(2)(rows)
    assert rows == [[7.0, third], [7.0, third]]


def total(row, scale):
    result = 0.0
    for x in row:
        result += x * scale
    return result + len(row)


def shift(row, by):
    for i in range(len(row)):
        row[i] += by


def rows(A, R):
    if idx < len(A):
        row = A[idx]
        last = A[-1]
        R[idx] = total(row, 2.0) + total(A[0], 0.5) + last[-1] + row[0] + len(row) + row.size


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_as_values_and_arguments(layout):
    def arguments(n):
        return [laid_out(layout, matrix(n + 1, 3)), np.zeros(n + 1, "float32")]

    differential([rows, total], arguments, threads=lambda n: (n + 1,))


def rows_written(A, C):
    if idx < C.shape[1]:
        plane = C[1]
        for i in range(C.shape[1]):
            line = plane[i]
            if i == idx:
                shift(line, 1 + i)
        shift(C[0, idx], A[idx])


def test_rows_that_a_helper_writes():
    def arguments(n):
        return [floats(n), floats(2 * n * 3, 1).reshape(2, n, 3)]

    differential([rows_written, shift], arguments)


def nested_rows(A, R):
    if idx < len(R):
        sum = 0.0
        for plane in A:
            for row in plane:
                for i, x in enumerate(row):
                    sum += x * i
        for x, y in zip(A[0][0], A[1, 1]):
            sum += x * y
        R[idx] = sum


def test_loops_over_rows():
    def arguments(n):
        return [floats(12).reshape(2, 2, 3), np.zeros(n, "float32")]

    differential(nested_rows, arguments, targets=TARGETS[::2])


def in_steps(A, R, start, stop):
    if idx < R.shape[1]:
        for i in range(start, stop, 3):
            R[i, idx] += A[stop - 1 - i, idx] + A[i + 1 - 1, 2 * (idx // 2)]
        for i in range(stop - 1, start, -2):
            R[i, idx] -= A[i - start, idx]


def test_loops_in_steps_reach_no_further_than_they_do():
    def arguments(n):
        return [matrix(8, n + 1), np.zeros((8, n), "float32"), 1, 8]

    differential(in_steps, arguments, threads=lambda n: (n,))


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_an_index_out_of_bounds_names_its_dimension(target):
    def outside(A, i, j):
        A[i, idx + j] = 1

    with compiling_for(target):
        kernel = cp.compile(outside)
        for shape in ((3, 40), (40, 3)):
            A = np.zeros(shape, "float32", order="C" if shape[0] == 3 else "F")
            kernel(shape[1])(A, 2, 0)
            assert A.sum() == shape[1]
            with pytest.raises(
                IndexError, match=f"index {shape[0]} is out of bounds for dimension 0 of `A`"
            ):
                kernel(shape[1])(A, shape[0], 0)
            with pytest.raises(IndexError, match="index -1 is out of bounds for dimension 0"):
                kernel(shape[1])(A, -1, 0)
            with pytest.raises(
                IndexError, match=f"index {shape[1]} is out of bounds for dimension 1"
            ):
                kernel(shape[1])(A, 1, 1)
            with pytest.raises(IndexError, match="index -1 is out of bounds for dimension 1"):
                kernel(shape[1])(A, 1, -1)
            assert A.sum() <= 2 * shape[1], "nothing outside was written"


def test_a_loop_that_leaves_the_array_stops_at_its_end():
    def walk(A, n):
        for k in range(n):
            A[k, idx] += 1

    kernel = cp.compile(walk)
    A = np.zeros((5, 70), "int32")
    kernel(70)(A, 5)
    assert (A == 1).all()
    with pytest.raises(IndexError, match="index 5 is out of bounds for dimension 0 of `A`"):
        kernel(70)(A, 6)
    for stop in (2**31 - 1, -(2**31)):
        B = np.zeros((5, 70), "int32")
        if stop > 0:
            with pytest.raises(IndexError, match="index 5 "):
                kernel(70)(B, stop)
        else:
            kernel(70)(B, stop)


def test_sums_of_counters_that_wrap_are_outside():
    def wrap(A, start, stop, by):
        for k in range(start, stop):
            A[k + by] = 1

    kernel = cp.compile(wrap)
    A = np.zeros(64, "int32")
    with pytest.raises(IndexError):
        kernel(1)(A, 0, 2**31 - 1, 5)
    A[:] = 0
    kernel(1)(A, 2**31 - 10, 2**31 - 1, -(2**31) + 10)
    assert A.sum() == 9


def test_rows_further_apart_than_int32_counts():
    """Two rows of one large allocation that is never touched in between."""
    big = np.zeros((2, 2**31 + 5), "int8")

    def edges(A):
        A[1, 3 - 2 * idx] = idx + 5
        A[idx, A.shape[1] - 1] = 9

    cp.compile(edges)(2)(big)
    assert (big[1, 3], big[1, 1], big[0, -1], big[1, -1]) == (5, 6, 9, 9)


def test_declared_annotations():
    @cp.kernel
    def scale(A: cp.Array[cp.float32, 2], by: cp.float32):
        if idx < A.shape[1] and idy < A.shape[0]:
            A[idy, idx] *= by

    A = matrix(3, 5)
    expected = A * np.float32(3)
    scale(5, 3)(A, 3)
    assert np.array_equal(A, expected)
    with pytest.raises(cp.CudaTypeError, match="a 2-d array of float32"):
        scale(5, 3)(A[0], 3)
