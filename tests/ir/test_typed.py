"""What types a kernel gets: each file of `typed/` holds one and CHECK lines on its typed tree."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from filecheck import checks_in, verify

CASES = sorted((Path(__file__).parent / "typed").glob("*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_typed(case: Path) -> None:
    kernel = runpy.run_path(str(case))["kernel"]
    verify(kernel.inspect("typed"), checks_in(case.read_text(encoding="utf-8")))
