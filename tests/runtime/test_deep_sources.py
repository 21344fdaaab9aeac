"""Sources that are deep or long: whatever the stack of the calling thread, they compile or are refused."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

PRELUDE = """
import linecache, os, signal, sys, threading, time
import cudapy as cp, numpy as np

sys.setrecursionlimit(30_000)  # for Python's own parser

def make(text, **options):
    names = {}
    functions = ["def " + function for function in text.split("def ")[1:]]
    for first in range(0, len(functions), 100):  # the whole of a source is read for each of them
        part = "".join(functions[first:first + 100])
        name = f"<source {len(linecache.cache)}>"
        linecache.cache[name] = (len(part), None, part.splitlines(True), name)
        exec(compile(part, name, "exec"), names)
    return cp.kernel(**options)(names["kernel"])

def chain(length):
    helpers = [f"def f{i}(x): return f{i + 1}(x) + 1\\n" for i in range(length)]
    last = f"def f{length}(x): return x\\n"
    return "".join(helpers) + last + "def kernel(X):\\n    X[0] = f0(X[0])\\n"

def launch(text):
    X = np.zeros(3, np.float32)
    try:
        make(text)(1)(X)
        return X[0]
    except cp.CompileError as error:
        return error.errors[0]["code"]

def on_stack(kib, work):
    results = []
    threading.stack_size(kib * 1024)
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]
"""


def run_script(text: str) -> list[str]:
    finished = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CUDAPY_CACHE": "0"},
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout.split()


def test_a_chain_of_functions_needs_no_stack_of_the_caller():
    printed = run_script(
        """
        print(on_stack(1024, lambda: launch(chain(400))))
        print(on_stack(256, lambda: launch(chain(1000))))
        """
    )
    assert printed == ["400.0", "1000.0"]


def test_a_chain_without_end_is_refused():
    assert run_script("print(launch(chain(10_500)))") == ["nesting"]


@pytest.mark.parametrize("kind", ["sum", "minus", "elif"])
def test_deep_statements_compile_or_are_refused(kind):
    """As deep as Python's own parser goes, and on a stack that is too small for it."""
    printed = run_script(
        f"""
        sources = {{
            "sum": lambda n: "def kernel(X):\\n    X[0] = " + " + ".join(["X[1]"] * n) + "\\n",
            "minus": lambda n: "def kernel(X):\\n    X[0] = " + "-" * n + "X[1]\\n",
            "elif": lambda n: "def kernel(X):\\n    if X[0] == 7: X[1] = 0\\n"
            + "".join(f"    elif X[0] == {{i}}: X[0] = {{i + 1}}\\n" for i in range(n)),
        }}
        deep = sources["{kind}"]
        print(launch(deep(150)), on_stack(256, lambda: launch(deep(900))), launch(deep(2500)))
        """
    )
    right = "1.0" if kind == "elif" else "0.0"
    assert printed[0].lstrip("-") == right
    assert {text.lstrip("-") for text in printed[1:]} <= {right, "unsupported-syntax"}


def test_calls_that_multiply_are_refused():
    """The functions are copied into the kernel: 2 ** 30 copies of the last."""
    printed = run_script(
        """
        def twice(depth):
            helpers = [f"def f{i}(x): return f{i+1}(x) + f{i+1}(x * 2)\\n" for i in range(depth)]
            last = f"def f{depth}(x): return x\\n"
            return "".join(helpers) + last + "def kernel(X):\\n    X[0] = f0(X[0] + 1)\\n"

        def tuples(depth):
            lines = [f"    t{i + 1} = (t{i}, t{i})\\n" for i in range(depth)]
            value = f"t{depth}" + "[0]" * (depth + 1)
            return f"def kernel(X):\\n    t0 = (X[0], X[1])\\n{''.join(lines)}    X[0] = {value} + 2\\n"

        print(launch(twice(5)), launch(twice(30)), launch(tuples(4)), launch(tuples(24)))
        """
    )
    assert printed == ["243.0", "too-many-calls", "2.0", "tuple-size"]


def test_ctrl_c_stops_a_long_compile():
    """At once; the same kernel can be asked for again, and the process forks and ends as ever."""
    printed = run_script(
        """
        signal.signal(signal.SIGINT, signal.default_int_handler)
        lines = [f"    X[{i % 3}] = X[{(i + 1) % 3}] + {i}.5\\n" for i in range(4000)]
        kernel = make("def kernel(X):\\n" + "".join(lines))
        small = make("def kernel(X):\\n    X[0] = 3\\n")

        def interrupted(call):
            sent = []
            def send():
                sent.append(time.monotonic())
                os.kill(os.getpid(), signal.SIGINT)
            timer = threading.Timer(0.5, send)
            timer.start()
            try:
                call()
            except KeyboardInterrupt:
                return time.monotonic() - sent[0]
            finally:
                timer.join()

        X = np.zeros(3, np.float32)
        for call in (lambda: kernel(1)(X), lambda: kernel(1)(X),
                     lambda: kernel.inspect("asm", types="void (float32* X)")):
            after = interrupted(call)
            print(after is not None and after < 0.4)
        small(1)(X)
        print(X[0])
        child = os.fork()
        if child == 0:
            make("def kernel(X):\\n    X[0] = 4\\n")(1)(X)
            os._exit(int(X[0]))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert printed == ["True", "True", "True", "3.0", "4"]
