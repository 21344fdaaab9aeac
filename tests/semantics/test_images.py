"""Images: pixels of three or four bytes side by side, and the neighbourhoods that filters sort."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx, idy, local, uint8
from differential import TARGETS, compiling_for, differential, integers

ROWS = 3


def image(n, channels=3, dtype=np.uint8, seed=0, rows=ROWS):
    return integers(rows * n * channels, seed, dtype).reshape(rows, n, channels)


def grey(A, B):
    if idy < len(B) and idx < B.shape[1]:
        B[idy, idx] = int(0.25 * A[idy, idx, 0] + 0.5 * A[idy, idx, 1] + 0.125 * A[idy, idx, 2])


def inverted(A):
    if idy < A.shape[0] and idx < A.shape[1]:
        A[idy, idx, 0] = 255 - A[idy, idx, 0]
        A[idy, idx, 1] = 255 - A[idy, idx, 1]
        A[idy, idx, 2] = A[idy, idx, 2] // 2


def mixed_in_place(A):
    r, g, b = A[idy, idx, 0], A[idy, idx, 1], A[idy, idx, 2]
    A[idy, idx, 0] = b
    A[idy, idx, 2] = r + g
    A[idy, idx, 1] = A[idy, idx, 0] ^ A[idy, idx, 1]


def through_table(A, table, B):
    if idy < A.shape[0] and idx < A.shape[1]:
        for c in range(A.shape[2]):
            B[idy, idx, c] = table[A[idy, idx, c]]


def where_bright(A, B):
    if idy < A.shape[0] and idx < A.shape[1]:
        if A[idy, idx, 0] > 100:
            B[idy, idx, 0] = A[idy, idx, 1]
            B[idy, idx, 1] = A[idy, idx, 2]
            B[idy, idx, 2] = 7
        else:
            B[idy, idx, 1] = 9


def flipped(A, B):
    x = A.shape[1] - 1 - idx
    if idy < A.shape[0] and x >= 0:
        for c in range(3):
            B[idy, x, c] = A[idy, x, 2 - c]


def every_second(A, B):
    if idy < B.shape[0] and idx < B.shape[1]:
        for c in range(3):
            B[idy, idx, c] = A[idy, 2 * idx, c]


def last_element_counts(A, B):
    channels = A.shape[2]
    if idy < A.shape[0] and idx < A.shape[1]:
        B[idy, idx] = A[idy, idx, channels - 1] + A[idy, idx, -1 + channels]


def flat(X, Y):
    if 3 * idx + 2 < len(X):
        Y[3 * idx + 2] = X[3 * idx]
        Y[3 * idx + 1] = X[3 * idx + 1]
        Y[3 * idx] = X[3 * idx + 2]


def over_rows(n):
    return (n, ROWS)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_a_sum_of_channels(channels, dtype):
    def arguments(n):
        pixels = image(n, channels).astype(dtype)
        return [pixels, np.zeros((ROWS, n), "uint8")]

    differential(grey, arguments, threads=over_rows)


@pytest.mark.parametrize("channels", [2, 3, 4, 5])
def test_loops_over_channels(channels):
    table = integers(256, dtype=np.uint8)

    def arguments(n):
        return [image(n, channels), table, np.zeros((ROWS, n, channels), "uint8")]

    differential(through_table, arguments, threads=over_rows)


@pytest.mark.parametrize("kernel", [inverted, mixed_in_place])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_images_in_place(kernel, channels, dtype):
    differential(kernel, lambda n: [image(n, channels).astype(dtype)], threads=over_rows)


@pytest.mark.parametrize("kernel", [where_bright, flipped, last_element_counts])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_parts_of_images(kernel, dtype):
    def arguments(n):
        out = image(n, 3, seed=1).astype(dtype)
        return [
            image(n, 3).astype(dtype),
            out[..., 0].copy() if kernel is last_element_counts else out,
        ]

    differential(kernel, arguments, threads=over_rows)


def test_every_second_pixel():
    differential(
        every_second,
        lambda n: [image(2 * n), np.zeros((ROWS, n, 3), "uint8")],
        threads=over_rows,
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, np.float64])
def test_pixels_in_flat_arrays(dtype):
    def arguments(n):
        return [integers(3 * n + 1, dtype=np.uint8).astype(dtype), np.zeros(3 * n + 1, dtype)]

    differential(flat, arguments)


VIEWS = {
    "cropped": lambda A: A[1:, 2:-1],
    "fewer channels": lambda A: A[:, :, :3],
    "other order of channels": lambda A: A[:, :, ::-1],
    "mirrored": lambda A: A[:, ::-1],
    "upside down": lambda A: A[::-1],
    "every second": lambda A: A[:, ::2],
    "columns first": lambda A: A.transpose(1, 0, 2),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_views_of_images(view, target):
    with compiling_for(target):
        inverts = cp.kernel(inverted)
        greys = cp.kernel(grey)
        for n in (5, target.gang + 3, 3 * target.gang + 6):
            whole = image(n, 4, rows=4)
            expected = whole.copy()
            part = view(expected)
            part[..., :2] = 255 - part[..., :2]
            part[..., 2] //= 2
            got = whole.copy()
            rows, columns = view(got).shape[:2]
            inverts(columns, rows)(view(got))
            assert np.array_equal(got, expected)
            out = np.zeros((rows, columns), "uint8")
            greys(columns, rows)(view(got), out)
            parts = view(got).astype(int)
            assert np.array_equal(out, (2 * parts[..., 0] + 4 * parts[..., 1] + parts[..., 2]) // 8)


def test_one_kernel_takes_any_number_of_channels():
    kernel = cp.kernel(through_table)
    table = np.arange(255, -1, -1, dtype=np.uint8)
    for channels in (3, 1, 4, 3, 7, 2, 3):
        for shape in ((2, 33, channels), (3, 5, channels)):
            A = np.full(shape, 3, np.uint8)
            B = np.zeros_like(A)
            kernel(shape[1], shape[0])(A, table, B)
            assert (B == 252).all()


def out_of_channels(A):
    A[idy, idx, 0] = 1
    A[idy, idx, 3] = 2


def test_a_channel_that_there_is_not_is_a_fault():
    kernel = cp.kernel(out_of_channels)
    kernel(8, 2)(np.zeros((2, 8, 4), np.uint8))
    with pytest.raises(IndexError, match=r"3"):
        kernel(8, 2)(np.zeros((2, 8, 3), np.uint8))


def overlapping(A, B):
    B[idy, idx, 0] = A[idy, idx, 1] + 1
    B[idy, idx, 1] = A[idy, idx, 1] + 1
    B[idy, idx, 2] = A[idy, idx, 2] + 1


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_what_a_thread_stores_it_reads_through_another_array(target):
    with compiling_for(target):
        memory = np.zeros((1, 3 * 4, 3), np.uint8)
        pixels = memory[:, ::4]  # what threads touch lies apart
        flat_pixels = memory.reshape(-1)
        shifted = np.lib.stride_tricks.as_strided(flat_pixels[:], (1, 3, 3), (36, 12, 1))
        cp.kernel(overlapping)(3, 1)(shifted, pixels)
        assert memory[0, ::4].tolist() == [[1, 1, 1]] * 3


def median(A, B):
    h, w = A.shape
    if 0 < idy < h - 1 and 0 < idx < w - 1:
        near = local(9, A.dtype)
        k = 0
        for j in range(3):
            for i in range(3):
                near[k] = A[idy + j - 1, idx + i - 1]
                k += 1
        for i in range(9):
            for j in range(8 - i):
                if near[j] > near[j + 1]:
                    near[j], near[j + 1] = near[j + 1], near[j]
        B[idy, idx] = near[4]


def inserted(A, B):
    h, w = A.shape
    if 0 < idy < h - 1 and 0 < idx < w - 1:
        near = local(9, A.dtype)
        for j in range(3):
            for i in range(3):
                near[j * 3 + i] = A[idy + j - 1, idx + i - 1]
        for i in range(1, 9):
            value = near[i]
            j = i
            while j > 0 and near[j - 1] > value:
                near[j] = near[j - 1]
                j -= 1
            near[j] = value
        B[idy, idx] = near[4]


@pytest.mark.parametrize("kernel", [median, inserted])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_medians_of_neighbourhoods(kernel, dtype):
    def arguments(n):
        plane = image(n, 1)[..., 0].astype(dtype)
        return [plane, np.zeros_like(plane)]

    differential(kernel, arguments, threads=over_rows)


def kept_apart(X, Y):
    held = local(4, uint8)
    if idx % 3 == 0:
        for i in range(4):
            held[i] = X[idx] + i
    else:
        for i in range(3, -1, -1):
            if i == 2:
                held[i] += 5
            held[(idx + i) % 4] += i
    total = 0
    for i in range(4):
        if i < 3:
            total += held[i] * (i + 1)
        else:
            total -= held[i]
    else:
        total += 100
    Y[idx] = total + i


def test_turns_of_threads_that_part():
    differential(kept_apart, lambda n: [integers(n, dtype=np.uint8), np.zeros(n, "int32")])


def left_early(X, Y):
    held = local(8, uint8)
    for i in range(8):
        if X[idx] % (i + 2) == 0:
            Y[idx] = i + held[0]
            return
        held[i] = i + 1
        held[0] += held[i]
    Y[idx] = held[0] + held[7]


def test_turns_that_threads_return_from():
    differential(left_early, lambda n: [integers(n, dtype=np.uint8), np.zeros(n, "int32")])


def beyond(X):
    held = local(4, uint8)
    for i in range(5):
        held[i] = X[idx]
    X[idx] = held[0]


def test_an_index_beyond_a_local_array_is_a_fault():
    with pytest.raises(IndexError, match="4"):
        cp.kernel(beyond)(8)(np.zeros(8, np.uint8))


def weighted(A, B):
    B[idy, idx] = A.shape[2] * 0.1 + A[idy, idx, 0] * 0.3 + A[idy, idx, 1] ** A.shape[2]


def test_images_round_as_other_arrays_do():
    apart = np.zeros((2, 100, 3), np.float64)[:, ::2]
    apart[:] = np.random.default_rng(0).random(apart.shape) * 10
    one, other = np.zeros((2, 50)), np.zeros((2, 50))
    cp.compile(weighted)(50, 2)(np.ascontiguousarray(apart), one)
    cp.compile(weighted)(50, 2)(apart, other)
    assert np.array_equal(one, other)
