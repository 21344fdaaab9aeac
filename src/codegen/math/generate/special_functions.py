"""Computes the polynomials of the gamma and Bessel functions and prints special_coefficients.h.

    python generate/special_functions.py > special_coefficients.h

See coefficients.py, which has the method.
"""

from __future__ import annotations

from coefficients import Constant, Fit, print_header, root, series_safe
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


def gamma_constants() -> list[Constant]:
    return [
        Constant("LogPi", "log pi", mp.log(mp.pi), [53, 53]),
        Constant("HalfLog2Pi", "log(2 pi) / 2 - 1/2", (mp.log(2 * mp.pi) - 1) / 2, [53, 53]),
    ]


if __name__ == "__main__":
    print_header("special_functions.py", gamma_constants(), gamma_fits())
