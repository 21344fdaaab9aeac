"""What the lanes of a warp do together on the reference device.

A warp is 32 threads of a block whose numbers, x fastest, follow each other. The lanes that come to an operation at the
same turn of the same loops take part in it together; where lanes have parted, those whose place in the program comes
first go on first, so that they meet again where the branches do.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from .reference_cooperation import WARP_SIZE, Lanes, Place, current_block
from .reference_structs import Record
from .scalar import Scalar, Value, is_float, is_weak, number, type_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from .reference_types import Types

_RESULTS = {
    "ballot": "uint32",
    "any": "bool",
    "all": "bool",
    "match_any": "uint32",
    "match_all": "uint32",
    "activemask": "uint32",
    "syncwarp": "void",
}


class WarpOperation:
    """A shuffle, a vote, or what else lanes of a warp do together.

    Args:
        name: as it is spelled, without `_sync`.
        takes_mask: it has `_sync`, and the lanes that take part come first.
    """

    def __init__(self, name: str, takes_mask: bool = False) -> None:
        self.name = name
        self.takes_mask = takes_mask

    @property
    def is_shuffle(self) -> bool:
        return self.name.startswith("shfl")

    def argument_types(self, node: ast.Call) -> list[str | None]:
        """What each argument is converted to before the call; None leaves it as it is."""
        mask: list[str | None] = ["uint32"] if self.takes_mask or self.name == "syncwarp" else []
        wanted = [*mask, None, *(["int32", "int32"] if self.is_shuffle else [])]
        return wanted[: len(node.args)]

    def typed(self, types: Types, node: ast.Call) -> str | None:
        """The type of a call."""
        if not self.is_shuffle:
            return _RESULTS[self.name]
        value = node.args[1 if self.takes_mask else 0]
        own = types.type_of(value)
        return str(types.alone(value)) if isinstance(own, str) and is_weak(own) else own

    def __call__(self, place: Place, *values: Any) -> Value | None:
        mask = (1 << WARP_SIZE) - 1
        if self.takes_mask:
            mask = int(number(values[0]))
            values = values[1:]
        lane, lanes = current_block().meet(place, values)
        if not self.is_shuffle:
            lanes = {other: brought for other, brought in lanes.items() if mask >> other & 1}
        made: Value | None = getattr(self, "_" + self.name.partition("_")[0])(lane, lanes, *values)
        return made

    def _shfl(self, lane: int, lanes: Lanes, own: Any, by: Any, width: Any = WARP_SIZE) -> Any:
        distance, length = int(number(by)), int(number(width))
        first = lane - lane % length
        if self.name == "shfl":
            source = first + distance % length
        elif not 0 <= distance < WARP_SIZE:
            return own
        elif self.name == "shfl_up":
            source = lane - distance
        elif self.name == "shfl_down":
            source = lane + distance
        else:
            source = lane ^ distance
        below = self.name == "shfl_up" and source < first
        return own if below or source >= first + length or source not in lanes else lanes[source][0]

    @staticmethod
    def _mask(lanes: Lanes, wanted: Callable[[Any], bool]) -> Scalar:
        return Scalar(
            "uint32", sum(1 << lane for lane, brought in lanes.items() if wanted(brought))
        )

    def _ballot(self, _: int, lanes: Lanes, __: Any) -> Scalar:
        return self._mask(lanes, lambda brought: bool(brought[0]))

    def _any(self, _: int, lanes: Lanes, __: Any) -> Scalar:
        return Scalar("bool", any(bool(brought[0]) for brought in lanes.values()))

    def _all(self, _: int, lanes: Lanes, __: Any) -> Scalar:
        return Scalar("bool", all(bool(brought[0]) for brought in lanes.values()))

    def _match(self, _: int, lanes: Lanes, own: Any) -> Scalar:
        mine = _bits(own)
        same = self._mask(lanes, lambda brought: _bits(brought[0]) == mine)
        differ = self.name == "match_all" and same != self._mask(lanes, lambda _: True)
        return Scalar("uint32", 0) if differ else same

    def _activemask(self, _: int, lanes: Lanes) -> Scalar:
        return self._mask(lanes, lambda _: True)

    def _syncwarp(self, _: int, __: Lanes, mask: Any = None) -> None:
        """All lanes that take part have come."""


def _bits(value: Any) -> Any:
    if isinstance(value, Record):
        return tuple(map(_bits, value))
    plain = number(value)
    if isinstance(plain, complex):
        return struct.pack("dd", plain.real, plain.imag)
    return struct.pack("d", plain) if is_float(type_of(value)) else plain


class WarpPlace:
    """`lane_id()` and `warp_id()`."""

    def __init__(self, of: Callable[[int], int]) -> None:
        self.of = of

    def result(self, types: list[str]) -> str:
        return "int32"

    def __call__(self) -> Scalar:
        return Scalar("int32", self.of(_number))


_number = 0


def enter_thread(number_in_block: int) -> None:
    """Says which thread goes on now."""
    global _number
    _number = number_in_block


_MASKED = (
    "shfl",
    "shfl_up",
    "shfl_down",
    "shfl_xor",
    "ballot",
    "any",
    "all",
    "match_any",
    "match_all",
)
WARPS: dict[str, Any] = {
    **{name: WarpOperation(name) for name in (*_MASKED, "activemask", "syncwarp")},
    **{name + "_sync": WarpOperation(name, takes_mask=True) for name in _MASKED},
    "lane_id": WarpPlace(lambda number_in_block: number_in_block % WARP_SIZE),
    "warp_id": WarpPlace(lambda number_in_block: number_in_block // WARP_SIZE),
}
