"""Which machine, which versions, which commit: what a measured number means nothing without."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from baselines import native

ROOT = Path(__file__).parent.parent


def describe(threads: int) -> dict[str, Any]:
    cpu = _cpu()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "cpu": cpu.get("model name", platform.processor()),
        "cpu_flags": cpu.get("flags", cpu.get("Features", "")).split(),
        "cache_sizes": _cache_sizes(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
        "threads": threads,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in ("cudapy", "numpy", "numba", "llvmlite")},
        "compiler": native.compiler_version(),
        "compiler_options": native.OPTIONS,
    }


def headline(machine: dict[str, Any]) -> str:
    isa = (
        "AVX-512"
        if "avx512f" in machine["cpu_flags"]
        else "AVX2"
        if "avx2" in machine["cpu_flags"]
        else ""
    )
    versions = machine["versions"]
    commit = (machine["commit"] or "unknown")[:12] + (
        " with changes" if machine["uncommitted_changes"] else ""
    )
    return (
        f"{machine['cpu']} {isa}, {machine['threads']} threads of {machine['cores']}, Python {machine['python']}, "
        f"NumPy {versions['numpy']}, numba {versions['numba']},\n{machine['compiler']}, cudapy at {commit}"
    )


def is_busy(machine: dict[str, Any]) -> bool:
    """Whether others use the processors: then times are too long and ratios of threads distorted."""
    return machine["load_before"] > 0.5 * machine["cores"]


def _cpu() -> dict[str, str]:
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cache_sizes() -> dict[str, str]:
    sizes: dict[str, str] = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = (index / "type").read_text().strip()
        sizes[f"L{(index / 'level').read_text().strip()} {kind}"] = (
            (index / "size").read_text().strip()
        )
    return sizes


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    if package == "cudapy":
        import cudapy

        return cudapy.__version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
