"""The first call of a kernel in a fresh process: compiled, and taken from the cache on disk.

The files are warm (one process has run before), the cache is empty for each cold call. The time is
the process's own, from `cp.compile` to the result of the first launch; loading cudapy's core and,
if it is needed, LLVM is in it.
"""

import shutil
import tempfile
from pathlib import Path

from baselines import native
from comparison import Comparison, Settings
from fresh_process import report_of
from rounds import Measured

KERNELS = ("saxpy", "mandelbrot")
NUMBA = "numba, its second kernel"


def compare(settings: Settings) -> list[Comparison]:
    native.BUILD.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="first-call-", dir=native.BUILD))
    try:
        return [_measure(folder, settings.pick(15, 5, 1))]
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, rounds: int) -> Comparison:
    rows: dict[str, Measured] = {}

    def note(name: str, seconds: float) -> None:
        rows.setdefault(name, Measured(name)).samples.append(seconds)

    warm = folder / "warm"
    for kernel in KERNELS:
        report_of("cudapy", kernel, CUDAPY_CACHE_DIR=str(warm))
    report_of("numba")
    for turn in range(rounds):
        numba = report_of("numba")
        note("numba, its first kernel", numba["first"])
        note(NUMBA, numba["second"])
        for kernel in KERNELS:
            empty = folder / f"{kernel}-{turn}"
            cold = report_of("cudapy", kernel, CUDAPY_CACHE_DIR=str(empty))
            kept = report_of("cudapy", kernel, CUDAPY_CACHE_DIR=str(warm))
            note(f"cudapy, {kernel}, cold", cold["first"])
            note(f"cudapy, {kernel}, from the cache", kept["first"])
            note("cudapy, of it loading the core", kept["core"])
    comparison = Comparison(
        "the first call of a kernel in a fresh process", list(rows.values()), NUMBA
    )
    for kernel in KERNELS:
        for state, bound in (("cold", 25), ("from the cache", 2)):
            row = comparison.row(f"cudapy, {kernel}, {state}")
            comparison.at_most(bound, "ms", f"first call, {kernel}, {state}", row.median * 1e3)
    return comparison
