"""Streams and events: order, waiting, time, and streams of other libraries."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest


# add : void (float* X, float a)
def add(X, a):
    if idx < len(X):
        X[idx] += a


# work : void (float* X, int n)
def work(X, n):
    if idx < len(X):
        x = X[idx]
        for i in range(n):
            x = x * 0.5 + 1.0
        X[idx] = x


def test_launches_in_a_stream_are_done_in_order():
    k, X = cp.compile(add), cp.CudaArray.allocate(1 << 20, cp.float32)
    stream = cp.Stream()
    for i in range(20):
        k(1 << 20, stream=stream)(X, float(i))
    stream.synchronize()
    assert stream.is_done()
    assert set(X.toList()[:10]) == {190.0}


def test_a_with_block_chooses_the_stream_and_reading_waits_for_it():
    k, X = cp.compile(work), cp.CudaArray.allocate(1 << 20, cp.float32)
    outer, inner = cp.Stream(), cp.Stream()
    with outer as entered:
        assert entered is outer
        with inner:
            k(1 << 20)(X, 20_000)
            assert not inner.is_done()
            assert outer.is_done()
        k(1 << 20)(X, 0)
    assert X.toList()[5] == 2.0


def test_numpy_arrays_in_a_stream():
    X = np.zeros(1000, np.float32)
    with cp.Stream():
        for _ in range(5):
            cp.compile(add)(1000)(X, 1.0)
    assert X.tolist() == [5.0] * 1000


def test_an_event_is_waited_for_and_tells_the_time():
    k, X, Y = cp.compile(work), *(cp.CudaArray.allocate(1 << 20, cp.float32) for _ in range(2))
    first, second = cp.Stream(), cp.Stream()
    begin, end = cp.Event(), cp.Event()
    begin.record(first)
    k(1 << 20, stream=first)(X, 20_000)
    end.record(first)
    second.wait(end)
    k(1 << 20, stream=second)(Y, 1)
    assert not end.is_done()
    assert not second.is_done()
    second.synchronize()
    assert end.is_done()
    assert 0.1 < begin.elapsed(end) < 1000
    with pytest.raises(cp.CudaError):
        begin.elapsed(cp.Event())


def test_faults_surface_where_a_stream_is_waited_for():
    # past : void (float* X)
    def past(X):
        X[idx + 1] = 1

    X = cp.CudaArray.allocate(8, cp.float32)
    stream = cp.Stream()
    cp.compile(past)(8, stream=stream)(X)
    with pytest.raises(IndexError, match="index 8 "):
        stream.synchronize()
    with stream:
        cp.compile(past)(8)(X)
        event = cp.Event()
        event.record()
    with pytest.raises(IndexError, match="index 8 "):
        event.synchronize()
    cp.synchronize()


def test_streams_of_other_libraries():
    k, X = cp.compile(add), cp.CudaArray.allocate(1000, cp.float32)
    cupy = pytest.importorskip("cupy")
    theirs = cupy.cuda.Stream(non_blocking=True)
    k(1000, stream=theirs.ptr)(X, 1.0)
    theirs.synchronize()
    torch = pytest.importorskip("torch")
    other = torch.cuda.Stream()
    k(1000, stream=other.cuda_stream)(X, 1.0)
    other.synchronize()

    class Stream:
        def __cuda_stream__(self):
            return (0, theirs.ptr)

    k(1000, stream=Stream())(X, 1.0)
    cp.Stream(theirs.ptr).synchronize()
    assert X.toList() == [3.0] * 1000
    host = np.zeros(1000, np.float32)
    k(1000, stream=theirs.ptr)(host, 1.0)
    assert host.tolist() == [1.0] * 1000


def test_what_is_no_stream_is_refused():
    k = cp.compile(add)
    with pytest.raises(TypeError, match=r"cudapy\.Stream"):
        k(1, stream="first")
    stream = cp.Stream()
    with cp.device("cpu"):
        with pytest.raises(ValueError, match="no stream of the CPU"):
            k(1, stream=stream)
        with pytest.raises(ValueError, match="on cuda:0, and launches go to cpu"), stream:
            pass
    assert cp.Stream(handle=0).device == "cuda:0"
