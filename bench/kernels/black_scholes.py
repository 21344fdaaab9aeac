"""The price of European options: a few transcendental functions an element."""

import math


def below(x):
    """How much of the normal distribution lies below `x`."""
    return 0.5 * math.erfc(-0.7071067811865476 * x)


# black_scholes : void (float* price, float* strike, float* years, float rate, float sigma, float* call, float* put)
def black_scholes(price, strike, years, rate, sigma, call, put):
    if idx < len(price):
        s, k, t = price[idx], strike[idx], years[idx]
        spread = sigma * math.sqrt(t)
        d1 = (math.log(s / k) + (rate + 0.5 * sigma * sigma) * t) / spread
        d2 = d1 - spread
        now = k * math.exp(-rate * t)
        value = s * below(d1) - now * below(d2)
        call[idx] = value
        put[idx] = value - s + now
