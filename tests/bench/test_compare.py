"""bench/compare.py runs on tiny sizes: every contestant computes the same, and the report is whole."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("numpy", "numba", "matplotlib")),
        reason="the requirements of bench/ are not installed",
    ),
    pytest.mark.skipif(
        not any(map(shutil.which, ("clang++-22", "clang++"))), reason="the baselines need clang++"
    ),
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "bench" / "compare.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_all_comparisons_run_and_agree(tmp_path: Path) -> None:
    done = run("--tiny", "--output", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout

    saved = json.loads((tmp_path / "results.json").read_text())
    assert saved["machine"]["cpu_flags"] and saved["machine"]["versions"]["numba"]
    for comparison in saved["comparisons"]:
        assert comparison["complaints"] == []
        names = [row["name"] for row in comparison["rows"]]
        assert comparison["reference"] in names
        assert any("cudapy" in name for name in names)
        assert all(row["min_s"] <= row["median_s"] <= row["max_s"] for row in comparison["rows"])
    limits = [
        limit["text"] for comparison in saved["comparisons"] for limit in comparison["limits"]
    ]
    assert len(limits) == 15
    assert all(text in done.stdout for text in limits)
    assert (tmp_path / "results.png").stat().st_size > 10_000


def test_an_unknown_comparison_is_named() -> None:
    done = run("--only", "mandelbort")
    assert done.returncode == 2
    assert "'mandelbort'" in done.stderr and "mandelbrot" in done.stderr
