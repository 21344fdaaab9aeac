"""Computes the polynomials of the gamma and Bessel functions and prints special_coefficients.h.

    python generate/special_functions.py > special_coefficients.h

See coefficients.py, which has the method.
"""

from __future__ import annotations

from coefficients import Constant, Fit, Function, print_header, root, series_safe
from mpmath import mp, mpf

HALF = mpf(1) / 2


def stirling(u: mpf) -> mpf:
    """gamma(x) e^x x^(1/2 - x) for x = 1 / u, sqrt(2 pi) at 0."""
    x = 1 / u
    return mp.exp(mp.loggamma(x) + x - (x - HALF) * mp.log(x))


def log_stirling(z: mpf) -> mpf:
    """x times the logarithm of the same over sqrt(2 pi), in z = 1 / x^2."""
    if z < mpf("1e-12"):
        return mpf(1) / 12 - z / 360
    x = 1 / mp.sqrt(z)
    return x * (mp.loggamma(x) - (x - HALF) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


def log_gamma_near(v: mpf) -> mpf:
    """lgamma(3/2 + v) / (v^2 - 1/4), which has no zero."""
    v = min(max(v, mpf("1e-25") - HALF), HALF - mpf("1e-25"))
    return mp.loggamma(3 * HALF + v) / (v * v - HALF**2)


def gamma_fits() -> list[Fit]:
    safe = series_safe
    out: list[Fit] = []
    for suffix, count, pairs in (("64", 14, 1), ("Medium", 7, 0)):
        out.append(
            Fit(
                f"Stirling{suffix}",
                "gamma(x) e^x x^(1/2 - x) in 1 / x, relative; x from 3",
                stirling,
                lambda u: 1 / stirling(u),
                mpf(1) / 200,
                mpf(1) / 3,
                count,
                53,
                keep=0,
                pairs=pairs,
            )
        )
    for suffix, count in (("64", 13), ("Medium", 6)):
        out.append(
            Fit(
                f"LogStirling{suffix}",
                "x (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) in 1 / x^2, relative to "
                "lgamma(x); x from 3",
                log_stirling,
                lambda z: mp.sqrt(z) / mp.loggamma(1 / mp.sqrt(z)),
                mpf("1e-6"),
                mpf(1) / 9,
                count,
                53,
            )
        )
    for suffix, count, pairs in (("64", 22, 3), ("Medium", 13, 0)):
        out.append(
            Fit(
                f"LogGamma{suffix}",
                "lgamma(3/2 + v) / (v^2 - 1/4), relative",
                log_gamma_near,
                lambda v: 1 / log_gamma_near(v),
                -HALF,
                HALF,
                count,
                53,
                keep=0,
                pairs=pairs,
            )
        )
    sine = root(lambda r: mp.sin(mp.pi * r) / r)
    for suffix, count, pairs in (("64", 10, 3), ("Medium", 7, 0)):
        out.append(
            Fit(
                f"SinPi{suffix}",
                "sin(pi r) / r in r^2, relative",
                safe(sine),
                safe(lambda z: 1 / sine(z)),
                mpf(0),
                mpf(1) / 4,
                count,
                53,
                keep=0,
                pairs=pairs,
            )
        )
    return out


def positive_fits(
    name: str,
    what: str,
    function: Function,
    low: mpf,
    high: mpf,
    counts: tuple[int, int],
    pairs: int,
) -> list[Fit]:
    """The fits of a function without zeros, for float64 and for float32, relative."""
    return [
        Fit(
            f"{name}{suffix}",
            f"{what}, relative",
            series_safe(function),
            series_safe(lambda x: 1 / function(x)),
            low,
            high,
            count,
            53,
            keep=0,
            pairs=pairs if suffix == "64" else 0,
        )
        for suffix, count in zip(("64", "Medium"), counts)
    ]


def bessel_i_fits() -> list[Fit]:
    """Power series up to 10, and e^-x sqrt(x) I(x) in 1 / x above."""
    out: list[Fit] = []

    def scaled(order: int) -> Function:
        return lambda u: mp.besseli(order, 1 / u) * mp.exp(-1 / u) / mp.sqrt(u)

    def series(order: int) -> Function:
        return root(lambda x: mp.besseli(order, x) / x**order)

    for order, name in ((0, "I0(x)"), (1, "I1(x) / x")):
        out += positive_fits(
            f"I{order}Series", f"{name} in x^2", series(order), mpf(0), mpf(100), (19, 13), 9
        )
        out += positive_fits(
            f"I{order}Far",
            f"I{order}(x) e^-x sqrt(x) in 1 / x; x from 10",
            scaled(order),
            mpf(1) / 720,
            mpf(1) / 10,
            (22, 8),
            1,
        )
    return out


def hankel(order: int, s: mpf) -> tuple[mpf, mpf]:
    """x = 2 (1 + t) / (1 - t) and sqrt(pi x / 2) (J + iY) of it, turned back."""
    x = 4 / (HALF - s) - 2
    turned = mp.hankel1(order, x) * mp.expj(mp.pi / 4 + order * mp.pi / 2 - x)
    return x, turned * mp.sqrt(mp.pi * x / 2)


def bessel_near(order: int) -> Function:
    """Y less its logarithm and pole: Y0 - 2/pi log(x/2) J0, (Y1 - 2/pi log(x/2) J1 + 2/(pi x)) / x."""

    def function(x: mpf) -> mpf:
        rest = mp.bessely(order, x) - 2 / mp.pi * mp.log(x / 2) * mp.besselj(order, x)
        return rest if order == 0 else (rest + 2 / (mp.pi * x)) / x

    return root(function)


def bessel_j_fits() -> list[Fit]:
    """Series up to 2, and modulus and phase of J + iY above."""
    out: list[Fit] = []
    for order in (0, 1):

        def modulus(s: mpf, order: int = order) -> mpf:
            return abs(hankel(order, s)[1])

        def phase(s: mpf, order: int = order) -> mpf:
            x, value = hankel(order, s)
            return mp.arg(value) * x

        far = "in s = 1/2 - 4 / (x + 2); x from 2"
        end = mpf("0.4999")
        name = f"J{order} + iY{order}"
        out += positive_fits(
            f"J{order}Modulus",
            f"sqrt(pi x / 2) |{name}| {far}",
            modulus,
            -HALF,
            end,
            (23 + 3 * order, 13),
            1,
        )
        out += positive_fits(
            f"J{order}Phase",
            f"x (arg({name}) - x + pi/4{' + pi/2' * order}) {far}",
            phase,
            -HALF,
            end,
            (25 + 2 * order, 12),
            1,
        )
        series = root(lambda x, order=order: mp.besselj(order, x) / x**order)
        divided = " / x" * order
        out += positive_fits(
            f"J{order}Series", f"J{order}(x){divided} in x^2", series, mpf(0), mpf(4), (13, 8), 4
        )
        pole = " + 2/(pi x)) / x" if order else ""
        start = "(" if order else ""
        out += positive_fits(
            f"Y{order}Series",
            f"{start}Y{order}(x) - 2/pi log(x/2) J{order}(x){pole} in x^2",
            bessel_near(order),
            mpf(0),
            mpf(4),
            (12, 8),
            4,
        )
    return out


def constants() -> list[Constant]:
    return [
        Constant("LogPi", "log pi", mp.log(mp.pi), [53, 53]),
        Constant("TwoOverPiPair", "2 / pi", 2 / mp.pi, [53, 53]),
        Constant("HalfLog2Pi", "log(2 pi) / 2 - 1/2", (mp.log(2 * mp.pi) - 1) / 2, [53, 53]),
    ]


if __name__ == "__main__":
    print_header(
        "special_functions.py", constants(), gamma_fits() + bessel_i_fits() + bessel_j_fits()
    )
