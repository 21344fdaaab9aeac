"""Tests on an NVIDIA GPU. Where there is none they are skipped, and counted as that."""

from __future__ import annotations

import cudapy as cp
import pytest


def why_no_gpu() -> str | None:
    return next((item.problem for item in cp.devices() if item.name.startswith("cuda")), None)


@pytest.fixture(autouse=True)
def gpu():
    problem = why_no_gpu()
    if problem is not None:
        pytest.skip(f"needs an NVIDIA GPU: {problem}")
    cp.set_device("cuda")
    yield
    cp.set_device("cpu")
