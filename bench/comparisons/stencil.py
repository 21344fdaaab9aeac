"""The 5-point stencil on a picture that no cache holds."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels, numpy_kernels
from comparison import Comparison, Settings
from kernels.stencil import stencil
from rounds import Contestant, check_answers, race


def compare(settings: Settings) -> list[Comparison]:
    width = height = settings.pick(4096, 2048, 64)
    source = np.random.default_rng(1).random(width * height, np.float32)
    result = np.zeros_like(source)

    def clear() -> None:
        result[:] = 0

    def contestant(name: str, function: object, *arguments: object) -> Contestant:
        return Contestant(
            name, "f(*arguments)", {"f": function, "arguments": arguments}, lambda: result, clear
        )

    pointers = (source.ctypes.data, result.ctypes.data)
    planes = (source.reshape(height, width), result.reshape(height, width))
    contestants = [
        contestant(
            "C++", native.load("stencil")["stencil"], width, height, *pointers, settings.threads
        ),
        contestant(
            "numba njit(parallel=True)",
            numba_kernels.stencil_parallel,
            width,
            height,
            source,
            result,
        ),
        contestant("cudapy", cp.compile(stencil)(width, height), width, height, source, result),
        contestant("NumPy", numpy_kernels.stencil, *planes),
    ]
    complaints = check_answers(contestants, lambda one, other: np.allclose(one, other, rtol=1e-6))
    rows = race(contestants, settings.seconds, settings.rounds)
    comparison = Comparison(
        f"5-point stencil, {width}×{height}, float32", rows, "C++", complaints=complaints
    )
    comparison.work, comparison.work_unit = 8 * width * height, "GB/s"
    return [comparison]
