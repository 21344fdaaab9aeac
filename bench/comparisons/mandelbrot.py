"""The Mandelbrot set, float32: the same picture, escape test and int32 counts for all."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels, numpy_kernels
from comparison import Comparison, Settings
from kernels.mandelbrot import mandelbrot
from rounds import Contestant, check_answers, race

LEFT, TOP, SPAN = -2.0, -1.25, 2.5
BY_HAND = "C++ by hand, two vectors in flight"


def same_picture(one: np.ndarray, other: np.ndarray) -> bool:
    """Orbits at the border are chaotic: with another rounding (an fma or none) a few points escape
    elsewhere. 1 % of the points may differ; what the picture sums up to may not."""
    close = np.mean(one != other) <= 0.01
    return bool(close and np.isclose(one.sum(dtype=np.int64), other.sum(dtype=np.int64), rtol=2e-3))


def compare(settings: Settings) -> list[Comparison]:
    side = settings.pick(2048, 1024, 64)
    limit = settings.pick(1000, 1000, 50)
    small = settings.pick(256, 128, 16)
    step = SPAN / side
    counts = np.zeros(side * side, np.int32)
    shape = (side, side, limit, np.float32(LEFT), np.float32(TOP), np.float32(step))

    def clear() -> None:
        counts[:] = -1

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        names = {"f": function, "arguments": arguments}
        return Contestant(name, "f(*arguments)", names, answer=lambda: counts, reset=clear)

    plain = native.load("mandelbrot_plain")
    by_hand = native.load("mandelbrot_two_vectors")
    in_c = (*shape, counts.ctypes.data, settings.threads)
    contestants = [
        contestant(BY_HAND, by_hand["mandelbrot_two_vectors"], *in_c),
        contestant(
            "C++ by hand, four vectors in flight", by_hand["mandelbrot_four_vectors"], *in_c
        ),
        contestant("C++, plain", plain["mandelbrot_plain"], *in_c),
        contestant("numba njit(parallel=True)", numba_kernels.mandelbrot_parallel, *shape, counts),
        contestant("numba njit", numba_kernels.mandelbrot, *shape, counts),
        contestant("cudapy", cp.compile(mandelbrot)(side, side), *shape, counts),
        Contestant(
            "NumPy",
            "f(side, side, limit, left, top, step)",
            {
                "f": numpy_kernels.mandelbrot,
                "side": small,
                "limit": limit,
                "left": LEFT,
                "top": TOP,
                "step": SPAN / small,
            },
            scale=(side / small) ** 2,
            note=f"{small}² points, its time × {(side // small) ** 2}",
        ),
    ]
    complaints = check_answers(contestants, same_picture)
    title = f"Mandelbrot {side}×{side}, {limit} iterations, float32"
    rows = race(contestants, 4 * settings.seconds, settings.rounds)
    comparison = Comparison(title, rows, BY_HAND, complaints=complaints)
    comparison.at_least(0.85, "cudapy", BY_HAND)
    comparison.at_least(8, "cudapy", "numba njit(parallel=True)")
    return [comparison]
