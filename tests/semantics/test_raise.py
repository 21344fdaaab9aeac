"""`assert` and `raise` in kernels: Python's exceptions, with the line and the thread, after the launch."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from differential import running_as


@pytest.fixture(params=["1", "4", "16", "32", "python"], autouse=True)
def device(request):
    with running_as(request.param):
        yield request.param


def test_an_assertion(device):
    # even : void (int* X)
    def even(X):
        assert X[idx] % 2 == 0, "numbers must be even"
        X[idx] = X[idx] // 2

    kernel = cp.compile(even)
    X = 2 * np.arange(100, dtype=np.int32)
    kernel(100)(X)
    assert np.array_equal(X, np.arange(100))
    X = 2 * np.arange(100, dtype=np.int32)
    X[77] = 3
    with pytest.raises(AssertionError, match="numbers must be even") as caught:
        kernel(100)(X)
    if device != "python":
        assert "idx = 77" in str(caught.value)
        assert "assert X[idx] % 2 == 0" in str(caught.value)
    kernel(100)(np.zeros(100, np.int32))  # and the next launch works


@pytest.mark.parametrize("which", range(4))
def test_exceptions_by_their_names(which, device):
    # choose : void (int* X)
    def choose(X):
        if X[idx] == 0:
            raise ValueError("zero")
        elif X[idx] == 1:
            raise IndexError
        elif X[idx] == 2:
            raise OverflowError()
        if X[idx] == 3:
            raise RuntimeError("three")

    X = np.full(50, 9, np.int32)
    kernel = cp.compile(choose)
    kernel(50)(X)
    X[41] = which
    expected = [ValueError, IndexError, OverflowError, RuntimeError][which]
    with pytest.raises(expected) as caught:
        kernel(50)(X)
    assert type(caught.value) is expected
    if which in (0, 3):
        assert ["zero", "", "", "three"][which] in str(caught.value)


def test_in_loops_and_helpers(device):
    def root(x):
        if x < 0:
            raise ValueError("no root")
        return math.sqrt(x)

    def first(X, limit):
        for k in range(len(X)):
            if X[k] > limit:
                return k
        raise LookupError("none is larger")

    # f : void (float* X, float* Y)
    def f(X, Y):
        total = 0.0
        k = 0
        while True:
            if k == 5:
                break
            total += root(X[idx] - k)
            assert total >= 0
            k += 1
        Y[idx] = total + first(X, Y[idx])

    kernel = cp.compile(f)
    X = np.arange(4, 44, dtype=np.float32)
    Y = X - 2
    kernel(40)(X, Y)
    expected = [sum(math.sqrt(x - k) for k in range(5)) + max(0, x - 5) for x in range(4, 44)]
    assert np.allclose(Y, expected, rtol=1e-6)
    with pytest.raises(ValueError, match="no root"):
        kernel(40)(X - 1, X - 2)
    with pytest.raises(LookupError, match="none is larger"):
        kernel(40)(X, X + 1)


def test_what_is_not_reached_raises_nothing(device):
    # careful : void (int* X, int n)
    def careful(X, n):
        if n > 0:
            raise ValueError("n")
        if idx >= len(X):
            return
        i = X[idx]
        if i > 5:
            i = 5
            if i > 6:
                raise RuntimeError("never")
        assert i <= 5
        X[idx] = i

    X = np.arange(20, dtype=np.int32)
    cp.compile(careful)(64)(X, 0)
    assert X.max() == 5
    with pytest.raises(ValueError, match="n"):
        cp.compile(careful)(64)(X, 1)


def test_assertions_without_checks(device):
    # f : void (int* X)
    def f(X):
        assert X[idx] > 0
        if X[idx] == -5:
            raise ValueError("five")
        X[idx] = 1

    kernel = cp.compile(f, check=False)
    if device != "python":
        X = np.zeros(40, np.int32)
        kernel(40)(X)
        assert np.all(X == 1)
    X = np.ones(40, np.int32)
    X[39] = -5
    with pytest.raises((ValueError, AssertionError)):
        kernel(40)(X)


def message(error) -> str:
    """What the kernel says: all of the text on the reference device, else a part of the report's first line."""
    text = str(error.value)
    for line in text.splitlines():
        if "error[" in line:
            return line.split("]: ", 1)[1].removeprefix("assertion failed: ")
    return text


@pytest.mark.parametrize("place", [0, 17, 99])
def test_values_in_a_message(place, device):
    # f : void (float* X, int* N, uint8* B, double* D)
    def f(X, N, B, D):
        if X[idx] < 0:
            raise ValueError(f"{{X}}[{idx}] = {X[idx]:.2f}, {N[idx]}, {B[idx]:#04x} and {D[idx]!r}")

    X, N = np.ones(100, np.float32), np.arange(100, dtype=np.int32) - 50
    B, D = np.full(100, 200, np.uint8), np.arange(100) / 3
    kernel = cp.compile(f)
    kernel(100)(X, N, B, D)
    X[place] = -1.25
    with pytest.raises(ValueError) as caught:
        kernel(100)(X, N, B, D)
    assert message(caught) == f"{{X}}[{place}] = -1.25, {place - 50}, 0xc8 and {place / 3!r}"


def test_numbers_and_texts_alone(device):
    # f : void (float* X, int which)
    def f(X, which):
        assert which != 1, X[idx]
        assert which != 2, "{braces} %s"
        if which == 3:
            raise OverflowError(which + idx)
        if which == 4:
            raise ValueError("{}")

    X = np.full(1, 0.1, np.float32)
    kernel = cp.compile(f)
    kernel(1)(X, 0)
    for which, text in enumerate(["0.1", "{braces} %s", "3", "{}"], 1):
        with pytest.raises((AssertionError, OverflowError, ValueError)) as caught:
            kernel(1)(X, which)
        assert message(caught) == text


def test_values_of_helpers_and_loops(device):
    def checked(x, k):
        if x > 3:
            raise RuntimeError(f"step {k}: {x}")
        return x

    # f : void (int* X, int* Y)
    def f(X, Y):
        total = 0
        for k in range(idx + 1):
            total += checked(X[k], k)
        Y[idx] = total

    X, Y = np.ones(40, np.int32), np.zeros(40, np.int32)
    kernel = cp.compile(f)
    kernel(40)(X, Y)
    assert np.array_equal(Y, np.arange(1, 41))
    X[39] = 7
    with pytest.raises(RuntimeError) as caught:
        kernel(40)(X, Y)
    assert message(caught) == "step 39: 7"


def test_values_are_evaluated_only_by_who_raises(device):
    # f : void (int* X, int n)
    def f(X, n):
        assert n > 0, f"{X[0] // n}"

    kernel = cp.compile(f)
    kernel(5)(np.ones(5, np.int32), 1)
    with pytest.raises(ZeroDivisionError):
        kernel(5)(np.ones(5, np.int32), 0)


def test_a_half_in_a_message_and_in_print(device, capfd):
    # f : void (float16* X, int n)
    def f(X, n):
        print(X[idx], f"{X[idx]:.3f}")
        assert n == 0, X[idx]

    kernel = cp.compile(f)
    kernel(1)(np.full(1, 0.1, np.float16), 0)
    assert capfd.readouterr().out == "0.1 0.100\n"
    with pytest.raises(AssertionError) as caught:
        kernel(1)(np.full(1, 0.1, np.float16), 1)
    assert message(caught) == "0.1"


@pytest.mark.parametrize("exception", [KeyError, OSError, AttributeError, TimeoutError, EOFError])
def test_more_of_pythons_exceptions(device, exception):
    def f(X):
        if X[idx] > 2:
            raise exception("too much")

    kernel = cp.kernel(f)
    kernel(3)(np.arange(3, dtype=np.float32))
    with pytest.raises(exception, match="too much"):
        kernel(5)(np.arange(5, dtype=np.float32))


def test_complex_numbers_in_messages(device):
    # small : void (complex64* Z)
    def small(Z):
        assert abs(Z[idx]) < 2, f"{idx}: {Z[idx]} of {Z[idx].real:.1f}, {3 * Z[idx]:.2f}"
        if Z[idx] == 1j:
            raise ValueError(Z[idx])

    kernel = cp.compile(small)
    Z = np.full(60, 0.1 + 0.2j, np.complex64)
    kernel(60)(Z)
    Z[51] = 1.5 - 2.25j
    with pytest.raises(AssertionError, match=r"51: \(1\.5-2\.25j\) of 1\.5, 4\.50-6\.75j"):
        kernel(60)(Z)
    Z[51] = 1j
    with pytest.raises(ValueError, match=r"1j"):
        kernel(60)(Z)
