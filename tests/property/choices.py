"""Choices of a generator: drawn at random and written down, so that what failed is drawn again from fewer and smaller
ones until nothing can be left out.

Hypothesis writes each example anew up to five times with a part of it repeated: four of five generated programs were
nearly the one before. Here each is of its own, at a tenth of the price.
"""

from __future__ import annotations

import functools
import gc
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Made = TypeVar("Made")

_SECONDS_OF_SHRINKING = 120.0
_BETWEEN_COLLECTIONS = 25


class Refused(Exception):
    """What was drawn is no example: another one is drawn."""


class Choices:
    """A source of numbers: random ones, or those that are given and then zeros.

    Attributes:
        made: what was chosen, as distances from the least that was possible.
        parts: the ranges of `made` that belong together, such as an expression's; inner ones first.
    """

    def __init__(self, seed: object = None, given: Sequence[int] | None = None) -> None:
        self._random = random.Random(repr(seed)).random
        self._given = given
        self.made: list[int] = []
        self.parts: list[tuple[int, int]] = []

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high`; `low` is the simplest."""
        place = len(self.made)
        if self._given is None:
            chosen = int(self._random() * (high - low + 1))
        else:
            chosen = min(self._given[place], high - low) if place < len(self._given) else 0
        self.made.append(chosen)
        return low + chosen


def as_part(method: Callable[..., Made]) -> Callable[..., Made]:
    """Of a writer with `choices`: what is chosen within a call belongs together."""

    @functools.wraps(method)
    def marked(self: Any, *arguments: Any, **keywords: Any) -> Made:
        begin = len(self.choices.made)
        made = method(self, *arguments, **keywords)
        end = len(self.choices.made)
        if end > begin:
            self.choices.parts.append((begin, end))
        return made

    return marked


def check_many(
    wanted: int, seed: object, draw: Callable[[Choices], Made], check: Callable[[Made], None]
) -> None:
    """Draws `wanted` examples and checks each; the first that fails is made small, and fails again.

    Args:
        wanted: how many; those that `check` refuses do not count.
        seed: what they depend on.
        draw: makes an example.
        check: raises something if it fails, `Refused` if it is none.
    """
    checked, drawn = 0, 0
    gc.collect()
    gc.freeze()
    gc.disable()  # trees and programs are all new objects, each of which is looked at again and again
    try:
        while checked < wanted:
            assert drawn < 2 * wanted + 10, f"of {drawn} examples, {drawn - checked} were refused"
            choices = Choices((seed, drawn))
            drawn += 1
            try:
                check(draw(choices))
                checked += 1
            except Refused:
                continue
            except BaseException as failure:
                if isinstance(failure, KeyboardInterrupt):
                    raise
                check(draw(Choices(given=smaller(choices, draw, check))))
                raise  # it fails only now and then
            finally:
                if drawn % _BETWEEN_COLLECTIONS == 0:
                    gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()


def smaller(
    failing: Choices,
    draw: Callable[[Choices], Made],
    check: Callable[[Made], None],
    seconds: float = _SECONDS_OF_SHRINKING,
) -> list[int]:
    """The fewest and least choices with which `check` still fails that are found in some time."""
    end = time.monotonic() + seconds
    best, tried = failing, set()

    def fails(candidate: list[int]) -> bool:
        nonlocal best
        if tuple(candidate) in tried:
            return False
        tried.add(tuple(candidate))
        choices = Choices(given=candidate)
        try:
            check(draw(choices))
        except Refused:
            return False
        except KeyboardInterrupt:
            raise
        except BaseException:
            if _rank(choices.made) >= _rank(best.made):
                return False
            best = choices
            return True
        return False

    improved = True
    while improved and time.monotonic() < end:
        improved = False
        for candidates in (_without_runs, _with_less_of_parts, _with_lower_numbers):
            going = True
            while going and time.monotonic() < end:
                going = False
                for candidate in candidates(best):
                    if fails(candidate):
                        improved = going = True
                        break
                    if time.monotonic() > end:
                        break
    return best.made


def _rank(made: list[int]) -> tuple[int, list[int]]:
    return len(made), made


def _without_runs(choices: Choices) -> Iterator[list[int]]:
    made = choices.made
    length = len(made) // 2
    while length:
        for begin in range(0, len(made), length):
            yield made[:begin] + made[begin + length :]
        length //= 2


def _with_less_of_parts(choices: Choices) -> Iterator[list[int]]:
    """A part as the simplest one, or as one that is in it."""
    made = choices.made
    for begin, end in sorted(choices.parts, key=lambda part: part[0] - part[1]):
        yield made[:begin] + [0] * (end - begin) + made[end:]
        yield made[:begin] + made[end:]
        inside = [part for part in choices.parts if begin < part[0] and part[1] <= end]
        for first, last in sorted(inside, key=lambda part: part[1] - part[0])[:8]:
            yield made[:begin] + made[first:last] + made[end:]


def _with_lower_numbers(choices: Choices) -> Iterator[list[int]]:
    made = choices.made
    for place, number in enumerate(made):
        for lower in sorted({0, number // 2, number - 1} if number else ()):
            yield [*made[:place], lower, *made[place + 1 :]]
