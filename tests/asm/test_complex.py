"""Complex arithmetic is the arithmetic of its parts: no calls, no more instructions than written by hand."""

from __future__ import annotations

import re

import cudapy as cp
import numpy as np
from cudapy import idx


def by_parts(CR, CI, N):
    if idx < len(N):
        cr = CR[idx]
        ci = CI[idx]
        zr = 0.0
        zi = 0.0
        n = 0
        while zr * zr + zi * zi <= 4 and n < 100:
            zr, zi = zr * zr - zi * zi + cr, zr * zi + zi * zr + ci
            n += 1
        N[idx] = n


def complex_numbers(CR, CI, N):
    if idx < len(N):
        c = complex(CR[idx], CI[idx])
        z = 0j
        n = 0
        while z.real * z.real + z.imag * z.imag <= 4 and n < 100:
            z = z * z + c
            n += 1
        N[idx] = n


def arithmetic_of(kernel):
    compiled = cp.compile(kernel, check=False)
    compiled(4)(np.zeros(4, "float32"), np.zeros(4, "float32"), np.zeros(4, "int32"))
    # What loops ask for interrupts is cold, and a call.
    asm = compiled.inspect("asm").replace("callq\t*cudapy_poll", "")
    assert not re.search(r"^\s*call", asm, re.MULTILINE)
    return sorted(
        re.findall(r"^\s*(v?(?:f?n?m(?:ul|add|sub)|add|sub)[0-9]*p[sd])\b", asm, re.MULTILINE)
    )


def test_mandelbrot_is_what_it_is_by_parts():
    found = arithmetic_of(complex_numbers)
    assert found
    assert found == arithmetic_of(by_parts)


def complex_axpy(a, X, Y):
    if idx < len(X):
        Y[idx] = a * X[idx] + Y[idx]


def reversed_conjugates(X):
    n = len(X)
    if idx < n:
        X[n - 1 - idx] = X[n - 1 - idx].conjugate()


def doubles_some(X):
    if idx < len(X):
        if X[idx].real > 0:
            X[idx] = X[idx] * 2


def test_neighbouring_complex_numbers_are_one_access():
    for kernel, arguments in ((complex_axpy, 2), (reversed_conjugates, 1), (doubles_some, 1)):
        compiled = cp.compile(kernel)
        arrays = [np.zeros(64, "complex64") for _ in range(arguments)]
        compiled(64)(*([2j] if kernel is complex_axpy else []), *arrays)
        assert not re.search("gather|scatter", compiled.inspect("asm"))


POINT = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4")])


def scales(P, factor):
    if idx < len(P):
        p = P[idx]
        P[idx] = (p.x * factor, p.y * factor, p.z)


def moves(P):
    if idx < len(P):
        P[idx].x += P[idx].y


def test_neighbouring_structs_are_one_access():
    for kernel, arguments in ((scales, (2.0,)), (moves, ())):
        compiled = cp.compile(kernel)
        compiled(64)(np.zeros(64, POINT), *arguments)
        assert not re.search("gather|scatter", compiled.inspect("asm"))


# powers : void (complex64* Z, complex64* W, complex64* R)
def powers(Z, W, R):
    if idx < len(Z):
        R[idx] = Z[idx] ** W[idx] + np.sqrt(W[idx])
        print(idx, R[idx])


def test_gpus_have_powers_functions_and_prints():
    ptx = cp.compile(powers).inspect("ptx", architecture="sm_90")
    assert "sqrt.rn.f32" in ptx
    assert "cudapy$print" in ptx
