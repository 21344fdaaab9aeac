"""Where widths, limits and many blocks meet: values that wrap, loops at the end of a type, indices of narrow types."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, Source, compiling_for, differential, floats, integers, same
from differential import interpret as interpret_kernel

BEST = TARGETS[-2]
SOME = [TARGETS[0], TARGETS[-3], TARGETS[-2]]


def many(kernel, arguments, n, targets=SOME, **options):
    """Compares one launch of many threads, so that indices leave the narrow types."""
    expected = arguments()
    interpret_kernel(Source((kernel,), (None,)), (n, 1, 1), None, tuple(expected))
    for target in targets:
        with compiling_for(target):
            given = arguments()
            cp.compile(kernel, contract=False, **options)(n)(*given)
        for want, have in zip(expected, given):
            assert same(want, have, 0), f"{target}: {np.nonzero(want != have)[0][:5]}"


def narrow_indices(X, R):
    if idx < len(X):
        n = len(X)
        R[idx] = X[cp.uint8(idx)]
        R[n + idx] = X[cp.int16(idx)]
        R[2 * n + idx] = X[cp.uint8(idx * 3 + 1)]
        R[3 * n + idx] = X[(cp.uint8(idx) + cp.uint8(7)) & 127]
        R[4 * n + idx] = X[cp.int8(idx) & 63]
        R[5 * n + idx] = cp.uint8(idx) * cp.uint8(2)
        R[6 * n + idx] = cp.int8(idx)


def test_an_index_of_a_narrow_type_wraps():
    many(narrow_indices, lambda: [integers(700), np.zeros(7 * 700, "int32")], 700)


def wrapping_arithmetic(X, R):
    if idx < len(X):
        n = len(X)
        i = idx * 100000007
        R[idx] = X[i % n]
        R[n + idx] = X[(idx * idx) % n]
        R[2 * n + idx] = X[(idx << 20) % n]
        j = cp.int16(idx * 111)
        R[3 * n + idx] = X[j % n] + j


def test_products_of_indices_wrap():
    many(wrapping_arithmetic, lambda: [integers(700), np.zeros(4 * 700, "int32")], 700)


def ends_of_ranges(A, R):
    if idx < len(A):
        n = len(A)
        total = 0
        for i in range(2147483600, 2147483647, 30):
            total += i ^ A[idx]
        R[idx] = total
        total = 0
        for i in range(A[idx], 2147483647, 1 << 30):
            total += i
        R[n + idx] = total
        total = 0
        for i in range(-2147483600, -2147483647 - 1, -41):
            total ^= i
        R[2 * n + idx] = total
        total = 0
        low = cp.int8(100) + cp.int8(A[idx] & 7)
        high = cp.int8(127)
        for k in range(low, high, cp.int8(20)):
            total = total * 3 + k
        R[3 * n + idx] = total
        for k in range(low, high):
            pass
        R[4 * n + idx] = k


def test_a_range_may_end_at_the_end_of_its_type():
    differential(
        ends_of_ranges, lambda n: [integers(n, 0, "int32", -9, 9), np.zeros(5 * n, "int32")]
    )


def unsigned_ranges(A, R):
    if idx < len(A):
        n = len(A)
        total = 0
        for i in range(cp.uint32(A[idx] & 15), cp.uint32(0), -3):
            total = total * 10 + int(i)
        R[idx] = total
        start = cp.uint64(18446744073709551600)
        total = 0
        for k in range(start, start + cp.uint64(A[idx] & 15), cp.uint64(7)):
            total = total * 5 + int(k)
        R[n + idx] = total


def test_unsigned_ranges():
    differential(unsigned_ranges, lambda n: [integers(n), np.zeros(2 * n, "int32")])


def long_ranges(A, R):
    if idx < len(A):
        total = 0
        first = cp.int64(9223372036854775800)
        for i in range(first, first + (A[idx] & 7), 5):
            total = total * 3 + int(i)
        for i in range(-first, -first - (A[idx] & 7), -5):
            total = total * 3 + int(i)
        R[idx] = total


def test_64_bit_ranges_may_end_at_the_end_of_their_type():
    differential(long_ranges, lambda n: [integers(n), np.zeros(n, "int32")])


# far_ranges : void (int64 start, int64 stop, int64 step, int* R, int64* S)
def far_ranges(start, stop, step, R, S):
    turns = 0
    last = cp.int64(0)
    for i in range(start + idx, stop, step):
        turns += 1
        last = i
        if turns > 20:
            break
    R[idx] = turns
    S[idx] = last
    turns = 0
    for i in range(start + idx, stop + (idx & 3), step):
        turns += 1
        if turns > 20:
            break
    R[idx] += 100 * turns


@pytest.mark.parametrize(
    ("start", "stop", "step"),
    [
        (-(2**63) + 1, 2**63 - 9, 2**62),
        (-(2**63), 2**63 - 9, 2**63 - 1),
        (2**63 - 200, -(2**63), -(2**62)),
        (-(2**63), -(2**63), -(2**63)),
        (-(2**63) + 3, -(2**63), -5),
        (2**63 - 200, 2**63 - 9, 100),
        (2**63 - 200, 2**63 - 9, 7),
        (-(2**63), 2**63 - 9, 1),
        (2**63 - 200, -(2**63), -1),
    ],
)
def test_lanes_count_through_the_whole_of_64_bits(start, stop, step):
    differential(
        far_ranges,
        lambda n: [start, stop, step, np.zeros(n, "int32"), np.zeros(n, "int64")],
    )


def scan_until_zero(X, R):
    if idx < len(X):
        i = idx
        while i < len(X) and X[i] != 0:
            i += 1
        R[idx] = i
        j = idx
        while X[j] != 0:
            j -= 1
            if j < 0:
                break
        R[len(X) + idx] = j


def test_loads_in_conditions_of_lanes_that_have_left():
    def arguments(n):
        return [integers(n, 3, "int32", 0, 4), np.zeros(2 * n, "int32")]

    differential(scan_until_zero, arguments)


def guards(X, R, n):
    if idx >= n:
        return
    if 0 < idx < len(X) - 1 and idx < n - 2:
        R[idx] = X[idx - 1] + X[idx + 1]
    elif idx == 0 or idx == n - 1:
        R[idx] = X[idx] * 10


@pytest.mark.parametrize("cut", [-5, 0, 1, 2, 3, 50, 300])
def test_guards_on_the_index(cut):
    def arguments(n):
        return [floats(n), np.zeros(n, "float32"), min(cut, n)]

    differential(guards, arguments, sig="void (float* X, float* R, int n)", targets=SOME)


def shifted(X, Y):
    for k in range(len(X)):
        Y[k] = X[k] * 2 + 1


def running(X, Y):
    for k in range(1, len(X)):
        Y[k] = X[k - 1] + Y[k]
        X[k] = Y[k] - X[0]


@pytest.mark.parametrize("kernel", [shifted, running])
@pytest.mark.parametrize("offset", [0, 1, 3, 16])
def test_overlapping_arrays_are_read_after_what_was_stored(kernel, offset):
    """One thread, so that the order is plain; X and Y are parts of one array."""

    def views(memory):
        return [memory[: 64 - offset], memory[offset:]]

    expected = integers(64, 0, "int32", -9, 9)
    interpret_kernel(Source((kernel,), (None,)), (1, 1, 1), None, tuple(views(expected)))
    for target in SOME:
        with compiling_for(target):
            memory = integers(64, 0, "int32", -9, 9)
            cp.compile(kernel)(1)(*views(memory))
        assert np.array_equal(memory, expected)


def collatz(R):
    n = idx + 1
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    R[idx] = steps


def test_many_blocks_on_many_threads_agree_with_one_lane():
    n = 100_003
    results = []
    for target in (TARGETS[-5], *SOME):
        with compiling_for(target):
            R = np.zeros(n, "int32")
            cp.compile(collatz)(n)(R)
            results.append(R)
    assert results[0][:10].tolist() == [0, 1, 7, 2, 5, 8, 16, 3, 19, 6]
    assert all(np.array_equal(results[0], other) for other in results[1:])


def plane(R, w):
    if idx < w and idy < 37:
        R[idy * w + idx] = idx * 1000 + idy


def test_a_plane_of_many_blocks():
    w = 1003
    for target in SOME:
        with compiling_for(target):
            R = np.zeros(37 * w, "int32")
            cp.compile(plane)(w + 5, 40)(R, w)
        y, x = np.indices((37, w))
        assert np.array_equal(R, (x * 1000 + y).ravel())


def steps_back(X, R):
    i = len(R) - 1 - idx
    if i >= 0:
        R[i] = X[i // 2] + X[len(X) - 1 - i // 3]


def test_descending_indices():
    differential(steps_back, lambda n: [integers(max(n, 1)), np.zeros(n, "int32")])


def uniform_or_varying(A, n, R):
    if idx < len(R):
        total = 0
        k = 0
        while k < n:  # the same for all lanes, until some of them break
            if A[k] == idx % 5:
                break
            total += A[k] * k
            k += 1
        R[idx] = total * 100 + k
        if n > 3:  # the same for all lanes
            R[idx] += A[n - 1]
            for j in range(n):
                R[idx] -= A[j] if j != idx else 0


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_uniform_loops_that_lanes_leave(count):
    differential(
        uniform_or_varying,
        lambda n: [integers(9, 1, "int32", 0, 9), count, np.zeros(n, "int32")],
        sig="void (int* A, int n, int* R)",
        targets=SOME,
    )


def precise(X, D, R):
    if idx < len(X):
        n = len(X)
        R[idx] = X[idx] * 0.1
        R[n + idx] = D[idx] * 0.1
        R[2 * n + idx] = X[idx] + D[idx]
        R[3 * n + idx] = float(D[idx]) + cp.float64(X[idx])
        third = 1 / 3
        R[4 * n + idx] = third * X[idx]


def test_float32_and_float64_in_one_kernel():
    differential(
        precise, lambda n: [floats(n), floats(n, 1, "float64"), np.zeros(5 * n, "float64")]
    )


def denormals(X, R):
    if idx < len(X):
        x = X[idx] * 1e-20
        y = x * 1e-20
        R[idx] = y * 0.5 + y


def test_denormals_are_kept():
    differential(denormals, lambda n: [floats(n), np.zeros(n, "float32")])
