"""Bodies that attract each other: a square root and a division for each pair."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels
from comparison import Comparison, Settings
from kernels.nbody import accelerate
from rounds import Contestant, check_answers, race


def compare(settings: Settings) -> list[Comparison]:
    n = settings.pick(1 << 13, 1 << 11, 64)
    bodies = np.random.default_rng(4).random((4, n), np.float32)
    pulls = np.zeros((3, n), np.float32)

    def clear() -> None:
        pulls[:] = 0

    def contestant(name: str, function: object, *arguments: object, note: str = "") -> Contestant:
        names = {"f": function, "arguments": arguments}
        return Contestant(name, "f(*arguments)", names, lambda: pulls, clear, note=note)

    in_c = native.load("nbody")
    pointers = (bodies.ctypes.data, pulls.ctypes.data, n, settings.threads)
    side_by_side = contestant(
        "C++, 16 side by side", in_c["nbody_side_by_side"], *pointers, note="the loops by hand"
    )
    contestants = [
        contestant("C++", in_c["nbody"], *pointers),
        side_by_side,
        contestant("numba njit(parallel=True)", numba_kernels.nbody, bodies, pulls),
        contestant("cudapy", cp.compile(accelerate)(n), *bodies, *pulls),
    ]
    close = dict(rtol=1e-3, atol=1e-2)  # sums of thousands, in float32
    complaints = check_answers(contestants, lambda one, other: np.allclose(one, other, **close))
    rows = race(contestants, settings.seconds, settings.rounds)
    comparison = Comparison(f"{n:,} bodies, float32", rows, "C++", complaints=complaints)
    comparison.work, comparison.work_unit = n * n, "Gpairs/s"
    return [comparison]
