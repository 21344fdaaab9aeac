"""Every math function, called from a kernel, against mpmath at 40 digits: within its stated units in the last place.

The C++ tests sweep far more arguments, but against references of 64 bits; these few hold the references
themselves, and the whole way from the name in Python to the vector code.
"""

from __future__ import annotations

import importlib.util
import math
import random

import cudapy as cp
import numpy as np
import pytest

mpmath = pytest.importorskip("mpmath")
mp = mpmath.mp.clone()
mp.dps = 60

UNIT = (-1.0, 1.0)


def erfcx(x):
    return mp.exp(x * x) * mp.erfc(x)


def norm(*x):
    return mp.sqrt(sum(value * value for value in x))


def real_cbrt(x):
    return mp.sign(x) * mp.cbrt(abs(x))


def erfcinv(x):
    # 1 - x would cost the digits of a small x.
    start = mp.erfinv(1 - x)
    return mp.findroot(lambda y: mp.erfc(y) - x, start) if x < 1e-10 else start


# name: (the exact function, a range for each argument, largest error in ulp)
FUNCTIONS = {
    "acos": (mp.acos, [UNIT], 1),
    "acosh": (mp.acosh, [(1.0, 50.0)], 1),
    "asin": (mp.asin, [UNIT], 1),
    "asinh": (mp.asinh, [(-50.0, 50.0)], 1),
    "atan": (mp.atan, [(-20.0, 20.0)], 1),
    "atan2": (mp.atan2, [(-3.0, 3.0), (-3.0, 3.0)], 1),
    "atanh": (mp.atanh, [UNIT], 1),
    "cbrt": (real_cbrt, [(-1e6, 1e6)], 1),
    "cos": (mp.cos, [(-1e4, 1e4)], 1),
    "cosh": (mp.cosh, [(-80.0, 80.0)], 1),
    "cospi": (mp.cospi, [(-100.0, 100.0)], 1),
    "cyl_bessel_i0": (lambda x: mp.besseli(0, x), [(-60.0, 60.0)], 1),
    "cyl_bessel_i1": (lambda x: mp.besseli(1, x), [(-85.0, 85.0)], 1),
    "degrees": (mp.degrees, [(-10.0, 10.0)], 1),
    "erf": (mp.erf, [(-5.0, 5.0)], 1),
    "erfc": (mp.erfc, [(-4.0, 9.0)], 1),
    "erfcinv": (erfcinv, [(1e-30, 1.999)], 1),
    "erfcx": (erfcx, [(-5.0, 9.0)], 1),
    "erfinv": (mp.erfinv, [(-0.999, 0.999)], 1),
    "exp": (mp.exp, [(-85.0, 85.0)], 1),
    "exp10": (lambda x: mp.mpf(10) ** x, [(-36.0, 36.0)], 1),
    "exp2": (lambda x: mp.mpf(2) ** x, [(-120.0, 120.0)], 1),
    "expm1": (mp.expm1, [(-5.0, 5.0)], 1),
    "fdivide": (lambda x, y: x / y, [UNIT, UNIT], 0.5),
    "fma": (lambda x, y, z: x * y + z, [UNIT, UNIT, UNIT], 0.5),
    "hypot": (norm, [UNIT, UNIT], 1),
    "j0": (mp.j0, [(-20.0, 20.0)], 1),
    "j1": (mp.j1, [(-20.0, 20.0)], 1),
    "lgamma": (mp.loggamma, [(-30.0, 60.0)], 1),
    "log": (mp.log, [(0.0, 10.0)], 1),
    "log10": (mp.log10, [(0.0, 1000.0)], 1),
    "log1p": (mp.log1p, [(-0.9, 3.0)], 1),
    "log2": (lambda x: mp.log(x) / mp.ln2, [(0.0, 10.0)], 1),
    "norm3d": (norm, [UNIT, UNIT, UNIT], 1),
    "norm4d": (norm, [UNIT, UNIT, UNIT, UNIT], 1),
    "normcdf": (mp.ncdf, [(-12.0, 6.0)], 1),
    "normcdfinv": (lambda p: -mp.sqrt(2) * erfcinv(2 * p), [(1e-30, 0.999)], 1),
    "pow": (mp.power, [(0.0, 10.0), (-20.0, 20.0)], 1),
    "radians": (mp.radians, [(-360.0, 360.0)], 1),
    "rcbrt": (lambda x: 1 / real_cbrt(x), [(-100.0, 100.0)], 1),
    "rhypot": (lambda *x: 1 / norm(*x), [UNIT, UNIT], 1),
    "rnorm3d": (lambda *x: 1 / norm(*x), [UNIT, UNIT, UNIT], 1),
    "rnorm4d": (lambda *x: 1 / norm(*x), [UNIT, UNIT, UNIT, UNIT], 1),
    "rsqrt": (lambda x: 1 / mp.sqrt(x), [(0.0, 100.0)], 1),
    "sin": (mp.sin, [(-1e4, 1e4)], 1),
    "sinh": (mp.sinh, [(-80.0, 80.0)], 1),
    "sinpi": (mp.sinpi, [(-100.0, 100.0)], 1),
    "sqrt": (mp.sqrt, [(0.0, 100.0)], 0.5),
    "tan": (mp.tan, [(-1e4, 1e4)], 1),
    "tanh": (mp.tanh, [(-4.0, 4.0)], 1),
    "tgamma": (mp.gamma, [(-30.0, 34.0)], 1),
    "y0": (lambda x: mp.bessely(0, x), [(0.1, 20.0)], 1),
    "y1": (lambda x: mp.bessely(1, x), [(0.1, 20.0)], 1),
}
# What is smaller may be near a zero, where these are only as exact as their arguments' scale.
OSCILLATING = {"j0": 0.125, "j1": 0.125, "lgamma": 0.125, "y0": 0.125, "y1": 0.125}
POINTS = 100


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    """A module with a kernel for each function, as a user would have written it."""
    lines = ["import math", "from cudapy import idx", ""]
    for name, (_, ranges, _) in FUNCTIONS.items():
        arrays = [f"X{i}" for i in range(len(ranges))]
        values = ", ".join(f"{array}[idx]" for array in arrays)
        lines += [f"def {name}({', '.join(arrays)}, Y):", "    if idx < len(Y):"]
        lines += [f"        Y[idx] = math.{name}({values})", ""]
    path = tmp_path_factory.mktemp("kernels") / "math_kernels.py"
    path.write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location("math_kernels", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ulp_error(value: float, exact, dtype) -> float:
    digits, smallest = (24, -149) if dtype == "float32" else (53, -1074)
    _, exponent = mp.frexp(abs(exact))
    ulp = mp.mpf(2) ** max(exponent - digits, smallest)
    return float(abs(mp.mpf(float(value)) - exact) / ulp)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_within_stated_error(kernels, name, dtype):
    function, ranges, bound = FUNCTIONS[name]
    pick = random.Random(name)
    arguments = [
        np.array([pick.uniform(*limits) for _ in range(POINTS)], dtype=dtype) for limits in ranges
    ]
    result = np.zeros(POINTS, dtype)
    cp.compile(getattr(kernels, name))(POINTS)(*arguments, result)
    for i in range(POINTS):
        point = [mp.mpf(float(array[i])) for array in arguments]
        exact = mp.re(function(*point))
        if abs(exact) < OSCILLATING.get(name, 0):
            continue
        error = ulp_error(result[i], exact, dtype)
        assert error <= bound + 1e-6, f"{name}{tuple(map(float, point))} is off by {error} ulp"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bessel_of_orders(dtype):
    def orders(N, X, J, Y):
        if idx < len(N):
            J[idx] = math.jn(N[idx], X[idx])
            Y[idx] = math.yn(N[idx], abs(X[idx]))

    points = [(0, 3.0), (1, 1e-3), (2, 1e-10), (3, -7.5), (-3, 7.5), (-5, -0.5), (12, 2.0)]
    points += [(40, 39.0), (100, 120.5), (30, 1.0), (7, 0.0), (2, 1e-300), (50000, 2.0)]
    points += [(0, 1e-170), (0, 1e-300), (0, 5e-324), (1, 1e-300)]
    N = np.array([n for n, _ in points], np.int32)
    X = np.array([x for _, x in points], dtype)
    J, Y = np.zeros_like(X), np.zeros_like(X)
    cp.compile(orders)(len(N))(N, X, J, Y)
    for n, x, j, y in zip(N.tolist(), X.tolist(), J, Y):
        assert ulp_error(j, mp.besselj(n, mp.mpf(x)), dtype) <= 1 if x else j == (n == 0), (n, x)
        if x == 0 or n > 1000 or abs(mp.bessely(n, abs(x))) > np.finfo(dtype).max:
            assert y == -math.inf, (n, x)
        else:
            assert ulp_error(y, mp.bessely(n, abs(mp.mpf(x))), dtype) <= 1, (n, x)


HUGE = [1e5, 2.0**20, 123456789.0, 1e15, 1e22, 1e30]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["j0", "j1", "y0", "y1"])
def test_far_out_of_bessel(kernels, name, dtype):
    """Beyond 2^20 in units in the last place of what the function oscillates between, sqrt(2 / (pi x))."""
    X = np.array(HUGE[1:], dtype=dtype)
    Y = np.zeros_like(X)
    cp.compile(getattr(kernels, name))(len(X))(X, Y)
    for x, y in zip(X, Y):
        envelope = mp.sqrt(2 / (mp.pi * mp.mpf(float(x))))
        with mp.workdps(100):
            exact = mp.re(FUNCTIONS[name][0](mp.mpf(float(x))))
        assert abs(float(y) - exact) <= np.finfo(dtype).eps * envelope, x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_huge_angles(kernels, name, dtype):
    X = np.array([sign * value for value in HUGE for sign in (1, -1)] + [math.pi] * 20, dtype=dtype)
    Y = np.zeros_like(X)
    cp.compile(getattr(kernels, name))(len(X))(X, Y)
    for x, y in zip(X, Y):
        exact = FUNCTIONS[name][0](mp.mpf(float(x)))
        assert ulp_error(y, exact, dtype) <= 1, x


# name: {argument: value}; a value's sign counts where it is 0.
SPECIAL = {
    "tgamma": {
        0.0: math.inf,
        -1.0: math.nan,
        -2e9: math.nan,
        -math.inf: math.nan,
        -200.5: -0.0,
        -201.5: 0.0,
        172.0: math.inf,
        1.0: 1.0,
        6.0: 120.0,
        math.inf: math.inf,
        math.nan: math.nan,
    },
    "cyl_bessel_i0": {0.0: 1.0, 1000.0: math.inf, -math.inf: math.inf, math.nan: math.nan},
    "cyl_bessel_i1": {0.0: 0.0, 1000.0: math.inf, -math.inf: -math.inf, math.nan: math.nan},
    "j0": {0.0: 1.0, math.inf: 0.0, -math.inf: 0.0, math.nan: math.nan},
    "j1": {0.0: 0.0, math.inf: 0.0, -math.inf: -0.0, math.nan: math.nan},
    "y0": {0.0: -math.inf, math.inf: 0.0, -1.0: math.nan, -math.inf: math.nan, math.nan: math.nan},
    "y1": {0.0: -math.inf, math.inf: 0.0, -1.0: math.nan, math.nan: math.nan},
    "lgamma": {
        0.0: math.inf,
        -1.0: math.inf,
        -2e9: math.inf,
        -math.inf: math.inf,
        1.0: 0.0,
        2.0: 0.0,
        math.inf: math.inf,
        math.nan: math.nan,
    },
}


ODD_AT_ZERO = {"tgamma", "j1", "cyl_bessel_i1"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(kernels, name, dtype):
    X = np.array([*SPECIAL[name], -0.0], dtype=dtype)
    Y = np.zeros_like(X)
    cp.compile(getattr(kernels, name))(len(X))(X, Y)
    assert [repr(float(y)) for y in Y[:-1]] == [repr(y) for y in SPECIAL[name].values()]
    assert repr(float(Y[-1])) == repr(-float(Y[0]) if name in ODD_AT_ZERO else float(Y[0]))
