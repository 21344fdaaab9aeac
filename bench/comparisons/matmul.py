"""The matrix product that a CUDA programmer writes first: a thread an element of the result."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels
from comparison import Comparison, Settings
from kernels.matmul import matmul
from rounds import Contestant, check_answers, race

NUMBA = "numba njit(parallel=True)"


def compare(settings: Settings) -> list[Comparison]:
    n, k, m = settings.pick((1200, 800, 1000), (600, 400, 500), (24, 16, 20))
    random = np.random.default_rng(2)
    a, b = random.random(n * k, np.float32), random.random(k * m, np.float32)
    c = np.zeros(n * m, np.float32)

    def clear() -> None:
        c[:] = 0

    def contestant(name: str, function: object, *arguments: object, note: str = "") -> Contestant:
        names = {"f": function, "arguments": arguments}
        return Contestant(name, "f(*arguments)", names, lambda: c, clear, note=note)

    in_c = native.load("matmul")
    pointers = (n, k, m, a.ctypes.data, b.ctypes.data, c.ctypes.data, settings.threads)
    arrays = (n, k, m, a, b, c)
    by_row = "the loops reordered by hand"
    contestants = [
        contestant(NUMBA, numba_kernels.matmul_by_element, *arrays),
        contestant(NUMBA + ", i k j", numba_kernels.matmul_by_row, *arrays, note=by_row),
        contestant("C++", in_c["matmul_by_element"], *pointers),
        contestant("C++, i k j", in_c["matmul_by_row"], *pointers, note=by_row),
        contestant("cudapy", cp.compile(matmul)(m, n), *arrays),
        Contestant(
            "NumPy (BLAS)",
            "np.matmul(a, b, out=c)",
            {"np": np, "a": a.reshape(n, k), "b": b.reshape(k, m), "c": c.reshape(n, m)},
            lambda: c,
            clear,
            note="a library, for scale",
        ),
    ]
    complaints = check_answers(contestants, lambda one, other: np.allclose(one, other, rtol=1e-4))
    rows = race(contestants, 1.5 * settings.seconds, settings.rounds)
    comparison = Comparison(
        f"naive matrix product {n}×{k}×{m}, float32", rows, NUMBA, complaints=complaints
    )
    comparison.work, comparison.work_unit = 2 * n * k * m, "GFLOP/s"
    comparison.at_least(2, "cudapy", NUMBA)
    return [comparison]
