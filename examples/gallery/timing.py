"""What the gallery's programs share to tell how long something takes, and how much longer NumPy needs."""

from __future__ import annotations

import time
from collections.abc import Callable


def best_of(work: Callable[[], object], repeats: int = 5) -> float:
    """The shortest time of `repeats` runs in seconds, after one that is not counted: it may compile."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def compare(what: str, kernel: Callable[[], object], numpy: Callable[[], object]) -> None:
    """Prints the times of a kernel and of what NumPy does instead."""
    ours, theirs = best_of(kernel), best_of(numpy, repeats=1)
    print(
        f"{what}: cudapy {ours * 1e3:.2f} ms, NumPy {theirs * 1e3:.2f} ms, {theirs / ours:.1f} x as fast"
    )
