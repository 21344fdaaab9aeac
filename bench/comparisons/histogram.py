"""A histogram: threads that add to the same few numbers, which others write a program of its own for."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels
from comparison import Comparison, Settings
from kernels.histogram import histogram
from rounds import Contestant, check_answers, race


def compare(settings: Settings) -> list[Comparison]:
    n = settings.pick(1 << 24, 1 << 22, 1 << 10)
    image = np.random.default_rng(3).integers(0, 256, n, np.uint8)
    bins = np.zeros(256, np.int32)
    counted = {"bins": bins}

    def clear() -> None:
        counted["bins"] = bins
        bins[:] = 0

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        names = {"f": function, "arguments": arguments}
        return Contestant(name, "f(*arguments)", names, lambda: counted["bins"], clear)

    def with_numpy() -> None:
        counted["bins"] = np.bincount(image, minlength=256)

    in_c = native.load("histogram")["histogram"]
    contestants = [
        contestant("C++", in_c, image.ctypes.data, bins.ctypes.data, n, settings.threads),
        contestant(
            "numba njit(parallel=True)", numba_kernels.histogram, image, bins, settings.threads
        ),
        contestant("cudapy", cp.compile(histogram)(n), image, bins),
        contestant("NumPy, bincount", with_numpy),
    ]
    complaints = check_answers(contestants, np.array_equal)
    rows = race(contestants, settings.seconds, settings.rounds)
    comparison = Comparison(f"histogram of {n:,} uint8", rows, "C++", complaints=complaints)
    comparison.work, comparison.work_unit = n, "GB/s"
    return [comparison]
