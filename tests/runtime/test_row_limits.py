"""Which code a launch on a GPU takes: the one without checks of `[idx]` where no array is shorter than the launch is
long, as far as the kernel's guards let its threads run."""

from __future__ import annotations

from fake_gpu import kept

PROGRAM = """
import cudapy as cp, numpy as np
cp.set_device("cuda")

# waves : void (float* X, float* Y, float* Z)
def waves(X, Y, Z):
    if idx < len(X):
        Y[idx] = math.sin(X[idx])
        Z[idx] = math.cos(X[idx])

# of_all : void (float* X, float* Y)
def of_all(X, Y):
    Y[idx] = math.sin(X[idx])

# of_n : void (float* X, float* Y, int n)
def of_n(X, Y, n):
    if 2 <= idx and n > idx:
        Y[idx] = math.sin(X[idx])

# of_a_byte : void (float* X, float* Y, uint8 n)
def of_a_byte(X, Y, n):
    if idx < n:
        Y[idx] = math.sin(X[idx])

def floats(n): return cp.CudaArray.allocate(n, cp.float32)
"""


def taken(run, calls: str) -> list[bool]:
    """Of each launch whether its threads check nothing."""
    _, log = run(calls, header=PROGRAM)
    steps = kept(log, "launch", "record", "checks")
    return [after != "checks" for step, after in zip(steps, [*steps[1:], ""]) if step != "checks"]


def test_arrays_that_are_as_long_as_the_one_that_guards(run):
    calls = """
k = cp.compile(waves)
for lengths in ((100, 100, 100), (100, 101, 200), (100, 99, 100), (100, 100, 0), (0, 0, 0), (0, 5, 5)):
    k(100)(*map(floats, lengths))
"""
    # Without threads that run there is nothing to check.
    assert taken(run, calls) == [True, True, False, False, True, True]


def test_threads_that_were_not_asked_for_or_are_kept_out_need_no_elements(run):
    calls = """
k = cp.compile(waves)
for threads in (100, 1000, 100_000, 3_000_000_000):
    k(threads)(floats(100), floats(100), floats(100))
k(50)(floats(100), floats(50), floats(50))
k(50)(floats(100), floats(50), floats(49))
k(3_000_000_000)(floats(100), floats(100), floats(99))
"""
    assert taken(run, calls) == [True] * 5 + [False] * 2


def test_launches_of_kernels_without_a_guard(run):
    calls = """
k = cp.compile(of_all)
for threads in (99, 100, 101, 128): k(threads)(floats(100), floats(200))
for threads in (99, 100, 101, 128): k(threads)(floats(200), floats(100))
"""
    assert taken(run, calls) == [True, True, False, False] * 2


def test_bounds_that_are_arguments(run):
    calls = """
k = cp.compile(of_n)
for n in (-5, 0, 99, 100, 101, 2**31 - 1): k(1000)(floats(100), floats(100), n)
k(100)(floats(100), floats(100), 2**31 - 1)
k = cp.compile(of_a_byte)
for n in (0, 100, 101, 255): k(1000)(floats(100), floats(100), n)
"""
    assert taken(run, calls) == [True] * 4 + [False] * 2 + [True] + [True] * 2 + [False] * 2


def test_views_and_arrays_that_overlap(run):
    calls = """
k = cp.compile(of_all)
X = floats(100)
k(50)(X[::2], floats(50))
k(51)(X[::2], floats(51))
k(99)(X[1:], X[:-1])
k(100)(X[1:], X[:-1])
k(0)(X, X[:0])
k(1)(X, X[:0])
"""
    # Arrays that overlap have the code with checks.
    assert taken(run, calls) == [True, False, False, False, False]


def test_arrays_of_other_libraries(run):
    calls = """
class Foreign:
    def __init__(self, length, stride):
        whole = floats(100)
        self.whole = whole
        self.__cuda_array_interface__ = {**whole.__cuda_array_interface__, "shape": (length,), "strides": (stride,)}
        if stride < 0:
            first, is_read_only = self.__cuda_array_interface__["data"]
            self.__cuda_array_interface__["data"] = (first + 4 * 99, is_read_only)

k = cp.compile(of_all)
for stride in (4, 0, -4):
    for threads in (100, 101): k(threads)(Foreign(100, stride), floats(200))
    for threads in (50, 51): k(threads)(Foreign(100, stride), floats(50))
"""
    assert taken(run, calls) == [True, False] * 6


def test_launches_of_a_graph_take_what_their_arguments_ask_for(run):
    calls = """
k = cp.compile(of_all)
X, Y = floats(100), floats(50)
graph = cp.Graph()
with graph:
    k(50)(X, Y)
    k(51)(X, Y)
"""
    assert taken(run, calls) == [True, False]


def test_code_with_checks_is_made_once_and_when_it_is_needed(run):
    calls = """
k = cp.compile(of_all)
X, Y = floats(100), floats(100)
for threads in (99, 100): k(threads)(X, Y)
for threads in (101, 102): k(threads)(X, Y)
k(50)(X[:50], X[25:75])
k(100)(X, Y)
"""
    _, log = run(calls, header=PROGRAM)
    assert len(kept(log, "assemble")) == 2, "overlapping arrays and short ones have one code"
    assert len(kept(log, "load")) == 2
    assert taken(run, calls) == [True] * 2 + [False] * 3 + [True]
