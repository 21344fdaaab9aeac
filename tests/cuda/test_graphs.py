"""Launches recorded once and replayed: what becomes part of a graph, what is refused, and what it keeps alive."""

from __future__ import annotations

import asyncio
import gc

import cudapy as cp
import numpy as np
import pytest


# add : void (float* X, float a)
def add(X, a):
    if idx < len(X):
        X[idx] += a


# double : void (float* X, float* Y)
def double(X, Y):
    if idx < len(X):
        Y[idx] = 2 * X[idx]


def test_a_graph_runs_when_it_is_replayed_and_not_before():
    X, Y = cp.CudaArray.allocate(1000, cp.float32), cp.CudaArray.allocate(1000, cp.float32)
    with cp.Graph() as graph:
        cp.compile(add)(1000)(X, 1.0)
        cp.compile(double)(1000)(X, Y)
    assert len(graph) == 2
    assert X.toList() == [0.0] * 1000
    for _ in range(10):
        graph.launch()
    assert X.toList() == [10.0] * 1000
    assert Y.toList() == [20.0] * 1000
    cp.compile(add)(1000)(X, 5.0)
    graph.launch()
    assert Y.toList() == [32.0] * 1000


def test_a_recording_replaces_the_one_before():
    X = cp.CudaArray.allocate(10, cp.float32)
    graph = cp.Graph()
    assert len(graph) == 0
    with pytest.raises(ValueError, match="holds no launches"):
        graph.launch()
    with graph:
        cp.compile(add)(10)(X, 1.0)
    with graph:
        cp.compile(add)(10)(X, 100.0)
    graph.launch()
    assert X.toList() == [100.0] * 10


def test_a_graph_keeps_what_it_needs():
    X = cp.CudaArray.allocate(1 << 20, cp.float32)
    with cp.Graph() as graph:
        temporary = cp.CudaArray(np.full(1 << 20, 3.0, np.float32))
        k = cp.compile(double)
        k(1 << 20)(temporary, X)
        del temporary, k
    gc.collect()
    others = [cp.CudaArray(np.full(1 << 20, 9.0, np.float32)) for _ in range(4)]
    cp.synchronize()
    graph.launch()
    assert set(X.toHost().tolist()) == {6.0}
    assert len(others) == 4


def test_streams_join_a_graph_by_events():
    X, Y = cp.CudaArray.allocate(100, cp.float32), cp.CudaArray.allocate(100, cp.float32)
    k = cp.compile(add)
    other, forked, joined = cp.Stream(), cp.Event(), cp.Event()
    with cp.Graph() as graph:
        forked.record()
        other.wait(forked)
        k(100, stream=other)(X, 1.0)
        k(100)(Y, 2.0)
        joined.record(other)
        graph.wait(joined)
        k(100)(X, 10.0)
    assert len(graph) == 3
    for _ in range(3):
        graph.launch(stream=other)
    other.synchronize()
    assert X.toList() == [33.0] * 100
    assert Y.toList() == [6.0] * 100


def test_faults_of_a_replay_are_raised_where_the_host_waits():
    # past : void (float* X, int n)
    def past(X, n):
        X[idx + n] = 1

    X = cp.CudaArray.allocate(8, cp.float32)
    with cp.Graph() as graph:
        cp.compile(past)(8)(X, 1)
    for _ in range(3):
        graph.launch()
        with pytest.raises(IndexError, match="index 8 "):
            cp.synchronize()
    assert X.toList() == [0.0] + [1.0] * 7


def test_what_waits_is_refused_while_a_graph_is_recorded():
    X, Y = cp.CudaArray([1.0, 2.0]), cp.CudaArray.allocate(2, cp.float32)
    k = cp.compile(double)
    host = np.zeros(2, np.float32)
    with cp.Graph() as earlier:
        k(2)(X, Y)
    with cp.Graph() as graph:
        for read in (X.toList, cp.synchronize, X.toHost, lambda: X[0]):
            with pytest.raises(cp.CudaError, match="a graph is being recorded"):
                read()
        with pytest.raises(TypeError, match="while a graph is recorded"):
            k(2)(X, host)
        with pytest.raises(ValueError, match="no part of it"):
            k(2, stream=cp.Stream())(X, Y)
        with pytest.raises(ValueError, match="one at a time"), cp.Graph():
            pass
        with pytest.raises(ValueError, match="still being recorded"):
            graph.launch()
        with pytest.raises(ValueError, match="while another is recorded"):
            earlier.launch()
        k(2)(X, Y)
    graph.launch()
    assert Y.toList() == [2.0, 4.0]


def test_an_exception_ends_the_recording():
    X = cp.CudaArray.allocate(4, cp.float32)
    graph = cp.Graph()
    with pytest.raises(KeyError), graph:
        cp.compile(add)(4)(X, 1.0)
        raise KeyError
    with pytest.raises(ValueError, match="holds no launches"):
        graph.launch()
    cp.compile(add)(4)(X, 1.0)
    assert X.toList() == [1.0] * 4


def test_what_outlives_a_recording_launches_as_without_it():
    X = cp.CudaArray.allocate(4, cp.float32)
    graph, k = cp.Graph(), cp.compile(add)

    async def work(over: asyncio.Event) -> None:
        k(4)(X, 1.0)
        await over.wait()
        k(4)(X, 10.0)
        assert X.toList() == [10.0] * 4

    async def main() -> None:
        over = asyncio.Event()
        with graph:
            task = asyncio.create_task(work(over))
            await asyncio.sleep(0)
        over.set()
        await task
        with graph:
            k(4)(X, 100.0)
        assert len(graph) == 1

    asyncio.run(main())
    graph.launch()
    assert X.toList() == [110.0] * 4


def test_torch_records_our_launches():
    torch = pytest.importorskip("torch")
    X = torch.zeros(100, device="cuda")
    k = cp.compile(add)
    k(100)(X, 0.0)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        k(100, stream=torch.cuda.current_stream().cuda_stream)(X, 1.0)
        X *= 2
    X.zero_()
    for _ in range(3):
        graph.replay()
    torch.cuda.synchronize()
    assert X.tolist() == [14.0] * 100
