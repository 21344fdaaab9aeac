"""Functions that call themselves on GPUs: functions of PTX, with a stack that the loader makes room for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cudapy as cp
import pytest
from assembly import needs_assembler

ARCHITECTURES = ["sm_75", "sm_80", "sm_90", "sm_100", "sm_120"]


def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


# recursive : void (int* X, int* Y)
def recursive(X, Y):
    if idx < len(X):
        Y[idx] = fibonacci(X[idx])


def is_even(n, X):
    return True if n == 0 else is_odd(n - 1, X)


def is_odd(n, X):
    if X[n] < 0:
        raise ValueError(f"{X[n]} at {n}")
    return False if n == 0 else is_even(n - 1, X)


# mutual : void (int* X, float* R, float16* H)
def mutual(X, R, H):
    def halves(h, n):
        return h if n == 0 else halves(h, n - 1) * 0.5

    tile = shared(64, float)
    tile[threadIdx.x] = 1.0 if is_even(X[idx], X) else 2.0
    syncthreads()
    R[idx] = tile[63 - threadIdx.x]
    H[idx] = halves(H[idx], 3)
    print("done", idx)


def quicksort(A, low, high):
    if low >= high:
        return
    pivot = A[(low + high) // 2]
    i = low
    j = high
    while i <= j:
        while A[i] < pivot:
            i += 1
        while A[j] > pivot:
            j -= 1
        if i <= j:
            kept = A[i]
            A[i] = A[j]
            A[j] = kept
            i += 1
            j -= 1
    quicksort(A, low, j)
    quicksort(A, i, high)


# sorts : void (double* A, int width)
def sorts(A, width):
    if idx * width < len(A):
        quicksort(A, idx * width, idx * width + width - 1)


def with_buffer(n):
    buffer = local(20, double)
    for i in range(20):
        buffer[i] = n + i
    below = 0.0 if n == 0 else with_buffer(n - 1)
    return below + buffer[n % 20]


# buffers : void (double* R)
def buffers(R):
    R[idx] = with_buffer(idx % 200)


KERNELS = [recursive, mutual, sorts, buffers]


def functions_of(ptx: str) -> dict[str, str]:
    """What is between braces, by the name of the function; of definitions alone."""
    found = re.findall(
        r"^(?:\.visible )?\.(?:entry|func)\s*(?:\([^)]*\)\s*)?([\w$]+)\s*\((?:[^()]|\([^)]*\))*\)[^;{]*\{(.*?)^\}",
        ptx,
        re.DOTALL | re.MULTILINE,
    )
    return dict(found)


def test_a_function_that_calls_itself_is_one_and_all_others_are_inlined():
    ptx = cp.compile(recursive).inspect("ptx", architecture="sm_90")
    functions = functions_of(ptx)
    assert set(functions) == {"cudapy_recursive", "cudapy$recursive_0"}
    body = functions["cudapy$recursive_0"]
    # One of its two calls is a loop, and results come back in a register.
    assert re.search(r"\.func\s+\(\.param \.b32 func_retval0\)\s+cudapy\$recursive_0", ptx)
    assert 1 <= len(re.findall(r"call\.uni \(retval0\),\s+cudapy\$recursive_0", body)) <= 2
    assert "setp" in body
    assert "exit;" in body, "a fault ends the thread where it is"
    assert "256" in body or "255" in body, "the depth is looked at"
    assert "cudapy$stack" in functions["cudapy_recursive"], "the kernel asks how far calls may go"
    assert "cudapy$stack" not in body


def test_depth_and_stack_are_looked_at_without_checks_too():
    ptx = cp.compile(recursive, check=False).inspect("ptx", architecture="sm_90")
    body = functions_of(ptx)["cudapy$recursive_0"]
    assert "exit;" in body
    assert "cudapy$stack" in ptx


def test_other_kernels_have_nothing_of_it():
    def square(n):
        return n * n

    # plain : void (int* X)
    def plain(X):
        if idx < len(X):
            X[idx] = square(X[idx])

    ptx = cp.compile(plain).inspect("ptx", architecture="sm_90")
    assert set(functions_of(ptx)) == {"cudapy_plain", "cudapy_plain_gang"}
    assert "cudapy$stack" not in ptx
    assert ".local" not in ptx


@needs_assembler
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_the_assembler_takes_it(kernel, architecture):
    for check in (True, False):
        code = cp.compile(kernel, check=check).compile_for(architecture)
        assert code.cubin.startswith(b"\x7fELF")


@needs_assembler
@pytest.mark.parametrize("architecture", ["sm_75", "sm_90", "sm_120"])
def test_the_loader_knows_the_frames_of_the_functions(architecture):
    """What the assembler says while it works is what is read from its code later."""
    from cudapy import _core
    from cudapy._impl.assemble import _assemble

    for kernel in KERNELS:
        ptx = cp.compile(kernel).inspect("ptx", architecture=architecture)
        cubin, log = _assemble(ptx, architecture)
        told = max(int(size) for size in re.findall(r"(\d+) bytes stack frame", log))
        read = _core.largest_frame(cubin)
        assert told - 16 <= read <= told
        assert read > 0
    assert _core.largest_frame(cubin) >= 160, "an array of 20 doubles is part of it"
    assert _core.largest_frame(b"no code") == 0
    for end in range(0, len(cubin), 101):
        assert _core.largest_frame(cubin[:end]) <= read


LINES = """
import sys
sys.path.insert(0, sys.argv[1])
import cudapy as cp, test_recursion_ptx as kernels
from cudapy._impl.assemble import _nvjitlink, _ptxas
for kernel in kernels.KERNELS:
    if _nvjitlink() or _ptxas():
        cp.compile(kernel).compile_for("sm_90")
print(cp.compile(kernels.recursive).inspect("ptx", architecture="sm_90"))
"""


def test_lines_are_those_of_the_function():
    done = subprocess.run(
        [sys.executable, "-c", LINES, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "CUDAPY_LINEINFO": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )
    body = functions_of(done.stdout)["cudapy$recursive_0"]
    line = fibonacci.__code__.co_firstlineno
    lines = {int(number) for number in re.findall(r"\.loc\s+\d+ (\d+)", body)}
    assert {line + 1, line + 3} <= lines
    assert "256" in body or "255" in body
