"""Functions that call themselves are the only code that a kernel calls, and stay vector code."""

from __future__ import annotations

import re

from assembly import assembly


def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


# recursive : void (int* X, int* Y)
def recursive(X, Y):
    if idx < len(X):
        Y[idx] = fibonacci(X[idx])


def square(n):
    return n * n


# plain : void (int* X, int* Y)
def plain(X, Y):
    if idx < len(X):
        Y[idx] = square(X[idx])


def test_calls_are_of_the_function_alone(monkeypatch):
    asm = assembly(recursive, "avx2", monkeypatch)
    called = set(re.findall(r"callq?\s+\*?(\w+)", asm)) - {"cudapy_record_raise"}
    assert {name for name in called if name.startswith("cudapy")} == {
        "cudapy_recursive_0",
        "cudapy_stack_end",
    }
    # Twice in itself; in the kernel once for full gangs and once for what is left.
    assert len(re.findall(r"callq?\s+cudapy_recursive_0", asm)) == 4
    function = asm[asm.index("cudapy_recursive_0:") :]
    assert "vpaddd" in function
    assert "gather" not in function


def test_kernels_without_recursion_pay_nothing(monkeypatch):
    asm = assembly(plain, "avx2", monkeypatch)
    assert "call" not in asm
    assert "cudapy_stack_end" not in asm
