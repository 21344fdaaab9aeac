"""Kernels whose threads stand for neighbours along x on a GPU: stencils, products of matrices and the like, at widths
that are multiples of a gang and others, on arrays that begin anywhere."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy, idz
from differential import TARGETS, compiling_for, differential

DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "int64", "float16", "float32", "float64"]


def numbers(*shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)


def stencil(X, Y, width, height):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        Y[i] = X[i] + X[i - 1] + 2 * X[i + 1] - X[i - width] + X[i + width]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_stencil_in_one_array(dtype):
    differential(
        stencil,
        lambda n: [numbers(5 * n, dtype=dtype), np.zeros(5 * n, dtype), n, 5],
        sig=f"void ({dtype}* X, {dtype}* Y, int width, int height)",
        threads=lambda n: (n, 5),
    )


def test_a_stencil_of_more_threads_than_its_array_has_columns():
    differential(
        stencil,
        lambda n: [numbers(5 * n), np.zeros(5 * n, "float32"), n, 5],
        sig="void (float* X, float* Y, int width, int height)",
        threads=lambda n: (n + 7, 9),
    )


def plane(X, Y):
    if 1 < idx < X.shape[1] - 2 and 0 < idy and idy <= X.shape[0] - 2:
        Y[idy, idx] = X[idy, idx - 2] + X[idy - 1, idx + 2] - X[idy + 1, idx + 1] * X[idy, idx]


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_stencil_of_a_plane(dtype):
    differential(
        plane,
        lambda n: [numbers(4, n, dtype=dtype), np.zeros((4, n), dtype)],
        sig=f"void ({dtype}** X, {dtype}** Y)",
        threads=lambda n: (n, 4),
    )


def test_rows_of_a_wider_array():
    wide = numbers(4, 300, seed=3)
    for begin, width in ((0, 64), (4, 64), (1, 64), (4, 61), (8, 12)):
        expected, got = np.zeros((4, 300), "float32"), np.zeros((4, 300), "float32")
        with compiling_for(TARGETS[-1]):
            kernel = cp.compile(plane, sig="void (float** X, float** Y)")
            X, Y = cp.CudaArray(wide), cp.CudaArray(got)
            kernel(width, 4)(X[:, begin : begin + width], Y[:, begin : begin + width])
            got = Y.toHost()
        with cp.device("python"):
            cp.compile(plane, sig="void (float** X, float** Y)")(width, 4)(
                wide[:, begin : begin + width], expected[:, begin : begin + width]
            )
        assert np.array_equal(got, expected)


def line(X, Y):
    if 2 <= idx and idx < len(X) - 3:
        Y[idx + 1] = X[idx - 2] + X[idx + 3] * X[idx]


@pytest.mark.parametrize("offset", [0, 1, 4, 7])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int64"])
def test_a_line_that_begins_anywhere(dtype, offset):
    for n in (40, 64, 133, 1000):
        X, expected = numbers(n, dtype=dtype), np.zeros(n, dtype)
        with cp.device("python"):
            cp.compile(line, sig=f"void ({dtype}* X, {dtype}* Y)")(n)(X[offset:], expected[offset:])
        for target in TARGETS:
            with compiling_for(target):
                Y = cp.CudaArray(np.zeros(n, dtype))
                kernel = cp.compile(line, sig=f"void ({dtype}* X, {dtype}* Y)")
                kernel(n)(cp.CudaArray(X)[offset:], Y[offset:])
                assert np.array_equal(Y.toHost(), expected), target


def volume(A, B, depth, height, width):
    if 0 < idx < width - 1 and 0 < idy < height - 1 and 0 < idz < depth - 1:
        i = (idz * height + idy) * width + idx
        B[i] = A[i - 1] + A[i + 1] + A[i - width] + A[i + width] - A[i + height * width]


@pytest.mark.parametrize("height", [3, 4])
def test_a_volume_in_one_array(height):
    differential(
        volume,
        lambda n: [numbers(3 * height * n), np.zeros(3 * height * n, "float32"), 3, height, n],
        sig="void (float* A, float* B, int depth, int height, int width)",
        threads=lambda n: (n, height, 3),
    )


def matmul(A, B, C, n, m, p):
    if idx < p and idy < n:
        total = C[idy * p + idx]
        for k in range(m):
            total += A[idy * m + k] * B[k * p + idx]
        C[idy * p + idx] = total


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
@pytest.mark.parametrize("m", [0, 1, 7])
def test_products_of_matrices(dtype, m):
    differential(
        matmul,
        lambda p: [
            numbers(3 * m, dtype=dtype) % 8,
            numbers(m * p, dtype=dtype) % 8,
            numbers(3 * p, dtype=dtype),
            3,
            m,
            p,
        ],
        sig=f"void ({dtype}* A, {dtype}* B, {dtype}* C, int n, int m, int p)",
        threads=lambda p: (p, 3),
    )


def wide_rows(A, B, C):
    if idx < C.shape[1] and idy < C.shape[0]:
        total = 0.0
        k = 0
        while k < A.shape[1]:
            if A[idy, k] > 90.0:
                break
            k += 1
            if k % 3 == 0:
                continue
            total += A[idy, k - 1] * B[k - 1, idx]
        else:
            total += 0.5
        C[idy, idx] = total


def test_ways_out_of_loops_that_neighbours_take_together():
    differential(
        wide_rows,
        lambda n: [numbers(6, 9) % 92, numbers(9, n), np.zeros((6, n), "float32")],
        sig="void (float** A, float** B, float** C)",
        threads=lambda n: (n, 6),
    )


def life(A, B):
    if 0 < idx < A.shape[1] - 1 and 0 < idy < A.shape[0] - 1:
        n = int(A[idy - 1, idx - 1]) + int(A[idy - 1, idx]) + int(A[idy - 1, idx + 1])
        n += int(A[idy, idx - 1]) + int(A[idy, idx + 1])
        n += int(A[idy + 1, idx - 1]) + int(A[idy + 1, idx]) + int(A[idy + 1, idx + 1])
        alive = A[idy, idx]
        B[idy, idx] = 1 if n == 3 or (n == 2 and alive == 1) else 0


def test_the_game_of_life():
    differential(
        life,
        lambda n: [numbers(7, n, dtype="uint8") % 2, np.full((7, n), 9, "uint8")],
        sig="void (uint8** A, uint8** B)",
        threads=lambda n: (n, 7),
    )


def thresholds(X, Y, low, high, twice):
    if idx < X.shape[1] and idy < X.shape[0]:
        v = X[idy, idx]
        if twice:
            v = v * 2.0
        if v < low:
            v = low
        elif v > high:
            v = high + 1.0
            if v > 2.0 * high:
                v = 0.0
        Y[idy, idx] = math.sqrt(v) if v > 30.0 else -v


@pytest.mark.parametrize("twice", [True, False])
def test_values_that_neighbours_choose_for_themselves(twice):
    differential(
        thresholds,
        lambda n: [numbers(3, n), np.zeros((3, n), "float32"), 20.0, 80.0, twice],
        sig="void (float** X, float** Y, float low, float high, bool twice)",
        threads=lambda n: (n, 3),
    )


def attraction(X, Y, AX, AY, n):
    if idx < n:
        ax = 0.0
        ay = 0.0
        for j in range(n):
            dx = X[j] - X[idx]
            dy = Y[j] - Y[idx]
            r = math.rsqrt(dx * dx + dy * dy + 0.01)
            ax += dx * r
            ay += dy * r
        AX[idx] = ax
        AY[idx] = ay


def test_all_bodies_against_all():
    differential(
        attraction,
        lambda n: [
            numbers(n),
            numbers(n, seed=1),
            np.zeros(n, "float32"),
            np.zeros(n, "float32"),
            n,
        ],
        sig="void (float* X, float* Y, float* AX, float* AY, int n)",
        ulp=4,
    )


def nearer(D, n, k):
    if idx < n and idy < 5 and idx != -1:
        D[idy * n + idx] = min(D[idy * n + idx], D[idy * n + k] + D[k * n + idx])


def test_what_is_changed_in_place():
    def arguments(n):
        D = numbers(5 * n, dtype="int32").reshape(5, n)
        D[3, 3:4] = 0  # which leaves row and column 3 as they are
        return [D.ravel(), n, 3]

    differential(
        nearer,
        arguments,
        sig="void (int* D, int n, int k)",
        threads=lambda n: (n, 5),
        sizes=lambda gang: [gang + 4, gang + 5, 3 * gang + 5],
    )


def own_row(X, n):
    if idx < n:
        X[idx] = X[idx] + 1
        X[idx + n] = X[idx] * 2
        X[idx + 2 * n] = X[idx + n] - X[idx]


def test_a_thread_reads_what_it_has_written():
    differential(
        own_row,
        lambda n: [numbers(3 * n, dtype="int32"), n],
        sig="void (int* X, int n)",
    )


def taps(X, Y, n):
    if 3 < idx < n - 4:
        weights = (1.0, 2.0, 4.0)
        total = 0.0
        for k in range(3):
            total += weights[k] * X[idx + 4 * k - 4]
        Y[idx] = total


def test_steps_that_keep_gangs_aligned():
    differential(
        taps,
        lambda n: [numbers(n + 8), np.zeros(n + 8, "float32"), n],
        sig="void (float* X, float* Y, int n)",
    )


@pytest.mark.parametrize("length", [0, 1, 37, 62, 63, 64, 65])
@pytest.mark.parametrize("begin", [0, 1])
def test_a_fault_inside_a_gang_is_its_own_threads(begin, length):
    # moved : void (float* X, float* Y, int n)
    def moved(X, Y, n):
        if idx < n and idy < 2:
            Y[idy * n + idx] = X[idx + 1]

    base = np.arange(length + begin, dtype="float32")
    for target in TARGETS:
        with compiling_for(target):
            kernel = cp.compile(moved)
            X, Y = cp.CudaArray(base)[begin:], cp.CudaArray(np.zeros(128, "float32"))
            if length == 65:
                kernel(64, 2)(X, Y, 64)
                cp.synchronize()
                expected = np.tile(base[begin + 1 : begin + 65], 2)
                assert np.array_equal(Y.toHost(), expected)
                continue
            with pytest.raises(IndexError, match=f"`X`, which has {length} element") as caught:
                kernel(64, 2)(X, Y, 64)
                cp.synchronize()
            text = str(caught.value)
            index = int(text.split("index ")[1].split(" ")[0])
            assert length <= index <= 64
            assert f"idx = {index - 1}, idy = " in text


def test_a_shared_index_that_is_wrong():
    # taken : void (float* X, float* Y, int n, int k)
    def taken(X, Y, n, k):
        if idx < n and idy < 3:
            Y[idy * n + idx] = X[idy + k] + 1.0

    for target in TARGETS:
        with compiling_for(target):
            kernel = cp.compile(taken)
            Y = cp.CudaArray(np.zeros(3 * 64, "float32"))
            with pytest.raises(IndexError, match="index 10 is out of bounds for `X`") as caught:
                kernel(64, 3)(numbers(10), Y, 64, 8)
                cp.synchronize()
            assert "idy = 2" in str(caught.value)
            kernel(64, 3)(numbers(10), Y, 64, 7)
            expected = np.repeat(numbers(10)[7:] + 1, 64)
            assert np.array_equal(Y.toHost(), expected.astype("float32"))


def test_arrays_that_overlap():
    for target in TARGETS:
        with compiling_for(target):
            X = cp.CudaArray(np.zeros(2 * 256, "float32"))
            kernel = cp.compile(stencil, sig="void (float* X, float* Y, int width, int height)")
            data = numbers(256)
            X[:256] = data
            kernel(64, 4)(X[:256], X[256:], 64, 4)
            expected = np.zeros(256, "float32")
            with cp.device("python"):
                cp.compile(stencil, sig="void (float* X, float* Y, int width, int height)")(64, 4)(
                    data, expected, 64, 4
                )
            assert np.array_equal(X.toHost()[256:], expected)
