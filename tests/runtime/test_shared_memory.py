"""Arguments that share memory and cannot be used in place: one copy in native form stands for all of them."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy
from differential import ON_GPU

DEVICES = ["cuda" if ON_GPU else "cpu", "python"]
SWAPPED = [">i2", ">i4", ">f4", ">f8", ">c8"]


def both_add(A, B):
    if idx < len(A):
        A[idx] += 1
    if idx < len(B):
        B[idx] += 10


def chain(A, B):
    if idx < len(A):
        B[idx] = A[idx] * 2
        A[idx] = B[idx] + 1


def both_add_2d(A, B):
    if idx < A.shape[1] and idy < A.shape[0]:
        A[idy, idx] += 1
    if idx < B.shape[1] and idy < B.shape[0]:
        B[idy, idx] += 10


def misaligned(n: int, dtype: str = "f4") -> np.ndarray:
    """Zeros whose elements begin one byte behind where they should."""
    item = np.dtype(dtype).itemsize
    return np.zeros(n * item + 1, "u1")[1:].view(dtype)


def of_packed_field(n: int) -> np.ndarray:
    """A field of packed structs: five bytes from one element to the next."""
    return np.zeros(n, np.dtype([("flag", "u1"), ("x", "f4")]))["x"]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", SWAPPED)
def test_the_whole_of_a_swapped_array_twice(device, dtype):
    A = np.zeros(7, dtype)
    with cp.device(device):
        cp.kernel(both_add)(7)(A, A[:])
    np.testing.assert_array_equal(A, np.full(7, 11))
    A = np.arange(7).astype(dtype)
    with cp.device(device):
        cp.kernel(chain)(7)(A, A[:])
    np.testing.assert_array_equal(A, 2 * np.arange(7) + 1)


VIEWS = {
    "a part": lambda A: A[2:5],
    "every second": lambda A: A[::2],
    "every third": lambda A: A[1::3],
    "an empty part": lambda A: A[4:4],
    "one element": lambda A: A[6:7],
    "apart": lambda A: A[7:],
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("make", [lambda n: np.zeros(n, ">f4"), misaligned, of_packed_field])
def test_views_of_copied_arrays(device, view, make):
    for swap in (False, True):
        A = make(12)
        B = VIEWS[view](A)
        want = A.copy()
        want += 1
        VIEWS[view](want)[...] += 10
        first, second = (B, A) if swap else (A, B)
        if swap:
            want = A.copy()
            VIEWS[view](want)[...] += 1
            want += 10
        with cp.device(device):
            cp.kernel(both_add)(12)(first, second)
        np.testing.assert_array_equal(A, want)


@pytest.mark.parametrize("device", DEVICES)
def test_tiles_of_a_copied_matrix(device):
    def add(A, B):
        if idx < A.shape[1] and idy < A.shape[0]:
            A[idy, idx] += 1
        if idx < B.shape[1] and idy < B.shape[0]:
            B[idy, idx] += 10

    for dtype in (">f4", ">i8"):
        M = np.arange(48).reshape(6, 8).astype(dtype)
        want = M.copy()
        want[:, :5] += 1
        want[2:, 3:] += 10
        with cp.device(device):
            cp.kernel(add)(8, 6)(M[:, :5], M[2:, 3:])
        np.testing.assert_array_equal(M, want)


@pytest.mark.parametrize("device", DEVICES)
def test_two_fields_of_packed_structs_are_apart(device):
    P = np.zeros(9, np.dtype([("x", "f4"), ("flag", "u1"), ("z", "f4")]))
    with cp.device(device):
        cp.kernel(both_add)(9)(P["x"], P["z"])
    assert (P["x"] == 1).all() and (P["z"] == 10).all() and (P["flag"] == 0).all()


def test_windows_over_a_swapped_array_are_one_array():
    A = np.zeros(8, ">f4")
    windows = np.lib.stride_tricks.sliding_window_view(A, 3, writeable=True)

    def add(W):
        if idx == 0:
            for i in range(W.shape[0]):
                for j in range(W.shape[1]):
                    W[i, j] += 1

    cp.kernel(add)(1)(windows)
    np.testing.assert_array_equal(A, [1, 2, 3, 3, 3, 3, 2, 1])


def test_what_no_copy_can_stand_for_is_refused():
    A = np.zeros(8, ">i4")
    for other in (A.view("i4"), A.view(">i2"), A.view("u1")):
        with pytest.raises(cp.CudaTypeError, match=r"shares memory with argument `[AB]`"):
            cp.kernel(both_add)(1)(A, other)
        with pytest.raises(cp.CudaTypeError, match=r"shares memory with argument `[AB]`"):
            cp.kernel(both_add)(1)(other, A)
    assert (A == 0).all()

    def total(A, B, R):
        if idx == 0:
            for i in range(len(A)):
                R[0] += A[i] + B[i]

    R = np.zeros(1, "i8")
    cp.kernel(total)(1)(A + 3, (A + 3).view("i4"), R)  # which reads alone
    A[:] = 3
    R[:] = 0
    cp.kernel(total)(1)(A, A.view("i4"), R)
    assert R[0] == 8 * 3 + 8 * (3 << 24)


def rows_add(A, B):
    if idx < len(B):
        A[0, idx] += 1
        B[idx] += 10


@pytest.mark.parametrize("device", DEVICES)
def test_a_list_and_one_of_its_rows(device):
    for number in (0, 1):
        rows = [[0.0, 0.0], [5.0, 5.0]]
        with cp.device(device):
            cp.kernel(rows_add)(2)(rows, rows[number])
        assert rows == ([[11.0, 11.0], [5.0, 5.0]] if number == 0 else [[1.0, 1.0], [15.0, 15.0]])


@pytest.mark.parametrize("device", DEVICES)
def test_a_row_before_its_list(device):
    def add(B, A):
        if idx < len(B):
            A[1, idx] += 1
            B[idx] += 10

    rows = [[0.0, 0.0], [5.0, 5.0]]
    with cp.device(device):
        cp.kernel(add)(2)(rows[1], rows)
    assert rows == [[0.0, 0.0], [16.0, 16.0]]


@pytest.mark.parametrize("device", DEVICES)
def test_rows_of_a_tuple_of_lists(device):
    def add(A, B):
        if idx < len(B):
            B[idx] += 10 + A[0, idx]

    rows = ([1.0, 2.0], [5.0, 5.0])
    with cp.device(device):
        cp.kernel(add)(2)(rows, rows[0])
    assert rows == ([12.0, 14.0], [5.0, 5.0])


@pytest.mark.parametrize("device", DEVICES)
def test_planes_and_their_rows(device):
    def add(P, M, R):
        if idx < len(R):
            P[1, 1, idx] += 1
            M[1, idx] += 10
            R[idx] += 100

    cube = [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]
    with cp.device(device):
        cp.kernel(add)(2)(cube, cube[1], cube[1][1])
    assert cube == [[[0, 0], [1, 1]], [[2, 2], [114, 114]]]


@pytest.mark.parametrize("device", DEVICES)
def test_one_row_twice_in_a_list_is_refused_where_it_is_written(device):
    row = [0.0, 0.0]
    rows = [row, [1.0, 1.0], row]

    def read(A, R):
        if idx < A.shape[1]:
            R[idx] = A[0, idx] + A[1, idx] + A[2, idx]

    def write(A):
        if idx < A.shape[1]:
            A[0, idx] += 1
            A[2, idx] += 10

    with cp.device(device):
        R = [3.0, 3.0]
        cp.kernel(read)(2)(rows, R)
        assert R == [1.0, 1.0]
        with pytest.raises(cp.CudaTypeError, match=r"`A`.*one list stands at \[0\] and at \[2\]"):
            cp.kernel(write)(2)(rows)
    assert row == [0.0, 0.0]


@pytest.mark.parametrize("device", DEVICES)
def test_lists_of_the_same_rows_in_another_order_are_refused(device):
    def write(A, B):
        if idx < A.shape[1]:
            A[0, idx] += 1
            B[0, idx] += 10

    one, two = [0.0, 0.0], [0.0, 0.0]
    with cp.device(device):
        with pytest.raises(cp.CudaTypeError, match="holds lists of argument `A`"):
            cp.kernel(write)(2)([one, two], [two, one])
    assert one == two == [0.0, 0.0]


@pytest.mark.parametrize("device", DEVICES)
def test_one_list_as_two_types_is_refused_where_it_is_written(device):
    # pair : void (float* A, double* B)
    def pair(A, B):
        if idx < len(A):
            A[idx] += 1
            B[idx] += 10

    values = [0.0, 0.0]
    with cp.device(device):
        with pytest.raises(cp.CudaTypeError, match="holds lists of argument `A`"):
            cp.kernel(pair)(2)(values, values)
    assert values == [0.0, 0.0]
