"""What kernels print and raise, as Python would format it. Both devices come here: machine code hands over a launch's
numbers at its end, the reference each line as it is printed."""

from __future__ import annotations

import contextlib
import math
import re
import sys
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A format that leaves the digits to the number: no precision, no type.
_PLAIN = re.compile(r"(.?[<>=^])?[-+ ]?z?#?0?\d*[,_]?\Z", re.DOTALL)


# Of a float type: the bits of its significand, and the exponent of its least number.
_SHORT = {"float32": (24, -149), "float16": (11, -24), "bfloat16": (8, -133)}


def shortest(value: float, type: str) -> float:
    """The float64 whose shortest text is that of `value`, a number of a shorter float type."""
    if not math.isfinite(value):
        return value
    bits, least = _SHORT[type]
    for digits in range(9):
        short = float(f"{value:.{digits}e}")
        step = max(math.frexp(short)[1] - bits, least)
        if math.ldexp(round(math.ldexp(short, -step)), step) == value:
            return short
    return value


class ShortFloat(float):
    """A float32, or one of 16 bits: its text has as many digits as tell it from its neighbours, and no more."""

    type = "float32"

    def __repr__(self) -> str:
        return repr(shortest(float(self), self.type))

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        value = shortest(float(self), self.type) if _PLAIN.match(spec) else float(self)
        return format(value, spec)


class ShortComplex(complex):
    """A complex64: its parts have as many digits as tell them from their neighbours."""

    def __repr__(self) -> str:
        return repr(_shortest_parts(self))

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        value = _shortest_parts(self) if _PLAIN.match(spec) else complex(self.real, self.imag)
        return format(value, spec)


def _shortest_parts(value: complex) -> complex:
    return complex(shortest(value.real, "float32"), shortest(value.imag, "float32"))


def formatted(type: str, value: Any) -> Any:
    """A number of a kernel as an object that str.format treats as Python treats its own."""
    if type == "complex64":
        return ShortComplex(value)
    if type not in _SHORT:
        return value
    number = ShortFloat(value)
    number.type = type
    return number


def text_of(parts: tuple[Any, ...]) -> str:
    """A text of a kernel.

    Args:
        parts: what `str.format` makes it of, then (type, value) of each number in it.
    """
    template, *values = parts
    text: str = template.format(*(formatted(*pair) for pair in values))
    return text


def write(lines: list[tuple[Any, ...]], dropped: int) -> None:
    """Writes what a launch printed to standard output.

    Args:
        lines: for each call of `print`, in the threads' order, what `text_of` takes.
        dropped: how many more there were than the launch could keep.
    """
    texts = [text_of(line) for line in lines]
    if dropped:
        texts.append(f"[cudapy: {dropped} more prints of this launch were dropped]\n")
    sys.stdout.write("".join(texts))
    sys.stdout.flush()


_kept: list[tuple[tuple[int, ...], str]] | None = None
_thread: Callable[[], tuple[int, ...]] = tuple


def printed(
    *values: Any, sep: str | None = " ", end: str | None = "\n", flush: bool = False
) -> None:
    """`print` of the reference device."""
    separator = " " if sep is None else sep
    text = separator.join(map(str, values)) + ("\n" if end is None else end)
    if _kept is None:
        sys.stdout.write(text)
    else:
        _kept.append((_thread(), text))


@contextlib.contextmanager
def in_order(thread: Callable[[], tuple[int, ...]]) -> Iterator[None]:
    """What is printed within the block comes out at its end, in the threads' order.

    Args:
        thread: names the thread that prints: what comes first is smaller.
    """
    global _kept, _thread
    _kept, _thread = [], thread
    try:
        yield
    finally:
        lines, _kept = _kept, None
        sys.stdout.write("".join(text for _, text in sorted(lines, key=lambda line: line[0])))
