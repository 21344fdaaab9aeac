"""Faults: an index outside of its array or a division by zero is a Python exception that says where. Nothing else is
harmed."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from differential import ON_GPU

WIDTHS = ["1", "4", "16", "32"]


@pytest.fixture(params=WIDTHS, autouse=True)
def gang(request, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", request.param)


def floats(n):
    return np.arange(n, dtype=np.float32)


def test_a_load_past_the_end():
    # shift : void (float* X, float* Y)
    def shift(X, Y):
        Y[idx] = X[idx + 1]

    kernel = cp.compile(shift)
    X, Y = floats(101), np.zeros(101, np.float32)
    with pytest.raises(
        IndexError, match=r"index 101 is out of bounds for `X`, which has 101 elements"
    ) as caught:
        kernel(101)(X, Y)
    assert "Y[idx] = X[idx + 1]" in str(caught.value)
    assert "idx = 100" in str(caught.value)
    Y[:] = 0
    kernel(100)(X, Y)  # and the next launch works
    assert np.array_equal(Y[:100], X[1:])


def test_a_store_before_the_start():
    # back : void (float* X)
    def back(X):
        X[idx - 2] = 1.0

    with pytest.raises(IndexError, match=r"index -[12] is out of bounds for `X`"):
        cp.compile(back)(64)(floats(64))


@pytest.mark.parametrize("wrong", [-1, 50, 2**31 - 1, -(2**31)])
def test_a_gather_and_a_scatter(wrong):
    # pick : void (float* X, int* I, float* Y)
    def pick(X, I, Y):
        if idx < len(Y):
            Y[idx] = X[I[idx]]

    # put : void (float* X, int* I, float* Y)
    def put(X, I, Y):
        if idx < len(X):
            Y[I[idx]] = X[idx]

    I = np.arange(50, dtype=np.int32)
    I[37] = wrong
    for function in (pick, put):
        with pytest.raises(IndexError, match=rf"index {wrong} .*50 elements") as caught:
            cp.compile(function)(50)(floats(50), I, floats(50))
        assert "idx = 37" in str(caught.value)


def test_a_uniform_index_and_one_in_a_loop():
    # total : void (float* X, float* Y, int n)
    def total(X, Y, n):
        s = 0.0
        for k in range(n):
            s += X[k]
        Y[idx] = s

    kernel = cp.compile(total)
    Y = floats(40)
    kernel(40)(floats(10), Y, 10)
    assert np.all(Y == 45)
    with pytest.raises(
        IndexError, match="index 10 is out of bounds for `X`, which has 10 elements"
    ):
        kernel(40)(floats(10), Y, 11)


def test_integer_division_by_zero():
    # divide : void (int* A, int* B)
    def divide(A, B):
        A[idx] = A[idx] // B[idx] + A[idx] % B[idx]

    A, B = np.arange(70, dtype=np.int32), np.ones(70, np.int32)
    B[66] = 0
    with pytest.raises(ZeroDivisionError, match="idx = 66"):
        cp.compile(divide)(70)(A, B)


def test_what_is_not_evaluated_does_not_fault():
    # careful : void (int* A, int* B, int n, int zero)
    def careful(A, B, n, zero):
        i = A[idx]
        if i >= 0 and i < n and B[i] > 0:
            A[idx] = B[i]
        x = i // zero if zero != 0 else 5
        y = 7 // i if i != 0 else 6
        if i < 0:
            A[idx] = x + y

    A = np.array([-5, 0, 3, 99, -1] * 10, np.int32)
    expected = [-5 and (5 + 7 // i) if i < 0 else (10 if 0 <= i < 4 else i) for i in A.tolist()]
    cp.compile(careful)(50)(A, np.full(4, 10, np.int32), 4, 0)
    assert A.tolist() == expected


def test_lanes_that_have_left_do_not_fault():
    # walk : void (int* A, int* n)
    def walk(A, n):
        k = 0
        while k < n[idx]:
            A[k] = A[k] + 0
            k += 1
        n[idx] = k

    n = np.arange(48, dtype=np.int32)
    cp.compile(walk)(48)(np.zeros(47, np.int32), n)
    assert n.tolist() == list(range(48))


def test_a_fault_in_a_helper_points_into_the_helper():
    def nth(X, i):
        return X[i * 2]

    # halve : void (float* X, float* Y)
    def halve(X, Y):
        Y[idx] = nth(X, idx)

    with pytest.raises(IndexError, match=r"return X\[i \* 2\]"):
        cp.compile(halve)(32)(floats(32), floats(32))


def test_check_can_be_turned_off():
    # double : void (float* X)
    def double(X):
        X[idx] = X[idx] * 2.0

    asm = cp.compile(double, check=False).inspect("asm")
    assert "fault" not in asm
    assert "fault" in cp.compile(double).inspect("asm")


def test_launches_over_the_pool_report_one_fault():
    # fill : void (int* A, int* B)
    def fill(A, B):
        if idx < len(A):
            A[idx] = B[idx]

    A = np.zeros(1 << 20, np.int32)
    kernel = cp.compile(fill)
    for _ in range(20):
        with pytest.raises(IndexError, match="index 1048575 is out of bounds for `B`"):
            kernel(1 << 20)(A, A[:-1].copy())
    kernel(1 << 20)(A, A.copy())


def test_the_block_is_named_where_blocks_are_the_user_s():
    # tenth : void (int* A)
    def tenth(A):
        A[idx * 10] = 1

    kernel = cp.compile(tenth)
    with pytest.raises(IndexError) as caught:
        kernel(40, block=8)(np.zeros(195, np.int32))
    idx = int(
        str(caught.value).split("idx = ")[1].split(",")[0]
    )  # on a GPU any of those that fault
    assert idx == 20 or (ON_GPU and 20 < idx < 40)
    assert f"idx = {idx}, idy = 0, idz = 0, in block ({idx // 8}, 0, 0)" in str(caught.value)
    with pytest.raises(IndexError) as caught:
        kernel(40)(np.zeros(195, np.int32))
    assert "in block" not in str(caught.value)


@pytest.mark.parametrize("checked", [True, False])
def test_a_step_that_turns_out_to_be_zero(checked):
    def steps(X, S):
        for i in range(0, 6, S[idx]):
            X[idx] += i + 1

    S = np.array([1, -1, 2, 0, 3, 7], np.int32)
    X = np.zeros(6, np.int32)
    if not checked:
        cp.compile(steps, check=False)(6)(X, S)  # no turns
        assert X.tolist() == [21, 0, 9, 0, 5, 1]
        return
    for device in ("cpu", "python"):
        with cp.device(device), pytest.raises(ValueError, match=r"arg 3 must not be zero"):
            cp.compile(steps)(6)(X, S)


def test_steps_that_are_made_zero():
    def made(X, k):
        s = cp.int32(65536) * cp.int32(65536) if k == 0 else 1
        t = cp.int32(0)
        if k == 1:
            for i in range(0, 6, t):
                X[i] = 1
        if k == 2:
            for i in range(0, 6, cp.int32(65536) * cp.int32(65536)):
                X[i] = 1
        for i in range(0, 6, s):
            X[i] += 1

    kernel = cp.compile(made, sig="made : void (float* X, int k)")
    for device in ("cpu", "python"):
        for k in range(3):
            with cp.device(device), pytest.raises(ValueError, match=r"must not be zero"):
                kernel(1)(np.zeros(6, np.float32), k)


def test_a_step_that_holds_sizes_of_the_grid_is_not_checked():
    def strided(X, k):
        first = blockDim.x * gridDim.x
        stride = 2 * cp.int32(first) * gridDim.y
        for i in range(idx, len(X), stride):
            X[i] = k

    def stepped(X, k):
        for i in range(idx, len(X), k):
            X[i] = k

    is_checked = {
        f: "range() arg 3"
        in cp.compile(f, sig=f"{f.__name__} : void (float* X, int k)").inspect("typed")
        for f in (strided, stepped)
    }
    assert is_checked == {strided: False, stepped: True}
