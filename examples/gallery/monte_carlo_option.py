"""An Asian option by Monte Carlo: a thread follows a possible future of a share price, day by day.

python examples/gallery/monte_carlo_option.py
"""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
from cudapy import idx, normal

from timing import compare

PRICE, STRIKE, RATE, VOLATILITY, YEARS = 100.0, 100.0, 0.03, 0.25, 1.0


@cp.kernel
def futures(seed, days, mean, last):
    """mean, last: the mean price and the last one of each future"""
    if idx < len(mean):
        dt = YEARS / days
        drift = (RATE - 0.5 * VOLATILITY**2) * dt
        shake = VOLATILITY * math.sqrt(dt)
        price = PRICE
        total = 0.0
        for day in range(days):
            price *= math.exp(drift + shake * normal(seed, idx, day))
            total += price
        mean[idx] = total / days
        last[idx] = price


def simulate(paths, days, seed=7):
    mean, last = np.empty(paths, np.float32), np.empty(paths, np.float32)
    futures(paths)(seed, days, mean, last)
    return mean, last


def with_numpy(paths, days, seed=7):
    dt = np.float32(YEARS / days)
    shakes = np.random.default_rng(seed).standard_normal((days, paths), np.float32)
    steps = (RATE - 0.5 * VOLATILITY**2) * dt + VOLATILITY * np.sqrt(dt) * shakes
    prices = PRICE * np.exp(np.cumsum(steps, axis=0))
    return prices.mean(axis=0), prices[-1]


def call_value(prices):
    """What an option to buy at the strike is worth today, and the error to expect of that."""
    paid = np.maximum(prices.astype(np.float64) - STRIKE, 0) * math.exp(-RATE * YEARS)
    return paid.mean(), paid.std() / math.sqrt(len(paid))


def european_call():
    """What the option is worth if only the last price counts, by Black and Scholes."""
    spread = VOLATILITY * math.sqrt(YEARS)
    d1 = (math.log(PRICE / STRIKE) + (RATE + 0.5 * VOLATILITY**2) * YEARS) / spread
    below = [0.5 * math.erfc(-d / math.sqrt(2)) for d in (d1, d1 - spread)]
    return PRICE * below[0] - STRIKE * math.exp(-RATE * YEARS) * below[1]


def check(size=500):
    """The futures of two programs are not the same ones: their means agree within their error."""
    days = 12
    (asian, last), (asian_numpy, _) = simulate(size, days), with_numpy(size, days)
    value, error = call_value(last)
    assert abs(value - european_call()) < 4 * error
    value, error = call_value(asian)
    value_numpy, error_numpy = call_value(asian_numpy)
    assert abs(value - value_numpy) < 4 * math.hypot(error, error_numpy)


def main(size=200_000, days=250):
    compare(
        f"{size:,} futures of {days} days",
        lambda: simulate(size, days),
        lambda: with_numpy(size, days),
    )
    mean, last = simulate(size, days)
    for name, prices in (("Asian", mean), ("European", last)):
        value, error = call_value(prices)
        print(f"  {name} call: {value:.3f}, give or take {error:.3f}")
    print(f"  European call by Black and Scholes: {european_call():.3f}")


if __name__ == "__main__":
    check()
    main()
