"""Black and Scholes: what European options are worth.

python examples/gallery/black_scholes.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx

from timing import compare


def normal_cdf(x):
    """How likely a normal number is to be less than x."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


@cp.kernel
def black_scholes(price, strike, years, rate, volatility, call, put):
    if idx < len(price):
        s, k, t = price[idx], strike[idx], years[idx]
        spread = volatility * math.sqrt(t)
        d1 = (math.log(s / k) + (rate + 0.5 * volatility**2) * t) / spread
        d2 = d1 - spread
        discounted = k * math.exp(-rate * t)
        call[idx] = s * normal_cdf(d1) - discounted * normal_cdf(d2)
        put[idx] = discounted * normal_cdf(-d2) - s * normal_cdf(-d1)


def options(n, seed=5):
    random = np.random.default_rng(seed)
    bounds = ((5, 30), (1, 100), (0.25, 10))
    return [random.uniform(low, high, n).astype(np.float32) for low, high in bounds]


def values(price, strike, years, rate=0.02, volatility=0.3):
    call, put = np.empty_like(price), np.empty_like(price)
    black_scholes(len(price))(price, strike, years, rate, volatility, call, put)
    return call, put


def erfc(x):
    """NumPy has none: the rational approximation that such programs use (Abramowitz and Stegun 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = 0.254829592 + t * (
        -0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))
    )
    tail = t * series * np.exp(-x * x)
    return np.where(x < 0, 2 - tail, tail)


def with_numpy(price, strike, years, rate=0.02, volatility=0.3, erfc=erfc):
    spread = volatility * np.sqrt(years)
    d1 = (np.log(price / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    discounted = strike * np.exp(-rate * years)

    def cdf(x):
        return 0.5 * erfc(-x / math.sqrt(2))

    call = price * cdf(d1) - discounted * cdf(d2)
    return call, call - price + discounted


def check(size=1000):
    exact_erfc = np.vectorize(math.erfc)
    given = options(size)
    exact = with_numpy(*(a.astype(np.float64) for a in given), erfc=exact_erfc)
    for ours, theirs in zip(values(*given), exact):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def main(size=1_000_000):
    given = options(size)
    compare(f"{size:,} options", lambda: values(*given), lambda: with_numpy(*given))
    call, put = values(*given)
    for s, k, t, c, p in list(zip(*given, call, put))[:3]:
        print(f"  price {s:6.2f}, strike {k:6.2f}, {t:4.1f} years: call {c:6.2f}, put {p:6.2f}")


if __name__ == "__main__":
    check()
    main()
