"""Streams and events on the CPU: programs that use them run without a GPU, in the order that they are written in."""

from __future__ import annotations

import asyncio
import time

import cudapy as cp
import numpy as np
import pytest


# add : void (float* X, float a)
@cp.kernel
def add(X, a):
    if idx < len(X):
        X[idx] += a


@pytest.fixture(autouse=True, params=["cpu", "python"])
def _device(request):
    with cp.device(request.param):
        yield


def test_launches_in_streams_are_done_when_they_return():
    X = np.zeros(4, np.float32)
    first, second = cp.Stream(), cp.Stream()
    bound = add(4, stream=first)
    bound(X, 1.0)
    with second as entered:
        assert entered is second
        add(4)(X, 2.0)
        with first:
            add(4, stream=None)(X, 4.0)
    first.synchronize()
    second.synchronize()
    assert X.tolist() == [7.0] * 4
    assert first.is_done()
    assert (first.device, repr(first)) == ("cpu", "<cudapy stream on cpu>")


def test_events_tell_the_time():
    stream, begin, end = cp.Stream(), cp.Event(), cp.Event()
    with pytest.raises(cp.CudaError, match="never recorded"):
        begin.elapsed(end)
    before = time.perf_counter()
    begin.record(stream)
    time.sleep(0.02)
    end.record()
    after = time.perf_counter()
    stream.wait(end)
    end.synchronize()
    assert end.is_done()
    assert begin.device == "cpu"
    assert 20 <= begin.elapsed(end) <= (after - before) * 1000
    assert end.elapsed(begin) == -begin.elapsed(end)
    assert begin.elapsed(begin) == 0


def test_they_are_awaited():
    X = np.zeros(4, np.float32)

    async def main() -> None:
        with cp.Stream() as stream:
            add(4)(X, 1.0)
            event = cp.Event()
            event.record(stream)
        await stream
        await event

    asyncio.run(main())
    assert X.tolist() == [1.0] * 4


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: cp.Stream("x"), ValueError, "a handle belongs to a GPU"),
        (lambda: cp.Stream(-5), ValueError, "a handle belongs to a GPU"),
        (lambda: cp.Stream().handle, ValueError, "a stream of the CPU has no handle"),
        (lambda: cp.Stream().__cuda_stream__(), ValueError, "a stream of the CPU has no handle"),
        (lambda: cp.Stream().wait(None), TypeError, "Stream.wait takes a cudapy.Event, not None"),
        (lambda: cp.Event().elapsed(3), TypeError, "Event.elapsed takes a cudapy.Event, not 3"),
        (lambda: cp.Event().record(3), ValueError, "stream=3.* is no stream of the CPU"),
        (lambda: add(4, stream=3), ValueError, "stream=3.*no stream of the CPU"),
        (lambda: add(4, stream=cp.Event()), ValueError, "no stream of the CPU"),
    ],
)
def test_what_is_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


MIXED = """
host = cp.device("cpu")
def tell(call):
    try: call()
    except Exception as error: print(type(error).__name__, error)
with host:
    s, e = cp.Stream(), cp.Event()
    e.record(s)
gpu_stream, gpu_event = cp.Stream(), cp.Event()
gpu_event.record(gpu_stream)
k = cp.compile(twice)
tell(lambda: k(1000, stream=s))
tell(lambda: s.__enter__())
tell(lambda: gpu_event.record(s))
tell(lambda: e.elapsed(gpu_event))
tell(lambda: gpu_event.elapsed(e))
tell(lambda: cp.Stream("x"))
tell(lambda: cp.Stream(-5))
tell(lambda: k(1000, stream="x"))
with host:
    tell(lambda: k(1000, stream=gpu_stream))
    tell(lambda: gpu_stream.__enter__())
    tell(lambda: e.record(gpu_stream))
print("--")
gpu_stream.wait(e)
s.wait(gpu_event)
gpu_stream.wait(gpu_event)
assert cp.Stream(gpu_stream).handle == gpu_stream.handle == gpu_stream.__cuda_stream__()[1]
owners = [cp.Stream() for _ in range(2)]
first, second = (owner.handle for owner in owners)
class Theirs:
    def __cuda_stream__(self): return (0, first)
k(1000, stream=Theirs())(X, Y)
k(1000, stream=second)(X, Y)
with host:
    gpu_event.record(second)
print(gpu_event.elapsed(gpu_event), gpu_event.device, first, second)
"""

NO_HANDLE = (
    ": it is a cudapy.Stream, an object with __cuda_stream__, or the handle of a stream as an int"
)


def test_streams_of_different_devices_do_not_mix(run):
    printed, log = run(MIXED)
    refused, _, rest = printed.partition("--\n")
    lines = refused.splitlines()
    assert lines[:8] == [
        "ValueError stream=: it is on cpu, and the launch is on cuda:0",
        "ValueError the stream is on cpu, and launches go to cuda:0",
        "ValueError stream=: it is on cpu, and the launch is on cuda:0",
        "ValueError the events are on cpu and on cuda:0, whose clocks are not the same",
        "ValueError the events are on cuda:0 and on cpu, whose clocks are not the same",
        "TypeError handle='x', a str" + NO_HANDLE,
        "TypeError handle=-5, an int" + NO_HANDLE,
        "TypeError stream='x', a str" + NO_HANDLE,
    ]
    launch, block, record = lines[8:]
    assert launch.startswith("ValueError `twice`: stream=<cudapy stream")
    assert launch.endswith("and that is no stream of the CPU, cp.Stream()")
    assert block == "ValueError the stream is on cuda:0, and launches go to cpu"
    assert record.endswith("is no stream of the CPU")
    milliseconds, device, first, second = rest.split()
    assert (milliseconds, device) == ("1.0", "cuda:0")
    assert [line.rpartition(" ")[2] for line in log if line.startswith("launch")] == [first, second]
    assert f"event stream {second}" in log
