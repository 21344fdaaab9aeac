"""Blocks whose threads share arrays and wait for each other: the programs that people write with them."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import (
    blockDim,
    blockIdx,
    idx,
    idy,
    local,
    shared,
    syncthreads,
    syncthreads_and,
    syncthreads_count,
    syncthreads_or,
    threadIdx,
)
from differential import TARGETS, Target, compiling_for, differential, floats, host_isas, integers

BEST = host_isas()[-1]
# The reference device is slow with threads that wait: fewer targets, sizes around a block.
FEW = [Target(BEST, 1), Target(BEST, 4), Target(BEST, 16), Target(BEST, 32)]
T = 8


def around(block: int):
    return lambda gang: [0, 1, block - 1, block, 2 * block + 5]


# matmul : void (float* A, float* B, float* C, int n)
def matmul(A, B, C, n):
    a = shared((T, T), float)
    b = shared((T, T + 1), float)
    ty = threadIdx.y
    tx = threadIdx.x
    total = 0.0
    for t in range((n + T - 1) // T):
        a[ty, tx] = A[idy * n + t * T + tx] if idy < n and t * T + tx < n else 0.0
        b[ty][tx] = B[(t * T + ty) * n + idx] if idx < n and t * T + ty < n else 0.0
        syncthreads()
        for k in range(T):
            total += a[ty, k] * b[k, tx]
        syncthreads()
    if idx < n and idy < n:
        C[idy * n + idx] = total


def test_tiled_matrix_multiply():
    differential(
        matmul,
        lambda n: [floats(n * n), floats(n * n, seed=1), np.zeros(n * n, "float32"), n],
        threads=lambda n: (n, n),
        block=(T, T, 1),
        sizes=lambda gang: [1, 7, 8, 13],
        targets=FEW,
    )


# reduce : void (float* X, float* Y)
def reduce(X, Y):
    held = shared(64, float)
    t = threadIdx.x
    held[t] = X[idx] if idx < len(X) else 0.0
    syncthreads()
    step = blockDim.x // 2
    while step > 0:
        if t < step:
            held[t] += held[t + step]
        syncthreads()
        step //= 2
    if t == 0:
        Y[blockIdx.x] = held[0]


def test_block_reduction():
    differential(
        reduce,
        lambda n: [floats(n), np.zeros(n // 64 + 1, "float32")],
        block=(64, 1, 1),
        sizes=around(64),
        targets=FEW,
    )


# hillis_steele : void (int* X, int* Y)
def hillis_steele(X, Y):
    held = shared((2, 64), int)
    t = threadIdx.x
    now = 0
    held[0, t] = X[idx] if idx < len(X) else 0
    offset = 1
    while offset < 64:
        syncthreads()
        value = held[now, t]
        if t >= offset:
            value += held[now, t - offset]
        held[1 - now, t] = value
        now = 1 - now
        offset *= 2
    syncthreads()
    if idx < len(Y):
        Y[idx] = held[now, t]


def test_scan_by_doubling():
    differential(
        hillis_steele,
        lambda n: [integers(n, low=-99, high=99), np.zeros(n, "int32")],
        block=(64, 1, 1),
        sizes=around(64),
        targets=FEW,
    )


# blelloch : void (int* X, int* Y)
def blelloch(X, Y):
    held = shared(64, int)
    t = threadIdx.x
    held[t] = X[idx] if idx < len(X) else 0
    offset = 1
    d = 32
    while d > 0:
        syncthreads()
        if t < d:
            left = offset * (2 * t + 1) - 1
            held[left + offset] += held[left]
        offset *= 2
        d //= 2
    syncthreads()
    if t == 0:
        held[63] = 0
    d = 1
    while d < 64:
        offset //= 2
        syncthreads()
        if t < d:
            left = offset * (2 * t + 1) - 1
            value = held[left]
            held[left] = held[left + offset]
            held[left + offset] += value
        d *= 2
    syncthreads()
    if idx < len(Y):
        Y[idx] = held[t]


def test_scan_over_a_tree():
    differential(
        blelloch,
        lambda n: [integers(n, low=-99, high=99), np.zeros(n, "int32")],
        block=(64, 1, 1),
        sizes=around(64),
        targets=FEW,
    )


# histogram : void (uint8* X, int* Y)
def histogram(X, Y):
    counts = shared((32, 8), int)
    t = threadIdx.x
    i = idx
    while i < len(X):
        counts[t, X[i] % 8] += 1
        i += 32
    syncthreads()
    if t < 8:
        total = 0
        for row in range(32):
            total += counts[row, t]
        Y[t] = total


def test_histogram_with_counts_of_each_thread():
    differential(
        histogram,
        lambda n: [integers(n, dtype=np.uint8), np.zeros(8, "int32")],
        threads=lambda n: (32,),
        block=(32, 1, 1),
        sizes=lambda gang: [0, 1, 31, 200],
        targets=FEW,
    )


# histogram_atomic : void (uint8* X, int* Y)
def histogram_atomic(X, Y):
    counts = shared(16, int)
    t = threadIdx.x
    if idx < len(X):
        cp.atomic.add(counts, X[idx] % 16, 1)
    syncthreads()
    if t < 16:
        cp.atomic.add(Y, t, counts[t])


def test_histogram_with_atomics_on_a_shared_array():
    differential(
        histogram_atomic,
        lambda n: [integers(n, dtype=np.uint8), np.zeros(16, "int32")],
        block=(32, 1, 1),
        sizes=lambda gang: [0, 1, 31, 100],
        targets=FEW,
    )


# transpose : void (int* A, int* B, int w, int h)
def transpose(A, B, w, h):
    tile = shared((8, 9), int)
    if idx < w and idy < h:
        tile[threadIdx.y, threadIdx.x] = A[idy * w + idx]
    syncthreads()
    x = blockIdx.y * 8 + threadIdx.x
    y = blockIdx.x * 8 + threadIdx.y
    if x < h and y < w:
        B[y * h + x] = tile[threadIdx.x, threadIdx.y]


def test_transpose_with_padding():
    differential(
        transpose,
        lambda n: [integers(11 * n), np.zeros(11 * n, "int32"), n, 11],
        threads=lambda n: (n, 11),
        block=(8, 8, 1),
        sizes=lambda gang: [1, 8, 13],
        targets=FEW,
    )


# bitonic : void (int* X)
def bitonic(X):
    held = shared(64, int)
    t = threadIdx.x
    held[t] = X[idx]
    k = 2
    while k <= 64:
        j = k // 2
        while j > 0:
            syncthreads()
            other = t ^ j
            if other > t:
                up = t & k == 0
                a = held[t]
                b = held[other]
                if up == (a > b):
                    held[t] = b
                    held[other] = a
            j //= 2
        k *= 2
    syncthreads()
    X[idx] = held[t]


def test_bitonic_sort():
    differential(
        bitonic,
        lambda n: [integers(64 * n)],
        threads=lambda n: (64 * n,),
        block=(64, 1, 1),
        sizes=lambda gang: [1, 2],
        targets=FEW,
    )


# leaves : void (int* Y, int n)
def leaves(Y, n):
    held = shared(32, int)
    t = threadIdx.x
    kept = t * 3
    if t % 3 == 1:
        return
    held[t] = t + 1
    syncthreads()
    value = held[31 - t] + kept
    syncthreads()
    if t > n:
        if value % 2 == 0:
            return
        value += 100
    syncthreads()
    if idx < len(Y):
        Y[idx] = value


def test_threads_that_return_count_as_arrived():
    differential(
        leaves,
        lambda n: [np.zeros(n, "int32"), n % 20],
        block=(32, 1, 1),
        sizes=around(32),
        targets=FEW,
    )


# nested : void (int* X, int* Y, int n)
def nested(X, Y, n):
    held = shared(16, int)
    own = local(4, int)
    t = threadIdx.x
    total = 0
    for i in range(n, 0, -1):
        if i % 2 == 0:
            held[t] = i + t
            syncthreads()
            own[i % 4] = held[15 - t]
        else:
            if i == 3:
                continue
            for j in range(i):
                held[t] += j
                syncthreads()
                total += held[(t + j) % 16]
                if total < -(2**30) or j == 2:
                    syncthreads()
                    break
                syncthreads()
            else:
                total += 1000
                syncthreads()
        syncthreads()
        if i == 1 and n > 5:
            break
    else:
        total += 7
    if idx < len(Y):
        Y[idx] = total + own[0] + own[1] + own[2] + own[3] + i


def test_branches_and_loops_around_barriers():
    differential(
        nested,
        lambda n: [integers(20), np.zeros(20, "int32"), n],
        threads=lambda n: (20,),
        block=(16, 1, 1),
        sizes=lambda gang: [1, 2, 3, 6, 7],
        targets=FEW,
    )


def meet(values, t, step):
    syncthreads()
    if t < step:
        values[t] += values[t + step]
    syncthreads()
    return values[0]


# helped : void (int* X, int* Y)
def helped(X, Y):
    held = shared(32, int)
    held[threadIdx.x] = X[idx]
    step = 16
    while step > 0:
        first = meet(held, threadIdx.x, step)
        step = step // 2
    Y[idx] = first


def test_helpers_may_wait():
    differential(
        [helped, meet],
        lambda n: [integers(32 * n, low=0, high=99), np.zeros(32 * n, "int32")],
        threads=lambda n: (32 * n,),
        block=(32, 1, 1),
        sizes=lambda gang: [1, 2],
        targets=FEW,
    )


# unevenly : void (int* Y)
def unevenly(Y):
    if threadIdx.x < 7:
        syncthreads()
    Y[idx] = 1


# by_data : void (int* X, int* Y)
def by_data(X, Y):
    i = 0
    while X[i + threadIdx.x * 0] > 0:
        syncthreads()
        i += 1
    Y[idx] = i


# until : void (int* Y)
def until(Y):
    i = 0
    while True:
        syncthreads()
        i += 1
        if i > threadIdx.x:
            break
    Y[idx] = i


# ranges : void (int* Y)
def ranges(Y):
    for i in range(threadIdx.x, 40):
        syncthreads()
    Y[idx] = i


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_a_barrier_that_some_threads_do_not_reach_is_an_error(target):
    with compiling_for(target):
        for kernel in (unevenly, until, ranges):
            with pytest.raises(
                RuntimeError, match=r"(?s)barrier-not-reached.*go different ways here"
            ) as e:
                cp.compile(kernel)(64, block=32)(np.zeros(64, "int32"))
            assert "`" + kernel.__name__ + "`" in str(e.value)
        Y = np.zeros(64, "int32")
        cp.compile(by_data)(64, block=32)(np.array([1, 2, 3, 0], "int32"), Y)
        assert (Y == 3).all()


# whole : void (int* Y)
def whole(Y):
    syncthreads()
    if idx < len(Y):
        Y[idx] += 1


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_threads_that_were_not_asked_for_run_where_there_is_a_barrier(target):
    with compiling_for(target):
        Y = np.zeros(100, "int32")
        cp.compile(whole)(90, block=32)(Y)
        assert Y.tolist() == [1] * 96 + [0] * 4


# many : void (int* X, int* Y)
def many(X, Y):
    held = shared(256, int)
    held[255 - threadIdx.x] = X[idx]
    syncthreads()
    Y[idx] = held[threadIdx.x]


def test_many_blocks_on_many_threads():
    X = np.arange(256 * 4000, dtype="int32")
    Y = np.zeros_like(X)
    cp.compile(many)(len(X), block=256)(X, Y)
    assert np.array_equal(Y.reshape(-1, 256), X.reshape(-1, 256)[:, ::-1])


# outside : void (int* Y, int k)
def outside(Y, k):
    held = shared((4, 8), int)
    held[threadIdx.x % 4, k] = 1
    syncthreads()
    Y[idx] = held[0, k]


def test_indices_of_shared_arrays_are_checked():
    kernel = cp.compile(outside)
    Y = np.zeros(32, "int32")
    kernel(32, block=32)(Y, 7)
    assert (Y == 1).all()
    with pytest.raises(IndexError, match="index 8 is out of bounds for dimension 1 of `held`"):
        kernel(32, block=32)(Y, 8)
    with pytest.raises(IndexError, match="index -1 is out of bounds"):
        kernel(32, block=32)(Y, -1)


def early(x, n):
    if n > 3:
        if n > 5:
            return 1
        x += 1
    syncthreads()
    return x


# returns_early : void (int* Y, int n)
def returns_early(Y, n):
    y = early(threadIdx.x, n)
    Y[idx] = y


# returns_apart : void (int* Y)
def returns_apart(Y):
    y = early(threadIdx.x, threadIdx.x)
    Y[idx] = y


def test_helpers_that_wait_on_some_of_their_ways():
    differential(
        [returns_early, early],
        lambda n: [np.zeros(16, "int32"), n],
        threads=lambda n: (16,),
        block=(8, 1, 1),
        sizes=lambda gang: [3, 4, 5, 6],
        targets=FEW,
    )
    with pytest.raises(RuntimeError, match="barrier-not-reached"):
        cp.compile(returns_apart)(8, block=8)(np.zeros(8, "int32"))


def pair(held, t, x):
    held[t] = x
    syncthreads()
    return held[7 - t], x


def mapped(function, x):
    syncthreads()
    y = function(x)
    syncthreads()
    return y


# values : void (int** A, int** B)
def values(A, B):
    held = shared((8, 8), int)
    ty = threadIdx.y
    held[ty, threadIdx.x] = A[idy, idx]
    at = (threadIdx.x, ty)
    syncthreads()
    B[idx, idy] = held[at[0]][at[1]] + A.shape[0]
    y = mapped(lambda i: held[7 - i, ty] + B[idx, idy], at[0])
    B[idx, idy] = y * 100 + at[1]


# pairs : void (int* Y)
def pairs(Y):
    held = shared(8, int)
    a, b = pair(held, threadIdx.x, idx * 2)
    Y[idx] = a * 100 + b


def test_tuples_functions_and_matrices_across_barriers():
    differential(
        [pairs, pair],
        lambda n: [np.zeros(8 * n, "int32")],
        threads=lambda n: (8 * n,),
        block=(8, 1, 1),
        sizes=lambda gang: [1, 3],
        targets=FEW,
    )
    differential(
        [values, mapped],
        lambda n: [integers(256).reshape(16, 16), np.zeros((16, 16), "int32")],
        threads=lambda n: (16, 16),
        block=(8, 8, 1),
        sizes=lambda gang: [1],
        targets=FEW,
    )


# apart : void (int* X, int* Y, int low, int high)
def apart(X, Y, low, high):
    if low < idx and idx < high:
        held = shared(16, int)
        held[threadIdx.x] = X[idx]
        Y[idx] = held[threadIdx.x] + 1


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_guards_of_kernels_that_share_memory_and_never_wait(target):
    with compiling_for(target):
        X, Y = np.arange(40, dtype="int32"), np.zeros(40, "int32")
        cp.compile(apart)(40, block=16)(X, Y, 3, 37)
        assert Y.tolist() == [0] * 4 + list(range(5, 38)) + [0] * 3


# five : void (int* Y)
def five(Y):
    held = shared(8, int)
    held[threadIdx.x] = Y[idx]
    syncthreads()
    if held[0] == 5:
        raise ValueError("five")
    assert held[1] < 100
    syncthreads()
    Y[idx] = held[7 - threadIdx.x]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_threads_that_raise_between_barriers(target):
    with compiling_for(target):
        Y = np.arange(16, dtype="int32")
        cp.compile(five)(16, block=8)(Y)
        assert Y.tolist() == [*range(7, -1, -1), *range(15, 7, -1)]
        Y[8] = 5
        with pytest.raises(ValueError, match="five"):
            cp.compile(five)(16, block=8)(Y)
        Y[8:10] = 0, 100
        with pytest.raises(AssertionError):
            cp.compile(five)(16, block=8)(Y)


# votes : void (int* X, int* Y)
def votes(X, Y):
    t = threadIdx.x
    value = X[idx] if idx < len(X) else 0
    if t % 5 == 4:
        return
    count = syncthreads_count(value > 10)
    everyone = syncthreads_and(value)
    turns = 0
    while turns < 6:
        if syncthreads_or(value > turns * 20):
            turns += 1
        else:
            break
    if idx < len(Y):
        Y[idx] = count * 1000 + turns * 10 + everyone


def test_barriers_that_count_votes():
    differential(
        votes,
        lambda n: [integers(n, low=0, high=99), np.zeros(n, "int32")],
        block=(32, 1, 1),
        sizes=around(32),
        targets=FEW,
    )


# by_shape : void (int* Y)
def by_shape(Y):
    held = shared(64, int)
    t = threadIdx.x + blockDim.x * cp.threadIdx.y
    held[t] = blockDim.x * 100 + blockDim.y * 10 + cp.threadIdx.y
    syncthreads()
    Y[(blockIdx.y * cp.gridDim.x + blockIdx.x) * blockDim.x * blockDim.y + t] = held[
        blockDim.x * blockDim.y - 1 - t
    ]


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_one_kernel_runs_in_blocks_of_several_shapes(target):
    with compiling_for(target):
        kernel = cp.compile(by_shape)
        for _ in range(2):
            for x, y in ((8, 8), (16, 2), (64, 1), (1, 5), (33, 1)):
                Y = np.zeros(2 * x * y, "int32")
                kernel(2 * x, y, block=(x, y))(Y)
                rows = np.repeat(np.arange(y)[::-1], x)
                assert np.array_equal(Y, np.tile(x * 100 + y * 10 + rows, 2))
        with pytest.raises(IndexError, match="index 64 is out of bounds for `held`"):
            kernel(65, block=65)(np.zeros(65, "int32"))


# guarded : void (int* Y, int n)
def guarded(Y, n):
    held = shared(16, int)
    t = threadIdx.x
    if t < n:
        held[t] = 1
    syncthreads()
    Y[idx] = 1


# moved : void (int* Y, int n)
def moved(Y, n):
    held = shared(16, int)
    t = threadIdx.x
    if t < 16:
        t += n - 16
        held[t] = 1
    syncthreads()
    Y[idx] = 1


# swapped : void (int* Y, int n)
def swapped(Y, n):
    held = shared((2, 32), int)
    now = n - 16
    for i in range(3):
        held[now, threadIdx.x] = i
        syncthreads()
        now = 1 - now
    Y[idx] = 1


# counted : void (int* Y, int n)
def counted(Y, n):
    held = shared(16, int)
    for k in range(n - 1, 15 - n, -1):
        held[k] = k
    syncthreads()
    Y[idx] = 1


# halved : void (int* Y, int n)
def halved(Y, n):
    held = shared(64, int)
    step = 2 * n
    while step > 0:
        if threadIdx.x < step:
            held[threadIdx.x + step] = step
        syncthreads()
        step //= 2
    Y[idx] = 1


# remainder : void (int* Y, int n)
def remainder(Y, n):
    held = shared(16, int)
    held[(threadIdx.x - 40) % n] = 1
    held[(threadIdx.x * 3) & 15] = 2
    held[(threadIdx.x ^ 5) >> 1] = 2
    syncthreads()
    Y[idx] = 1


@pytest.mark.parametrize("kernel", [guarded, moved, swapped, counted, halved, remainder])
def test_what_is_not_known_to_be_inside_is_checked(kernel):
    compiled = cp.compile(kernel)
    Y = np.zeros(32, "int32")
    compiled(32, block=32)(Y, 16)
    assert (Y == 1).all()
    with pytest.raises(IndexError, match=r"out of bounds for (dimension 0 of )?`held`"):
        compiled(32, block=32)(Y, 33)


def turned(X, S):
    held = cp.shared(256, cp.float32)
    held[cp.threadIdx.x] = X[idx] if idx < len(X) else 0.0
    cp.syncthreads()
    if idx < len(X):
        S[idx] = held[cp.blockDim.x - 1 - cp.threadIdx.x]


def test_more_shapes_of_blocks_than_get_code_of_their_own():
    """The first shapes run code that is made for them, the others share code for any: with the same answers."""
    kernel = cp.compile(turned)
    for _ in range(2):
        for block in (*range(1, 12), 64, 100, 256):
            X = floats(2 * block + min(block, 5))
            S = np.zeros_like(X)
            kernel(len(X), block=block)(X, S)
            padded = np.concatenate([X, np.zeros(3 * block - len(X), np.float32)])
            expected = padded.reshape(3, block)[:, ::-1].reshape(-1)[: len(X)]
            assert np.array_equal(S, expected), block


# settled : void (int* X, int* turns)
def settled(X, turns):
    held = shared(64, int)
    t = threadIdx.x
    held[t] = X[idx] if idx < len(X) else 0
    n = 0
    syncthreads()
    while syncthreads_or(held[t] > 5):
        n += 1
        left = held[t - 1] if t > 0 else 0
        syncthreads()
        if held[t] > 5:
            held[t] -= 3 + left % 2
        if n == 7:
            continue
        if syncthreads_count(held[t] < 3) > 40 or n > 30:
            break
    else_sum = 100 - syncthreads_count(held[t] == 5) * 2
    while not syncthreads_and(held[t] > 0) and n < 40:
        held[t] += 1
        n += 1
    if not syncthreads_or(held[t] > 9) or else_sum > 50:
        n += 1000
    if idx < len(X):
        X[idx] = held[t]
        turns[idx] = n


def test_votes_as_conditions():
    differential(
        settled,
        lambda n: [integers(n, 3, "int32", -2, 40), np.zeros(n, "int32")],
        block=(64, 1, 1),
        sizes=around(64),
        targets=FEW,
    )
