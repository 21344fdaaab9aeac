"""What fences arrays in must end a process that goes beyond them, or the tests that rely on it prove nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fenced import fenced, fenced_arguments

TOUCH = """
import ctypes, numpy as np
from fenced import fenced
array = fenced(np.arange(10, dtype=np.float32), {at_end})
ctypes.string_at(array.ctypes.data + {offset}, 1)
"""


@pytest.mark.parametrize(
    ("at_end", "offset", "dies"),
    [(True, 40, True), (True, 39, False), (False, -1, True), (False, 0, False)],
)
def test_a_byte_beyond_the_array_ends_the_process(at_end: bool, offset: int, dies: bool) -> None:
    code = TOUCH.format(at_end=at_end, offset=offset)
    tests = Path(__file__).parent.parent
    ended = subprocess.run([sys.executable, "-c", code], cwd=tests, capture_output=True)
    if dies:
        assert ended.returncode != 0
        assert ended.returncode == -signal.SIGSEGV or b"SEGV" in ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("at_end", [True, False])
def test_copies_are_laid_out_alike(at_end: bool) -> None:
    read_only = np.broadcast_to(np.float32(3), (5,))
    for array in (np.arange(10), np.arange(24.0).reshape(4, 6)[::-1, ::2].T, read_only):
        copy = fenced(array, at_end)
        assert copy.strides == array.strides
        assert copy.flags.writeable == array.flags.writeable
        assert np.array_equal(copy, array)


def test_arrays_that_overlap_still_do() -> None:
    X = np.arange(10)
    given = [X[:6], X[5:], 3]
    assert all(a is b for a, b in zip(fenced_arguments(given, 10), given))
