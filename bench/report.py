"""Prints the comparisons as one table, and saves them as JSON and as a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comparison import Comparison, Limit
from rounds import Measured

COLUMNS = ("median", "min", "max", "speed")


def duration(seconds: float) -> str:
    """Three digits and the unit that suits them."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.9995:
            return f"{_three_digits(seconds * factor)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def print_comparison(comparison: Comparison) -> None:
    """A block of the table: a line a contestant, the limits under them."""
    width = max(len(row.name) for row in comparison.rows) + 2
    print(f"\n{comparison.title}")
    print(
        f"  {'':{width}}" + "".join(f"{column:>10}" for column in COLUMNS),
        f"(× {comparison.reference})",
    )
    for row in comparison.rows:
        print(
            f"  {row.name:{width}}"
            + _figures(comparison, row)
            + (f"  {row.note}" if row.note else "")
        )
    for complaint in comparison.complaints:
        print(f"  WRONG: {complaint}")
    for limit in comparison.limits:
        print("  " + verdict(limit))


def _figures(comparison: Comparison, row: Measured) -> str:
    ratio = _three_digits(comparison.ratio(row.name, comparison.reference))
    cells = [duration(row.median), duration(min(row.taken)), duration(max(row.taken)), ratio + " ×"]
    text = "".join(f"{cell:>10}" for cell in cells)
    if comparison.work:
        text += f"{_three_digits(comparison.work / row.median / 1e9):>8} {comparison.work_unit}"
    return text


def verdict(limit: Limit) -> str:
    unit = limit.unit if limit.unit == "×" else f" {limit.unit}"
    measured = _three_digits(limit.measured) if limit.measured >= 0 else f"{limit.measured:.2f}"
    return f"{'ok    ' if limit.holds else 'MISSED'}  {limit.text}: {measured} {unit.strip()}"


def print_limits(comparisons: Sequence[Comparison], size: str) -> bool:
    """All limits once more, together; whether all hold and no answer was wrong."""
    limits = [limit for comparison in comparisons for limit in comparison.limits]
    wrong = sum(len(comparison.complaints) for comparison in comparisons)
    missed = sum(not limit.holds for limit in limits)
    aside = " (at tiny sizes no verdict means anything)" if size == "tiny" else ""
    print(f"\nwhat must hold{aside}")
    for limit in limits:
        print("  " + verdict(limit))
    if wrong:
        print(f"  {wrong} answers were WRONG")
    print(f"{len(limits) - missed} of {len(limits)} hold")
    return missed == 0 and wrong == 0


def save_json(
    path: Path, machine: dict[str, Any], size: str, comparisons: Sequence[Comparison]
) -> None:
    content = {"machine": machine, "size": size, "comparisons": [c.as_json() for c in comparisons]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def save_plot(path: Path, headline: str, comparisons: Sequence[Comparison]) -> None:
    """A panel a comparison: the medians on a logarithmic axis, whiskers from min to max."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    heights = [len(comparison.rows) + 2 for comparison in comparisons]
    size = (10, 0.32 * sum(heights) + 1)
    figure, panels = pyplot.subplots(
        len(comparisons),
        1,
        figsize=size,
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for panel, comparison in zip(panels[:, 0], comparisons, strict=True):
        _draw(panel, comparison)
    figure.suptitle(headline, fontsize=8)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _draw(panel: Any, comparison: Comparison) -> None:
    for place, row in enumerate(comparison.rows):
        color = "tab:orange" if "cudapy" in row.name else "tab:blue"
        low, high = min(row.taken), max(row.taken)
        panel.plot([low, high], [place, place], color=color, alpha=0.4, linewidth=5)
        panel.plot([row.median], [place], "o", color=color)
        panel.annotate(f"  {duration(row.median)}", (high, place), va="center", fontsize=8)
    panel.set_yticks(range(len(comparison.rows)), [row.name for row in comparison.rows], fontsize=8)
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter(lambda value, _: duration(value))
    panel.xaxis.set_minor_formatter(lambda value, _: "")
    panel.tick_params(axis="x", labelsize=8)
    panel.grid(axis="x", which="both", alpha=0.2)
    panel.invert_yaxis()
    panel.margins(x=0.12, y=0.1)
    panel.set_title(f"{comparison.title}  (time, left is better)", fontsize=9, loc="left")
