"""Runs Python programs in fresh processes, in turn, and collects what they say or how long they take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BENCH = Path(__file__).parent


def environment(**changes: str) -> dict[str, str]:
    """This process's own, without what would steer cudapy, and with `changes`.

    Bytecode is kept from one process to the next, as it is in an installed package.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CUDAPY_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | changes


def report_of(*arguments: str, **changes: str) -> dict[str, Any]:
    """What bench/first_call.py prints as JSON when it is run with `arguments`."""
    done = subprocess.run(
        [sys.executable, str(BENCH / "first_call.py"), *arguments],
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"first_call.py {' '.join(arguments)} failed:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def seconds_of(program: str) -> float:
    """From the start of an interpreter that runs `program` to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=environment(), check=True)
    return time.perf_counter() - started
