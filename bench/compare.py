"""cudapy beside NumPy, numba and C++: one table, all of it measured in this one run.

    python bench/compare.py [--quick] [--only mandelbrot,call] [--threads N] [--output DIR] [--strict]

`script/bench` builds cudapy and runs this. The table goes to the terminal; the same with every
sample, the machine and the commit goes to DIR/results.json, a plot to DIR/results.png.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

BENCH = Path(__file__).parent
# Workers of OpenMP that spin after their work would be timed with whoever comes next.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(BENCH))


def arguments() -> argparse.Namespace:
    from comparisons import NAMES

    parser = argparse.ArgumentParser(description="Measures cudapy beside NumPy, numba and C++.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", dest="size", action="store_const", const="quick", help="smaller and fewer"
    )
    size.add_argument(
        "--tiny",
        dest="size",
        action="store_const",
        const="tiny",
        help="only to see that it runs: no number means much",
    )
    parser.set_defaults(size="full")
    parser.add_argument(
        "--only", metavar="NAMES", help=f"of {','.join(NAMES)}, separated by commas"
    )
    parser.add_argument("--threads", type=int, help="for all; by default what cudapy finds")
    parser.add_argument(
        "--output", type=Path, default=BENCH / "results", help="folder for results.json and .png"
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit 1 if a limit is missed or an answer wrong"
    )
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",") if chosen.only else list(NAMES)
    for name in chosen.only:
        if name not in NAMES:
            parser.error(f"no comparison is named {name!r}; there are {', '.join(NAMES)}")
    return chosen


def main() -> int:
    chosen = arguments()
    import cudapy as cp
    import machine
    import report
    from baselines import numba_kernels
    from comparison import Comparison, Settings
    from comparisons import load

    if chosen.threads:
        cp.set_num_threads(chosen.threads)
    threads = cp.get_num_threads()
    numba_kernels.use_threads(threads)
    about = machine.describe(threads)
    headline = machine.headline(about)
    print(headline)
    if machine.is_busy(about):
        print(
            f"note: the machine is busy (load {about['load_before']:.1f}); times will be too long"
        )

    started = time.perf_counter()
    comparisons: list[Comparison] = []
    for name in chosen.only:
        for comparison in load(name)(Settings(chosen.size, threads)):
            report.print_comparison(comparison)
            sys.stdout.flush()
            comparisons.append(comparison)
    holds = report.print_limits(comparisons, chosen.size)

    chosen.output.mkdir(parents=True, exist_ok=True)
    report.save_json(chosen.output / "results.json", about, chosen.size, comparisons)
    report.save_plot(chosen.output / "results.png", headline, comparisons)
    print(
        f"{time.perf_counter() - started:.0f} s; every sample in {chosen.output / 'results.json'}, a plot beside it"
    )
    return 1 if chosen.strict and not holds else 0


if __name__ == "__main__":
    sys.exit(main())
