"""Times contestants side by side: A B C, then A C B, then B C A, and so on, so that what disturbs the
machine for a while disturbs all of them alike, and none always comes behind the same other.

A ratio is the median of the ratios within a round, never of two runs far apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from timeit import Timer
from typing import Any

import numpy as np

SHORTEST_SAMPLE = 2e-3  # seconds; what is shorter is repeated within a sample
LONG_SAMPLE = 0.5  # what takes longer is not run again only to estimate it
FEWEST_ROUNDS = 3


@dataclass
class Contestant:
    """One way to do the work. `statement` is Python text over `names`; it is what is timed."""

    name: str
    statement: str
    names: dict[str, Any]
    answer: Callable[[], np.ndarray] | None = None  # what the last run computed
    reset: Callable[[], None] = lambda: None  # restores the input before that run
    scale: float = 1.0  # how much more work the whole problem is than what is run here
    passes: int = 1  # how often the statement does the work
    note: str = ""


@dataclass
class Measured:
    """Seconds for the work, one sample a round; None in rounds that a slow contestant sat out."""

    name: str
    samples: list[float | None] = field(default_factory=list)
    processor: list[float | None] = field(default_factory=list)  # the same in processor seconds
    note: str = ""

    @property
    def taken(self) -> list[float]:
        return [sample for sample in self.samples if sample is not None]

    @property
    def median(self) -> float:
        return median(self.taken)

    def as_json(self) -> dict[str, Any]:
        processor = [sample for sample in self.processor if sample is not None]
        return {
            "name": self.name,
            "note": self.note,
            "median_s": self.median,
            "min_s": min(self.taken),
            "max_s": max(self.taken),
            "samples_s": self.samples,
            "median_processor_s": median(processor) if processor else None,
        }


def speed_ratio(one: Measured, other: Measured) -> float:
    """How many times as fast `one` is as `other`."""
    pairs = [
        b / a
        for a, b in zip(one.samples, other.samples, strict=False)
        if a is not None and b is not None
    ]
    return median(pairs) if pairs else other.median / one.median


def race(
    contestants: Sequence[Contestant],
    seconds: float,
    rounds: int,
    shortest: float = SHORTEST_SAMPLE,
) -> list[Measured]:
    """Up to `rounds` rounds; a contestant that would take more than its share of `seconds` sits some out.

    What takes less than `shortest` seconds is repeated within a sample. On a machine that is shared, many
    short samples tell more than few long ones: most are then disturbed not at all, and a median passes
    over the rest.
    """
    timers = [Timer(c.statement, globals=c.names) for c in contestants]
    repeats: list[int] = []
    turns: list[int] = []
    for timer in timers:
        once = timer.timeit(1)  # the first time may compile, and fills caches
        if once < LONG_SAMPLE:
            once = min(timer.timeit(1), timer.timeit(1))
        if once < shortest:
            once = timer.timeit(100) / 100 if once < shortest / 20 else once
        repeat = max(1, round(shortest / once))
        repeats.append(repeat)
        share = seconds / len(contestants) / (once * repeat)
        turns.append(max(min(FEWEST_ROUNDS, rounds), min(rounds, int(share))))
    measured = [Measured(c.name, note=c.note) for c in contestants]
    for turn in range(rounds):
        for which in _order(turn, len(contestants)):
            takes_part = (turn + 1) * turns[which] // rounds > turn * turns[which] // rounds
            _sample(
                measured[which],
                contestants[which],
                timers[which],
                repeats[which] if takes_part else 0,
            )
    return measured


def _order(turn: int, count: int) -> list[int]:
    order = [(turn // 2 + place) % count for place in range(count)]
    return order if turn % 2 == 0 else order[:1] + order[:0:-1]


def _sample(measured: Measured, contestant: Contestant, timer: Timer, repeat: int) -> None:
    if repeat == 0:
        measured.samples.append(None)
        measured.processor.append(None)
        return
    share = contestant.scale / (repeat * contestant.passes)
    before = time.process_time()
    wall = timer.timeit(repeat)
    measured.processor.append((time.process_time() - before) * share)
    measured.samples.append(wall * share)


def check_answers(
    contestants: Sequence[Contestant], same: Callable[[np.ndarray, np.ndarray], bool]
) -> list[str]:
    """Runs each once; complains of each whose answer is not the `same` as that of the first."""
    complaints: list[str] = []
    expected: np.ndarray | None = None
    for contestant in contestants:
        if contestant.answer is None:
            continue
        contestant.reset()
        exec(contestant.statement, dict(contestant.names))
        got = np.array(contestant.answer())
        if expected is None:
            expected = got
        elif got.shape != expected.shape or not same(got, expected):
            complaints.append(
                f"{contestant.name} computes something else than {contestants[0].name}"
            )
    return complaints
