"""Operators: every operator on every type, promotion between types, weak numbers, casts and comparisons."""

from __future__ import annotations

import itertools

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import TARGETS, compiling_for, differential, floats, integers

SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
INTEGERS = (*SIGNED, *UNSIGNED)
FLOATS = ("float32", "float64")
NUMBERS = (*INTEGERS, *FLOATS)

# Where each pair of types is a kernel of its own, the widest target and the narrowest stand for all.
FEW_TARGETS = [TARGETS[0], TARGETS[-2]]


def numbers(n: int, seed: int, dtype: str) -> np.ndarray:
    return floats(n, seed, dtype, special=True) if dtype in FLOATS else integers(n, seed, dtype)


def ring(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] + B[idx]
        R[n + idx] = A[idx] - B[idx]
        R[2 * n + idx] = A[idx] * B[idx]
        R[3 * n + idx] = -A[idx]
        R[4 * n + idx] = +A[idx]
        R[5 * n + idx] = abs(A[idx])


@pytest.mark.parametrize("dtype", NUMBERS)
def test_add_subtract_multiply_negate(dtype):
    differential(
        ring, lambda n: [numbers(n, 0, dtype), numbers(n, 1, dtype), np.zeros(6 * n, dtype)]
    )


def bits(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] & B[idx]
        R[n + idx] = A[idx] | B[idx]
        R[2 * n + idx] = A[idx] ^ B[idx]
        R[3 * n + idx] = ~A[idx]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_bit_operators(dtype):
    differential(
        bits, lambda n: [integers(n, 0, dtype), integers(n, 1, dtype), np.zeros(4 * n, dtype)]
    )


def shifts(A, C, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] << C[idx]
        R[n + idx] = A[idx] >> C[idx]
        R[2 * n + idx] = A[idx] << 3
        R[3 * n + idx] = A[idx] >> 3
        R[4 * n + idx] = A[idx] << 64
        R[5 * n + idx] = A[idx] >> 64


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_up_to_and_beyond_the_width(dtype):
    differential(
        shifts,
        lambda n: [integers(n, 0, dtype), integers(n, 1, dtype, 0, 100), np.zeros(6 * n, dtype)],
    )


def divisions(A, B, Q, M):
    if idx < len(A):
        if B[idx] != 0:
            Q[idx] = A[idx] // B[idx]
            M[idx] = A[idx] % B[idx]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_floor_division_and_modulo(dtype):
    """Signs of both operands, the whole range, and the least value divided by -1."""

    def arguments(n):
        A, B = integers(n, 0, dtype), integers(n, 1, dtype)
        B[::3] = integers(len(B[::3]), 2, dtype, -3 if dtype in SIGNED else 0, 4)
        if n > 8 and dtype in SIGNED:
            A[4:8] = np.iinfo(dtype).min
            B[4:8] = [-1, 1, 2, -2]
        return [A, B, np.zeros(n, dtype), np.zeros(n, dtype)]

    differential(divisions, arguments)


def constant_divisions(A, Q):
    if idx < len(A):
        n = len(A)
        Q[idx] = A[idx] // 7
        Q[n + idx] = A[idx] % 7
        Q[2 * n + idx] = A[idx] // 8
        Q[3 * n + idx] = A[idx] % 8
        Q[4 * n + idx] = A[idx] // 1
        Q[5 * n + idx] = A[idx] // 100


@pytest.mark.parametrize("dtype", INTEGERS)
def test_division_by_constants(dtype):
    differential(constant_divisions, lambda n: [integers(n, 0, dtype), np.zeros(6 * n, dtype)])


def negative_divisions(A, Q):
    if idx < len(A):
        n = len(A)
        Q[idx] = A[idx] // -7
        Q[n + idx] = A[idx] % -7
        Q[2 * n + idx] = A[idx] // -1
        Q[3 * n + idx] = A[idx] % -8


@pytest.mark.parametrize("dtype", SIGNED)
def test_division_by_negative_constants(dtype):
    differential(negative_divisions, lambda n: [integers(n, 0, dtype), np.zeros(4 * n, dtype)])


def true_division(A, B, R):
    if idx < len(A):
        R[idx] = A[idx] / B[idx]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_true_division_gives_floats(dtype):
    result = "float64" if dtype == "float64" else "float32"

    def arguments(n):
        B = numbers(n, 1, dtype)
        if dtype in INTEGERS:
            B[B == 0] = 1
        return [numbers(n, 0, dtype), B, np.zeros(n, result)]

    differential(true_division, arguments)


def float_floor(A, B, Q, M):
    if idx < len(A):
        Q[idx] = A[idx] // B[idx]
        M[idx] = A[idx] % B[idx]


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_division_and_modulo_of_floats(dtype):
    def arguments(n):
        A, B = floats(n, 0, dtype), floats(n, 1, dtype)
        B[np.abs(B) < 1e-2] = 0.75
        A[::4] = np.round(A[::4])
        B[::4] = np.round(B[::4]) + 1
        B[B == 0] = 3
        return [A, B, np.zeros(n, dtype), np.zeros(n, dtype)]

    differential(float_floor, arguments)


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_division_of_floats_whose_quotients_have_more_digits_than_fit(dtype):
    """Each step is rounded to the type: -85693734 - 0 over 3 lies halfway between two float32."""

    def arguments(n):
        digits = np.finfo(dtype).nmant + 1
        A = integers(n, 0, "int64", -(2 ** (digits + 8)), 2 ** (digits + 8)).astype(dtype)
        B = np.resize(np.array([3, 7, -3, 1.75, 5], dtype), n)
        return [A, B, np.zeros(n, dtype), np.zeros(n, dtype)]

    differential(float_floor, arguments)


@pytest.mark.parametrize("dtype", FLOATS)
def test_floor_division_and_modulo_of_floats_by_zero_and_of_special_ones(dtype):
    """By zero `//` is what `/` is, as NumPy has it."""

    def arguments(n):
        A, B = floats(n, 0, dtype, special=True), floats(n, 1, dtype, special=True)
        B[::3] = 0.0
        B[1::3] = -0.0
        return [A, B, np.zeros(n, dtype), np.zeros(n, dtype)]

    differential(float_floor, arguments)


def mixed(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] + B[idx]
        R[n + idx] = A[idx] * B[idx] - A[idx]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(("bool", *NUMBERS), 2)))
def test_promotion_between_two_types(one, other):
    """The result is stored as float64, so a type that is too narrow shows."""

    def arguments(n):
        made = [
            integers(n, k, "int8", 0, 2).astype("bool") if t == "bool" else numbers(n, k, t)
            for k, t in enumerate((one, other))
        ]
        return [*made, np.zeros(2 * n, "float64")]

    differential(mixed, arguments, targets=FEW_TARGETS)


def compares(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] == B[idx]
        R[n + idx] = A[idx] != B[idx]
        R[2 * n + idx] = A[idx] < B[idx]
        R[3 * n + idx] = A[idx] <= B[idx]
        R[4 * n + idx] = A[idx] > B[idx]
        R[5 * n + idx] = A[idx] >= B[idx]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_comparisons(dtype):
    def arguments(n):
        A, B = numbers(n, 0, dtype), numbers(n, 1, dtype)
        B[::3] = A[::3]
        return [A, B, np.zeros(6 * n, "bool")]

    differential(compares, arguments)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int32", "uint32"),
        ("int8", "uint8"),
        ("int64", "uint64"),
        ("int32", "float32"),
        ("uint64", "float64"),
        ("int64", "uint32"),
    ],
)
def test_comparisons_between_types(one, other):
    def arguments(n):
        A, B = numbers(n, 0, one), numbers(n, 1, other)
        with np.errstate(all="ignore"):
            B[::3] = A[::3].astype(other)
        return [A, B, np.zeros(6 * n, "bool")]

    differential(compares, arguments, targets=FEW_TARGETS)


def casts(A, R8, R16, R32, R64, U8, U16, U32, U64, F32, F64, B):
    if idx < len(A):
        a = A[idx]
        R8[idx] = cp.int8(a)
        R16[idx] = cp.int16(a)
        R32[idx] = int(a)
        R64[idx] = cp.int64(a)
        U8[idx] = cp.uint8(a)
        U16[idx] = cp.uint16(a)
        U32[idx] = cp.uint32(a)
        U64[idx] = cp.uint64(a)
        F32[idx] = float(a)
        F64[idx] = cp.float64(a)
        B[idx] = bool(a)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_casts_wrap_truncate_and_saturate(dtype):
    def arguments(n):
        A = numbers(n, 0, dtype)
        if dtype in FLOATS and n > 20:
            small = [127.9, 128, -128.9, -129, 255.5, 256, -1, 32767.5, 65535.9, -0.9]
            large = [2147483647, 2147483648, -2147483648, -2147483904, 4294967040, 4294967296]
            A[:20] = [*small, *large, 9.3e18, -9.3e18, 1.8e19, 1.9e19]
        return [A, *(np.zeros(n, t) for t in (*SIGNED, *UNSIGNED, *FLOATS, "bool"))]

    differential(casts, arguments)


def weak(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] + 1
        R[n + idx] = 3 * A[idx] - 2
        R[2 * n + idx] = 2 - A[idx]
        R[3 * n + idx] = A[idx] * (2 + 3)
        R[4 * n + idx] = A[idx] + (100 if idx % 2 == 0 else 1)
        R[5 * n + idx] = 100 - 28 + A[idx]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_weak_integers_take_the_type_they_meet(dtype):
    differential(weak, lambda n: [numbers(n, 0, dtype), np.zeros(6 * n, dtype)])


def weak_floats(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] * 0.1
        R[n + idx] = 1.0 / 3.0 + A[idx]
        R[2 * n + idx] = (A[idx] + 0.3) * 2
        x = 0.1
        R[3 * n + idx] = x * A[idx]
        R[4 * n + idx] = 1 / 3 - A[idx]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_weak_floats(dtype):
    """With integers a float alone is float32, unless the kernel touches float64."""
    for result in FLOATS:
        differential(
            weak_floats,
            lambda n, t=result: [numbers(n, 0, dtype), np.zeros(5 * n, t)],
            targets=FEW_TARGETS,
        )


def too_large(A, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] + 1000
        R[n + idx] = A[idx] * 70000
        R[2 * n + idx] = A[idx] + 5000000000


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32"])
def test_a_weak_integer_that_does_not_fit_keeps_its_own_type(dtype):
    differential(
        too_large, lambda n: [integers(n, 0, dtype), np.zeros(3 * n, "int64")], targets=FEW_TARGETS
    )


def powers(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] ** B[idx]
        R[n + idx] = A[idx] ** 2
        R[2 * n + idx] = A[idx] ** 3
        R[3 * n + idx] = pow(A[idx], 5)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_powers_wrap(dtype):
    low = -4 if dtype in SIGNED else 0
    differential(
        powers,
        lambda n: [integers(n, 0, dtype), integers(n, 1, dtype, low, 12), np.zeros(4 * n, dtype)],
    )


@pytest.mark.parametrize("dtype", FLOATS)
def test_float_powers(dtype):
    differential(
        powers,
        lambda n: [np.abs(floats(n, 0, dtype)), floats(n, 1, dtype) / 100, np.zeros(4 * n, dtype)],
        ulp=2,
    )


def extremes(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = min(A[idx], B[idx])
        R[n + idx] = max(A[idx], B[idx])
        R[2 * n + idx] = min(A[idx], B[idx], 3)
        R[3 * n + idx] = max(0, A[idx])


@pytest.mark.parametrize("dtype", NUMBERS)
def test_min_and_max(dtype):
    """Including Python's answers for NaN and for zeros of both signs: the first of what does not compare."""
    differential(
        extremes, lambda n: [numbers(n, 0, dtype), numbers(n, 1, dtype), np.zeros(4 * n, dtype)]
    )


def zeros_chosen(A, B, R):
    if idx < len(A):
        n = len(A)
        a, b = A[idx], B[idx] * 0
        R[idx] = min(0.0, a)
        R[n + idx] = min(a, 0.0)
        R[2 * n + idx] = max(0.0, a)
        R[3 * n + idx] = max(a, 0.0)
        R[4 * n + idx] = min(-0.0, a)
        R[5 * n + idx] = min(a, -0.0)
        R[6 * n + idx] = max(-0.0, a)
        R[7 * n + idx] = max(a, -0.0)
        R[8 * n + idx] = min(float(int(b)), a)
        R[9 * n + idx] = max(a, float(int(b)))
        R[10 * n + idx] = a if a <= 0.0 else 0.0
        R[11 * n + idx] = 0.0 if a < -0.0 else a


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_zero_that_python_chooses(dtype):
    """Of -0.0 and 0.0, which are equal: instructions for minima and maxima take the sign into account."""

    def arguments(n):
        A = floats(n, 0, dtype)
        A[::3], A[1::3] = -0.0, 0.0
        return [A, np.nan_to_num(floats(n, 1, dtype)), np.zeros(12 * n, dtype)]

    differential(zeros_chosen, arguments)


def rounds(A, R, F):
    if idx < len(A):
        R[idx] = round(A[idx])
        F[idx] = abs(A[idx])


@pytest.mark.parametrize("dtype", FLOATS)
def test_round_ties_to_even(dtype):
    def arguments(n):
        A = floats(n, 0, dtype)
        A[::2] = np.round(A[::2] * 2) / 2
        return [A, np.zeros(n, "int32"), np.zeros(n, dtype)]

    differential(rounds, arguments)


def divmods(A, B, Q, M):
    if idx < len(A):
        q, m = divmod(A[idx], B[idx])
        Q[idx] = q
        M[idx] = m


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_divmod(dtype):
    differential(
        divmods,
        lambda n: [
            integers(n, 0, dtype),
            integers(n, 1, dtype, 1, 50),
            np.zeros(n, dtype),
            np.zeros(n, dtype),
        ],
    )


def logic(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] > 0 and B[idx] > 0
        R[n + idx] = A[idx] > 0 or B[idx] > 0
        R[2 * n + idx] = not A[idx] > 0
        R[3 * n + idx] = -10 < A[idx] <= B[idx] < 20
        R[4 * n + idx] = not (A[idx] < B[idx] or (A[idx] == 3 and not B[idx] == 4))
        p = A[idx] > B[idx]
        q = p
        R[5 * n + idx] = (p and q) or not p
        R[6 * n + idx] = p & (B[idx] > 1) | (p ^ q)


def test_logic_and_chained_comparisons():
    differential(
        logic,
        lambda n: [
            integers(n, 0, "int32", -9, 9),
            integers(n, 1, "int32", -9, 9),
            np.zeros(7 * n, "bool"),
        ],
    )


def bools(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] + B[idx]
        R[n + idx] = A[idx] * 3 - B[idx]
        R[2 * n + idx] = (A[idx] < B[idx]) + 2
        R[3 * n + idx] = -A[idx]
        R[4 * n + idx] = A[idx] + True
        R[5 * n + idx] = (A[idx] & B[idx]) + (A[idx] | B[idx]) * 4 + (A[idx] ^ B[idx]) * 16


def test_bools_count_as_int32_in_arithmetic():
    def arguments(n):
        return [
            integers(n, 0, "int8", 0, 2).astype(bool),
            integers(n, 1, "int8", 0, 2).astype(bool),
            np.zeros(6 * n, "int32"),
        ]

    differential(bools, arguments)


def choices(A, B, R):
    if idx < len(A):
        n = len(A)
        R[idx] = A[idx] if A[idx] > B[idx] else B[idx]
        R[n + idx] = 1 if A[idx] > 0 else (0 if A[idx] == 0 else -1)
        R[2 * n + idx] = (A[idx] if idx % 2 == 0 else 0.5) * 3


@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32", "float64"])
def test_conditional_expressions(dtype):
    result = "float64" if dtype == "float64" else "float32"
    differential(
        choices, lambda n: [numbers(n, 0, dtype), numbers(n, 1, dtype), np.zeros(3 * n, result)]
    )


def divides_by_what_does_not_fit(X, R):
    if idx < len(X):
        q, r = divmod(X[idx], -4)
        R[4 * idx] = q
        R[4 * idx + 1] = r
        R[4 * idx + 2] = divmod(1000, X[idx] | 1)[0]
        R[4 * idx + 3] = divmod(X[idx], 3)[1] // -2


def test_divmod_takes_place_where_the_quotient_does():
    differential(
        divides_by_what_does_not_fit,
        lambda n: [integers(n, dtype=np.uint8), np.zeros(4 * n, np.int32)],
    )


def looked_up(X, T, R):
    if idx < len(X):
        R[idx] = T[int(X[idx] * 4.0)] + (10 if X[idx] < 0.0 else 20)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_nan_stays_a_value_under_fastmath(dtype):
    table = np.arange(9, dtype=np.int32)
    X = np.array([np.nan, 0.5, np.nan, 1.0, np.nan] * 20, dtype)
    expected = [20, 22, 20, 24, 20] * 20
    for target in TARGETS:
        R = np.zeros(len(X), np.int32)
        with compiling_for(target):
            cp.compile(looked_up, fastmath=True)(len(X))(X, table, R)
        assert R.tolist() == expected, target
