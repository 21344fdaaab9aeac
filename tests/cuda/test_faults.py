"""Faults on a GPU surface as exceptions where the host waits, and leave the device usable."""

from __future__ import annotations

import subprocess
import sys

import cudapy as cp
import numpy as np
import pytest


# past : void (float* X, int* D, int n)
def past(X, D, n):
    X[idx + n] = 1 // D[0]


def test_an_index_out_of_bounds_is_raised_where_the_host_waits():
    k = cp.compile(past)
    X, D = cp.CudaArray.allocate(100, cp.float32), cp.CudaArray([1])
    k(100)(X, D, 50)  # does not wait
    with pytest.raises(IndexError) as caught:
        cp.synchronize()
    text = str(caught.value)
    assert "out of bounds for `X`, which has 100 elements" in text
    assert "X[idx + n] = 1 // D[0]" in text
    assert "in `past`" in text
    cp.synchronize()  # it is raised once
    k(100)(X, D, 0)
    assert X.toList() == [1.0] * 100


def test_division_by_zero():
    X, D = cp.CudaArray.allocate(4, cp.float32), cp.CudaArray([0])
    cp.compile(past)(4)(X, D, 0)
    with pytest.raises(ZeroDivisionError):
        X.toList()
    assert X.toList() == [0.0] * 4


@pytest.mark.parametrize("length", [0, 1, 997, 1000, 1003])
def test_the_first_index_past_the_end_of_an_array_taken_in_wide_steps(length):
    # give : void (float* X, float* Y)
    def give(X, Y):
        Y[idx] = X[idx]

    X, Y = cp.CudaArray(np.ones(1004, np.float32)), cp.CudaArray.allocate(length, cp.float32)
    cp.compile(give)(1004)(X, Y)
    with pytest.raises(IndexError, match=rf"which has {length} elements?") as caught:
        cp.synchronize()
    index = int(str(caught.value).split("index ")[1].split()[0])
    assert length <= index < 1004
    assert f"idx = {index}" in str(caught.value)
    assert Y.toList() == [1.0] * length


# parts : void (int* X, int* Y, int* Z)
def parts(X, Y, Z):
    if idx < len(X):
        Y[idx] = X[idx] // 3
        Z[idx] = X[idx] % 7


def parts_of(lengths):
    X = cp.CudaArray(np.arange(lengths[0], dtype=np.int32))
    Y, Z = (cp.CudaArray.allocate(length, cp.int32) for length in lengths[1:])
    cp.compile(parts)(2000)(X, Y, Z)
    return Y, Z


@pytest.mark.parametrize("lengths", [(1000, 999, 1000), (1000, 1000, 0), (1000, 1003, 997)])
def test_an_array_that_is_too_short_for_the_launch(lengths):
    name, shortest = ("Y", lengths[1]) if lengths[1] < lengths[2] else ("Z", lengths[2])
    Y, Z = parts_of(lengths)
    with pytest.raises(IndexError, match=f"for `{name}`, which has {shortest} elements") as caught:
        cp.synchronize()
    index = int(str(caught.value).split("index ")[1].split()[0])
    assert shortest <= index < 1000
    assert f"idx = {index}" in str(caught.value)
    for array, expected in ((Y, np.arange(1000) // 3), (Z, np.arange(1000) % 7)):
        assert array.toList()[:shortest] == expected[:shortest].tolist()


@pytest.mark.parametrize("lengths", [(1000, 1000, 1000), (1000, 1003, 2000), (0, 0, 5)])
def test_arrays_that_are_long_enough_for_the_launch(lengths):
    for array, expected in zip(parts_of(lengths), (np.arange(1000) // 3, np.arange(1000) % 7)):
        beyond = [0] * (len(array) - lengths[0])
        assert array.toList() == expected[: lengths[0]].tolist() + beyond


def test_a_graph_has_launches_with_and_without_an_array_that_is_too_short():
    X = cp.CudaArray(np.arange(100, dtype=np.int32))
    Y, Z = cp.CudaArray.allocate(100, cp.int32), cp.CudaArray.allocate(99, cp.int32)
    k = cp.compile(parts)(100)
    with cp.Graph() as graph:
        k(X[:99], Y, Z)
        k(X, Y, Z)
    for _ in range(2):
        Y.fill(-1)
        graph.launch()
        with pytest.raises(IndexError, match=r"index 99 .*for `Z`, which has 99 elements"):
            cp.synchronize()
        assert Y.toList()[:99] == [x // 3 for x in range(99)]


def test_a_fault_of_a_thread_in_a_plane():
    # mark : void (int* C)
    def mark(C):
        C[idx + 10 * idy + 100 * idz] = 1

    C = np.zeros(1000, np.int32)
    with pytest.raises(IndexError, match="which has 1000 elements") as caught:
        cp.compile(mark)(10, 10, 11)(C)
    text = str(caught.value)
    index, x, y, z = (
        int(text.split(before)[1].split()[0].strip(",\n"))
        for before in ("index ", "idx = ", "idy = ", "idz = ")
    )
    assert index == x + 10 * y + 100 * z
    assert C.tolist() == [1] * 1000


def test_a_fault_with_host_arrays_is_raised_at_the_launch():
    X, D = np.zeros(10, np.float32), np.array([1], np.int32)
    with pytest.raises(IndexError):
        cp.compile(past)(10)(X, D, 5)
    assert X.tolist() == [0.0] * 5 + [1.0] * 5


def test_the_first_of_several_faulting_launches_is_told():
    X, one, zero = cp.CudaArray.allocate(4, cp.float32), cp.CudaArray([1]), cp.CudaArray([0])
    k = cp.compile(past)
    k(4)(X, zero, 0)
    k(4)(X, one, 100)
    with pytest.raises(ZeroDivisionError):
        cp.synchronize()
    cp.synchronize()


def test_a_thousand_faults():
    k = cp.compile(past)
    X, D = cp.CudaArray.allocate(256, cp.float32), cp.CudaArray([1])
    for turn in range(1000):
        k(256)(X, D, 256)
        with pytest.raises(IndexError):
            cp.synchronize()
        if turn % 100 == 0:
            k(256)(X, D, 0)
            assert X.toList() == [1.0] * 256


def test_too_much_memory_is_an_error_and_nothing_more():
    for _ in range(20):
        with pytest.raises(cp.CudaError, match="no room"):
            cp.CudaArray.allocate(1 << 50, cp.float32)
    assert cp.CudaArray([1, 2]).toList() == [1, 2]


def test_a_block_of_more_threads_than_the_gpu_takes_is_refused():
    with pytest.raises(ValueError, match="1024"):
        cp.compile(past)(10, block=2048)


FORKED = """
import gc, os, sys
import cudapy as cp

# twice : void (float* X)
def twice(X):
    if idx < len(X):
        X[idx] *= 2

cp.set_device(sys.argv[1])
X, stream, event = cp.CudaArray([1.0, 2.0]), cp.Stream(), cp.Event()
twice = cp.compile(twice)
twice(2)(X)
with cp.Graph() as graph:
    twice(2)(X)
graph.launch()
pid = os.fork()
if pid == 0:
    def told(work):
        try:
            work()
        except cp.CudaError as error:
            return "forked" in str(error)
        return False
    uses = (X.toList, graph.launch, stream.synchronize, event.record, lambda: cp.set_device("cuda"))
    right = all([told(use) for use in uses])
    if sys.argv[1] == "cuda":
        right = right and all([told(use) for use in (lambda: twice(2)(X), lambda: cp.CudaArray([1.0]), cp.Stream)])
        cp.set_device("cpu")
    Y = cp.CudaArray([1.0, 2.0])
    twice(2)(Y)
    cp.synchronize()
    right = right and Y.device == "cpu" and Y.toList() == [2.0, 4.0]
    right = right and any(d.problem and "forked" in d.problem for d in cp.devices())
    del X, stream, event, graph
    gc.collect()
    os._exit(7 if right else 8)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), X.toList(), cp.get_device())
"""


@pytest.mark.parametrize("device", ["cuda", "auto"])
def test_a_forked_child_is_told_why_it_has_no_gpu(tmp_path, device):
    program = tmp_path / "program.py"
    program.write_text(FORKED)
    done = subprocess.run(
        [sys.executable, program, device], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "7 [4.0, 8.0] cuda\n", done.stderr
