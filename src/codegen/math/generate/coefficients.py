"""Computes the polynomials of vector math and prints coefficients.h.

    python generate/coefficients.py > coefficients.h        (needs mpmath, better with gmpy2)

Each polynomial is the minimax one for a stated function, interval and weight, found by Remez's
exchange on a fine grid in 60 digits. Coefficients are then rounded to the precision they are used
in one after the other, lowest power first, the rest being fitted again each time, so the printed
error is that of the rounded polynomial.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp, mpf

mp.dps = 60
Function = Callable[[mpf], mpf]


def rounded(value: mpf, bits: int) -> mpf:
    with mp.workprec(bits):
        return +value


def chebyshev_grid(low: mpf, high: mpf, count: int) -> list[mpf]:
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]


def minimax(values: list[mpf], weights: list[mpf], grid: list[mpf], powers: list[int]) -> list[mpf]:
    """The coefficients c minimising max |weights * (values - sum c x^powers)| over the grid."""
    count = len(powers)
    picked = [round((i + 0.5) * (len(grid) - 1) / (count + 1)) for i in range(count + 1)]
    for _ in range(30):
        system = mp.matrix(count + 1, count + 1)
        right = mp.matrix(count + 1, 1)
        for row, index in enumerate(picked):
            for column, power in enumerate(powers):
                system[row, column] = grid[index] ** power
            system[row, count] = (-1) ** row / weights[index]
            right[row] = values[index]
        solution = mp.lu_solve(system, right)
        errors = [
            w * (v - sum(solution[c] * x**p for c, p in enumerate(powers)))
            for x, v, w in zip(grid, values, weights)
        ]
        exchanged = alternation(errors, count + 1)
        largest = max(abs(e) for e in errors)
        if exchanged is None or largest <= abs(solution[count]) * mpf("1.001"):
            break
        picked = exchanged
    return [solution[c] for c in range(count)]


def alternation(errors: list[mpf], count: int) -> list[int] | None:
    """Indices of `count` extrema of alternating sign, the largest error among them."""
    extrema: list[int] = []
    for index, error in enumerate(errors):
        if extrema and (error > 0) == (errors[extrema[-1]] > 0):
            if abs(error) > abs(errors[extrema[-1]]):
                extrema[-1] = index
        else:
            extrema.append(index)
    while len(extrema) > count:
        if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]):
            extrema.pop(0)
        else:
            extrema.pop()
    return extrema if len(extrema) == count else None


@dataclass
class Fit:
    """A polynomial with `count` coefficients for `function` on low..high.

    weight turns an error of the polynomial into a relative error of the final result.
    """

    name: str
    what: str
    function: Function
    weight: Function
    low: mpf
    high: mpf
    count: int
    bits: int
    keep: int = 3  # how many low coefficients are rounded one by one
    pairs: int = 0  # how many low coefficients are given in two parts instead


def solve(fit: Fit) -> tuple[list[mpf], mpf]:
    grid = chebyshev_grid(mpf(fit.low), mpf(fit.high), max(60, 12 * fit.count))
    values = [fit.function(x) for x in grid]
    weights = [abs(fit.weight(x)) for x in grid]
    fixed: list[mpf] = []
    rest = list(values)
    while True:
        powers = list(range(len(fixed), fit.count))
        found = minimax(rest, weights, grid, powers)
        if len(fixed) >= fit.keep or len(found) == 1:
            for index, c in enumerate(found, len(fixed)):
                fixed.append(rounded(c, fit.bits * (2 if index < fit.pairs else 1)))
            break
        fixed.append(rounded(found[0], fit.bits))
        rest = [v - fixed[-1] * x ** powers[0] for v, x in zip(rest, grid)]
    error = max(w * abs(v - mp.polyval(fixed[::-1], x)) for x, v, w in zip(grid, values, weights))
    return fixed, error


def series_safe(function: Function, near: str = "1e-25") -> Function:
    """The function with arguments around 0 moved off it, where its formula would divide by 0."""
    step = mpf(near)
    return lambda x: function(x if abs(x) > step else step)


LN2_HALF = mp.log(2) / 2 * mpf("1.0005")
PI_4_SQUARED = (mp.pi / 4) ** 2 * mpf("1.0005")
ATAN_LIMIT = mpf("0.41422")
LOG_LOW, LOG_HIGH = mp.sqrt(0.5) - 1, mp.sqrt(2) - 1


def root(function: Function) -> Function:
    """A function of x as one of z = x^2."""
    return lambda z: function(mp.sqrt(z))


def exp_tail(r: mpf) -> mpf:
    return (mp.expm1(r) - r) / r**2


def log_tail(f: mpf) -> mpf:
    return (mp.log1p(f) - f + f * f / 2) / f**3


def odd_tail(function: Function) -> Function:
    """(function(x) - x) / x^3, even in x."""
    return lambda x: (function(x) - x) / x**3


def odd_weight(function: Function) -> Function:
    return lambda x: x**3 / function(x)


def scaled_erfc(pole: mpf) -> Function:
    """(a + pole) e^(a^2) erfc(a) as a function of t = (a - pole) / (a + pole)."""

    def function(t: mpf) -> mpf:
        a = pole * (1 + t) / (1 - t)
        return (a + pole) * mp.exp(a * a) * mp.erfc(a)

    return function


def inverse_erfc_tail(pole: mpf) -> Function:
    """y / w with erfc(y) = e^(-w^2), as a function of t = (w - pole) / (w + pole)."""

    def function(t: mpf) -> mpf:
        w = pole * (1 + t) / (1 - t)
        y = mp.sqrt(w * w - mp.log(w * mp.sqrt(mp.pi))) if w > 1.5 else 0.6 * w
        for _ in range(60):
            tail = mp.erfc(y)
            step = (mp.log(tail) + w * w) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
            y += step
            if abs(step) < mpf("1e-50"):
                break
        return y / w

    return function


def log_odd(z: mpf) -> mpf:
    """log((1+s)/(1-s)) = 2s + 2/3 s^3 + s^5 log_odd(s^2)."""
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s - 2 * s**3 / 3) / s**5


def fits() -> list[Fit]:
    safe = series_safe
    out: list[Fit] = []

    def both(
        name: str,
        what: str,
        function: Function,
        weight: Function,
        low: mpf,
        high: mpf,
        count32: int,
        count64: int,
    ) -> None:
        out.append(Fit(name + "32", what, safe(function), safe(weight), low, high, count32, 24))
        out.append(Fit(name + "64", what, safe(function), safe(weight), low, high, count64, 53))

    both(
        "Exp",
        "(e^r - 1 - r) / r^2, relative to expm1(r)",
        exp_tail,
        lambda r: r**2 / mp.expm1(r),
        -LN2_HALF,
        LN2_HALF,
        6,
        11,
    )
    both(
        "Log",
        "(log(1+f) - f + f^2/2) / f^3, relative to log(1+f)",
        log_tail,
        lambda f: f**3 / mp.log1p(f),
        LOG_LOW,
        LOG_HIGH,
        9,
        20,
    )
    both(
        "Sin",
        "(sin(x) - x) / x^3 in x^2, relative to sin(x)",
        root(odd_tail(mp.sin)),
        root(odd_weight(mp.sin)),
        mpf(0),
        PI_4_SQUARED,
        3,
        6,
    )
    both(
        "Cos",
        "(cos(x) - 1 + x^2/2) / x^4 in x^2, relative to cos(x)",
        root(lambda x: (mp.cos(x) - 1 + x * x / 2) / x**4),
        root(lambda x: x**4 / mp.cos(x)),
        mpf(0),
        PI_4_SQUARED,
        3,
        6,
    )
    both(
        "Asin",
        "(asin(x) - x) / x^3 in x^2, relative to asin(x)",
        root(odd_tail(mp.asin)),
        root(odd_weight(mp.asin)),
        mpf(0),
        mpf("0.2501"),
        6,
        13,
    )
    both(
        "Atan",
        "(atan(x) - x) / x^3 in x^2, relative to atan(x)",
        root(odd_tail(mp.atan)),
        root(odd_weight(mp.atan)),
        mpf(0),
        ATAN_LIMIT**2,
        5,
        11,
    )
    both(
        "Sinh",
        "(sinh(x) - x) / x^3 in x^2, relative to sinh(x)",
        root(odd_tail(mp.sinh)),
        root(odd_weight(mp.sinh)),
        mpf(0),
        mpf(1),
        4,
        7,
    )
    both(
        "Tanh",
        "(tanh(x) - x) / x^3 in x^2, relative to tanh(x)",
        root(odd_tail(mp.tanh)),
        root(odd_weight(mp.tanh)),
        mpf(0),
        mpf("0.3601"),
        5,
        11,
    )

    for bits, limit, count in ((24, "1.16", 8), (53, 1, 14)):
        out.append(
            Fit(
                f"Erf{32 if bits == 24 else 64}",
                "erf(x) / x in x^2, relative to erf(x)",
                safe(root(lambda x: mp.erf(x) / x)),
                safe(root(lambda x: x / mp.erf(x))),
                mpf(0),
                mpf(limit) ** 2,
                count,
                bits,
                keep=0,
                pairs=2,
            )
        )
    out.append(
        Fit(
            "LogErfc32",
            "log(erfc(x)), its error times erfc(x)",
            lambda x: mp.log(mp.erfc(x)),
            mp.erfc,
            mpf("1.15"),
            mpf(4),
            9,
            24,
        )
    )
    out.append(
        Fit(
            "Erfc64",
            "(a + 5/2) e^(a^2) erfc(a) in t = (a - 5/2) / (a + 5/2), relative; a to 27.5",
            scaled_erfc(mpf("2.5")),
            lambda t: 1 / scaled_erfc(mpf("2.5"))(t),
            mpf(-1),
            mpf(25) / 30,
            26,
            53,
            keep=0,
            pairs=3,
        )
    )
    out.append(
        Fit(
            "ErfcMedium",
            "(a + 4) e^(a^2) erfc(a) in t = (a - 4) / (a + 4), relative; a to 10.2",
            scaled_erfc(mpf(4)),
            lambda t: 1 / scaled_erfc(mpf(4))(t),
            mpf(-1),
            mpf("6.2") / mpf("14.2"),
            12,
            53,
        )
    )
    near = root(lambda x: mp.erfinv(x) / x)
    for name, count, pairs in (("ErfInverse64", 16, 2), ("ErfInverseMedium", 8, 0)):
        out.append(
            Fit(
                name,
                "erfinv(x) / x in x^2, relative; x to 1/2",
                safe(near),
                safe(lambda z: 1 / near(z)),
                mpf(0),
                mpf("0.25"),
                count,
                53,
                keep=0,
                pairs=pairs,
            )
        )
    for name, text, pole, last, count, pairs in (
        ("ErfcInverse64", "3", mpf(3), mpf("27.3"), 38, 5),
        ("ErfcInverseMedium", "2", mpf(2), mpf("10.2"), 15, 0),
    ):
        # What is c here is at most a half.
        first = mp.sqrt(mp.log(2)) * mpf("0.9999")
        tail = inverse_erfc_tail(pole)
        out.append(
            Fit(
                name,
                f"erfcinv(c) / w in t = (w - {text}) / (w + {text}), w = sqrt(-log c), relative",
                tail,
                lambda t, tail=tail: 1 / tail(t),
                (first - pole) / (first + pole),
                (last - pole) / (last + pole),
                count,
                53,
                keep=0,
                pairs=pairs,
            )
        )

    out.append(
        Fit(
            "LogOdd64",
            "log((1+s)/(1-s)) = 2s + 2/3 s^3 + s^5 p(s^2), relative to it",
            safe(log_odd, "1e-12"),
            lambda z: z * z / 2,
            mpf(0),
            mpf("0.02945"),
            7,
            53,
        )
    )
    # In double precision but only as exact as a float32 result needs.
    out.append(
        Fit(
            "LogMedium",
            "(log(1+f) - f) / f^2, relative to log(1+f)",
            safe(lambda f: (mp.log1p(f) - f) / f**2),
            safe(lambda f: f**2 / mp.log1p(f)),
            LOG_LOW,
            LOG_HIGH,
            13,
            53,
        )
    )
    out.append(
        Fit(
            "ExpMedium",
            "(e^r - 1) / r, relative to e^r",
            safe(lambda r: mp.expm1(r) / r),
            lambda r: r / mp.exp(r),
            -LN2_HALF,
            LN2_HALF,
            7,
            53,
        )
    )
    return out


@dataclass
class Constant:
    """A number as a sum of parts, each rounded to so many bits.

    A short first part makes its product with a small integer exact.
    """

    name: str
    what: str
    value: mpf
    parts: list[int]


def constants() -> list[Constant]:
    ln2, half_pi = mp.log(2), mp.pi / 2
    return [
        Constant("Ln2Parts32", "ln 2", ln2, [15, 24]),
        Constant("Ln2Parts64", "ln 2", ln2, [42, 53]),
        Constant("Ln2Full32", "ln 2", ln2, [24, 24]),
        Constant("Ln2Full64", "ln 2", ln2, [53, 53]),
        Constant("Ln10Full32", "ln 10", mp.log(10), [24, 24]),
        Constant("Ln10Full64", "ln 10", mp.log(10), [53, 53]),
        Constant("Ln2Pair64", "ln 2", ln2, [42, 53, 53]),
        Constant("Log10Of2Parts32", "log10 2", mp.log10(2), [15, 24]),
        Constant("Log10Of2Parts64", "log10 2", mp.log10(2), [42, 53]),
        Constant("Log2EParts32", "1 / ln 2", 1 / ln2, [24, 24]),
        Constant("Log2EParts64", "1 / ln 2", 1 / ln2, [53, 53]),
        Constant("Log10EParts32", "1 / ln 10", 1 / mp.log(10), [24, 24]),
        Constant("Log10EParts64", "1 / ln 10", 1 / mp.log(10), [53, 53]),
        Constant("Log2Of10", "log2 10", mp.log(10, 2), [53]),
        Constant("HalfPiParts32", "pi / 2", half_pi, [24, 24, 24]),
        Constant("HalfPiParts64", "pi / 2", half_pi, [53, 53, 53]),
        Constant(
            "HalfPiShort", "pi / 2, for integers below 2^20 without fma", half_pi, [33, 33, 33, 53]
        ),
        Constant("QuarterPiParts32", "pi / 4, exact times 0 to 4", mp.pi / 4, [21, 24]),
        Constant("QuarterPiParts64", "pi / 4, exact times 0 to 4", mp.pi / 4, [50, 53]),
        Constant("PiParts32", "pi", mp.pi, [24, 24]),
        Constant("PiParts64", "pi", mp.pi, [53, 53]),
        Constant("RootHalf", "sqrt(1/2)", mp.sqrt(mpf(1) / 2), [53, 53]),
        Constant("RootTwo", "sqrt 2", mp.sqrt(2), [53, 53]),
        Constant("InverseRootPi", "1 / sqrt pi", 1 / mp.sqrt(mp.pi), [53, 53]),
        Constant("TwoOverPi", "2 / pi", 2 / mp.pi, [53]),
    ]


def print_constants(constants: list[Constant]) -> None:
    for constant in constants:
        rest, parts = constant.value, []
        for bits in constant.parts:
            parts.append(rounded(rest, bits))
            rest -= parts[-1]
        print(f"// {constant.what}, in parts of {', '.join(map(str, constant.parts))} bits")
        joined = ", ".join(literal(part) for part in parts)
        print(f"inline constexpr double k{constant.name}[] = {{{joined}}};\n")


def literal(value: mpf) -> str:
    return float(value).hex()


def describe(fit: Fit, error: mpf) -> str:
    ulp = error * mpf(2) ** fit.bits
    return (
        f"// {fit.what}; {mp.nstr(mpf(fit.low), 6)} to {mp.nstr(mpf(fit.high), 6)}: "
        f"error {mp.nstr(error, 3)} (2^{mp.nstr(mp.log(error, 2), 4)}, {mp.nstr(ulp, 2)} ulp)"
    )


def print_fits(fits: list[Fit], wanted: list[str]) -> None:
    for fit in fits:
        if wanted and fit.name not in wanted:
            continue
        coefficients, error = solve(fit)
        print(describe(fit, error))
        print(f"inline constexpr double k{fit.name}[] = {{")
        for coefficient in coefficients:
            print(f"    {literal(coefficient)},")
        print("};\n", flush=True)
        if fit.pairs:
            low = [literal(c - rounded(c, fit.bits)) for c in coefficients[: fit.pairs]]
            print("// what the first of them lack")
            print(f"inline constexpr double k{fit.name}Low[] = {{{', '.join(low)}}};\n")


def print_header(script: str, constants: list[Constant], fits: list[Fit]) -> None:
    print(f"// Polynomials of vector math, lowest power first. Made by generate/{script};")
    print("// each states what it approximates, where, and its largest error.")
    print("#pragma once\n\nnamespace cudapy::codegen::math {\n\n// clang-format off")
    print_constants(constants)
    print_fits(fits, sys.argv[1:])
    print("// clang-format on\n\n}  // namespace cudapy::codegen::math")


if __name__ == "__main__":
    print_header("coefficients.py", constants(), fits())
