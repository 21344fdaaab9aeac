"""What the front end makes of a kernel: each file of `tree/` holds one and CHECK lines on its untyped tree."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from filecheck import checks_in, verify

CASES = sorted((Path(__file__).parent / "tree").glob("*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_tree(case: Path) -> None:
    kernel = runpy.run_path(str(case))["kernel"]
    verify(kernel.inspect("tree"), checks_in(case.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("dump", "text"),
    [
        ("a\nb", "# CHECK: c"),
        ("a\nb\nc", "# CHECK: a\n# CHECK-NEXT: c"),
        ("a\nb\nc", "# CHECK: a\n# CHECK-NOT: b\n# CHECK: c"),
        ("a\nb", "# CHECK: b\n# CHECK: a"),
        ("a", ""),
    ],
)
def test_checks_can_fail(dump: str, text: str) -> None:
    with pytest.raises(AssertionError):
        verify(dump, checks_in(text))
