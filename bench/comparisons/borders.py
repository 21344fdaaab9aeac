"""What a border costs: neighbours' sums with clamped and wrapped indices beside those that leave the ends alone."""

import cudapy as cp
import numpy as np
from comparison import Comparison, Settings
from kernels.borders import clamped, guarded, wrapped
from rounds import Contestant, check_answers, race

FEWEST = 0.4  # of the speed without a border; gathers have a twentieth


def compare(settings: Settings) -> list[Comparison]:
    n = settings.pick(1 << 18, 1 << 16, 1 << 10)
    x = np.random.default_rng(1).random(n, np.float32)
    sums = np.zeros_like(x)

    def clear() -> None:
        sums[:] = 0

    contestants = [
        Contestant(
            f"cudapy, {kernel.__name__}",
            "f(x, y)",
            {"f": cp.compile(kernel)(n), "x": x, "y": sums},
            lambda: sums[1:-1],
            clear,
        )
        for kernel in (guarded, clamped, wrapped)
    ]
    complaints = check_answers(contestants, np.allclose)
    rows = race(contestants, settings.seconds / 2, settings.rounds)
    plain = contestants[0].name
    comparison = Comparison(
        f"three neighbours and a border, {n:,}", rows, plain, complaints=complaints
    )
    comparison.work, comparison.work_unit = 8 * n, "GB/s"
    for contestant in contestants[1:]:
        comparison.at_least(FEWEST, contestant.name, plain)
    return [comparison]
