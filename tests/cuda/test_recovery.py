"""A thousand times over: a fault, memory that is not there, a recording broken off, and a right answer after each."""

from __future__ import annotations

import subprocess
import sys

import cudapy as cp
import numpy as np
import pytest

TURNS = 1000


# past : void (float* X, int n)
def past(X, n):
    X[idx + n] = idx + n


# count : void (int* C)
def count(C):
    if idx < len(C):
        C[idx] += 1


def right_answer(C: cp.CudaArray, turn: int) -> bool:
    cp.compile(count)(64)(C)
    return C.toHost().tolist() == [turn] * 64


def test_a_faulting_kernel_each_time():
    C, X, k = (
        cp.CudaArray.allocate(64, cp.int32),
        cp.CudaArray.allocate(64, cp.float32),
        cp.compile(past),
    )
    for turn in range(1, TURNS + 1):
        k(64)(X, turn)
        with pytest.raises(IndexError, match="which has 64 elements"):
            cp.synchronize()
        assert right_answer(C, turn)


def test_memory_that_is_not_there_each_time():
    C = cp.CudaArray.allocate(64, cp.int32)
    for turn in range(1, TURNS + 1):
        with pytest.raises(cp.CudaError, match="no room"):
            cp.CudaArray.allocate(1 << 44, cp.float32)
        assert right_answer(C, turn)


def test_a_recording_that_an_exception_breaks_off_each_time():
    C, X, k = (
        cp.CudaArray.allocate(64, cp.int32),
        cp.CudaArray.allocate(64, cp.float32),
        cp.compile(past),
    )
    for turn in range(1, TURNS + 1):
        with pytest.raises(KeyError), cp.Graph():
            k(64)(X, 0)
            raise KeyError
        assert right_answer(C, turn)


def test_a_recording_that_is_no_whole_graph_each_time():
    C, X, k = (
        cp.CudaArray.allocate(64, cp.int32),
        cp.CudaArray.allocate(64, cp.float32),
        cp.compile(past),
    )
    aside, forked = cp.Stream(), cp.Event()
    for turn in range(1, TURNS + 1):
        with pytest.raises(cp.CudaError, match="cuStreamEndCapture"), cp.Graph():
            forked.record()
            aside.wait(forked)
            k(64, stream=aside)(X, 0)  # and the graph never waits for it
        assert right_answer(C, turn)


BROKEN = """
import cudapy as cp
import numpy as np

class Liar:
    def __init__(self, array):
        self.array = array
    @property
    def __cuda_array_interface__(self):
        return {**self.array.__cuda_array_interface__, "shape": (1 << 40,)}

# fine : void (float* X)
def fine(X):
    X[idx] = 1

# stray : void (float* X, int64 far)
def stray(X, far):
    X[idx + far] = 1

cp.set_device("cuda")
X = cp.CudaArray.allocate(64, cp.float32)
cp.compile(fine)(64)(X)
try:
    cp.compile(stray, sig="void (float* X, int64 far)")(64)(Liar(X), 1 << 38)
    cp.synchronize()
except cp.CudaError as error:
    print(error)
try:
    X.toList()
except cp.CudaError as error:
    print("again:", error)
with cp.device("cpu"):
    Y = np.zeros(4, np.float32)
    cp.compile(fine)(4)(Y)
    print(Y.tolist())
"""


@pytest.mark.parametrize("sync", ["", "1"])
def test_a_broken_pointer_of_somebody_elses_is_told_with_the_kernel(tmp_path, sync):
    program = tmp_path / "broken.py"
    program.write_text(BROKEN)
    import os

    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "CUDAPY_SYNC": sync},
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "CUDA_ERROR_ILLEGAL_ADDRESS" in text
    assert "`stray`" in text.split("again:")[0]
    assert "compute-sanitizer" in text
    assert "launched last on cuda:0: `stray` (" in text
    assert text.splitlines()[-1] == "[1.0, 1.0, 1.0, 1.0]"


def test_host_arrays_after_a_fault_each_time():
    X, k = np.zeros(64, np.float32), cp.compile(past)
    for turn in range(1, 101):
        with pytest.raises(IndexError):
            k(64)(X, turn)
        X[:] = 0
        k(64)(X, 0)
        assert X.tolist() == list(range(64))
