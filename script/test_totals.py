"""Prints the closing line of a test run, `N passed, N failed, N skipped`, from JUnit reports.

    test_totals.py REPORT...

Exits with 1 if anything failed, a report is missing, or a report holds no test at all: a run that
checked nothing has not passed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def outcome(case: ElementTree.Element) -> str:
    """One test case's outcome, in the spelling of pytest's report or of ctest's."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def totals(reports: list[str]) -> tuple[dict[str, int], list[str]]:
    """Counts by outcome over all reports, and what is wrong with the reports themselves."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    faults = []
    for report in reports:
        if not Path(report).exists():
            faults.append(f"{report}: the run wrote no report")
            continue
        cases = list(ElementTree.parse(report).iter("testcase"))
        if not cases:
            faults.append(f"{report}: no test ran")
        for case in cases:
            counts[outcome(case)] += 1
    return counts, faults


if __name__ == "__main__":
    counted, found = totals(sys.argv[1:])
    for fault in found:
        print(f"error: {fault}")
    print(", ".join(f"{number} {name}" for name, number in counted.items()))
    sys.exit(1 if found or counted["failed"] else 0)
