"""The driver's stand-in, for the tests of what the host does around a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_gpu import Run, make_library, runner


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_library(tmp_path_factory.mktemp("fake"))


@pytest.fixture
def run(library: Path, tmp_path: Path) -> Run:
    return runner(library, tmp_path)
