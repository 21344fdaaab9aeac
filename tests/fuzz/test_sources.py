"""Random changes to kernels: each ends in a clear error, or runs as the reference device runs it.

Only compiled code for one lane is compared: threads that a change makes write to one place write in order there.
Wider code has to end alike, though not in the same order.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import signal
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import TARGETS, Source, Target, compiling_for

from fuzz.mutations import mutated

N = 8
ONE_LANE = next(target for target in TARGETS if target.gang == 1)
WIDE = TARGETS[-1]
# What a kernel that compiles may raise when it runs; ArithmeticError and the like by `raise`.
FAULTS = (IndexError, ZeroDivisionError, AssertionError, ValueError, RuntimeError)


class TooLong(BaseException):
    """A kernel that a change made loop for long."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def load(text: str, path: Path) -> ModuleType:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        spec.loader.exec_module(module)
    return module


def arguments() -> list[Any]:
    return [
        np.linspace(-1, 4, N, dtype=np.float32),
        np.arange(N, dtype=np.int32) * 5 - 3,
        np.arange(N, dtype=np.uint8),
        np.linspace(-2, 9, 4 * N, dtype=np.float32).reshape(N, 4),
        3,
    ]


def run_compiled(function: Any, target: Target) -> tuple[Exception | None, list[Any]]:
    given = arguments()
    try:
        with compiling_for(target):
            cp.compile(function, contract=False)(N, block=N)(*given)
    except Exception as error:
        return error, given
    return None, given


def run_reference(function: Any) -> tuple[Exception | None, list[Any]]:
    given = arguments()
    try:
        interpret(Source((function,), (None,)), (N, 1, 1), (N, 1, 1), tuple(given))
    except Exception as error:
        return error, given
    return None, given


def mistakes(function: Any) -> Exception | None:
    """What the compiler says, without running anything."""
    try:
        with compiling_for(ONE_LANE):
            cp.compile(function, contract=False)(0)(*arguments())
    except Exception as error:
        return error
    return None


def check(text: str, path: Path) -> str:
    """Says how it ended: no kernel, refused, long, faulted or ran."""
    try:
        function = load(text, path).kernel
    except Exception:  # a default that is no Python
        return "no kernel"
    refused = mistakes(function)
    if refused is not None:
        assert isinstance(refused, (cp.CudaPyError, TypeError)), f"{refused!r}\n{text}"
        assert str(refused).strip(), f"{type(refused)} says nothing\n{text}"
        return "refused"
    try:
        with at_most(1.0):
            error, expected = run_reference(function)
    except TooLong:
        return "long"
    for target in (ONE_LANE, WIDE):
        fault, got = run_compiled(function, target)
        assert fault is None or isinstance(fault, FAULTS), f"{target}: {fault!r}\n{text}"
        if target is ONE_LANE:
            compare(error, expected, fault, got, text)
    return "ran" if error is None else "faulted"


def compare(
    error: Exception | None, expected: list[Any], fault: Exception | None, got: list[Any], text: str
) -> None:
    if "barrier-not-reached" in str(fault):
        return  # CPython's threads may end instead of coming to it, which is allowed
    assert type(error) is type(fault), f"the reference: {error!r}, compiled: {fault!r}\n{text}"
    if error is not None:
        return
    for want, have in zip(expected[:-1], got):
        assert np.allclose(want, have, rtol=1e-5, atol=1e-6, equal_nan=True), (
            f"{want} expected, got {have}\n{text}"
        )


@pytest.mark.parametrize("batch", range(4))
def test_changed_kernels(request: pytest.FixtureRequest, batch: int, tmp_path: Path) -> None:
    soak = request.config.getoption("--soak")
    seeds = itertools.count(time.time_ns() % 10**12) if soak else range(batch * 60, batch * 60 + 60)
    end = time.monotonic() + 300
    for seed in seeds:
        text = mutated(seed)
        if text is not None:
            check(text, tmp_path / f"mutated_{seed}.py")
        if time.monotonic() > end:
            break


def test_changes_end_in_every_way(tmp_path: Path) -> None:
    """Changes that are all refused, or none, test half of what they should."""
    texts = {seed: mutated(seed) for seed in range(60)}
    ended = [
        check(text, tmp_path / f"m{seed}.py") for seed, text in texts.items() if text is not None
    ]
    assert ended.count("refused") > 5
    assert ended.count("ran") > 5
