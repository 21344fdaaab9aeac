"""The tutorial's blocks are one program, and each block prints what stands below it."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
from pathlib import Path
from typing import NamedTuple

TUTORIAL = Path(__file__).parent.parent.parent / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
FILE = "tutorial.py"


class Block(NamedTuple):
    code: str
    shown: str  # "" where nothing is
    line: int  # of its first line, in the whole program


def program() -> list[Block]:
    found: list[Block] = []
    line = 1
    for match in BLOCK.finditer(TUTORIAL.read_text()):
        found.append(Block(match[1], match[2] or "", line))
        line += match[1].count("\n") + 2  # two empty lines between blocks
    return found


def test_the_tutorial_prints_what_it_shows() -> None:
    blocks = program()
    assert len(blocks) >= 10
    text = "\n\n".join(block.code for block in blocks)
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    given: dict[str, object] = {"__name__": "tutorial"}
    for block in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            # Empty lines in front, so that messages have the program's line numbers.
            exec(compile("\n" * (block.line - 1) + block.code, FILE, "exec"), given)
        assert without_line_ends(printed.getvalue()) == without_line_ends(block.shown), block.code


def without_line_ends(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
