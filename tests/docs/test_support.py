"""The table of what is refused names the errors that the compiler gives."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TABLE = (ROOT / "docs" / "reference" / "support.md").read_text()


def test_every_refusal_is_the_one_that_is_given() -> None:
    shown = {
        code
        for document in (ROOT / "tests" / "errors").glob("*.md")
        for code in re.findall(r"error\[([a-z-]+)\]", document.read_text())
    }
    rows = [line.split("|") for line in TABLE.splitlines() if line.startswith("| ")]
    named = {code for row in rows if len(row) == 6 for code in re.findall(r"`([a-z-]+)`", row[4])}
    assert len(named) > 15
    assert named <= shown
