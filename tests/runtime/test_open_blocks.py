"""`with cp.device`, `with stream` and `with graph` in threads, coroutines and generators: each has its own.

Where launches go on a GPU is read from the log of the driver's stand-in, fake_cuda.c.
"""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading

import cudapy as cp
import numpy as np
import pytest
from fake_gpu import kept

STREAMS = """
import asyncio, threading
k = cp.compile(twice)
first, second = cp.Stream(), cp.Stream()
names = {first.handle: "first", second.handle: "second", 0: "default"}
lock = threading.Lock()
def launch(who):
    with lock:
        print(who, flush=True)
        k(1000)(X, Y)
"""


def launches(printed: str, log: list[str]) -> list[str]:
    """Who launched, and in which stream, in their order: the last line that a program prints names the streams."""
    *who, names = printed.splitlines()
    called = dict(pair.split("=") for pair in names.split())
    streams = [line.rpartition(" ")[2] for line in kept(log, "launch")]
    return [f"{name} {called[stream]}" for name, stream in zip(who, streams, strict=True)]


NAMES = 'print(*(f"{handle}={name}" for handle, name in names.items()))'


def test_threads_have_streams_of_their_own(run):
    program = """
inside, other, left = threading.Event(), threading.Event(), threading.Event()
def one():
    with first:
        inside.set()
        other.wait()
        launch("one")
        left.wait()
        launch("one")
    launch("one")
def two():
    inside.wait()
    launch("two")
    with second:
        other.set()
        launch_later.wait()
        launch("two")
    left.set()
launch_later = threading.Event()
threads = [threading.Thread(target=one), threading.Thread(target=two)]
for thread in threads: thread.start()
other.wait()
launch_later.set()
for thread in threads: thread.join()
launch("main")
"""
    printed, log = run(STREAMS + program + NAMES)
    found = launches(printed, log)
    assert [entry for entry in found if entry.startswith("one")] == [
        "one first",
        "one first",
        "one default",
    ]
    assert [entry for entry in found if entry.startswith("two")] == ["two default", "two second"]
    assert found[-1] == "main default"


def test_coroutines_have_streams_of_their_own(run):
    program = """
async def work(stream, name, pause):
    with stream:
        launch(name)
        await asyncio.sleep(pause)
        launch(name)
        await asyncio.sleep(0.05)
        launch(name)
    launch(name)
async def main():
    tasks = asyncio.gather(work(first, "one", 0.03), work(second, "two", 0.01))
    launch("main")
    await tasks
    launch("main")
asyncio.run(main())
with first:
    async def inherits():
        launch("task")
    asyncio.run(inherits())
launch("main")
"""
    printed, log = run(STREAMS + program + NAMES)
    found = launches(printed, log)
    assert [entry for entry in found if entry.startswith("one")] == ["one first"] * 3 + [
        "one default"
    ]
    assert [entry for entry in found if entry.startswith("two")] == ["two second"] * 3 + [
        "two default"
    ]
    assert [entry for entry in found if entry.startswith(("main", "task"))] == [
        "main default",
        "main default",
        "task first",
        "main default",
    ]


def test_blocks_of_a_generator_take_out_their_own_entry(run):
    program = """
def generator():
    with first:
        yield
        launch("inside")
        yield
steps = generator()
next(steps)
with second:
    next(steps)
    steps.close()
    launch("second")
    with second, first, second:
        launch("nested")
    launch("second")
launch("after")
cp.Event().record()
with first:
    with cp.device("cpu"):
        pass
    cp.Event().record()
"""
    printed, log = run(STREAMS + program + NAMES)
    assert launches(printed, log) == [
        "inside second",
        "second second",
        "nested second",
        "second second",
        "after default",
    ]
    handle = {
        name: number
        for number, _, name in (p.partition("=") for p in printed.splitlines()[-1].split())
    }
    assert kept(log, "event") == ["event stream 0", f"event stream {handle['first']}"]


def test_a_graph_records_the_launches_of_its_own_block(run):
    program = """
graph = cp.Graph()
async def record():
    with graph:
        k(1000)(X, Y)
        recording.set()
        await launched.wait()
        k(1000)(X, Y)
async def launches():
    await recording.wait()
    k(1000)(X, Y)
    try:
        with cp.Graph():
            pass
    except ValueError as error:
        print(error)
    launched.set()
async def main():
    global recording, launched
    recording, launched = asyncio.Event(), asyncio.Event()
    await asyncio.gather(record(), launches())
asyncio.run(main())
graph.launch()
assert len(graph) == 2
"""
    printed, log = run(STREAMS + program)
    assert [line.split()[0] for line in kept(log, "record", "launch", "replay")] == [
        "record",
        "launch",
        "record",
        "replay",
    ]
    assert kept(log, "replay") == ["replay 2 stream 0"]
    assert "one at a time" in printed


def test_what_outlives_a_recording_launches_as_without_it(run):
    program = """
graph = cp.Graph()
async def work(name):
    launch(name)
    await over.wait()
    launch(name)
    cp.Event().record()
    with second:
        launch(name)
    await again.wait()
    launch(name)
    await last.wait()
    launch(name)
async def main():
    global over, again, last
    over, again, last = asyncio.Event(), asyncio.Event(), asyncio.Event()
    with graph:
        task = asyncio.create_task(work("task"))
        await asyncio.sleep(0)
    assert len(graph) == 1
    over.set()
    await asyncio.sleep(0)
    with graph:
        again.set()
        await asyncio.sleep(0)
        k(1000)(X, Y)
    assert len(graph) == 1
    with first:
        last.set()
        await task
asyncio.run(main())
graph.launch()
"""
    printed, log = run(STREAMS + program + NAMES)
    names = dict(pair.split("=") for pair in printed.splitlines()[-1].split())
    found = [
        f"{line.split()[0]} {names.get(line.rpartition(' ')[2], 'recorded')}"
        for line in kept(log, "launch", "record", "event")
    ]
    assert found == [
        "record recorded",
        "launch default",
        "event default",
        "launch second",
        "launch default",
        "record recorded",
        "launch default",
    ]


def test_hundreds_of_thousands_of_blocks_that_nobody_leaves():
    """In a thread whose stack is small, of streams and devices by turns."""
    program = """
import contextvars, threading
import cudapy as cp

COUNT = 300_000

def enter():
    stream, device = cp.Stream(), cp.device("cpu")
    for number in range(COUNT):
        (stream if number % 2 else device).__enter__()
    assert cp.get_device() == "cpu"
    return contextvars.copy_context()

def work():
    kept = contextvars.copy_context().run(enter)
    again = kept.copy()
    del kept
    again.run(cp.device("python").__enter__)
    assert again.run(cp.get_device) == "python"
    del again
    print("over")

threading.stack_size(256 * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
enter()
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "over\nend\n", "")


def test_a_thread_does_not_launch_in_what_another_records(run):
    program = """
import os
def refused(handle):
    try:
        k(1000, stream=handle)(X, Y)
    except ValueError as error:
        print(error)
with cp.Graph():
    k(1000)(X, Y)
    with open(os.environ["FAKE_CUDA_LOG"]) as log:
        recorded = [line for line in log if line.startswith("record")][-1]
    thread = threading.Thread(target=refused, args=[int(recorded.rpartition(" ")[2])])
    thread.start()
    thread.join()
"""
    printed, log = run(STREAMS + program)
    assert "which another thread or coroutine records" in printed
    assert len(kept(log, "launch", "record")) == 1


def test_a_launch_takes_a_stream_by_its_handle(run):
    program = """
class Theirs:
    def __cuda_stream__(self):
        return (0, second.handle)
k(1000, stream=first.handle)(X, Y)
k(1000, stream=Theirs())(X, Y)
print(first.handle, second.handle)
"""
    printed, log = run(STREAMS + program)
    assert [line.rpartition(" ")[2] for line in kept(log, "launch")] == printed.split()


def in_thread(function) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_a_block_with_a_device_is_its_threads_alone():
    seen: list[str] = []
    with cp.device("python"):
        in_thread(lambda: seen.append(cp.get_device()))
        assert cp.get_device() == "python"
    assert seen == ["cpu"]


def test_overlapping_blocks_leave_the_process_where_it_was():
    begun, inside, over = threading.Event(), threading.Event(), threading.Event()
    seen = []

    def first() -> None:
        with cp.device("python"):
            begun.set()
            inside.wait()
        seen.append(cp.get_device())
        over.set()

    def second() -> None:
        begun.wait()
        with cp.device("python"):
            inside.set()
            over.wait()
            seen.append(cp.get_device())
        seen.append(cp.get_device())

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["cpu", "python", "cpu"]
    assert cp.get_device() == "cpu"


def test_set_device_is_the_processes_and_within_a_block_the_blocks():
    seen = []
    cp.set_device("python")
    in_thread(lambda: seen.append(cp.get_device()))
    with cp.device("cpu"):
        cp.set_device("python")
        assert cp.get_device() == "python"
        cp.set_device("cpu")
        in_thread(lambda: seen.append(cp.get_device()))
        in_thread(lambda: cp.set_device("cpu"))
        assert cp.get_device() == "cpu"
    assert cp.get_device() == "cpu", "the other thread set it for the process"
    assert seen == ["python", "python"]


def test_launches_follow_the_device_of_their_coroutine():
    # mark : void (float* X)
    def mark(X):
        if idx < len(X):
            X[idx] = 1

    k = cp.compile(mark)
    ran: list[str] = []

    async def work(name: str) -> None:
        with cp.device(name):
            for _ in range(3):
                await asyncio.sleep(0.001)
                X = np.zeros(4, np.float32)
                k(4)(X)
                assert X.tolist() == [1] * 4
                ran.append(cp.get_device())
                assert ran[-1] == name

    async def main() -> None:
        await asyncio.gather(work("python"), work("cpu"), work("python"))

    asyncio.run(main())
    assert sorted(ran) == ["cpu"] * 3 + ["python"] * 6
    assert cp.get_device() == "cpu"


def test_a_block_left_in_another_context_leaves_that_one_alone():
    block = cp.device("python")
    inner = contextvars.copy_context()
    inner.run(block.__enter__)
    assert cp.get_device() == "cpu"
    block.__exit__(None, None, None)
    assert inner.run(cp.get_device) == "python"
    with cp.device("python"):
        block.__exit__(None, None, None)
        assert cp.get_device() == "python"
    inner.run(block.__exit__, None, None, None)
    assert inner.run(cp.get_device) == "cpu"


def test_one_object_may_stand_for_blocks_within_blocks():
    block = cp.device("python")
    with block, cp.device("cpu"), block:
        assert cp.get_device() == "python"
    assert cp.get_device() == "cpu"
    with pytest.raises(ZeroDivisionError), block:
        raise ZeroDivisionError
    assert cp.get_device() == "cpu"


def test_a_block_keeps_its_stream(run):
    program = """
import gc
entered = cp.Stream()
names[entered.handle] = "entered"
entered.__enter__()
del entered
gc.collect()
others = [cp.Stream() for _ in range(3)]
assert all(stream.handle not in names for stream in others)
launch("main")
"""
    printed, log = run(STREAMS + program + NAMES)
    assert launches(printed, log) == ["main entered"]
