"""What the checks of indices cost: each kernel as a user gets it beside the same with `check=False`.

A few per cent are looked for, on machines that others use as well. So launches are short, well below the time
for which a scheduler takes a core away, many, and timed one by one; and the kernel without checks runs twice,
as two contestants: what the second seems to cost is what this run cannot tell from nothing.
"""

from collections.abc import Callable
from math import prod

import cudapy as cp
import numpy as np
from comparison import Comparison, Settings
from kernels.black_scholes import black_scholes
from kernels.histogram import histogram
from kernels.matmul import matmul
from kernels.nbody import accelerate
from kernels.saxpy import saxpy
from kernels.sobel import sobel
from kernels.stencil import stencil
from kernels.tiled_matmul import SIDE, tiled_matmul
from rounds import Contestant, check_answers, race

CHECKED, UNCHECKED, AGAIN = "cudapy", "cudapy, check=False", "cudapy, check=False again"
LARGEST_PRICE = 1.05
SHORTEST_SAMPLE = 1e-4  # seconds


def compare(settings: Settings) -> list[Comparison]:
    comparisons = [measure(settings) for measure in KERNELS]
    prices = [each.ratio(UNCHECKED, CHECKED) for each in comparisons]
    worst = max(range(len(prices)), key=prices.__getitem__)
    last = comparisons[-1]
    mean = prod(prices) ** (1 / len(prices))
    last.at_most(LARGEST_PRICE, "×", "the price of checks, geometric mean", mean)
    title = comparisons[worst].title.removeprefix("checks: ")
    error = max((each.ratio(UNCHECKED, AGAIN) for each in comparisons), key=lambda of: abs(of - 1))
    text = f"the worst price of checks ({title}; of none, at worst: {error:.3f} ×)"
    last.at_most(LARGEST_PRICE, "×", text, prices[worst])
    return comparisons


def priced(
    settings: Settings,
    title: str,
    kernel: Callable[..., None],
    threads: tuple[int, ...],
    arguments: tuple[object, ...],
    result: np.ndarray,
    block: tuple[int, ...] | None = None,
) -> Comparison:
    """The race of `kernel` with and without checks; `result` is what it writes."""

    def clear() -> None:
        result[:] = 0

    contestants = [
        Contestant(
            name,
            "f(*arguments)",
            {"f": cp.compile(kernel, check=check)(*threads, block=block), "arguments": arguments},
            lambda: result,
            clear,
        )
        for name, check in ((UNCHECKED, False), (AGAIN, False), (CHECKED, True))
    ]
    complaints = check_answers(contestants, lambda one, other: np.allclose(one, other, rtol=1e-5))
    rounds = settings.pick(401, 101, 2)
    rows = race(contestants, settings.seconds / 2, rounds, SHORTEST_SAMPLE)
    return Comparison(f"checks: {title}", rows, UNCHECKED, complaints=complaints)


def of_saxpy(settings: Settings) -> Comparison:
    n = settings.pick(1 << 20, 1 << 18, 1 << 10)
    x, y = np.full(n, 1e-3, np.float32), np.zeros(n, np.float32)
    return priced(settings, f"SAXPY, {n:,}", saxpy, (n,), (0.5, x, y), y)


def of_stencil(settings: Settings) -> Comparison:
    side = settings.pick(1024, 512, 32)
    source = np.random.default_rng(1).random(side * side, np.float32)
    result = np.zeros_like(source)
    arguments = (side, side, source, result)
    return priced(settings, f"stencil, {side}²", stencil, (side, side), arguments, result)


def of_matmul(settings: Settings) -> Comparison:
    n = settings.pick(256, 128, 16)
    a, b = np.random.default_rng(2).random((2, n * n), np.float32)
    c = np.zeros(n * n, np.float32)
    arguments = (n, n, n, a, b, c)
    return priced(settings, f"naive matrix product, {n}³", matmul, (n, n), arguments, c)


def of_tiled_matmul(settings: Settings) -> Comparison:
    n = settings.pick(256, 128, 32)
    a, b = np.random.default_rng(7).random((2, n * n), np.float32)
    c = np.zeros(n * n, np.float32)
    title, tile = f"tiled matrix product, {n}³", (SIDE, SIDE)
    return priced(settings, title, tiled_matmul, (n, n), (n, a, b, c), c, tile)


def of_histogram(settings: Settings) -> Comparison:
    n = settings.pick(1 << 20, 1 << 18, 1 << 10)
    image = np.random.default_rng(3).integers(0, 256, n, np.uint8)
    bins = np.zeros(256, np.int32)
    return priced(settings, f"histogram, {n:,}", histogram, (n,), (image, bins), bins)


def of_nbody(settings: Settings) -> Comparison:
    n = settings.pick(2048, 1024, 64)
    bodies = np.random.default_rng(4).random((4, n), np.float32)
    pulls = np.zeros((3, n), np.float32)
    return priced(settings, f"{n:,} bodies", accelerate, (n,), (*bodies, *pulls), pulls)


def of_black_scholes(settings: Settings) -> Comparison:
    n = settings.pick(1 << 18, 1 << 16, 1 << 10)
    random = np.random.default_rng(5)
    price, strike = random.uniform(5, 30, n), random.uniform(1, 100, n)
    years = random.uniform(0.25, 10, n)
    inputs = [each.astype(np.float32) for each in (price, strike, years)]
    values = np.zeros((2, n), np.float32)
    arguments = (*inputs, 0.02, 0.3, *values)
    return priced(settings, f"Black–Scholes, {n:,}", black_scholes, (n,), arguments, values)


def of_sobel(settings: Settings) -> Comparison:
    side = settings.pick(1024, 512, 32)
    image = np.random.default_rng(6).random((side, side), np.float32)
    edges = np.zeros_like(image)
    return priced(settings, f"Sobel, {side}²", sobel, (side, side), (image, edges), edges)


KERNELS = (
    of_saxpy,
    of_stencil,
    of_matmul,
    of_tiled_matmul,
    of_histogram,
    of_nbody,
    of_black_scholes,
    of_sobel,
)
