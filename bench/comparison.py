"""What a comparison hands back: its rows, and the limits that must hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rounds import Measured, speed_ratio


@dataclass(frozen=True)
class Settings:
    """How much to measure. The full sizes are what the limits are about; the others are for a quick look
    and for the test that everything runs."""

    size: str  # full, quick or tiny
    threads: int

    def pick(self, full: Any, quick: Any, tiny: Any) -> Any:
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]

    @property
    def seconds(self) -> float:
        """Of one race."""
        return self.pick(16.0, 4.0, 0.05)

    @property
    def rounds(self) -> int:
        return self.pick(21, 7, 2)


@dataclass(frozen=True)
class Limit:
    """One line of what must hold."""

    text: str
    measured: float
    bound: float
    unit: str = "×"
    at_least: bool = True

    @property
    def holds(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "measured": self.measured,
            "bound": self.bound,
            "unit": self.unit,
            "at_least": self.at_least,
            "holds": self.holds,
        }


@dataclass
class Comparison:
    """Contestants at the same work. `reference` names the row that the others' speed is given against."""

    title: str
    rows: list[Measured]
    reference: str
    limits: list[Limit] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    work: float = 0.0  # amount of work, for a rate
    work_unit: str = ""

    def row(self, name: str) -> Measured:
        return next(row for row in self.rows if row.name == name)

    def ratio(self, name: str, other: str) -> float:
        return speed_ratio(self.row(name), self.row(other))

    def at_least(self, bound: float, name: str, other: str) -> None:
        """Adds the limit that `name` has at least `bound` times the speed of `other`."""
        self.limits.append(Limit(f"{name} ≥ {bound:g} × {other}", self.ratio(name, other), bound))

    def at_most(self, bound: float, unit: str, text: str, measured: float) -> None:
        """Adds the limit that `measured`, in `unit`, is at most `bound`."""
        self.limits.append(
            Limit(f"{text} ≤ {bound:g} {unit}", measured, bound, unit, at_least=False)
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "reference": self.reference,
            "work": self.work,
            "work_unit": self.work_unit,
            "rows": [
                row.as_json() | {"speed_against_reference": self.ratio(row.name, self.reference)}
                for row in self.rows
            ],
            "limits": [limit.as_json() for limit in self.limits],
            "complaints": self.complaints,
        }
