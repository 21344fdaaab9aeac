"""Guards around a whole kernel, which become bounds of the launch, on each axis and on either side."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy, idz
from differential import TARGETS, compiling_for, differential


def inner(R, W, H):
    if 0 < idx < W - 1 and 0 < idy < H - 1:
        R[idy * W + idx] = 1000 * idy + idx + 1


@pytest.mark.parametrize("height", [1, 3, 5])
def test_a_border_is_left_out(height):
    differential(
        inner,
        lambda n: [np.zeros(height * n, "int32"), n, height],
        sig="void (int* R, int W, int H)",
        threads=lambda n: (n, height),
    )


def cube(R, W):
    if idz < 1 or idy <= 1 or W - 3 <= idx or 2 > idx:
        return
    R[idz, idy, idx] = 1 + idx


def test_ways_out_of_a_volume():
    differential(
        cube,
        lambda n: [np.zeros((3, 4, n), "int32"), n],
        sig="void (int*** R, int W)",
        threads=lambda n: (n, 4, 3),
    )


def between(R, low, high):
    if low < idx and idx <= high and low <= idy and high > idy:
        R[idy, idx] += 1


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (3, 7),
        (7, 3),
        (-5, 100),
        (-(2**31), 2**31 - 1),
        (2**31 - 1, 2**31 - 1),
        (-(2**31), -(2**31)),
        (0, 2**31 - 1),
    ],
)
def test_bounds_that_are_anything(low, high):
    differential(
        between,
        lambda n: [np.zeros((9, n), "int32"), low, high],
        sig="void (int** R, int low, int high)",
        threads=lambda n: (n, 9),
    )


def of_blocks(R, first):
    if first <= blockIdx.x * blockDim.x + threadIdx.x < len(R) - first:
        R[idx] = threadIdx.x + 100 * blockIdx.x


@pytest.mark.parametrize("first", [0, 1, 6, 40])
def test_blocks_are_numbered_as_if_there_were_no_guard(first):
    differential(
        of_blocks,
        lambda n: [np.zeros(n, "int32"), first],
        sig="void (int* R, int first)",
        block=(6, 1, 1),
    )


def own_blocks(R, first):
    if idx > first:
        R[idx] = threadIdx.x + 100 * blockIdx.x


@pytest.mark.parametrize("first", [-1, 0, 4, 5, 11, 50])
def test_a_thread_keeps_its_place_in_a_block_that_begins_before_it(first):
    differential(
        own_blocks,
        lambda n: [np.zeros(n, "int32"), first],
        sig="void (int* R, int first)",
        block=(6, 1, 1),
    )


# picked : void (int* X, int* Y, int n)
def picked(X, Y, n):
    if X[idx] > 0 and idx < n:
        Y[idx] = 1


# skipped : void (int* X, int* Y, int n)
def skipped(X, Y, n):
    if X[idx] < 0 or idx >= n:
        return
    Y[idx] = 1


@pytest.mark.parametrize("function", [picked, skipped])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_what_is_asked_before_a_bound_is_asked_of_all_threads(function, target):
    with compiling_for(target):
        kernel = cp.compile(function)
    X, Y = np.ones(40, "int32"), np.zeros(40, "int32")
    with pytest.raises(IndexError, match=r"index 4[0-9] is out of bounds for `X`"):
        kernel(50)(X, Y, 30)


# neighbours : void (int* X, int* Y, int w)
def neighbours(X, Y, w):
    if 0 < idx < w - 1:
        Y[idy * w + idx] = X[idy * w + idx - 1] + X[idy * w + idx + 1]


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("missing", [0, 1, 2, 150])
def test_a_row_that_leaves_its_array_is_told_from_those_that_do_not(target, missing):
    """Rows of a block are looked at together first; here the last ones may be outside."""
    width, height = 75, 4
    with compiling_for(target):
        kernel = cp.compile(neighbours)
    X = np.arange(width * height - missing, dtype="int32")
    Y = np.zeros(width * height, "int32")
    if missing == 0:
        kernel(width, height)(X, Y, width)
        rows = X.reshape(height, width)
        expected = np.zeros((height, width), "int32")
        expected[:, 1:-1] = rows[:, :-2] + rows[:, 2:]
        assert np.array_equal(Y.reshape(height, width), expected)
        return
    with pytest.raises(IndexError, match=f"for `X`, which has {len(X)} elements"):
        kernel(width, height)(X, Y, width)
    whole = len(X) // width
    kernel(width, whole)(X, Y, width)
    rows = X[: whole * width].reshape(whole, width)
    assert np.array_equal(
        Y[: whole * width].reshape(whole, width)[:, 1:-1], rows[:, :-2] + rows[:, 2:]
    )


# turned : void (int* X, int* Y, int w, int step)
def turned(X, Y, w, step):
    total = 0
    for k in range(3):
        total += X[idx * step + k - idy * w]
    Y[idy * 20 + idx] = total


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize(("w", "step"), [(-25, 1), (-60, 3), (0, 2)])
def test_factors_of_either_sign(target, w, step):
    with compiling_for(target):
        kernel = cp.compile(turned)
    last = 19 * step + 2 - 4 * min(w, 0)
    X = np.arange(last + 1, dtype="int32")
    Y = np.zeros(100, "int32")
    kernel(20, 5)(X, Y, w, step)
    column = np.arange(20)[None, :] * step - np.arange(5)[:, None] * w
    assert np.array_equal(Y.reshape(5, 20), 3 * column + 3)
    with pytest.raises(IndexError, match=f"index {last} is out of bounds"):
        kernel(20, 5)(X[:-1], Y, w, step)
    with pytest.raises(IndexError, match="index -"):
        kernel(20, 5)(X, Y, 100, step)


# wrapping : void (int* X, int* Y, int w)
def wrapping(X, Y, w):
    Y[idy * 40 + idx] = X[idy * w + idx]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_rows_whose_start_has_wrapped_are_inside_again(target):
    """2 * 2**31 is 0 in 32 bits: every other row is the first one."""
    with compiling_for(target):
        kernel = cp.compile(wrapping)
    X, Y = np.arange(40, dtype="int32"), np.zeros(40, "int32")
    kernel(40, 1)(X, Y, -(2**31))
    assert np.array_equal(Y, X)
    with pytest.raises(IndexError, match="for `X`"):
        kernel(40, 2)(X, np.zeros(80, "int32"), -(2**31))


# heat : void (int* X, int* Y, int w, int h, int d)
def heat(X, Y, w, h, d):
    if 0 < idx < w - 1 and 0 < idy < h - 1 and 0 < idz < d - 1:
        i = (idz * h + idy) * w + idx
        Y[i] = X[i - 1] + X[i + 1] + X[i - w] + X[i + w] + X[i - w * h] + X[i + w * h]


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("missing", [0, 1, 700])
def test_a_flat_volume(target, missing):
    width, height, depth = 37, 6, 5
    with compiling_for(target):
        kernel = cp.compile(heat)
    X = np.arange(width * height * depth - missing, dtype="int32") ** 2
    Y = np.zeros(width * height * depth, "int32")
    if missing > 1:
        with pytest.raises(IndexError, match=f"for `X`, which has {len(X)} elements"):
            kernel(width, height, depth)(X, Y, width, height, depth)
        return
    kernel(width, height, depth)(X, Y, width, height, depth)  # the last element is in no sum
    V = np.append(X, np.zeros(missing, "int32")).reshape(depth, height, width)
    expected = np.zeros_like(V)
    middle = slice(1, -1)
    for axis in range(3):
        for part in (slice(None, -2), slice(2, None)):
            expected[middle, middle, middle] += V[
                tuple(part if at == axis else middle for at in range(3))
            ]
    assert np.array_equal(Y.reshape(V.shape), expected)


def far(R, w, h):
    R[(idz * h + idy) * w + idx] = 100 * idz + idx + 1


@pytest.mark.parametrize(
    ("w", "h", "columns"),
    [(2**28 + 1, 16, 10), (-(2**28) + 1, 16, 10), (2**31 - 1, 2**31 - 1, 1)],
)
def test_factors_whose_products_wrap(w, h, columns):
    """h * w is 16 in 32 bits, or 1; in 64 bits planes would be far outside, or wrap there as well."""
    differential(
        far,
        lambda n: [np.zeros(64, "int32"), w, h],
        sig="void (int* R, int w, int h)",
        threads=lambda n: (columns, 1, 4),
        sizes=lambda gang: [1],
    )


# blurred : void (int* X, int* Y, int w, int h)
def blurred(X, Y, w, h):
    if idx < w and idy < h:
        total = 0
        for dy in range(-1, 2):
            for dx in range(-2, 3):
                total += X[min(max(idy + dy, 0), h - 1) * w + min(max(idx + dx, 0), w - 1)]
                total += X[(idy + dy + h) % h * w + (idx + dx + 2 * w) % w]
        Y[idy * w + idx] = total


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("missing", [0, 1, 80])
def test_clamped_and_wrapped_indices_of_a_flat_picture(target, missing):
    width, height = 41, 4
    with compiling_for(target):
        kernel = cp.compile(blurred)
    X = np.random.default_rng(3).integers(0, 1000, width * height - missing, "int32")
    Y = np.zeros(width * height, "int32")
    if missing:
        with pytest.raises(IndexError, match=f"for `X`, which has {len(X)} elements"):
            kernel(width, height)(X, Y, width, height)
        return
    kernel(width, height)(X, Y, width, height)
    picture = X.reshape(height, width)
    expected = np.zeros_like(picture)
    for mode in ("edge", "wrap"):
        padded = np.pad(picture, ((1, 1), (2, 2)), mode=mode)
        for dy in range(3):
            for dx in range(5):
                expected += padded[dy : dy + height, dx : dx + width]
    assert np.array_equal(Y.reshape(height, width), expected)
