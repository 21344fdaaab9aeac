"""CHECK lines: what a dump must say, in order.

`CHECK: text` is found on some line after the last match, `CHECK-NEXT: text` on the very next one, and `CHECK-NOT: text`
nowhere between its neighbours. Runs of blanks count as one blank, and blanks at the ends of a line do not count.
"""

from __future__ import annotations

import re

_CHECK = re.compile(r"#\s*(CHECK|CHECK-NEXT|CHECK-NOT):\s?(.*)$")


def checks_in(text: str) -> list[tuple[str, str]]:
    """The directives of a source text with what they want."""
    found = [_CHECK.search(line) for line in text.splitlines()]
    return [(match.group(1), " ".join(match.group(2).split())) for match in found if match]


def verify(dump: str, checks: list[tuple[str, str]]) -> None:
    """Fails with the dump if a check does not hold, or if there are none."""
    assert checks, "the case has no CHECK line"
    lines = [" ".join(line.split()) for line in dump.splitlines()]
    at = -1
    refused: list[str] = []
    for kind, wanted in [*checks, ("END", "")]:
        if kind == "CHECK-NOT":
            refused.append(wanted)
            continue
        if kind == "END":
            found = len(lines)
        elif kind == "CHECK-NEXT":
            found = at + 1
            assert found < len(lines) and wanted in lines[found], (
                f"not on the next line: {wanted}\n{dump}"
            )
        else:
            found = next((i for i in range(at + 1, len(lines)) if wanted in lines[i]), -1)
            assert found >= 0, f"not found after line {at + 1}: {wanted}\n{dump}"
        for text in refused:
            between = lines[at + 1 : found]
            assert not any(text in line for line in between), f"must not appear: {text}\n{dump}"
        refused, at = [], found
