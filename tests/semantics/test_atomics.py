"""Atomic operations: the same in CPython and for every gang width, and nothing is lost between threads."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic
from differential import differential, integers

INTEGERS = ["int32", "uint32", "int64", "uint64", "int8", "uint16"]


@pytest.mark.parametrize("dtype", [*INTEGERS, "float16", "float32", "float64"])
@pytest.mark.parametrize("place", ["one", "own", "some"])
def test_sums_and_extremes(dtype, place):
    def one(X, A, S, L, H):
        atomic.add(A, 0, X[idx])
        atomic.sub(S, -1, X[idx])
        atomic.min(L, 0, X[idx])
        atomic.max(H, 0, X[idx])

    def own(X, A, S, L, H):
        atomic.add(A, idx, X[idx])
        atomic.sub(S, idx, X[idx])
        atomic.min(L, idx, X[idx])
        atomic.max(H, idx, X[idx])

    def some(X, A, S, L, H):
        i = idx % 3
        if X[idx] > 3:
            atomic.add(A, i, X[idx])
            atomic.sub(S, i, X[idx])
            atomic.min(L, i, X[idx])
            atomic.max(H, i, X[idx])

    def arguments(n):
        # Small whole numbers: floats add up to the same in any order, halves as long as they stay below 2048.
        X = integers(
            n, low=-3 if dtype == "float16" else 0, high=6 if dtype == "float16" else 9
        ).astype(dtype)
        return [X, *(np.full(n + 3, 4, dtype) for _ in range(4))]

    function = {"one": one, "own": own, "some": some}[place]
    sig = f"{place} : void ({dtype}* X, {dtype}* A, {dtype}* S, {dtype}* L, {dtype}* H)"
    differential(function, arguments, sig=sig)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("place", ["one", "own"])
def test_bits(dtype, place):
    def one(X, A, O, E):
        if idx % 3 != 1:
            atomic.and_(A, 0, X[idx])
            atomic.or_(O, 0, X[idx])
            atomic.xor(E, 0, X[idx])

    def own(X, A, O, E):
        atomic.and_(A, idx, X[idx])
        atomic.or_(O, idx, X[idx])
        atomic.xor(E, idx, X[idx])

    def arguments(n):
        X = integers(n, dtype=dtype)
        return [X, *(integers(n + 1, seed=i, dtype=dtype) for i in range(1, 4))]

    sig = f"{place} : void ({dtype}* X, {dtype}* A, {dtype}* O, {dtype}* E)"
    differential({"one": one, "own": own}[place], arguments, sig=sig)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "int64", "uint64"])
def test_what_was_there(dtype):
    """Each thread's own element: what comes back does not depend on the order."""

    def old(A, R, X):
        R[7 * idx] = atomic.add(A, 7 * idx, X[idx])
        R[7 * idx + 1] = atomic.exch(A, 7 * idx + 1, X[idx])
        R[7 * idx + 2] = atomic.cas(A, 7 * idx + 2, 5, X[idx])
        R[7 * idx + 3] = atomic.inc(A, 7 * idx + 3, 6)
        R[7 * idx + 4] = atomic.dec(A, 7 * idx + 4, 6)
        R[7 * idx + 5] = atomic.max(A, 7 * idx + 5, X[idx])
        R[7 * idx + 6] = atomic.xor(A, 7 * idx + 6, X[idx]) + 1

    def arguments(n):
        A = integers(7 * n, low=0, high=9).astype(dtype)
        return [A, np.zeros(7 * n, dtype), integers(n, seed=3, dtype=dtype)]

    differential(old, arguments, sig=f"old : void ({dtype}* A, {dtype}* R, {dtype}* X)")


def test_floats_exchanged():
    # swap : void (double* A, double* R, float* F, float* G)
    def swap(A, R, F, G):
        R[idx] = atomic.exch(A, idx, 0.1)
        G[idx] = atomic.add(F, idx, 0.1)

    differential(
        swap,
        lambda n: [np.ones(n), np.zeros(n), np.ones(n, np.float32), np.zeros(n, np.float32)],
    )


def test_inside_of_conditions_and_loops():
    # walk : void (int* X, int* C)
    def walk(X, C):
        for k in range(X[idx]):
            if (k + idx) % 3 == 0:
                atomic.add(C, k, 1)
            elif k > 5 and atomic.add(C, 0, 2) >= 0:
                atomic.sub(C, 1, 1)

    differential(walk, lambda n: [integers(n, low=0, high=10), np.zeros(10, np.int32)])


def test_slots_of_a_compaction():
    """Each thread that wants a slot gets one of its own."""

    # compact : void (int* X, int* count, int* out)
    def compact(X, count, out):
        if X[idx] > 0:
            out[atomic.add(count, 0, 1)] = X[idx]

    for gang in ("1", "4", "16", "32"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUDAPY_GANG", gang)
            kernel = cp.compile(compact)
        X = integers(100_000, low=-50, high=50)
        count, out = np.zeros(1, np.int32), np.zeros(100_000, np.int32)
        kernel(len(X))(X, count, out)
        kept = X[X > 0]
        assert count[0] == len(kept)
        assert np.array_equal(np.sort(out[: len(kept)]), np.sort(kept))


@pytest.mark.parametrize("gang", ["1", "8", "32"])
def test_nothing_is_lost_between_the_threads_of_the_pool(gang, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", gang)

    # histogram : void (uint8* X, int* H, float* T, double* L)
    def histogram(X, H, T, L):
        atomic.add(H, X[idx], 1)
        atomic.add(T, 0, 1.0)
        atomic.max(L, 0, idx)

    X = integers(1 << 20, dtype=np.uint8)
    H, T, L = np.zeros(256, np.int32), np.zeros(1, np.float32), np.zeros(1)
    cp.compile(histogram)(len(X))(X, H, T, L)
    assert np.array_equal(H, np.bincount(X, minlength=256))
    assert T[0] == len(X)
    assert L[0] == len(X) - 1


def test_indices_are_checked():
    # count : void (int* X, int* H)
    def count(X, H):
        atomic.add(H, X[idx], 1)

    X = np.zeros(100, np.int32)
    X[50] = 7
    kernel = cp.compile(count)
    with pytest.raises(IndexError, match="index 7 is out of bounds for `H`, which has 4 elements"):
        kernel(100)(X, np.zeros(4, np.int32))
    H = np.zeros(8, np.int32)
    kernel(100)(X, H)
    assert H.tolist() == [99, 0, 0, 0, 0, 0, 0, 1]


def test_a_read_only_array_is_refused():
    # count : void (int* H)
    def count(H):
        atomic.add(H, 0, 1)

    H = np.zeros(4, np.int32)
    H.flags.writeable = False
    with pytest.raises((cp.CudaTypeError, ValueError)):
        cp.compile(count)(1)(H)


def test_in_a_helper_and_by_another_name():
    bump = cp.atomic.add

    def next_of(counter, step):
        return bump(counter, 0, step)

    # number : void (int* counter, int* out)
    def number(counter, out):
        out[idx] = next_of(counter, 2)

    counter, out = np.zeros(1, np.int32), np.zeros(1000, np.int32)
    cp.compile(number)(1000)(counter, out)
    assert counter[0] == 2000
    assert np.array_equal(np.sort(out), 2 * np.arange(1000))


def test_on_arrays_of_each_thread():
    # tally : void (int* X, int* R)
    def tally(X, R):
        bins = cp.local((2, 3), int)
        for k in range(6):
            atomic.add(bins, (k % 2, X[idx] % 3), k)
        R[idx] = atomic.exch(bins, (1, X[idx] % 3), 7) + bins[1, X[idx] % 3]

    differential(tally, lambda n: [integers(n, low=0, high=50), np.zeros(n, np.int32)])


def count_bytes(image, bins):
    if idx < len(image):
        atomic.add(bins, image[idx], 1)


def weigh(places, weights, bins, taken):
    if idx < len(places):
        p = places[idx]
        if p >= 0:
            atomic.add(bins, p, weights[idx])
        if weights[idx] % 2 == 0:
            atomic.sub(taken, abs(p), weights[idx] // 2)


@pytest.mark.parametrize("threads", [0, 1, 17, 1_000, 300_000])
@pytest.mark.parametrize("bins", ["int32", "uint32", "int64", "uint64"])
def test_histograms_of_few_and_of_many_threads(threads, bins, monkeypatch):
    """Bins are counted apart where that pays, which the sizes decide; what is counted is the same."""
    image = integers(threads, 3, "uint8")
    places = integers(threads, 4, "int16", -5, 90)
    weights = integers(threads, 5, "int32", -1000, 1000)
    for gang in ("1", "8", "32"):
        monkeypatch.setenv("CUDAPY_GANG", gang)
        counts = np.full(256, 7, bins)
        cp.compile(count_bytes)(threads)(image, counts)
        assert np.array_equal(counts, np.bincount(image, minlength=256).astype(bins) + 7)
        added, taken = np.zeros(90, bins), np.zeros(90, bins)
        cp.compile(weigh)(threads)(places, weights, added, taken)
        expected = np.zeros(90, np.int64)
        np.add.at(expected, places[places >= 0], weights[places >= 0])
        assert np.array_equal(added, expected.astype(bins))
        expected = np.zeros(90, np.int64)
        even = weights % 2 == 0
        np.subtract.at(expected, abs(places[even]), weights[even] // 2)
        assert np.array_equal(taken, expected.astype(bins))


def test_bins_that_overlap_another_argument_are_counted_in_place():
    """A thread sees what it added itself, under any name."""

    # look : void (int* bins, int* seen, int n)
    def look(bins, seen, n):
        for k in range(n):
            atomic.add(bins, idx, 1)
            if seen[idx] != k + 1:
                seen[idx] = -1000

    memory = np.zeros(64, np.int32)
    cp.compile(look)(64)(memory, memory, 50)
    assert memory.tolist() == [50] * 64


def test_an_index_outside_of_the_bins_is_found_and_what_was_counted_is_kept():
    image = np.arange(100_000, dtype=np.int32) % 256
    counts = np.zeros(256, np.int32)
    image[99_999] = 256
    with pytest.raises(IndexError, match="index 256 is out of bounds for `bins`"):
        cp.compile(count_bytes)(len(image))(image, counts)
    assert counts[:100].min() > 0
    assert counts.sum() <= 99_999


@pytest.mark.parametrize("bins", [10, 255, 256, 300])
@pytest.mark.parametrize("greatest", [9, 254, 255])
def test_counting_bytes_in_bins_that_may_be_too_few(bins, greatest):
    image = np.random.default_rng(bins + greatest).integers(0, greatest + 1, 5000, np.uint8)
    image[-7] = greatest
    counts = np.zeros(bins, np.int32)
    kernel = cp.compile(count_bytes)
    if greatest < bins:
        kernel(5000)(image, counts)
        assert np.array_equal(counts, np.bincount(image, minlength=bins))
    else:
        with pytest.raises(IndexError, match=f"which has {bins} elements"):
            kernel(5000)(image, counts)


def test_bfloat16():
    # count : void (bfloat16* H, bfloat16* M)
    def count(H, M):
        atomic.add(H, idx % 2, 1)
        atomic.sub(H, 2, 0.5)
        atomic.max(M, 0, idx)
        atomic.exch(M, 1, 7)

    H, M = cp.CudaArray([0.0] * 3, cp.bfloat16), cp.CudaArray([0.0] * 2, cp.bfloat16)
    cp.compile(count)(250)(H, M)
    assert H.toList() == [125, 125, -125] and M.toList() == [249, 7]


def test_each_addition_to_a_float16_is_rounded():
    # add : void (half* H)
    def add(H):
        atomic.add(H, 0, 1)
        atomic.add(H, 1, 0.001)

    H = np.array([0, 1], np.float16)
    cp.compile(add)(100_000)(H)
    # Beyond these a half is too coarse to see what is added.
    assert H.tolist() == [2048, 4]
