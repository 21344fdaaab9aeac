"""Deep, long and oddly written sources end in a clear error or a right answer: no other exception, crash or hang."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import ON_GPU, Source, compiling_for

from fuzz.odd_sources import HEADER, NO_KERNEL, Odd, sources
from fuzz.test_sources import ONE_LANE, load

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(ON_GPU, reason="these are sources, not devices")


def end_of(odd: Odd, path: Path) -> float | str:
    """What X[0] is at the end, or how else it ends."""
    try:
        kernel = load(HEADER + odd.text, path).kernel
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # Python's own limits
        return NO_KERNEL
    X = np.full(3, 2, np.float32)
    try:
        with compiling_for(ONE_LANE):
            cp.compile(kernel)(1)(X)
    except cp.CompileError as error:
        assert str(error).strip()
        return error.errors[0]["code"]
    except RecursionError as error:
        assert "maximum recursion depth" in str(error)
        return "RecursionError"
    return float(X[0])


@pytest.mark.parametrize("odd", sources(), ids=lambda odd: odd.name)
def test_an_odd_source_ends_as_it_may(odd: Odd, tmp_path: Path) -> None:
    assert end_of(odd, tmp_path / "odd.py") in odd.ends


@pytest.mark.parametrize(
    "odd", [odd for odd in sources() if odd.in_reference], ids=lambda odd: odd.name
)
def test_the_reference_device_ends_alike(odd: Odd, tmp_path: Path) -> None:
    kernel = load(HEADER + odd.text, tmp_path / "odd.py").kernel
    X = np.full(3, 2, np.float32)
    interpret(Source((kernel,), (None,)), (1, 1, 1), None, (X,))
    assert float(X[0]) in odd.ends


def test_indices_of_elements_are_looked_at_once(tmp_path: Path) -> None:
    """Each doubled what the compiler had to do: forty were days."""
    text = HEADER + "def kernel(X):\n    X[0] = X" + "[0]" * 40 + "\n"
    kernel = load(text, tmp_path / "deep.py").kernel
    with pytest.raises(cp.CompileError, match="can't be indexed"):
        cp.compile(kernel)(1)(np.zeros(3, np.float32))
