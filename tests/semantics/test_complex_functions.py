"""cmath in kernels, against Python's own: accuracy, branch cuts, zeros with a sign, infinities and NaN."""

from __future__ import annotations

import cmath
import itertools
import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, differential, floats

DTYPES = ["complex64", "complex128"]


def first_half(Z, R):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = cmath.acos(z)
        R[n + idx] = cmath.acosh(z)
        R[2 * n + idx] = cmath.asin(z)
        R[3 * n + idx] = cmath.asinh(z)
        R[4 * n + idx] = cmath.atan(z)
        R[5 * n + idx] = cmath.atanh(z)
        R[6 * n + idx] = cmath.log(z)
        R[7 * n + idx] = cmath.log10(z)
        R[8 * n + idx] = cmath.sqrt(z)


def second_half(Z, R):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = cmath.exp(z)
        R[n + idx] = cmath.sin(z)
        R[2 * n + idx] = cmath.cos(z)
        R[3 * n + idx] = cmath.tan(z)
        R[4 * n + idx] = cmath.sinh(z)
        R[5 * n + idx] = cmath.cosh(z)
        R[6 * n + idx] = cmath.tanh(z)


FIRST = ["acos", "acosh", "asin", "asinh", "atan", "atanh", "log", "log10", "sqrt"]
SECOND = ["exp", "sin", "cos", "tan", "sinh", "cosh", "tanh"]
HALVES = [(first_half, FIRST), (second_half, SECOND)]


def numbers(n, dtype, seed=0, spread=2.0):
    """Of all sizes, also near the branch points and on the branch cuts."""
    random = np.random.default_rng(seed)
    parts = random.standard_normal((2, n)) * spread ** random.uniform(-6, 6, (2, n))
    z = (parts[0] + 1j * parts[1]).astype(dtype)
    z[: n // 8] = z[: n // 8].real  # with the imaginary part 0
    z[n // 8 : n // 4] = 1j * z[n // 8 : n // 4].imag
    z[n // 4 : n // 3] = 1 + 0.01 * z[n // 4 : n // 3]
    return z


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kernel", "names"), HALVES, ids=["inverse", "direct"])
def test_as_accurate_as_stated(kernel, names, dtype):
    z = numbers(2000, dtype)
    if kernel is second_half:
        z = z[np.abs(z) < 20]
    got = np.zeros(len(names) * len(z), dtype)
    cp.compile(kernel)(len(z))(z, got)
    with np.errstate(all="ignore"):
        for name, row in zip(names, got.reshape(len(names), -1)):
            function = getattr(cmath, name)
            exact = np.array(
                [function(complex(x)) if x != 0 or "log" not in name else -np.inf for x in z]
            )
            fine = np.isfinite(exact)
            error = np.abs(row[fine] - exact[fine]) / np.abs(exact[fine])
            error = error[np.isfinite(error)]
            assert error.max() < 8 * np.finfo(dtype).eps, (name, z[fine][error.argmax()])


def expected(name, z):
    """What C says where Python raises."""
    try:
        return getattr(cmath, name)(z)
    except ValueError:
        if z == 0:  # a logarithm
            return complex(-math.inf, cmath.phase(z) / (math.log(10) if name == "log10" else 1))
        if name == "atanh":  # 1 and -1
            return complex(math.copysign(math.inf, z.real), z.imag)
        return None
    except OverflowError:
        return None


def is_same(want, got, eps):
    """Beside a NaN a sign means nothing; which of C's editions a Python follows decides of tanh(0 + nan j)."""
    pairs = [(want.real, got.real), (want.imag, got.imag)]
    size = max([abs(a) for a, _ in pairs if math.isfinite(a)], default=0.0)
    has_nan = want != want
    for a, b in pairs:
        if a != a or b != b:
            right = a != a and b != b
        elif math.isinf(a) or a == 0:
            right = abs(a) == abs(b) and (has_nan or math.copysign(1, a) == math.copysign(1, b))
        else:
            right = abs(a - b) <= 8 * eps * size
        if not right:
            return False
    return True


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kernel", "names"), HALVES, ids=["inverse", "direct"])
def test_zeros_infinities_and_nans_are_pythons(kernel, names, dtype):
    values = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 0.5, -0.5, math.inf, -math.inf, math.nan]
    z = np.array([complex(x, y) for x, y in itertools.product(values, values)])
    given = z.astype(dtype)
    got = np.zeros(len(names) * len(z), dtype)
    cp.compile(kernel)(len(z))(given, got)
    wrong = []
    for name, row in zip(names, got.reshape(len(names), -1)):
        for x, value in zip(z.tolist(), row.tolist()):
            want = expected(name, x)
            is_open = (name == "tanh" and x.real == 0) or (name == "tan" and x.imag == 0)
            if want is None or (is_open and x != x):
                continue
            if not is_same(want, value, np.finfo(dtype).eps):
                wrong.append(f"{name}({x}) is {want}, got {value}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kernel", [first_half, second_half])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_gang_width(kernel, dtype):
    differential(
        kernel,
        lambda n: [numbers(n, dtype, 3, 1.2), np.zeros(9 * n, dtype)],
        ulp=4096,
        sizes=lambda gang: [gang + 1],
        targets=TARGETS if dtype == "complex64" else TARGETS[-2:],
    )


def large(Z, R):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = cmath.sqrt(z)
        R[n + idx] = cmath.log(z)
        R[2 * n + idx] = cmath.asinh(z)
        R[3 * n + idx] = cmath.acos(z)
        R[4 * n + idx] = cmath.atan(z)


@pytest.mark.parametrize("dtype", DTYPES)
def test_neither_overflow_nor_vanish_on_the_way(dtype):
    info = np.finfo(dtype)
    sizes = [info.max, info.max / 3, info.tiny, info.tiny / 64, 1 / info.eps**3, 1.0, info.eps**4]
    z = np.array([complex(x, y) for x in sizes for y in sizes], dtype)
    got = np.zeros(5 * len(z), dtype)
    cp.compile(large)(len(z))(z, got)
    names = ["sqrt", "log", "asinh", "acos", "atan"]
    for name, row in zip(names, got.reshape(5, -1)):
        for x, value in zip(z.tolist(), row.tolist()):
            want = getattr(cmath, name)(x)
            assert abs(value - want) <= 16 * info.eps * abs(want) + 4 * info.tiny, (name, x)


def bases(Z, W, R):
    n = len(Z)
    if idx < n:
        R[idx] = cmath.log(Z[idx], 2)
        R[n + idx] = cmath.log(Z[idx], W[idx])
        R[2 * n + idx] = cmath.log(2.5, Z[idx])


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_to_a_base(dtype):
    z, w = numbers(64, dtype, 1), numbers(64, dtype, 2)
    got = np.zeros(3 * 64, dtype)
    cp.compile(bases)(64)(z, w, got)
    exact = np.array(
        [cmath.log(complex(x), 2) for x in z]
        + [cmath.log(complex(x), complex(y)) for x, y in zip(z, w)]
        + [cmath.log(2.5, complex(x)) for x in z]
    )
    np.testing.assert_allclose(got, exact, rtol=64 * np.finfo(dtype).eps)


def logarithms(X, Z, R):
    n = len(Z)
    if idx < n:
        log = cmath.log
        R[idx] = log(X[idx])
        R[n + idx] = cmath.log(Z[idx], -2)
        R[2 * n + idx] = cmath.log(X[idx], 1 + 2j)
        R[3 * n + idx] = cmath.log(idx + 1, 10)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_of_real_numbers_are_complex(dtype):
    z = numbers(64, dtype, 3)
    x = z.real - 1
    x[0] = -1.0
    got = np.zeros(4 * 64, dtype)
    cp.compile(logarithms)(64)(x, z, got)
    exact = np.array(
        [cmath.log(a) for a in x.tolist()]
        + [cmath.log(a, -2) for a in z.tolist()]
        + [cmath.log(a, 1 + 2j) for a in x.tolist()]
        + [cmath.log(i + 1, 10) for i in range(64)]
    )
    np.testing.assert_allclose(got, exact, rtol=64 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)


def near(Z, W, B):
    n = len(Z)
    if idx < n:
        B[idx] = cmath.isclose(Z[idx], W[idx])
        B[n + idx] = cmath.isclose(Z[idx], W[idx], rel_tol=0.25)
        B[2 * n + idx] = cmath.isclose(Z[idx], 1, abs_tol=0.5)
        B[3 * n + idx] = cmath.isnan(Z[idx]) or cmath.isinf(W[idx])
        B[4 * n + idx] = cmath.isfinite(Z[idx] * 1j)


def test_closeness_and_kinds():
    special = [0j, 1, 1.1, complex(1, 1e-12), complex(math.inf, 0), complex(0, math.nan), -3j]
    pairs = list(itertools.product(special, special))

    def arguments(n):
        z = np.array([pairs[i % len(pairs)][0] for i in range(n)], "complex128")
        w = np.array([pairs[i % len(pairs)][1] for i in range(n)], "complex128")
        return [z, w, np.zeros(5 * n, bool)]

    differential(near, arguments, sizes=lambda gang: [max(len(pairs), gang + 1)])
    z, w, got = arguments(len(pairs))
    cp.compile(near)(len(pairs))(z, w, got)
    assert list(got[: len(pairs)]) == [cmath.isclose(a, b) for a, b in pairs]


def polar_forms(Z, R, F):
    n = len(Z)
    if idx < n:
        r, phi = cmath.polar(Z[idx])
        F[idx] = r
        F[n + idx] = phi
        R[idx] = cmath.rect(r, phi)
        R[n + idx] = cmath.rect(F[idx], 0.0) * cmath.infj


def test_polar_forms():
    z = numbers(64, "complex128")
    got, parts = np.zeros(128, "complex128"), np.zeros(128)
    cp.compile(polar_forms)(64)(z, got, parts)
    assert list(parts[64:]) == pytest.approx([cmath.phase(x) for x in z], rel=1e-15)
    np.testing.assert_allclose(got[:64], z, rtol=1e-14)


def by_numpy(Z, R, F, B):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = np.sqrt(z)
        R[n + idx] = np.exp(z)
        R[2 * n + idx] = np.log(z)
        R[3 * n + idx] = np.sin(z) + np.cosh(z)
        R[4 * n + idx] = np.arctan(z) + np.arcsin(z) * np.arccosh(z)
        R[5 * n + idx] = np.conj(z) + np.conjugate(z) * np.square(z)
        R[6 * n + idx] = np.log2(z) + np.log10(z)
        R[7 * n + idx] = np.power(z, 0.25) + np.add(z, 1)
        F[idx] = np.abs(z)
        F[n + idx] = np.angle(z)
        F[2 * n + idx] = np.real(z) + np.imag(z)
        F[3 * n + idx] = np.angle(z, True) + np.absolute(z)
        B[idx] = np.isfinite(z)
        B[n + idx] = np.isnan(z) or np.isinf(z)


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpys_functions_take_complex_numbers(dtype):
    part = "float32" if dtype == "complex64" else "float64"

    def arguments(n):
        return [
            numbers(n, dtype, 5, 1.3),
            np.zeros(8 * n, dtype),
            np.zeros(4 * n, part),
            np.zeros(2 * n, bool),
        ]

    differential(by_numpy, arguments, ulp=4096, sizes=lambda gang: [gang + 1])
    z, got, real, kinds = arguments(256)
    cp.compile(by_numpy)(256)(z, got, real, kinds)
    exact = [
        np.sqrt(z),
        np.exp(z),
        np.log(z),
        np.sin(z) + np.cosh(z),
        np.arctan(z) + np.arcsin(z) * np.arccosh(z),
        np.conj(z) + np.conj(z) * z**2,
        np.log2(z) + np.log10(z),
        np.power(z, np.array(0.25, part)) + z + 1,
    ]
    for wanted, row in zip(exact, got.reshape(8, -1)):
        assert np.abs(row - wanted).max() <= 64 * np.finfo(dtype).eps * np.abs(wanted).max()
    wanted = [np.abs(z), np.angle(z), z.real + z.imag, np.angle(z, True) + np.abs(z)]
    np.testing.assert_allclose(
        real.reshape(4, -1), wanted, rtol=1e-4 if part == "float32" else 1e-12
    )
    assert kinds[:256].all()
    assert not kinds[256:].any()


def real_and_complex(X, R):
    if idx < len(X):
        R[idx] = np.sqrt(X[idx]) + np.sqrt(complex(-X[idx]))


def test_real_numbers_stay_real_beside_them():
    x = np.abs(floats(40)).astype("float32")
    got = np.zeros(40, "complex64")
    cp.compile(real_and_complex, sig="void (float* X, complex64* R)")(40)(x, got)
    np.testing.assert_allclose(got, np.sqrt(x) + 1j * np.sqrt(x), rtol=1e-6)


def near_one(Z, R):
    n = len(Z)
    if idx < n:
        R[idx] = np.log1p(Z[idx])
        R[n + idx] = np.expm1(Z[idx])
        R[2 * n + idx] = np.exp2(Z[idx])


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_numpy_alone_has(dtype):
    z = numbers(300, dtype, 9, 1.5)
    z[:50] *= np.float32(1e-5)
    z = z[np.abs(z) < 20]
    n = len(z)
    differential(
        near_one,
        lambda size: [z[:size], np.zeros(3 * min(size, n), dtype)],
        ulp=4096,  # few numbers: of more of them some have a part that is next to nothing beside the other
        sizes=lambda gang: [min(gang, 32) + 1],
        targets=TARGETS[-2:],
    )
    got = np.zeros(3 * n, dtype)
    cp.compile(near_one)(n)(z, got)
    wide = z.astype(np.clongdouble)
    for row, wanted in zip(got.reshape(3, -1), [np.log1p(wide), np.expm1(wide), np.exp2(wide)]):
        fine = np.abs(wide) > 1e-6  # NumPy's own log1p loses the digits of smaller ones
        error = np.abs(row - wanted)[fine] / np.abs(wanted)[fine]
        assert error.max() < 64 * np.finfo(dtype).eps + 1e-12 * (dtype == "complex128")


def applied(f, z):
    return f(z)


def handed(X, Z, R):
    if idx < len(X):
        R[idx] = applied(math.sqrt, X[idx]) + applied(np.sqrt, Z[idx]) + applied(np.sqrt, X[idx])


def test_functions_that_are_handed_on():
    x = np.array([1.0, 4.0, 2.25], "float32")
    z = np.array([-1, 2j, -4], "complex64")
    got = np.zeros(3, "complex64")
    cp.compile(handed)(3)(x, z, got)
    np.testing.assert_allclose(got, 2 * np.sqrt(x) + np.sqrt(z), rtol=1e-6)


def too_large(Z, R):
    n = len(Z)
    if idx < n:
        z = Z[idx]
        R[idx] = np.exp(z)
        R[n + idx] = np.sinh(z)
        R[2 * n + idx] = np.cosh(z)
        R[3 * n + idx] = np.sin(1j * z)
        R[4 * n + idx] = np.cos(1j * z)


def test_one_part_may_be_finite_where_the_other_is_not():
    sizes = [710, 800, 1000, -711]
    z = np.array([complex(x, y) for x in sizes for y in (0, 1, 2, 3, -1.5, -4)])
    n = len(z)
    differential(
        too_large,
        lambda _: [z, np.zeros(5 * n, "complex128")],
        ulp=4096,
        sizes=lambda gang: [n],
        targets=TARGETS[-2:],
    )
    with cp.device("python"):
        got = np.zeros(5 * n, "complex128")
        cp.compile(too_large)(n)(z, got)
    near = got[:n][z == 710 + 1j][0]
    assert (near.real, near.imag) == (pytest.approx(1.207e308, rel=1e-3), math.inf)
    assert got[:n][z == 1000 + 2j][0] == complex(-math.inf, math.inf)
