"""Random arguments: each call ends in a clear exception, or in the answer that the reference device gives."""

from __future__ import annotations

import array
import itertools
import time
from collections.abc import Callable
from random import Random
from typing import Any

import cudapy as cp
import numpy as np
import pytest

from fuzz.kinds import KINDS, huge, number, shaped

N = 9


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


def copy(X, Y):
    if idx < len(X) and idx < len(Y):
        Y[idx] = X[idx]


# total : void (double** A, double* out)
def total(A, out):
    if idx == 0 and A.shape[0] < 100 and A.shape[1] < 100:
        for row in A:
            for x in row:
                out[0] += x


# pick : void (bool flag, int64 k, uint8* bytes, int* out)
def pick(flag, k, bytes, out):
    out[idx] = bytes[k] if flag else 7 // k


def turn(A, B):
    if idy < A.shape[0] and idx < A.shape[1]:
        B[idx, idy] = A[idy, idx]


def scale(X, factor=2, *, add=1):
    if idx < len(X):
        X[idx] = X[idx] * factor + add


def valid(random: Random, kernel: Callable[..., None]) -> list[Any]:
    vector = lambda dtype: shaped(random, dtype, (N,))  # noqa: E731
    return {
        saxpy: lambda: [2.0, vector("f4"), vector("f4")],
        copy: lambda: [vector("i4"), vector("i8")],
        total: lambda: [shaped(random, "f8", (N, N)), vector("f8")],
        pick: lambda: [True, 3, vector("u1"), vector("i4")],
        turn: lambda: [shaped(random, "f4", (3, N)), shaped(random, "f4", (N, 3))],
        scale: lambda: [vector("f4")],
    }[kernel]()


KERNELS = {kernel: cp.compile(kernel) for kernel in (saxpy, copy, total, pick, turn, scale)}

# What a call may end in; and that raised by objects that misbehave, which passes through.
REFUSALS = (cp.CudaPyError, TypeError, ValueError, IndexError, ZeroDivisionError, OverflowError)


def arguments(random: Random, kernel: Callable[..., None]) -> tuple[list[Any], dict[str, Any]]:
    """Valid arguments, most of the time with something else among them."""
    given = valid(random, kernel)
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        given[random.randrange(len(given))] = random.choice(KINDS)(random)
    kind = random.randrange(12)
    if kind == 0:
        given.append(random.choice(KINDS)(random))
    elif kind == 1:
        given.pop()
    elif kind == 2 and len(given) > 1:  # the same twice
        given[-1] = given[-2]
    elif kind == 3 and len(given) > 1 and isinstance(given[-1], np.ndarray) and given[-1].ndim == 1:
        given[-2:] = [given[-1][4:], given[-1][:5]]  # overlapping
    named = {}
    if kernel is scale and random.randrange(2):
        named[random.choice(("factor", "add", "X", "wrong"))] = random.choice(KINDS)(random)
    return given, named


def outcome(seed: int, device: str) -> tuple[Any, list[Any]]:
    """What a call with the arguments of `seed` ends in: its exception or None, and the arguments afterwards."""
    random = Random(seed)
    kernel = random.choice(list(KERNELS))
    given, named = arguments(random, kernel)
    threads = (N, N) if kernel is turn else (N,)
    cp.set_device(device)
    try:
        KERNELS[kernel](*threads)(*given, **named)
    except Exception as error:
        return error, [*given, *named.values()]
    finally:
        cp.set_device("cpu")
    return None, [*given, *named.values()]


def contents(value: Any) -> Any:
    """What a launch may have changed in an argument, to be compared."""
    if isinstance(value, cp.CudaArray):
        value = value.toList()
    if isinstance(value, np.ndarray):
        if value.size > 10**6:  # huge ones lie in one place
            value = value[(0,) * value.ndim]
        return value.dtype.str, value.shape, value.tolist()
    if isinstance(value, (list, tuple)):
        return repr(value)[:10_000]
    try:
        return memoryview(value).tolist()
    except (TypeError, ValueError, NotImplementedError):
        return type(value)


def beyond_reference(value: Any) -> bool:
    """Whether only compiled code takes an argument: more elements than an int32 counts, none at all in a list, an
    array of no or of nine dimensions, bytes in an odd place, or an object that only it knows."""
    if isinstance(value, np.ndarray):
        usual = value.dtype.isnative and value.flags.aligned and 0 < value.ndim <= 8
        return value.size >= 2**31 or not usual
    if isinstance(value, (list, tuple)) and len(value) == 0:
        return True
    known = (bool, int, float, complex, np.generic, list, tuple, array.array, bytes, bytearray)
    return not isinstance(value, (*known, memoryview, cp.CudaArray)) or isinstance(
        value, np.longdouble
    )


def check(seed: int) -> None:
    error, given = outcome(seed, "cpu")
    said = f"seed {seed}: {[type(x).__name__ for x in given]}"
    if error is not None:
        raised_by_object = isinstance(error, RuntimeError) and "today" in str(error)
        assert isinstance(error, REFUSALS) or raised_by_object, f"{said}: {error!r}"
        assert str(error).strip(), f"{said}: {type(error)} says nothing"
        return
    if any(map(beyond_reference, given)):
        return
    wanted, expected = outcome(seed, "python")
    assert wanted is None, f"{said}: the reference device refuses it: {wanted!r}"
    for ours, theirs in zip(given, expected):
        same = repr(contents(ours)) == repr(contents(theirs))
        assert same, f"{said}: {contents(ours)} instead of {contents(theirs)}"


@pytest.mark.parametrize("batch", range(4))
def test_strange_arguments(request: pytest.FixtureRequest, batch: int) -> None:
    soak = request.config.getoption("--soak")
    seeds = (
        itertools.count(time.time_ns() % 10**12) if soak else range(batch * 400, batch * 400 + 400)
    )
    end = time.monotonic() + 300
    for seed in seeds:
        check(seed)
        if time.monotonic() > end:
            break


def attempt(what: str, work: Callable[[], Any]) -> Any:
    """What `work` returns; None where it ends in a clear exception."""
    try:
        return work()
    except Exception as error:
        clear = isinstance(error, (*REFUSALS, MemoryError, BufferError, NotImplementedError))
        assert clear or "today" in str(error), f"{what}: {error!r}"
        assert str(error).strip(), f"{what}: {type(error)} says nothing"
        return None


@pytest.mark.parametrize("batch", range(2))
def test_strange_sources_of_arrays(batch: int) -> None:
    for seed in range(batch * 300, batch * 300 + 300):
        random = Random(seed)
        kind = random.choice([kind for kind in KINDS if kind is not huge])
        source = kind(random)
        dtype = random.choice((None, None, None, cp.Float, "int64", np.uint8, kind(random)))
        made = attempt(f"seed {seed}: {type(source)}", lambda: cp.CudaArray(source, dtype))  # noqa: B023
        if made is None:
            continue
        assert len(made.toList()) == len(made)
        if type(source) is np.ndarray and dtype is None:
            assert made.toList() == source.tolist(), f"seed {seed}"


@pytest.mark.parametrize("batch", range(2))
def test_strange_launches(batch: int) -> None:
    for seed in range(batch * 300, batch * 300 + 300):
        random = Random(seed)
        sizes = [
            random.choice((N, N, 0, -1, 2**31, 2**63, 2**64, 10**400, cp.dim3(3), number(random)))
            for _ in range(random.choice((0, 1, 1, 2, 3, 4)))
        ]
        if random.randrange(2):
            sizes = [*sizes[:2], random.choice(KINDS)(random)]
        options = {}
        if random.randrange(2):
            options["block"] = random.choice(
                (0, -1, 1, 256, 1024, 1025, 2**40, (), (8, 8), number(random))
            )
        if random.randrange(8) == 0:
            options[random.choice(("grid", "stream", "shared"))] = random.choice(KINDS)(random)
        what = f"seed {seed}: {len(sizes)} sizes, {list(options)}"
        launch = attempt(what, lambda: KERNELS[scale](*sizes, **options))  # noqa: B023
        if launch is not None and sizes == [N]:
            values = np.ones(N, np.float32)
            attempt(what, lambda: launch(values))  # noqa: B023


def test_both_ends_are_met() -> None:
    """A fuzz run of which all calls are refused, or none, tests half of what it should."""
    ended = [outcome(seed, "cpu")[0] for seed in range(200)]
    accepted = sum(error is None for error in ended)
    assert 30 < accepted < 170
    assert len({type(error) for error in ended}) > 3
