"""Loops over the grid's width: a launch of any number of threads goes through arrays of any length."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic, blockDim, blockIdx, gridDim, idx, idy, local, threadIdx
from differential import ON_GPU, differential, floats, integers

# Arrays as long as the launch, a little longer and shorter, and several turns long.
TURNS = [(0, 1), (1, -1), (1, 0), (1, 1), (3, 5), (9, 0)]


def length(n: int, turns: tuple[int, int]) -> int:
    return max(turns[0] * n + turns[1], 0)


def ranges(n, alpha, X, Y):
    for i in range(idx, n, blockDim.x * gridDim.x):
        Y[i] = alpha * X[i] + Y[i]


def whiles(n, alpha, X, Y):
    i = blockIdx.x * blockDim.x + threadIdx.x
    step = gridDim.x * blockDim.x
    while i < n:
        Y[i] = alpha * X[i] + Y[i]
        i += step


def turned_around(n, alpha, X, Y):
    width = blockDim.x * gridDim.x
    i = threadIdx.x + blockDim.x * blockIdx.x
    while n - 1 >= i:
        Y[i] = alpha * X[i] + Y[i]
        i = width + i


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("block", [None, (6, 1, 1), (64, 1, 1)])
@pytest.mark.parametrize("kernel", [ranges, whiles, turned_around])
def test_an_element_a_turn(kernel, block, turns):
    differential(
        kernel,
        lambda n: [
            length(n, turns),
            2.0,
            floats(length(n, turns)),
            floats(length(n, turns), seed=1),
        ],
        sig="void (int n, float alpha, float* X, float* Y)",
        block=block,
    )


def borders(X, Y):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        if i < 1 or i >= len(X) - 1:
            continue
        left, right = X[i - 1], X[i + 1]
        if left < right:
            Y[i] = left
            for k in range(3):
                if k == 1:
                    continue
                Y[i] += k * right
        else:
            Y[i] = X[i]


@pytest.mark.parametrize("turns", TURNS)
def test_a_turn_that_ends_early(turns):
    differential(
        borders,
        lambda n: [floats(length(n, turns)), np.zeros(length(n, turns), "float32")],
        sig="void (float* X, float* Y)",
        block=(8, 1, 1),
    )


def tables(image, table):
    for y in range(idy, image.shape[0], blockDim.y * gridDim.y):
        for x in range(idx, image.shape[1], gridDim.x * blockDim.x):
            image[y, x] += table[x] + 1000 * y


def rows_then_columns(image, table):
    for x in range(idx, image.shape[1], gridDim.x * blockDim.x):
        y = idy
        while y < image.shape[0]:
            image[y, x] = 3 * image[y, x] + table[x] + 1000 * y
            y += blockDim.y * gridDim.y


def every_row(image, table):
    for y in range(idy, image.shape[0], gridDim.y * blockDim.y):
        first = 1000 * y
        if idx < image.shape[1]:
            for x in range(idx, image.shape[1]):
                if x == idx:
                    image[y, x] += first + table[x]


@pytest.mark.parametrize("kernel", [tables, rows_then_columns, every_row])
@pytest.mark.parametrize("rows", [1, 3, 7])
@pytest.mark.parametrize("block", [(32, 8, 1), (4, 2, 1)])
def test_planes(kernel, rows, block):
    differential(
        kernel,
        lambda n: [
            integers(rows * (2 * n + 3), low=-99, high=99).reshape(rows, 2 * n + 3),
            integers(2 * n + 3, seed=1, low=0, high=9),
        ],
        sig="void (int** image, int* table)",
        threads=lambda n: (n, 3),
        block=block,
    )


def own_sums(X, sums):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        sums[i % (blockDim.x * gridDim.x)] = 3 * sums[i % (blockDim.x * gridDim.x)] + X[i]


def test_turns_of_a_thread_keep_their_order():
    """What a thread leaves in memory is there in its next turn."""
    differential(
        own_sums,
        lambda n: [integers(5 * n + 3, low=0, high=9), np.zeros(n + 8, "int32")],
        sig="void (int* X, int* sums)",
        block=(8, 1, 1),
    )


def far_ahead(X, Y):
    for i in range(idx, len(Y), blockDim.x * gridDim.x):
        Y[i] = X[i] + 1


def test_arrays_that_overlap_by_the_width():
    """Each turn reads what the one before has written."""
    for count in (32, 100, 2000):
        width = 32 * ((count + 31) // 32)
        memory = np.zeros(10 * width, "int32")
        cp.compile(far_ahead, sig="void (int* X, int* Y)")(count, block=32)(
            memory[:-width], memory[width:]
        )
        i = np.arange(len(memory))
        assert np.array_equal(memory, np.where(i % width < count, i // width, 0))


def histogram(X, bins):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        atomic.add(bins, X[i] % len(bins), 1)


def moving_window(X, Y):
    width = blockDim.x * gridDim.x
    for i in range(idx, len(X) - 2, width):
        near = local(3, int)
        for k in range(3):
            near[k] = X[i + k]
        Y[i] = near[0] * near[1] - near[2]


def test_atomics():
    differential(
        histogram,
        lambda n: [integers(7 * n + 2, low=0, high=100), np.zeros(11, "int32")],
        sig="void (int* X, int* bins)",
    )


def test_arrays_of_a_turn():
    differential(
        moving_window,
        lambda n: [integers(4 * n + 2, low=-50, high=50), np.zeros(4 * n + 2, "int32")],
        sig="void (int* X, int* Y)",
        block=(4, 1, 1),
    )


# What stays a loop of each thread's own.


def total(X, R):
    sum = 0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        sum = 2 * sum + X[i]
    if idx < len(R):
        R[idx] = sum


def searches(X, R):
    i = idx
    while i < len(X):
        if X[i] == 3:
            R[idx] = i
            break
        i += blockDim.x * gridDim.x


def last_one(X, R):
    last = -1
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        if X[i] > last:
            R[i] = last
            last = X[i]


def numbered(X, R):
    width = blockDim.x * gridDim.x
    turn = idx
    for i in range(idx, len(X), width):
        R[i] = 10 * X[i] + turn % 3 + threadIdx.x


def returns(X, R):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        if X[i] == 4:
            return
        R[i] = X[i]


def more_after(X, R):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        R[i] = X[i] + 1
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        R[i] *= 3


def steps_back(X, R):
    for i in range(len(X) - 1 - idx, -1, -(blockDim.x * gridDim.x)):
        R[i] = 2 * X[i] + 1


def half_the_width(X, R):
    for i in range(idx // 2, len(X), blockDim.x * gridDim.x // 2):
        R[i] = 2 * X[i] + 1


def moves_twice(X, R):
    i = idx
    while i < len(X):
        R[i] = X[i] + 1
        if X[i] == 2:
            i += blockDim.x * gridDim.x
        i += blockDim.x * gridDim.x


def other_axis(X, R):
    for i in range(idx, len(X), blockDim.y * gridDim.y * 64):
        R[i] = X[i] + 1


@pytest.mark.parametrize(
    "kernel",
    [
        total,
        searches,
        last_one,
        numbered,
        returns,
        more_after,
        steps_back,
        half_the_width,
        moves_twice,
        other_axis,
    ],
)
@pytest.mark.parametrize("taken", ["always", "where it pays"])
def test_what_comes_from_one_turn_to_the_next(kernel, taken, monkeypatch):
    monkeypatch.setenv("CUDAPY_TURNS", taken)
    differential(
        kernel,
        lambda n: [integers(5 * n + 3, low=0, high=9), np.zeros(5 * n + 3, "int32")],
        sig="void (int* X, int* R)",
        block=(8, 1, 1),
    )


# Faults.


def reads_on(X, Y):
    for i in range(idx, len(Y), blockDim.x * gridDim.x):
        Y[i] = X[i + 1]


def doubts(X):
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        assert X[i] != 7, f"X[{i}] is 7"
        X[i] = 1


@pytest.mark.parametrize("gang", ["1", "4", "16", "32"])
def test_a_fault_names_the_thread(gang, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", gang)
    X, Y = np.zeros(1000, np.float32), np.zeros(1000, np.float32)
    with pytest.raises(IndexError, match=r"index 1000 is out of bounds for `X`") as caught:
        cp.compile(reads_on, sig="void (float* X, float* Y)")(96, block=32)(X, Y)
    assert "idx = 39" in str(caught.value)  # 999 = 10 * 96 + 39
    if not ON_GPU:
        assert "in block (1, 0, 0)" in str(caught.value)
    A = np.zeros(2000, np.int32)
    A[1111] = 7
    with pytest.raises(AssertionError, match=r"X\[1111\] is 7") as caught:
        cp.compile(doubts, sig="void (int* X)")(512)(A)
    assert "idx = 87" in str(caught.value)


def test_many_threads_share_many_turns():
    """More than one piece of work, on all threads of the pool."""
    n = 1_000_003
    X = np.arange(n, dtype=np.float32)
    for threads in (1, 1000, 4096, 70_000, n):
        Y = np.ones(n, np.float32)
        cp.compile(ranges, sig="void (int n, float alpha, float* X, float* Y)")(threads)(
            n, 2.0, X, Y
        )
        reached = np.arange(n) % (256 * ((threads + 255) // 256)) < threads
        assert np.array_equal(Y, np.where(reached, 2 * X + 1, 1))


def columns_of_rows(trace, n, m):
    for y in range(idy, m, blockDim.y * gridDim.y):
        for x in range(idx, n, blockDim.x * gridDim.x):
            trace[0] = 3 * trace[0] + 10 * x + y


def rows_of_columns(trace, n, m):
    for x in range(idx, n, blockDim.x * gridDim.x):
        for y in range(idy, m, blockDim.y * gridDim.y):
            trace[0] = 3 * trace[0] + 10 * x + y


def planes_of_rows(trace, n, m):
    for y in range(idy, n, blockDim.y * gridDim.y):
        for z in range(idz, m, blockDim.z * gridDim.z):
            trace[0] = 3 * trace[0] + 10 * y + z


def the_rest_of_each_row(trace, n, m):
    for i in range(idx, n, blockDim.x * gridDim.x):
        for k in range(i, m, blockDim.x * gridDim.x):
            trace[k] += 1


@pytest.mark.parametrize(
    "kernel", [columns_of_rows, rows_of_columns, planes_of_rows, the_rest_of_each_row]
)
def test_turns_of_nested_loops_keep_their_order(kernel):
    """One thread writes down in which order it has gone."""
    differential(
        kernel,
        lambda n: [np.zeros(8, "uint32"), 5, 7],
        sig="void (uint32* trace, int n, int m)",
        threads=lambda n: (1, 1, 1),
        block=(1, 1, 1),
        sizes=lambda gang: [1],
    )


# What is carried from turn to turn, where the kernel sees no blocks.


def total_of_all(X, sums):
    total, count = 0, 0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        if X[i] > 2:
            total = 3 * total + X[i]
        count += 1
    atomic.add(sums, 0, total)
    atomic.add(sums, 1, count)


def several_loops(X, sums):
    low, high = 9, 0
    step = blockDim.x * gridDim.x
    i = idx
    while i < len(X):
        low = min(low, X[i])
        i += step
    for k in range(idx, len(X), step):
        for turn in range(2):
            if turn == 1:
                high = max(high, X[k] - low)
    j = blockIdx.x * blockDim.x + threadIdx.x
    while j <= len(X) - 1:
        high = 2 * high + X[j]
        j += step
    atomic.add(sums, idx % len(sums), high + low)


def own_places(X, sums):
    if idx >= 5 * len(sums):
        return
    weight = idx % 7
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        weight = (weight * 5 + X[i] * (idx % 3)) % 1000
    sums[idx % len(sums)] = weight if idx < len(sums) else sums[idx % len(sums)]


def shapes_of_blocks(X, sums):
    largest = 0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        largest = max(largest, X[i])
    atomic.max(sums, 0, largest)
    atomic.max(sums, 1, blockDim.x)
    atomic.max(sums, 2, gridDim.x)


@pytest.mark.parametrize("kernel", [total_of_all, several_loops, own_places, shapes_of_blocks])
@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("block", [None, (8, 1, 1)])
@pytest.mark.parametrize("taken", ["always", "where it pays"])
def test_sums_of_turns(kernel, turns, block, taken, monkeypatch):
    monkeypatch.setenv("CUDAPY_TURNS", taken)
    differential(
        kernel,
        lambda n: [integers(length(n, turns), low=0, high=9), np.zeros(n + 4, "int32")],
        sig="void (int* X, int* sums)",
        block=block,
    )


def sum_of_floats(X, out):
    total = 0.0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        total += X[i]
    atomic.add(out, 0, total)


def test_a_sum_on_all_threads_of_the_pool():
    X = np.ones(1_000_003, np.float32)
    for threads in (1, 256, 4096, 65_536, len(X)):  # enough elements for turns of blocks
        out = np.zeros(1, np.float32)
        cp.compile(sum_of_floats, sig="void (float* X, float* out)")(threads)(X, out)
        reached = np.arange(len(X)) % (256 * ((threads + 255) // 256)) < threads
        assert out[0] == np.count_nonzero(reached)


def sums_past_the_end(X, out):
    total = 0.0
    for i in range(idx, len(X), blockDim.x * gridDim.x):
        total += X[i + 1]
    atomic.add(out, 0, total)


@pytest.mark.parametrize("taken", ["always", "where it pays"])
@pytest.mark.parametrize("gang", ["1", "4", "16", "32"])
def test_a_fault_among_turns(gang, taken, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", gang)
    monkeypatch.setenv("CUDAPY_TURNS", taken)
    X, out = np.zeros(1000, np.float32), np.zeros(1, np.float32)
    with pytest.raises(IndexError, match=r"index 1000 is out of bounds for `X`") as caught:
        cp.compile(sums_past_the_end, sig="void (float* X, float* out)")(96, block=32)(X, out)
    assert "idx = 39" in str(caught.value)
    if not ON_GPU:
        assert "in block (1, 0, 0)" in str(caught.value)
