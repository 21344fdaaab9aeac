"""What kernels print on a GPU: at the next wait, launch by launch, sorted by thread. What the lines say is tested in
tests/semantics/test_print.py."""

from __future__ import annotations

import contextlib
import io

import cudapy as cp
import pytest


# say : void (int n)
def say(n):
    print("say", n, idx)


# tell : void (float* X)
def tell(X):
    if idx < len(X):
        print("tell", X[idx])


@contextlib.contextmanager
def captured():
    lines: list[str] = []
    with contextlib.redirect_stdout(io.StringIO()) as out:
        yield lines
    lines += out.getvalue().splitlines()


def test_launches_print_in_their_order_when_the_host_waits():
    X = cp.CudaArray([0.5, 1.5])
    with captured() as before:
        for n in range(3):
            cp.compile(say)(3)(n)
            cp.compile(tell)(2)(X)
    assert before == []
    with captured() as lines:
        cp.synchronize()
    expected = []
    for n in range(3):
        expected += [f"say {n} {i}" for i in range(3)] + ["tell 0.5", "tell 1.5"]
    assert lines == expected
    with captured() as again:
        cp.synchronize()
    assert again == []


def test_reading_an_array_and_waiting_for_a_stream_write_as_well():
    X, stream = cp.CudaArray([2.5]), cp.Stream()
    with captured() as lines:
        cp.compile(tell)(1)(X)
        X.toList()
        assert lines == []
    assert lines == ["tell 2.5"]
    with captured() as lines:
        cp.compile(say)(1, stream=stream)(7)
        stream.synchronize()
    assert lines == ["say 7 0"]


def test_more_lines_than_a_launch_keeps():
    with captured() as lines:
        cp.compile(say)(100_000)(1)
        cp.synchronize()
    assert lines[-1] == f"[cudapy: {100_000 - 65_536} more prints of this launch were dropped]"
    assert len(lines) == 65_537
    with captured() as lines:
        cp.compile(say)(1)(2)
        cp.synchronize()
    assert lines == ["say 2 0"]


def test_what_was_printed_before_a_fault_comes_out():
    # past : void (int* X)
    def past(X):
        print("at", idx)
        X[idx + 3] = 1

    with captured() as lines, pytest.raises(IndexError):
        X = cp.CudaArray.allocate(4, cp.int32)
        cp.compile(past)(2)(X)
        X.toList()
    assert lines == ["at 0", "at 1"]


def test_a_replay_prints():
    with cp.Graph() as graph:
        cp.compile(say)(2)(4)
    with captured() as lines:
        for _ in range(2):
            graph.launch()
            cp.synchronize()
    assert lines == ["say 4 0", "say 4 1"] * 2
