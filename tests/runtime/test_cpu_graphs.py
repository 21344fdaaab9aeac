"""Graphs on the CPU: what GPUs record is recorded, refused and replayed here as well (tests/cuda/test_graphs.py)."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from dataclasses import dataclass

import cudapy as cp
import numpy as np
import pytest


# add : void (float* X, float a)
@cp.kernel
def add(X, a):
    if idx < len(X):
        X[idx] += a


# double : void (float* X, float* Y)
@cp.kernel
def double(X, Y):
    if idx < len(X):
        Y[idx] = 2 * X[idx]


# past : void (float* X, int n)
@cp.kernel
def past(X, n):
    X[idx + n] = 1


# tell : void (int n)
@cp.kernel
def tell(n):
    if idx < 2:
        print(n, idx)


@dataclass
class Move:
    by: cp.float32
    times: cp.int32


@cp.kernel
def move(X, m: Move):
    if idx < len(X):
        X[idx] += m.by * m.times


@pytest.fixture(autouse=True, params=["cpu", "python"])
def _device(request):
    with cp.device(request.param):
        yield


def zeros(length: int) -> cp.CudaArray:
    return cp.CudaArray.allocate(length, cp.float32)


def test_a_graph_runs_when_it_is_replayed_and_not_before():
    X, Y = zeros(100), zeros(100)
    with cp.Graph() as graph:
        add(100)(X, 1.0)
        double(100)(X, Y)
    assert (len(graph), graph.device) == (2, "cpu")
    assert repr(graph) == "<cudapy graph of 2 steps on cpu>"
    assert X.toList() == [0.0] * 100
    for _ in range(10):
        graph.launch()
    assert (X.toList(), Y.toList()) == ([10.0] * 100, [20.0] * 100)
    add(100)(X, 5.0)
    graph.launch()
    assert Y.toList() == [32.0] * 100


def test_numbers_are_those_of_the_recording_and_arrays_those_of_the_replay():
    X, Y = zeros(4), np.zeros(4, np.float32)
    number, given, record = np.array(1.5), np.array(1.0), Move(2, 3)
    with cp.Graph() as graph:
        add(len(X))(X, number)
        move(len(X))(X, m=record)
        add(4)(a=given, X=Y)
    number[...] = given[...] = 100
    record.by = 100
    Y[:] = [1, 2, 3, 4]
    X[1] = 10
    graph.launch()
    assert X.toList() == [7.5, 17.5, 7.5, 7.5]
    assert Y.tolist() == [2, 3, 4, 5]


def test_a_recording_replaces_the_one_before():
    X = zeros(10)
    graph = cp.Graph()
    assert (len(graph), repr(graph)) == (0, "<cudapy graph that is empty on cpu>")
    with pytest.raises(ValueError, match="holds no launches"):
        graph.launch()
    with graph:
        add(10)(X, 1.0)
    with graph:
        assert repr(graph) == "<cudapy graph being recorded on cpu>"
        add(10)(X, 100.0)
        add(0)(X, 100.0)
    graph.launch()
    assert X.toList() == [100.0] * 10
    with graph:
        pass
    graph.launch()
    assert X.toList() == [100.0] * 10


def test_a_graph_keeps_what_it_needs():
    X = zeros(1 << 12)
    with cp.Graph() as graph:
        temporary = cp.CudaArray(np.full(1 << 12, 3.0, np.float32))
        host = np.full(1 << 12, 4.0, np.float32)
        freed = weakref.ref(host)
        k = cp.compile(double.__wrapped__)
        k(1 << 12)(temporary, X)
        add(1 << 12)(host, 1.0)
        del temporary, k, host
    gc.collect()
    others = [cp.CudaArray(np.full(1 << 12, 9.0, np.float32)) for _ in range(4)]
    graph.launch()
    assert set(X.toHost().tolist()) == {6.0}
    assert freed().tolist() == [5.0] * (1 << 12)
    del graph
    gc.collect()
    assert freed() is None
    assert len(others) == 4


def test_streams_join_a_graph_by_events():
    X, Y = zeros(100), zeros(100)
    other, third, forked, joined = cp.Stream(), cp.Stream(), cp.Event(), cp.Event()
    with cp.Graph() as graph:
        forked.record()
        other.wait(forked)
        add(100, stream=other)(X, 1.0)
        add(100)(Y, 2.0)
        with other:
            joined.record()
            third.wait(joined)
        with third:
            add(100)(X, 4.0)
        joined.record(third)
        graph.wait(joined)
        add(100)(X, 10.0)
    assert len(graph) == 4
    for _ in range(3):
        graph.launch(stream=other)
    other.synchronize()
    assert (X.toList(), Y.toList()) == ([45.0] * 100, [6.0] * 100)
    add(100, stream=other)(X, 1.0)
    assert X[0] == 46
    with pytest.raises(cp.CudaError, match="never recorded"):
        forked.elapsed(joined)


def test_a_stream_that_is_not_waited_for_breaks_the_recording():
    X = zeros(4)
    other, forked = cp.Stream(), cp.Event()
    graph = cp.Graph()
    with pytest.raises(cp.CudaError, match="graph does not wait for"), graph:
        forked.record()
        other.wait(forked)
        add(4, stream=other)(X, 1.0)
    with pytest.raises(ValueError, match="holds no launches"):
        graph.launch()
    add(4, stream=other)(X, 1.0)
    assert X.toList() == [1.0] * 4
    with pytest.raises(ValueError, match="not being recorded"):
        graph.wait(forked)
    with graph:
        other.wait(forked)  # an event of the recording before
        with pytest.raises(ValueError, match="no part of it"):
            add(4, stream=other)(X, 1.0)


def test_what_waits_or_reads_is_refused_while_a_graph_is_recorded():
    X, Y = cp.CudaArray([1.0, 2.0]), zeros(2)
    records = cp.CudaArray(np.zeros(2, [("x", "f4")]))
    stream, event = cp.Stream(), cp.Event()
    with cp.Graph() as earlier:
        double(2)(X, Y)

    async def wait() -> None:
        await stream

    reads = [
        X.toList,
        X.toHost,
        X.copy,
        lambda: X[0],
        lambda: np.asarray(X, dtype=np.float64),
        lambda: np.from_dlpack(X),
        lambda: cp.CudaArray(X),
        lambda: cp.CudaArray(X, "float64"),
        lambda: cp.CudaArray(records),
        cp.synchronize,
        stream.synchronize,
        event.synchronize,
        lambda: asyncio.run(wait()),
    ]
    with cp.Graph() as graph:
        for read in reads:
            with pytest.raises(cp.CudaError, match="a graph is being recorded"):
                read()
        for copied in ([1.0, 2.0], (1.0, 2.0)):
            with pytest.raises(TypeError, match="while a graph is recorded"):
                double(2)(copied, Y)
            with pytest.raises(TypeError, match=r"argument `X` of `double`.*while a graph is rec"):
                double(2)(Y=Y, X=copied)
        with pytest.raises(ValueError, match="no part of it"):
            double(2, stream=stream)(X, Y)
        with stream, pytest.raises(ValueError, match="no part of it"):
            double(2)(X, Y)
        with pytest.raises(ValueError, match="one at a time"), cp.Graph():
            pass
        with pytest.raises(ValueError, match="still being recorded"):
            graph.launch()
        with pytest.raises(ValueError, match="while another is recorded"):
            earlier.launch()
        with pytest.raises(TypeError):
            double(2)(X)
        made = zeros(2)
        X[1] = 5
        double(2)(X, Y)
        double(2)(Y, made)
    assert len(graph) == 2
    graph.launch()
    assert (Y.toList(), made.toList()) == ([2.0, 10.0], [4.0, 20.0])
    with pytest.raises(ValueError, match="stream=3, an int is no stream of the CPU"):
        graph.launch(3)


def test_an_exception_ends_the_recording():
    X = zeros(4)
    graph = cp.Graph()
    for _ in range(2):
        with pytest.raises(KeyError), graph:
            add(4)(X, 1.0)
            raise KeyError
        with pytest.raises(ValueError, match="holds no launches"):
            graph.launch()
    add(4)(X, 1.0)
    assert X.toList() == [1.0] * 4


def test_a_fault_of_a_step_is_raised_by_the_replay():
    X = zeros(8)
    with cp.Graph() as graph:
        add(8)(X, 1.0)
        past(8)(X, 1)
        add(8)(X, 100.0)
    for _ in range(2):
        with pytest.raises(IndexError, match="index 8 "):
            graph.launch()
    assert X[0] == 2, "the steps behind it have not run"


def test_a_replay_prints(capfd):
    with cp.Graph() as graph:
        tell(4)(7)
    graph.launch()
    graph.launch()
    assert capfd.readouterr().out == "7 0\n7 1\n" * 2


def test_mistakes_are_found_at_the_recording():
    def wrong(X):
        X[idx] = undefined_name

    X = zeros(4)
    with cp.Graph() as graph:
        with pytest.raises(cp.CompileError):
            cp.compile(wrong)(4)(X)
        add(4)(X, 1.0)
    assert len(graph) == 1


def test_other_threads_launch_meanwhile():
    X, Y = zeros(4), zeros(4)
    name = cp.get_device()
    refused = []

    def elsewhere(stream) -> None:
        with cp.device(name):
            add(4)(Y, 1.0)
            refused.append(Y.toList())
            try:
                add(4, stream=stream)(Y, 1.0)
            except ValueError as error:
                refused.append(str(error))

    stream, event = cp.Stream(), cp.Event()
    with cp.Graph() as graph:
        event.record()
        stream.wait(event)
        add(4)(X, 1.0)
        thread = threading.Thread(target=elsewhere, args=(stream,))
        thread.start()
        thread.join()
    assert refused[0] == [1.0] * 4
    assert "another thread or coroutine records" in refused[1]
    assert (len(graph), X.toList()) == (1, [0.0] * 4)


def test_what_outlives_a_recording_launches_as_without_it():
    X = zeros(4)
    graph = cp.Graph()

    async def work(over: asyncio.Event) -> None:
        add(4)(X, 1.0)
        await over.wait()
        add(4)(X, 10.0)
        assert X[0] == 10

    async def main() -> None:
        over = asyncio.Event()
        with graph:
            task = asyncio.create_task(work(over))
            await asyncio.sleep(0)
            assert len(graph) == 0, "it is not over"
        assert len(graph) == 1
        over.set()
        await task

    asyncio.run(main())
    graph.launch()
    assert X.toList() == [11.0] * 4


def test_a_graph_of_another_device_is_not_entered():
    X = zeros(4)
    graph = cp.Graph()
    with graph, cp.device("python"):
        add(4)(X, 1.0)
    graph.launch()
    assert X.toList() == [1.0] * 4


def test_threads_replay_one_graph():
    arrays = [zeros(1000) for _ in range(3)]
    with cp.Graph() as graph:
        for X in arrays:
            double(1000)(X, X)
            add(1000)(X, 1.0)
    threads = [threading.Thread(target=graph.launch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(X.toList()) == 1000 for X in arrays)


def test_a_step_costs_no_more_than_a_launch(request):
    if cp.get_device() == "python":
        pytest.skip("times of machine code")
    X = np.zeros(16, np.float32)
    launch = add(16)
    count = 2000
    with cp.Graph() as graph:
        for _ in range(count):
            launch(X, 1.0)

    def best(work) -> float:
        times = []
        for _ in range(15):
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
        return min(times)

    def one_by_one() -> None:
        for _ in range(count):
            launch(X, 1.0)

    assert best(graph.launch) < best(one_by_one)


def test_a_thousand_broken_recordings():
    X = zeros(4)
    graph = cp.Graph()
    for number in range(1000 if cp.get_device() == "cpu" else 20):
        with pytest.raises((KeyError, TypeError)), graph:
            add(4)(X, 1.0)
            if number % 2:
                raise KeyError
            add(4)("nothing", 1.0)
    add(4)(X, 1.0)
    assert X.toList() == [1.0] * 4
