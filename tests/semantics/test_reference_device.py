"""`cp.set_device("python")`: the same kernel, the same launch, run by CPython line by line."""

from __future__ import annotations

import sys

import cudapy as cp
import numpy as np
import pytest


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


def test_a_launch_goes_to_the_device_that_is_set():
    call = cp.compile(saxpy)
    for name in ("cpu", "python"):
        cp.set_device(name)
        assert cp.get_device() == name
        Y = np.array([0.1, 20, 30], np.float32)
        call(3)(5.0, [1.0, 2.0, 3.0], Y)
        assert np.array_equal(Y, np.array([5.1, 30, 45], np.float32))


def test_the_device_of_a_with_block_ends_with_it():
    cp.set_device("cpu")
    with cp.device("python"):
        assert cp.get_device() == "python"
        with cp.device("cpu"):
            assert cp.get_device() == "cpu"
        assert cp.get_device() == "python"
    assert cp.get_device() == "cpu"
    for name in ("gpu", "cuda:99999999999999999999"):
        with pytest.raises(ValueError, match=f"no device '{name}'"):
            cp.set_device(name)
        with pytest.raises(ValueError, match=f"no device '{name}'"), cp.device(name):
            pass


def test_lists_tuples_and_device_arrays_are_arguments():
    call = cp.compile(saxpy)
    with cp.device("python"):
        Y = [1.0, 2.0]
        call(2)(2, (10.0, 20.0), Y)
        assert Y == [21.0, 42.0]
        device = cp.CudaArray([1.0, 2.0])
        call(2)(2.0, cp.CudaArray([1.0, 1.0]), device)
        assert device.toList() == [3.0, 4.0]


def test_lines_are_the_files_own_so_that_breakpoints_hit():
    first = saxpy.__code__.co_firstlineno
    seen = []

    def trace(frame, event, _):
        if frame.f_code.co_name == "saxpy" and frame.f_code.co_filename == __file__:
            if event == "line":
                seen.append((frame.f_lineno - first, repr(frame.f_locals["alpha"])))
            return trace
        return None

    with cp.device("python"):
        sys.settrace(trace)
        try:
            cp.compile(saxpy)(2)(5.0, [1.0], [1.0])
        finally:
            sys.settrace(None)
    # Two threads; the second one is beyond the array.
    assert [line for line, _ in seen] == [1, 2, 1]
    assert seen[0][1] == "float32(5.0)"


def test_print_and_python_run_in_the_kernel(capsys):
    @cp.kernel
    def talks(X):
        print(f"thread {idx}", "has", X[idx])

    with cp.device("python"):
        talks(2)([1.5, 2.5])
    assert capsys.readouterr().out == "thread 0 has 1.5\nthread 1 has 2.5\n"


def test_an_exception_comes_from_the_kernels_line():
    @cp.kernel
    def beyond(X):
        X[idx] = X[idx + 1]

    with (
        cp.device("python"),
        pytest.raises(IndexError, match="index 2 is out of bounds for an array of 2") as error,
    ):
        beyond(2)([1.0, 2.0])
    assert "X[idx] = X[idx + 1]" in str(error.traceback[-3].statement) or any(
        "X[idx + 1]" in str(entry.statement) for entry in error.traceback
    )


def test_wrong_arguments_are_refused():
    call = cp.compile(saxpy)
    with cp.device("python"):
        with pytest.raises(cp.CudaTypeError, match="`saxpy` takes 3 arguments, 1 was given"):
            call(1)(2.0)
        with pytest.raises(cp.CudaTypeError, match=r"argument `X` of `saxpy`: expected float32\*"):
            call(1)(2.0, np.zeros(1), [1.0])
        with pytest.raises(
            cp.CudaTypeError, match="argument `alpha` of `saxpy`: expected float32, got"
        ):
            call(1)("2", [1.0], [1.0])


def test_a_launch_of_no_threads_does_nothing():
    with cp.device("python"):
        Y = [1.0]
        cp.compile(saxpy)(0)(2.0, [1.0], Y)
        assert Y == [1.0]


def test_blocks_and_two_dimensions():
    @cp.kernel
    def places(R, w):
        R[idy * w + idx] = threadIdx.x + 100 * blockIdx.x + 1000 * idy + 10000 * blockDim.x

    with cp.device("python"):
        R = [0] * 12
        places(cp.dim3(6, 2), block=4)(R, 6)
    assert R == [40000 + x % 4 + 100 * (x // 4) + 1000 * y for y in range(2) for x in range(6)]


def test_what_people_debug_with_runs(monkeypatch, capsys):
    stops = []
    monkeypatch.setattr("sys.breakpointhook", lambda *args, **kwargs: stops.append(1))

    def doubled(X):
        breakpoint()
        print([1, 2], "a text", sep="|")
        X[idx] *= 2

    with cp.device("python"):
        X = [1.0, 2.0]
        cp.kernel(doubled)(2)(X)
    assert X == [2.0, 4.0] and len(stops) == 2
    assert "a text" in capsys.readouterr().out
