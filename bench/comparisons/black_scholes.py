"""Prices of options: logarithms, exponentials and the error function, element by element."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels
from comparison import Comparison, Settings
from kernels.black_scholes import black_scholes
from rounds import Contestant, check_answers, race


def compare(settings: Settings) -> list[Comparison]:
    n = settings.pick(1 << 20, 1 << 18, 1 << 10)
    random = np.random.default_rng(5)
    ranges = ((5, 30), (1, 100), (0.25, 10))  # of prices, strikes and years
    inputs = [random.uniform(*each, n).astype(np.float32) for each in ranges]
    rate, sigma = np.float32(0.02), np.float32(0.3)
    values = np.zeros((2, n), np.float32)

    def clear() -> None:
        values[:] = 0

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        names = {"f": function, "arguments": arguments}
        return Contestant(name, "f(*arguments)", names, lambda: values, clear)

    arrays = (*inputs, rate, sigma, *values)
    pointers = [each.ctypes.data if isinstance(each, np.ndarray) else each for each in arrays]
    in_c = native.load("black_scholes")["black_scholes"]
    contestants = [
        contestant("C++", in_c, *pointers, n, settings.threads),
        contestant("numba njit(parallel=True)", numba_kernels.black_scholes, *arrays),
        contestant("cudapy", cp.compile(black_scholes)(n), *arrays),
    ]
    close = dict(rtol=1e-4, atol=1e-4)  # prices of 100, in float32
    complaints = check_answers(contestants, lambda one, other: np.allclose(one, other, **close))
    rows = race(contestants, settings.seconds, settings.rounds)
    comparison = Comparison(f"Black–Scholes, {n:,} float32", rows, "C++", complaints=complaints)
    comparison.work, comparison.work_unit = n, "Goptions/s"
    return [comparison]
