"""Children of a fork: the CPU works there, with threads of their own; CUDA says at once why it does not.

The GPU is the driver's stand-in, fake_cuda.c, which writes down every call that a child makes of it.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import cudapy as cp
import numpy as np
import pytest
from fake_gpu import kept

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

IN_CHILD = """
import gc, os, sys

def in_child(work, *arguments):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work(*arguments)
            sys.stdout.flush()
            os._exit(0)
        except BaseException as error:
            print(type(error).__name__, error)
            sys.stdout.flush()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def told(work):
    try:
        work()
    except cp.CudaError as error:
        assert "forked" in str(error) and "spawn" in str(error) and 'cp.set_device("cpu")' in str(error), error
        return "told"
    return "not told"
"""


def nothing_left_behind(log: list[str]) -> bool:
    return not kept(log, "left")


@pytest.mark.parametrize(
    "use",
    [
        "cp.compile(twice)(1000)(X, Y)",
        "k(1000)(X, Y)",
        "cp.compile(reverse)(1000)(X)",
        "k(1000)(np.ones(1000, np.float32), np.ones(1000, np.float32))",
        "cp.CudaArray([1.0])",
        "X.toHost()",
        "X[3]",
        "X.fill(0)",
        "X.to('cpu')",
        "cp.Stream()",
        "cp.Event()",
        "stream.synchronize()",
        "stream.is_done()",
        "event.record()",
        "event.synchronize()",
        "cp.Graph().__enter__()",
        "graph.launch()",
        "cp.synchronize()",
        "cp.set_device('cuda')",
        "cp.device('cuda').__enter__()",
    ],
)
def test_a_child_that_uses_the_gpu_is_told_at_once(run, use):
    program = f"""
k = cp.compile(twice)
k(1000)(X, Y)
stream, event = cp.Stream(), cp.Event()
with cp.Graph() as graph:
    k(1000)(X, Y)
def work():
    for _ in range(2):
        print(told(lambda: {use}))
    assert in_child(lambda: print(told(lambda: {use}))) == 0, "the child's child"
assert in_child(work) == 0
k(1000)(X, Y)
assert X.toHost()[7] == 7
"""
    printed, log = run(IN_CHILD + program)
    assert printed.split("\n") == ["told"] * 3 + [""]
    assert nothing_left_behind(log), "the driver is not asked"
    assert len(kept(log, "launch")) == 2


def test_what_a_child_frees_is_left_to_its_parent(run):
    program = """
k = cp.compile(twice)
stream, event = cp.Stream(), cp.Event()
with cp.Graph() as graph:
    k(1000)(X, Y)
def work():
    global X, Y, k, stream, event, graph
    X = Y = k = stream = event = graph = None
    gc.collect()
assert in_child(work) == 0
assert X.toHost()[7] == 7
graph.launch()
"""
    _, log = run(IN_CHILD + program)
    assert nothing_left_behind(log)


def test_a_child_born_in_the_middle_of_a_recording(run):
    program = """
k = cp.compile(twice)
graph = cp.Graph()
def work():
    global X, Y
    X = Y = None
    gc.collect()
    print(told(lambda: graph.__exit__(None, None, None)))
    cp.set_device("cpu")
    A = np.ones(1000, np.float32)
    k(1000)(A, A)
    assert (A == 2).all()
with graph:
    k(1000)(X, Y)
    assert in_child(work) == 0
graph.launch()
"""
    printed, log = run(IN_CHILD + program)
    assert printed == "told\n"
    assert nothing_left_behind(log)
    assert len(kept(log, "replay")) == 1


def test_a_child_works_on_the_cpu(run):
    program = """
k = cp.compile(twice)
k(1000)(X, Y)
def work():
    cp.set_device("cpu")
    cp.synchronize()
    A, B = cp.CudaArray(np.arange(1000, dtype=np.float32)), np.zeros(1000, np.float32)
    k(1000)(A, B)
    assert np.array_equal(B, 2 * np.arange(1000)), B
    try:
        k(1000)(X, B)
    except cp.CudaTypeError as error:
        print(error)
    with cp.Stream() as stream:
        k(1000)(B, A)
    stream.synchronize()
    assert A[10] == 40
assert in_child(work) == 0
"""
    printed, log = run(IN_CHILD + program)
    assert "argument `X` of `twice`: its memory is on cuda:0" in printed
    assert "before the fork" in printed
    assert nothing_left_behind(log)


def test_auto_is_the_cpu_in_a_child(run):
    program = """
cp.set_device("auto")
k = cp.compile(twice)
def on_the_cpu():
    A = cp.CudaArray(np.arange(1000, dtype=np.float32))
    B = cp.CudaArray.allocate(1000, cp.float32)
    k(1000)(A, B)
    cp.synchronize()
    return (cp.get_device(), A.device, B[10])
print(cp.get_device(), X.device)
def work():
    print(*on_the_cpu())
    cp.set_device("auto")
    print(*on_the_cpu())
    with cp.device("auto"):
        print(*on_the_cpu())
    (problem,) = [device.problem for device in cp.devices() if device.name.startswith("cuda")]
    print("forked" in problem and "spawn" in problem)
assert in_child(work) == 0
with cp.device("auto"):
    assert in_child(lambda: print(*on_the_cpu())) == 0
cp.set_device("cuda")
assert in_child(lambda: print(told(on_the_cpu))) == 0
with cp.device("auto"):
    assert in_child(lambda: print(*on_the_cpu())) == 0
print(cp.get_device())
"""
    printed, log = run(IN_CHILD + program)
    assert printed.splitlines() == [
        "cuda cuda:0",
        *["cpu cpu 20.0"] * 3,
        "True",
        "cpu cpu 20.0",
        "told",
        "cpu cpu 20.0",
        "cuda",
    ]
    assert nothing_left_behind(log)


def test_a_child_whose_parent_used_no_gpu_has_it(run):
    program = """
def work():
    cp.set_device("cuda")
    X = cp.CudaArray([1.0])
    print(X.device, cp.CudaArray.allocate(3, cp.float32).device)
assert in_child(work) == 0
"""
    printed, _ = run(program, header="import cudapy as cp\n" + IN_CHILD)
    assert printed == "cuda:0 cuda:0\n"


def test_a_driver_that_another_library_left_behind_is_told(run):
    program = """
try:
    cp.set_device("cuda")
except cp.CudaError as error:
    print("forked" in str(error))
cp.set_device("auto")
print(cp.get_device())
"""
    header = "import cudapy as cp\n"
    printed, _ = run(program, header=header, FAKE_CUDA_REFUSES="fork")
    assert printed == "True\ncpu\n"


@cp.kernel
def grow(X, rounds):
    if idx < len(X):
        for _ in range(rounds):
            X[idx] = X[idx] * 5 + 1


def expected(length: int, rounds: int) -> np.ndarray:
    X = np.arange(length, dtype=np.int32)
    for _ in range(rounds):
        X = X * 5 + 1
    return X


def _many_threads(pipe) -> None:
    arrays = [np.arange(100_000, dtype=np.int32) for _ in range(6)]
    threads = [threading.Thread(target=grow(len(X)), args=(X, 50)) for X in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    right = expected(100_000, 50)
    pipe.send(all(np.array_equal(X, right) for X in arrays))
    pipe.close()


def test_threads_of_several_children_launch_at_once():
    for X in (np.arange(100_000, dtype=np.int32) for _ in range(2)):
        grow(len(X))(X, 50)
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        pipes = [context.Pipe() for _ in range(3)]
        children = [context.Process(target=_many_threads, args=(there,)) for _, there in pipes]
        for child in children:
            child.start()
        for here, _ in pipes:
            assert here.poll(60), "a child hangs"
            assert here.recv()
        for child in children:
            child.join(30)
            assert child.exitcode == 0
    _, there = context.Pipe()
    _many_threads(there)


def test_a_pool_of_forked_workers():
    X = np.arange(100_000, dtype=np.int32)
    grow(len(X))(X, 50)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        sums = pool.map(_sum_after, range(12), chunksize=1)
    assert sums == [int(expected(50_000, rounds).sum()) for rounds in range(12)]


def _sum_after(rounds: int) -> int:
    X = np.arange(50_000, dtype=np.int32)
    grow(len(X))(X, rounds)
    return int(X.sum())


def test_forks_while_other_threads_compile_and_launch(tmp_path):
    file = tmp_path / "program.py"
    program = """
    import os, sys, threading, warnings
    import cudapy as cp, numpy as np
    warnings.simplefilter("ignore")

    def made(number):
        def kernel(X, offset=number):
            if idx < len(X):
                X[idx] = X[idx] * 3 + offset
        return cp.compile(kernel)

    # What Python imports while it forks it imports for ever in the child: all that a compile takes is here before.
    made(-1)(1)(np.ones(1, np.float32))
    stop = False
    def busy(first):
        number = first
        while not stop:
            X = np.ones(20_000, [np.float32, np.int64, np.float64, np.int16][number % 4])
            made(number)(len(X))(X, number)
            number += 1
    threads = [threading.Thread(target=busy, args=(first,)) for first in (0, 1000)]
    for thread in threads: thread.start()
    codes = []
    for number in range(12):
        child = os.fork()
        if child == 0:
            X = np.ones(50_000, np.float32)
            made(-number)(len(X))(X, 7)
            os._exit(0 if (X == 10).all() else 1)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    stop = True
    for thread in threads: thread.join()
    print(codes)
    """
    file.write_text(textwrap.dedent(program))
    done = subprocess.run(
        [sys.executable, file],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "CUDAPY_CACHE": "0"},
    )
    assert done.stdout.strip() == str([0] * 12), done.stderr
