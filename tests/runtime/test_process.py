"""Launches beside threads, forks, signals and the end of the interpreter."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import cudapy as cp
import numpy as np
import pytest


@cp.kernel("void (int* out, int turns)")
def spin(out, turns):
    if idx < len(out):
        x = idx
        for _turn in range(turns):
            x = x * 1664525 + 1013904223
        out[idx] = x


@cp.kernel
def increment(X):
    if idx < len(X):
        X[idx] += 1


def run_script(text, **environment):
    """Runs a program with the same cudapy as this one; gives the finished process."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )


PRELUDE = """
import cudapy as cp, numpy as np, os, sys, threading, time, linecache
text = '''def spin(out, turns):
    if idx < len(out):
        x = idx
        for _turn in range(turns):
            x = x * 1664525 + 1013904223
        out[idx] = x
'''
linecache.cache["<spin>"] = (len(text), None, text.splitlines(True), "<spin>")
exec(compile(text, "<spin>", "exec"))
spin = cp.compile(spin, sig="void (int* out, int turns)")
out = np.zeros(100_000, np.int32)
spin(1)(out, 1)
"""


def script(body):
    return PRELUDE + textwrap.dedent(body)


def test_ctrl_c_stops_a_long_launch_and_the_pool_goes_on():
    finished = run_script(
        script(
            """
            import signal
            # A shell's background job starts with SIGINT ignored, and Python then leaves it so.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            start = time.monotonic()
            try:
                spin(len(out))(out, 4_000_000)  # minutes
            except KeyboardInterrupt:
                print("interrupted", time.monotonic() - start < 10)
            spin(len(out))(out, 10)
            print(bool(out[1:].all()))
            """
        )
    )
    assert finished.stdout.split() == ["interrupted", "True", "True"], finished.stderr


def test_other_signal_handlers_run_during_a_launch():
    ran = []
    before = signal.signal(signal.SIGALRM, lambda *_: ran.append(time.monotonic()))
    out = np.zeros(20_000, np.int32)
    try:
        spin(len(out))(out, 1)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        turns = 50_000
        while not ran:
            start = time.monotonic()
            spin(len(out))(out, turns)
            turns *= 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ran


def test_the_interpreter_runs_beside_a_launch():
    out = np.zeros(20_000, np.int32)
    spin(len(out))(out, 1)
    ticks = 0
    done = threading.Event()

    def launch():
        turns = 100_000
        while ticks < 5:
            spin(len(out))(out, turns)
            turns *= 2
        done.set()

    thread = threading.Thread(target=launch)
    thread.start()
    while not done.is_set():
        time.sleep(0.002)
        ticks += 1
    thread.join()
    assert ticks >= 5


def test_launches_of_several_threads_at_once():
    size, rounds, threads = 50_000, 40, 8
    arrays = [np.zeros(size, np.int64) for _ in range(threads)]
    kernel = cp.kernel(increment.__wrapped__)  # compiled by whoever comes first
    barrier = threading.Barrier(threads)
    failures = []

    def work(X):
        try:
            barrier.wait()
            launcher = kernel(size)
            for _ in range(rounds):
                launcher(X)
                kernel(size)(X)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(X,)) for X in arrays]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures
    assert all((X == 2 * rounds).all() for X in arrays)
    assert len(kernel.signatures) == 1


def test_different_kernels_compile_at_once():
    kernels = [cp.kernel(increment.__wrapped__) for _ in range(8)]
    dtypes = [np.float32, np.float64, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64]
    arrays = [np.zeros(100, dtype) for dtype in dtypes]
    workers = [threading.Thread(target=lambda k=k, X=X: k(100)(X)) for k, X in zip(kernels, arrays)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all((X == 1).all() for X in arrays)


def _in_child(pipe):
    X = np.zeros(200_000, np.int32)
    increment(len(X))(X)
    spin(len(X))(X, 3)
    Y = np.zeros(1000)
    increment(len(Y))(Y)  # compiles in the child
    pipe.send((int((X != 0).sum()), float(Y.sum())))
    pipe.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_after_launches():
    X = np.zeros(200_000, np.int32)
    increment(len(X))(X)
    spin(len(X))(X, 5)
    context = multiprocessing.get_context("fork")
    for _ in range(3):
        here, there = context.Pipe()
        child = context.Process(target=_in_child, args=(there,))
        child.start()
        assert here.poll(60), "the child hangs"
        nonzero, total = here.recv()
        child.join(30)
        assert child.exitcode == 0
        assert nonzero >= 199_999 and total == 1000
    increment(len(X))(X)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_fork_while_another_thread_launches():
    finished = run_script(
        script(
            """
            import warnings
            warnings.simplefilter("ignore")
            stop = False
            def launch():
                mine = np.zeros(20_000, np.int32)
                while not stop:
                    spin(len(mine))(mine, 200)
            thread = threading.Thread(target=launch)
            thread.start()
            codes = []
            for _ in range(10):
                pid = os.fork()
                if pid == 0:
                    spin(len(out))(out, 10)
                    os._exit(0 if out[1:].all() else 1)
                codes.append(os.waitpid(pid, 0)[1])
            stop = True
            thread.join()
            print(codes == [0] * 10)
            """
        )
    )
    assert finished.stdout.strip() == "True", finished.stderr


@pytest.mark.parametrize("threads", ["1", "4"])
def test_clean_end_with_sleeping_workers(threads):
    finished = run_script(
        script("spin(len(out))(out, 100); print('end')"), CUDAPY_NUM_THREADS=threads
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "end\n", "")


def test_clean_end_while_a_daemon_thread_launches():
    body = """
    def forever():
        mine = np.zeros(100_000, np.int32)
        while True:
            spin(len(mine))(mine, 1000)
    threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.2)
    print("end")
    """
    for _ in range(3):
        finished = run_script(script(body))
        assert (finished.returncode, finished.stdout, finished.stderr) == (0, "end\n", "")


def test_number_of_threads_comes_from_the_environment():
    for value, wanted in (("3", "3"), ("nonsense", None), ("0", None)):
        finished = run_script(
            "import cudapy as cp; print(cp.get_num_threads())", CUDAPY_NUM_THREADS=value
        )
        default = len(os.sched_getaffinity(0))
        assert finished.stdout.strip() == wanted or (
            wanted is None and 1 <= int(finished.stdout) <= default
        )


def test_affinity_is_respected():
    cpu = min(os.sched_getaffinity(0))
    finished = run_script(
        f"import os; os.sched_setaffinity(0, [{cpu}]); import cudapy as cp; print(cp.get_num_threads())"
    )
    assert finished.stdout.strip() == "1"


def test_import_loads_neither_numpy_nor_the_compiler():
    finished = run_script(
        """
        import sys
        import cudapy as cp
        assert "numpy" not in sys.modules and "cudapy._core" not in sys.modules
        cp.CudaArray([1.0]).toList()
        maps = open("/proc/self/maps").read()
        print("numpy" in sys.modules, "libcudapy_jit" in maps)
        """
    )
    assert finished.stdout.split() == ["False", "False"], finished.stderr
