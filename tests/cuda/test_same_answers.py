"""The GPU's answers are the CPU's, bit for bit: math functions, fused sums, and what a kernel makes of them."""

from __future__ import annotations

import linecache

import cudapy as cp
import numpy as np
import pytest
from differential import floats, same

UNARY = (
    "acos acosh asin asinh atan atanh cbrt ceil cos cosh cospi erf erfc exp exp10 exp2 expm1 fabs floor log log10 "
    "log1p log2 logb normcdf rcbrt rint round rsqrt sin sinh sinpi sqrt tan tanh trunc"
).split()
BINARY = "atan2 copysign fdim fmax fmin fmod hypot nextafter pow remainder rhypot".split()


def function_from(source: str):
    name = f"<same answers {abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict = {}
    exec(compile(source, name, "exec"), scope)
    return scope["apply"]


def on_both(function, arguments):
    results = []
    for device in ("cpu", "cuda"):
        with cp.device(device):
            given = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
            cp.compile(function)(len(given[-1]))(*given)
            results.append(given[-1])
    return results


def has_fma() -> bool:
    with open("/proc/cpuinfo") as file:
        return " fma " in file.read()


@pytest.mark.skipif(not has_fma(), reason="without fma the CPU's formulas round otherwise")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_argument(name, dtype):
    apply = function_from(
        f"def apply(X, Y):\n    if idx < len(X):\n        Y[idx] = math.{name}(X[idx])\n"
    )
    X = np.concatenate(
        [floats(3000, 1, dtype, special=True), np.linspace(-1, 1, 3001).astype(dtype)]
    )
    cpu, gpu = on_both(apply, [X, np.zeros_like(X)])
    assert same(cpu, gpu, 0), [(x, a, b) for x, a, b in zip(X, cpu, gpu) if not a == b][:5]


@pytest.mark.skipif(not has_fma(), reason="without fma the CPU's formulas round otherwise")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arguments(name, dtype):
    apply = function_from(
        f"def apply(X, Z, Y):\n    if idx < len(X):\n        Y[idx] = math.{name}(X[idx], Z[idx])\n"
    )
    X, Z = floats(5000, 1, dtype, special=True), floats(5000, 2, dtype, special=True)
    cpu, gpu = on_both(apply, [X, Z, np.zeros_like(X)])
    assert same(cpu, gpu, 0), [t for t in zip(X, Z, cpu, gpu) if not t[2] == t[3]][:5]


def orbit(X, Y):
    if idx < len(X):
        z = X[idx]
        for i in range(50):
            z = z * z * 0.5 + 0.25 * X[idx] - 1.0 / (1.0 + z * z)
        Y[idx] = z


def test_fused_arithmetic():
    X = np.linspace(-1, 1, 4001).astype(np.float32)
    cpu, gpu = on_both(orbit, [X, np.zeros_like(X)])
    assert same(cpu, gpu, 0)
