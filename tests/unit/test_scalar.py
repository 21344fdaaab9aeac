"""The reference device's arithmetic against NumPy's, which computes in the same types."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from cudapy._impl.reference_math import MathFunction
from cudapy._impl.scalar import Context, Scalar, cast, promote

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float32", "float64")
SAMPLES = [
    0,
    1,
    -1,
    2,
    3,
    -7,
    100,
    127,
    -128,
    255,
    1000,
    -30000,
    2**31 - 1,
    -(2**31),
    2**40 + 12345,
]


def samples(dtype: str) -> list[int | float]:
    if dtype in FLOATS:
        values = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            0.1,
            1e-3,
            3.75,
            1e10,
            -1e-30,
            math.inf,
            -math.inf,
            math.nan,
            3e38,
        ]
        return [float(np.array(value).astype(dtype)) for value in values]
    with np.errstate(all="ignore"):
        return sorted({int(np.array(value).astype(dtype)) for value in SAMPLES})


def agree(got: Scalar, expected: np.generic) -> bool:
    if got.type != str(expected.dtype):
        return False
    value = expected.item()
    if isinstance(value, float):
        return (math.isnan(value) and math.isnan(got.value)) or (
            got.value == value and math.copysign(1, got.value) == math.copysign(1, value)
        )
    return got.value == value


@pytest.mark.parametrize("dtype", (*INTEGERS, *FLOATS))
@pytest.mark.parametrize("operator", ["__add__", "__sub__", "__mul__"])
def test_ring_operations_are_numpys(dtype, operator):
    for a, b in itertools.product(samples(dtype), repeat=2):
        with np.errstate(all="ignore"):
            expected = getattr(np.dtype(dtype).type(a), operator)(np.dtype(dtype).type(b))
        assert agree(getattr(Scalar(dtype, a), operator)(Scalar(dtype, b)), expected), (a, b)


@pytest.mark.parametrize("dtype", (*INTEGERS, *FLOATS))
@pytest.mark.parametrize("operator", ["__floordiv__", "__mod__"])
def test_division_rounds_down_as_numpys(dtype, operator):
    for a, b in itertools.product(samples(dtype), repeat=2):
        if b == 0 or (dtype in FLOATS and not (math.isfinite(a) and math.isfinite(b))):
            continue
        with np.errstate(all="ignore"):
            expected = getattr(np.dtype(dtype).type(a), operator)(np.dtype(dtype).type(b))
        if dtype == "float32" and abs(float(expected)) > 2**20:
            continue  # NumPy rounds the quotient of float32 on the way
        assert agree(getattr(Scalar(dtype, a), operator)(Scalar(dtype, b)), expected), (a, b)


def test_promotion_is_numpys_but_for_what_the_language_decides():
    for a, b in itertools.product(INTEGERS, repeat=2):
        expected = str(np.promote_types(a, b))
        assert promote(a, b) == ("uint64" if expected == "float64" else expected)
    for a in INTEGERS:
        assert promote(a, "float32") == "float32"
        assert promote("float64", a) == "float64"
    assert promote("bool", "int8") == "int32"
    assert promote("float32", "float64") == "float64"


@pytest.mark.parametrize("dtype", INTEGERS)
def test_casts_between_integers_wrap(dtype):
    for source in INTEGERS:
        for value in samples(source):
            with np.errstate(all="ignore"):
                assert cast(Scalar(source, value), dtype).value == np.dtype(source).type(
                    value
                ).astype(dtype)


def test_casts_of_floats_truncate_and_saturate():
    cases = [(1.9, 1), (-1.9, -1), (300.0, 127), (-300.0, -128), (math.inf, 127), (math.nan, 0)]
    for value, expected in cases:
        assert cast(Scalar("float64", value), "int8").value == expected
    assert cast(Scalar("float32", -1.0), "uint32").value == 0


def test_large_integers_round_once_to_float32():
    for value in (2**53 + 2**29 + 1, 2**62 + 2**38 + 1, -(2**60) - 2**36 - 1, 2**24 + 1, 2**63 - 1):
        assert cast(Scalar("int64", value), "float32").value == float(
            np.int64(value).astype(np.float32)
        )


def test_weak_numbers_take_the_type_they_meet():
    x = Scalar("float32", 1.5)
    assert (2 * x).type == (2.0 * x).type == (x + 1).type == "float32"
    assert (Scalar("int8", 1) + 1).type == "int8"
    assert (Scalar("int8", 1) + 1000).type == "int32"
    Context.default_float = "float32"
    assert (Scalar("int32", 1) + 0.5).type == "float32"
    assert (Scalar("int32", 1) / 2).type == "float32"
    assert (Scalar("bool", True) + 1).type == "int32"


def test_comparisons_give_bools_in_the_common_type():
    assert (Scalar("int32", -1) < Scalar("uint32", 1)).value is True
    assert (Scalar("float32", 0.10000000149011612) == 0.1).value is True
    assert (Scalar("float64", 0.10000000149011612) == 0.1).value is False


def test_powers_of_integers():
    assert (Scalar("int32", 3) ** 4).value == 81
    assert (Scalar("int32", 2) ** Scalar("int32", -1)).value == 0
    assert (Scalar("int32", -1) ** Scalar("int32", -3)).value == -1
    assert (Scalar("uint8", 2) ** 9).value == 0


def test_a_scalar_says_its_type_to_a_debugger_and_prints_as_its_number():
    assert repr(Scalar("int8", 3)) == "int8(3)"
    assert str(Scalar("float32", 0.5)) == f"{Scalar('float32', 0.5)}" == "0.5"


def test_float32_fma_rounds_once():
    rng = np.random.default_rng(3)
    fma = MathFunction("fma")
    for a, b, c in rng.standard_normal((300, 3)).astype(np.float32):
        exact = np.longdouble(a) * np.longdouble(b) + np.longdouble(c)
        got = fma(*(Scalar("float32", float(x)) for x in (a, b, c)))
        assert got.value == float(np.float32(exact))


def test_math_has_c_answers_where_python_raises():
    zero, negative = Scalar("float64", 0.0), Scalar("float64", -1.0)
    assert math.isnan(MathFunction("sqrt")(negative).value)
    assert MathFunction("log")(zero).value == -math.inf
    assert MathFunction("exp")(Scalar("float64", 1e4)).value == math.inf
    assert MathFunction("sinf")(Scalar("float64", 1.0)).type == "float32"
    assert MathFunction("floor")(Scalar("float32", -1.5)).type == "int32"
    assert MathFunction("floorf")(Scalar("float32", -1.5)).value == -2.0


def test_every_function_of_the_catalogue_is_known():
    import re
    from pathlib import Path

    catalogue = Path(__file__).parents[2] / "src" / "ir" / "math_functions.def"
    names = re.findall(r'CUDAPY_MATH\(\w+, +"(\w+)"', catalogue.read_text())
    assert len(names) > 80
    for name in names:
        MathFunction(name)
