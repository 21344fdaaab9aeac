"""Ctrl-C stops a kernel, wherever its threads are, and harms nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends a signal to itself")

KERNELS = """
import os, signal, sys, threading, time
import cudapy as cp, numpy as np

# A shell's background job starts with SIGINT ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)

# endless : void (int* out, int n)
def endless(out, n):
    x = idx
    while True:
        x += n
    out[idx] = x

# condition : void (int* out, int n)
def condition(out, n):
    x = idx
    while x != n + idx + 1:
        x ^= 0
        if x == n + idx + 1:
            break
    out[idx] = x

# nested : void (int* out, int n)
def nested(out, n):
    x = 0
    for i in range(n):
        for j in range(n):
            for k in range(10):
                x = x * 3 + k
    out[idx] = x

# backwards : void (int* out, int n)
def backwards(out, n):
    x = 0
    for i in range(n, -n, -3):
        for j in range(n, i - n, -1):
            x = x * 3 + j
    out[idx] = x

# stepped : void (int* out, int n, int step)
def stepped(out, n, step):
    x = 0
    for i in range(0, n, step):
        for j in range(0, n, step):
            x = x * 3 + j
    out[idx] = x

# lanes : void (int* out, int n)
def lanes(out, n):
    x = 0
    for i in range(idx, n):
        for j in range(i, n):
            if j == x + 5:
                continue
            x = x * 3 + j
    out[idx] = x

# together : void (int* out, int n)
def together(out, n):
    tile = shared(64, int)
    turn = 0
    while turn < n:
        tile[threadIdx.x % 64] = turn
        syncthreads()
        turn += 1
    out[idx] = tile[0]

# helped : void (int* out, int n)
def spin(n):
    x = 0
    while x >= 0:
        x = (x + n) & 1023
    return x

def helped(out, n):
    out[idx] = spin(n)

# recursive : void (int* out, int n)
def both(depth, n):
    return 1 if depth == 0 else both(depth - 1, n) + both(depth - 1, n) * n

def recursive(out, n):
    out[idx] = both(200, n)

def interrupted(launch):
    \"\"\"How long after SIGINT the launch raises.\"\"\"
    sent = []
    def send():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)
    timer = threading.Timer(0.2, send)
    timer.start()
    try:
        launch()
    except KeyboardInterrupt:
        return time.monotonic() - sent[0]
    finally:
        timer.join()
    return None
"""


def run_script(tmp_path, body, **environment):
    file = tmp_path / "program.py"
    file.write_text(KERNELS + textwrap.dedent(body))
    path = os.pathsep.join(sys.path)
    finished = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.split()


@pytest.mark.parametrize("gang", ["1", "16"])
@pytest.mark.parametrize("threads", [1, 100_000])
def test_ctrl_c_stops_endless_threads(tmp_path, gang, threads):
    """Small launches run inline, large ones over the pool: both stop, and later launches are right."""
    printed = run_script(
        tmp_path,
        f"""
        out = np.zeros(100_000, np.int32)
        n = 2_000_000_000
        for function in (endless, condition, nested, backwards, lanes, helped, together, recursive):
            after = interrupted(lambda: cp.compile(function)({threads})(out, n))
            print(function.__name__, after is not None and after < 0.5)
        after = interrupted(lambda: cp.compile(stepped)({threads})(out, n, 1))
        print("stepped", after is not None and after < 0.5)
        cp.compile(nested)(100_000)(out, 1)
        print(set(out.tolist()))
        """,
        CUDAPY_GANG=gang,
    )
    stopped = dict(zip(printed[:-1:2], printed[1:-1:2], strict=True))
    assert set(stopped.values()) == {"True"}, stopped
    assert len(stopped) == 9
    value = 0
    for k in range(10):
        value = value * 3 + k
    assert printed[-1] == f"{{{value}}}"


def test_handlers_that_do_not_raise_let_the_kernel_go_on(tmp_path):
    printed = run_script(
        tmp_path,
        """
        calls = []
        signal.signal(signal.SIGALRM, lambda *_: calls.append(time.monotonic()))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        # busy : void (int* out, int n)
        def busy(out, n):
            x = idx
            for i in range(n):
                x = x * 1664525 + 1013904223
            out[idx] = x
        kernel = cp.compile(busy)
        out = np.zeros(1, np.int32)
        turns = 100_000_000
        while len(calls) < 3:
            kernel(1)(out, turns)
        signal.setitimer(signal.ITIMER_REAL, 0)
        # The generator's period divides 2**32, and the multiplier's powers are known.
        x, a, c, n = 0, 1664525, 1013904223, turns
        while n:
            if n & 1:
                x = (x * a + c) % 2**32
            c = c * (a + 1) % 2**32
            a = a * a % 2**32
            n >>= 1
        print(int(out[0]) % 2**32 == x)
        """,
    )
    assert printed == ["True"]


def test_other_threads_run_beside_a_small_launch_that_takes_long(tmp_path):
    """A launch that looked small lets go of the interpreter once it has taken its time."""
    printed = run_script(
        tmp_path,
        """
        out = np.zeros(1, np.int32)
        def launch():
            cp.compile(endless)(1)(out, 1)
        thread = threading.Thread(target=launch, daemon=True)
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
        sum(range(100_000))
        print(thread.is_alive(), time.monotonic() - start < 1)
        sys.stdout.flush()
        os._exit(0)
        """,
    )
    assert printed == ["True", "True"]
