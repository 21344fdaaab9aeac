"""Functions that call themselves, directly or through others: the same on every device, to the same depth."""

from __future__ import annotations

from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats, integers, running_as


def small(n, most=13, seed=0):
    return integers(n, seed, "int32", 0, most)


def factorial(n):
    return 1 if n <= 1 else n * factorial(n - 1)


def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


def divisor(a, b):
    return a if b == 0 else divisor(b, a % b)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


def integers_of_all_kinds(X, R):
    if idx < len(X):
        n = len(X)
        R[idx] = factorial(X[idx])
        R[n + idx] = fibonacci(X[idx])
        R[2 * n + idx] = divisor(X[idx] * 12 + 7, 18)
        R[3 * n + idx] = ackermann(X[idx] % 3, X[idx] % 4)


def test_integers():
    differential(integers_of_all_kinds, lambda n: [small(n), np.zeros(4 * n, "int32")])


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def collatz_up(n, steps):
    return collatz(3 * n + 1, steps + 1)


def collatz(n, steps):
    if n == 1:
        return steps
    if n % 2 == 0:
        return collatz(n // 2, steps + 1)
    return collatz_up(n, steps)


def of_two(X, R):
    if idx < len(X):
        n = len(X)
        R[idx] = 1 if is_even(X[idx]) else 0
        R[n + idx] = 2 if is_odd(X[idx]) else 3
        R[2 * n + idx] = collatz(X[idx] + 1, 0)


def test_functions_that_call_each_other():
    differential(of_two, lambda n: [small(n, 20), np.zeros(3 * n, "int32")])


def halvings(x):
    if x < 1.0:
        return x
    return halvings(x * 0.5) + 1.0


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * x if n % 2 == 1 else half * half


def of_floats(F, R, D):
    if idx < len(F):
        n = len(F)
        x = abs(F[idx])
        R[idx] = halvings(x)
        R[n + idx] = power(F[idx] * 0.01, int(idx % 11))
        D[idx] = power(D[idx], 5)


def test_floats():
    differential(
        of_floats,
        lambda n: [floats(n), np.zeros(2 * n, "float32"), floats(n, 3, np.float64) * 0.01],
        ulp=1,
    )


def swap(A, i, j):
    kept = A[i]
    A[i] = A[j]
    A[j] = kept


def quicksort(A, low, high):
    if low >= high:
        return
    pivot = A[(low + high) // 2]
    i = low
    j = high
    while i <= j:
        while A[i] < pivot:
            i += 1
        while A[j] > pivot:
            j -= 1
        if i <= j:
            swap(A, i, j)
            i += 1
            j -= 1
    quicksort(A, low, j)
    quicksort(A, i, high)


def sorts_rows(A, width):
    if idx * width < len(A):
        quicksort(A, idx * width, idx * width + width - 1)


def test_quicksort_of_each_threads_part():
    differential(
        sorts_rows,
        lambda n: [integers(9 * n, 5, "int32", -50, 50), 9],
        sig="void (int* A, int width)",
    )


def sum_of(row):
    if len(row) == 0:
        return 0
    if len(row) == 1:
        return row[0]
    middle = len(row) // 2
    return sum_of(row[:middle]) + sum_of(row[middle:])


def sums_of_rows(A, R):
    if idx < A.shape[0]:
        n = A.shape[0]
        R[idx] = sum_of(A[idx])
        R[n + idx] = sum_of(A[idx, 1:])
        R[2 * n + idx] = sum_of(A[idx, ::2])
        R[3 * n + idx] = sum_of(A[:, idx % A.shape[1]])


def test_views_are_cut_further():
    differential(
        sums_of_rows,
        lambda n: [integers(7 * n, 2, "int32", -50, 50).reshape(n, 7), np.zeros(4 * n, "int32")],
    )


def min_max(A, low, high):
    if high - low == 1:
        return A[low], A[low]
    middle = (low + high) // 2
    a, b = min_max(A, low, middle)
    c, d = min_max(A, middle, high)
    return min(a, c), max(b, d)


def hanoi(n, state):
    moves, largest = state
    if n == 0:
        return state
    state = hanoi(n - 1, (moves, max(largest, n)))
    return hanoi(n - 1, (state[0] + 1, state[1]))


def spiral(z, n):
    return z if n == 0 else spiral(z * z * 0.5, n - 1) + 1j


def of_tuples(A, C, R):
    if idx * 5 < len(A):
        n = len(A) // 5
        low, high = min_max(A, idx * 5, idx * 5 + 5)
        R[idx] = low
        R[n + idx] = high
        moves, largest = hanoi(idx % 5, (0, -1))
        R[2 * n + idx] = moves
        R[3 * n + idx] = largest
        C[idx] = spiral(C[idx], idx % 4)


def test_tuples_and_complex_numbers():
    differential(
        of_tuples,
        lambda n: [
            floats(5 * n),
            (floats(n, 1) * 0.01 + 0.01j * floats(n, 2)).astype(np.complex64),
            np.zeros(4 * n, "float32"),
        ],
        ulp=2,
    )


POINT = np.dtype([("x", "f4"), ("y", "f4")])
BODY = np.dtype([("hits", "u1"), ("mass", "f8"), ("at", POINT), ("id", "i2")], align=True)


class Spot(NamedTuple):
    x: float
    y: float


class Span(NamedTuple):
    low: int
    high: int
    weight: cp.float64


def heaviest(B, best, low, high):
    """An element of an array, handed down and given back whole."""
    if low >= high:
        return best
    middle = (low + high) // 2
    if B[middle].mass > best.mass:
        best = B[middle]
    best = heaviest(B, best, low, middle)
    return heaviest(B, best, middle + 1, high)


def halfway(p, q, depth):
    """Makes new structs out of fields of those that it is given."""
    if depth <= 0 or p == q:
        return Spot((p.x + q.x) / 2, (p.y + q.y) / 2)
    if p.x > q.x:
        return halfway(q, Spot(p.x, q.y), depth - 1)
    middle = halfway(p, q, depth - 2)
    return halfway(p, middle, depth - 1)


def narrow(span, n):
    if span.high - span.low <= 1:
        return span, n
    middle = (span.low + span.high) // 2
    half = Span(span.low, middle, span.weight / 3)
    if n % 3 == 0:
        half = Span(weight=span.weight + 1, high=span.high, low=middle)
    return widen(half, n // 2)


def widen(span, n):
    """Nested: a struct beside a tuple of one."""
    if n > 40:
        return narrow(Span(span.low - 1, span.high, -span.weight), n - 40)
    return narrow(span, n + 1)


def of_structs(B, P, S, W):
    if idx < len(S):
        n = len(S)
        best = heaviest(B, B[0], idx % 3, len(B) - idx % 4)
        P[idx] = (best.at.y, best.at.x)
        W[2 * n + idx] = best.mass + best.id - best.hits
        at = B[idx % len(B)].at
        P[n + idx] = halfway(Spot(at.x, at.y), Spot(0.5, S[idx]), idx % 6)
        span, left = narrow(Span(0, idx % 50, 0.1), S[idx])
        W[idx] = span.low + span.weight * 0.5
        W[n + idx] = span.high - left


def test_structs_as_arguments_and_results():
    def arguments(n):
        B = np.zeros(11, BODY)
        B["hits"], B["id"] = integers(11, 1, "uint8"), integers(11, 2, "int16")
        B["mass"], B["at"]["x"], B["at"]["y"] = floats(11, 3, "f8"), floats(11, 4), floats(11, 5)
        return [B, np.zeros(2 * n, POINT), integers(n, 6, "int32", 0, 90), np.zeros(3 * n)]

    differential(of_structs, arguments)


def tree_walk(value, left, right, node, below, F):
    """Marks what is below a value, with a loop, breaks and early returns among the calls."""
    if node < 0:
        return 0
    found = 0
    for k in range(2):
        child = left[node] if k == 0 else right[node]
        if child >= 0 and value[child] > 90:
            continue
        found += tree_walk(value, left, right, child, below, F)
        if found > 6:
            break
    else:
        found += 1
    if value[node] < below:
        cp.atomic.add(F, node, 1)
        return found + 1
    return found


def walks_tree(value, left, right, F, R):
    if idx < len(R):
        R[idx] = tree_walk(value, left, right, 0, idx * 7 % 100, F)


def tree_of(n):
    number = np.arange(31, dtype=np.int32)
    left = np.where(2 * number + 1 < 31, 2 * number + 1, -1).astype(np.int32)
    right = np.where(2 * number + 2 < 31, 2 * number + 2, -1).astype(np.int32)
    return [
        integers(31, 4, "int32", 0, 100),
        left,
        right,
        np.zeros(31, "int32"),
        np.zeros(n, "int32"),
    ]


def test_a_tree_is_walked():
    differential(walks_tree, tree_of)


def masks(X, R):
    if idx < len(X):
        total = 0
        for i in range(4):
            if (X[idx] + i) % 3 == 0:
                continue
            if (X[idx] > 4 and fibonacci(X[idx] % 7) > 3) or (is_even(i) and X[idx] > 2):
                total += factorial(i)
            total += fibonacci(i) if X[idx] % 2 == 0 else -factorial(i)
            while is_odd(abs(total)) and total < 50:
                total += divisor(total + 3, 12)
            if total > 30:
                break
        R[idx] = total


def test_calls_under_all_kinds_of_masks():
    differential(masks, lambda n: [small(n), np.zeros(n, "int32")])


def counts_threads(n):
    return idx if n == 0 else counts_threads(n - 1) + cp.threadIdx.x % 2


def random_walk(seed, i, n):
    if n == 0:
        return 0.0
    return cp.rand(seed, i * 100 + n) + random_walk(seed, i, n - 1)


TABLE = np.array([3, 1, 4, 1, 5, 9, 2, 6], dtype=np.int32)


def table_sum(n):
    return 0 if n < 0 else TABLE[n % 8] + table_sum(n - 1)


def with_buffer(n):
    buffer = cp.local(4, cp.int32)
    for i in range(4):
        buffer[i] = n + i
    below = 0 if n == 0 else with_buffer(n - 1)
    return below + buffer[n % 4]


def of_threads(R, F):
    if idx < len(R) // 4:
        n = len(R) // 4
        R[idx] = counts_threads(idx % 5)
        R[n + idx] = table_sum(idx % 13)
        R[2 * n + idx] = with_buffer(idx % 6)
        kept = cp.local(3, cp.int32)
        fills(kept, 2)
        R[3 * n + idx] = kept[0] * 100 + kept[1] * 10 + kept[2]
        F[idx] = random_walk(7, idx, idx % 5)


def fills(A, i):
    if i >= 0:
        A[i] = i + idx % 3
        fills(A, i - 1)


def test_indices_tables_arrays_and_random_numbers():
    differential(of_threads, lambda n: [np.zeros(4 * n, "int32"), np.zeros(n, "float32")])


def with_barrier(X, R):
    tile = cp.shared(64, cp.int32)
    own = cp.threadIdx.x
    tile[own] = factorial(X[idx] % 9) if idx < len(X) else 0
    cp.syncthreads()
    if idx < len(X):
        R[idx] = tile[63 - own] + sum_shared(tile, own % 5)


def sum_shared(tile, n):
    return tile[n] if n == 0 else tile[n] + sum_shared(tile, n - 1)


def test_beside_barriers_and_shared_arrays():
    differential(with_barrier, lambda n: [small(n), np.zeros(n, "int32")], block=(64, 1, 1))


def test_what_a_function_returns_by_inference():
    def depth(n):
        return 0 if n == 0 else 1 + depth_of(n - 1)

    out = np.zeros(3, np.int64)

    def takes(R):
        R[idx] = depth_of(idx) + 5_000_000_000

    cp.compile(takes)(3)(out)
    assert out.tolist() == [5_000_000_000, 5_000_000_001, 5_000_000_002]
    assert depth is not None


def depth_of(n):
    return 0 if n == 0 else 1 + depth_of(n - 1)


def nested(X, R):
    step = idx % 3 + 1

    def down(n):
        return 0 if n <= 0 else step + down(n - step)

    def even(n):
        return step if n <= 0 else odd(n - 1)

    def odd(n):
        return -step if n <= 0 else even(n - 1)

    def third(n, k=2):
        if n <= 0:
            return k
        return first(n - 1)

    def first(n):
        return second(n - 1) + 1 if n > 0 else 0

    def second(n):
        return third(n - 1) + step if n > 0 else 1

    if idx < len(X):
        n = len(X)
        R[idx] = down(X[idx])
        step = 5
        R[n + idx] = even(X[idx])
        R[2 * n + idx] = odd(X[idx])
        R[3 * n + idx] = third(X[idx])
        R[4 * n + idx] = second(X[idx])
        shrink = lambda v: v if v < 10 else shrink(v // 2) + step  # noqa: E731
        R[5 * n + idx] = shrink(X[idx] * 9)


def test_nested_functions():
    differential(nested, lambda n: [small(n), np.zeros(6 * n, "int32")])


def calls_itself(X, n):
    if n > 0 and idx < len(X):
        X[idx] += n
        calls_itself(X, n - 1)


def test_a_kernel_may_call_itself_as_a_helper():
    differential(calls_itself, lambda n: [small(n), 4])


def fold(f, n, start):
    return start if n == 0 else f(fold(f, n - 1, start), n)


def twice_over(f, x):
    return f(f(x))


def of_functions(X, R):
    def shrink(v):
        return v if v < 10 else shrink(v // 3) + X[idx]

    if idx < len(X):
        n = len(X)
        scale = X[idx]
        R[idx] = fold(lambda a, b: a + b * scale, X[idx], 1)
        R[n + idx] = twice_over(shrink, X[idx] * 31)
        R[2 * n + idx] = twice_over(factorial, X[idx] % 4)


def test_functions_as_arguments():
    differential(of_functions, lambda n: [small(n), np.zeros(3 * n, "int32")])


@pytest.fixture(params=["1", "4", "32", "python"])
def device(request):
    with running_as(request.param):
        yield request.param


def measures(X, R):
    if idx < len(X):
        R[idx] = depth_of(X[idx])


def test_the_depth_is_the_same_everywhere(device):
    kernel = cp.compile(measures)
    out = np.zeros(50, np.int32)
    depths = np.arange(50, dtype=np.int32)
    depths[17] = 255
    kernel(50)(depths, out)
    assert np.array_equal(out, depths)
    depths[17] = 256
    with pytest.raises(
        RecursionError, match="`depth_of` is called when 256 calls are open"
    ) as caught:
        kernel(50)(depths, out)
    if device != "python":
        assert "idx = 17" in str(caught.value)
        assert "1 + depth_of(n - 1)" in str(caught.value)
    kernel(10)(depths, out)  # and the next launch works


def endless(n):
    return 0 if n < 0 else endless(n + 1)


def runs_forever(R):
    R[idx] = endless(1)


@pytest.mark.parametrize("check", [True, False])
def test_an_endless_recursion_ends(device, check):
    with pytest.raises(RecursionError):
        cp.compile(runs_forever, check=check)(100)(np.zeros(100, np.int32))


def large_frames(n):
    buffer = cp.local(2000, cp.float64)
    buffer[n] = 1.0
    return buffer[n] + (0.0 if n == 0 else large_frames(n - 1))


def fills_the_stack(R):
    R[idx] = large_frames(250)


def test_frames_that_fill_the_stack(monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "16")
    with pytest.raises(RecursionError, match="no room for another call of `large_frames`"):
        cp.compile(fills_the_stack)(16)(np.zeros(16, np.float64))


def checked(X, n):
    assert n != 3, "three"
    if n == 5:
        raise ValueError("five")
    return X[n * 10] + (0 if n == 0 else checked(X, n - 1))


def checks(X, N, R):
    R[idx] = checked(X, N[idx])


@pytest.mark.parametrize(
    ("n", "exception", "message"),
    [(3, AssertionError, "three"), (6, ValueError, "five"), (9, IndexError, "index 90")],
)
def test_faults_below(device, n, exception, message):
    N = np.array([0, 1, 2, n, 1, 2], dtype=np.int32)
    X = np.zeros(80, np.int32)
    with pytest.raises(exception) as caught:
        cp.compile(checks)(6)(X, N, np.zeros(6, np.int32))
    if device != "python":
        assert message in str(caught.value)
        assert "idx = 3" in str(caught.value)


def divides(n, d):
    return 0 if n == 0 else 10 // d + divides(n - 1, d - 1)


def test_a_division_by_zero_below(device):
    def kernel(R):
        R[idx] = divides(5, 3)

    with pytest.raises(ZeroDivisionError):
        cp.compile(kernel)(2)(np.zeros(2, np.int32))


def says(n):
    if n > 0:
        print("down", n, "of", idx)
        says(n - 1)


def prints(X):
    says(X[idx])


def test_prints_below(device, capfd):
    cp.compile(prints)(3)(np.array([2, 0, 1], dtype=np.int32))
    cp.synchronize()
    assert capfd.readouterr().out.splitlines() == ["down 2 of 0", "down 1 of 0", "down 1 of 2"]
