"""Comparisons of tuples and structs on the reference device: element by element, by value alone.

CPython's own take one object for equal to itself. The same NaN would equal itself then if it is read once, and not if
it is read twice; a compiled kernel cannot tell the two apart.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def equal(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether all elements are."""
    return len(one) == len(other) and all(map(_same, one, other))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return equal(one, other)
    return bool(one == other)


def _ordered(
    compare: Callable[[Any, Any], Any], one: tuple[Any, ...], other: tuple[Any, ...]
) -> bool:
    """By the first elements that differ, as Python does."""
    for mine, its in zip(one, other):
        if _same(mine, its):
            continue
        if isinstance(mine, tuple) and isinstance(its, tuple):
            return _ordered(compare, mine, its)
        return bool(compare(mine, its))
    return bool(compare(len(one), len(other)))


def contains(value: Any, items: Any) -> bool:
    """Whether `value` is equal to one of the elements; an object is not equal to itself for being the same."""
    return any(_same(value, item) for item in items)


def any_of(items: Any) -> bool:
    """Python's `any`: what it is of a tuple."""
    return any(map(bool, items))


def all_of(items: Any) -> bool:
    """Python's `all`: what it is of a tuple."""
    return all(map(bool, items))


class Compared:
    """A tuple as an operand of a comparison."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Any, ...]) -> None:
        self.items = items

    def __eq__(self, other: object) -> bool:
        return equal(self.items, _items(other))

    def __ne__(self, other: object) -> bool:
        return not equal(self.items, _items(other))

    def __lt__(self, other: object) -> bool:
        return _ordered(operator.lt, self.items, _items(other))

    def __le__(self, other: object) -> bool:
        return _ordered(operator.le, self.items, _items(other))

    def __gt__(self, other: object) -> bool:
        return _ordered(operator.gt, self.items, _items(other))

    def __ge__(self, other: object) -> bool:
        return _ordered(operator.ge, self.items, _items(other))

    __hash__ = None  # type: ignore[assignment]


def _items(other: object) -> tuple[Any, ...]:
    assert isinstance(other, Compared)
    return other.items
