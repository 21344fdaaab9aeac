"""What the threads of a block do together on the reference device: shared and local arrays, and barriers.

The threads of a kernel with barriers or operations of warps are Python threads of which one runs at a time: each goes
on to its next barrier, its next operation of its warp or its end, then the next one does, so that a run is always the
same. Barriers wait until no thread has come to an operation of its warp.
"""

from __future__ import annotations

import ast
import math
import threading
from typing import TYPE_CHECKING, Any

from .reference_arrays import ArrayView
from .reference_memory import PlacedElements
from .reference_structs import is_struct, size_of
from .scalar import Scalar, Value, is_complex, is_float, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from .reference_types import Types


WARP_SIZE = 32
Lanes = dict[int, Any]  # of the lanes that take part in an operation: what each brings
# In the program: the numbers of a loop and of its turn, and of those inside it; then the operation's.
Place = tuple[int, ...]


class _Elements:
    """The memory of an array that a kernel declares: zeros at first."""

    def __init__(self, element: str) -> None:
        self._zero: Any = 0.0 if is_float(element) else False if element == "bool" else 0
        self._items: dict[tuple[int, ...], Any] = {}

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        return self._items.get(indices, self._zero)

    def __setitem__(self, indices: tuple[int, ...], value: Any) -> None:
        self._items[indices] = value


def _memory(element: str, lengths: tuple[int, ...]) -> _Elements | PlacedElements:
    """Zeros: for elements of several parts, which are stored one by one, in memory of their own."""
    if not is_complex(element) and not is_struct(element):
        return _Elements(element)
    size = size_of(element)
    memory = memoryview(bytearray(math.prod(lengths) * size))
    return PlacedElements(memory.cast("B", (*lengths, size)), element)


class NewArray:
    """`local(shape, dtype)` and `shared(shape, dtype)`: called with the place in the source too, which tells the
    arrays of a block apart."""

    def __init__(self, is_shared: bool) -> None:
        self.is_shared = is_shared

    def arguments(self, node: ast.Call) -> list[ast.expr]:
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        given = dict(zip(("shape", "dtype"), node.args))
        shape, dtype = (named.get(name, given.get(name)) for name in ("shape", "dtype"))
        assert shape is not None and dtype is not None
        return [shape, dtype]

    def type_of(self, types: Types, node: ast.Call) -> str | None:
        shape, dtype = self.arguments(node)
        element = types.meaning(dtype).type
        rank = len(shape.elts) if isinstance(shape, (ast.Tuple, ast.List)) else 1
        return None if element is None else str(element) + "*" * rank

    def __call__(self, shape: Any, dtype: Any, place: tuple[int, int]) -> ArrayView:
        extents = tuple(int(number(item)) for item in shape) if isinstance(shape, tuple) else None
        lengths = extents or (int(number(shape)),)
        if min(lengths) < 0:
            raise ValueError(f"a length of {min(lengths)} is less than 0 (line {place[0]})")
        made = ArrayView(_memory(dtype.type, lengths), dtype.type, lengths)
        return _block.arrays.setdefault(place, made) if self.is_shared else made


class Barrier:
    """`syncthreads()`, and the forms that tell all threads what they said."""

    def __init__(self, vote: Callable[[list[bool]], Scalar] | None = None) -> None:
        self.vote = vote

    def result(self, types: list[str]) -> str:
        return self.vote([]).type if self.vote else "void"

    def __call__(self, line: int, said: Value = False) -> Scalar | None:
        votes = _block.wait(line, bool(said))
        return self.vote(votes) if self.vote else None


class Block:
    """One block's shared arrays, and its threads if they meet at barriers."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[int, int], ArrayView] = {}
        self._turns: list[threading.Semaphore] = []
        self._done = threading.Semaphore(0)
        self._waiting: dict[int, int] = {}  # thread: line of its barrier
        self._said: list[bool] = []
        self._votes: list[bool] = []  # of the barrier that all have come to
        self._in_warp: dict[int, tuple[Place, Any]] = {}  # threads that wait for their warps
        self._lanes: Lanes = {}  # of the operation at hand
        self._local = threading.local()
        self._error: BaseException | None = None

    def run(
        self,
        body: Callable[[], None],
        places: list[tuple[int, int, int]],
        enter: Callable[[tuple[int, int, int]], None],
    ) -> None:
        """Runs all threads to their ends, from barrier to barrier.

        Args:
            body: what each does.
            places: where each is in the launch.
            enter: called with a thread's place before it goes on.
        """
        self._turns = [threading.Semaphore(0) for _ in places]
        alive = list(range(len(places)))
        for number_of in alive:
            threading.Thread(target=self._thread, args=(number_of, body), daemon=True).start()
        while alive:
            self._waiting, self._votes, self._said = {}, self._said, []
            for number_of in alive:
                self._go_on(number_of, enter, places)
            self._run_warps(enter, places)
            if self._error is not None:
                alive = self._stop()
                continue
            lines = sorted(set(self._waiting.values()))
            if len(lines) > 1:
                self._error = RuntimeError(
                    f"some threads of a block wait at the barrier in line {lines[0]}, others in line {lines[1]}"
                )
                alive = self._stop()
                continue
            alive = list(self._waiting)
        if self._error is not None:
            raise self._error

    def _go_on(
        self,
        number_of: int,
        enter: Callable[[tuple[int, int, int]], None],
        places: list[tuple[int, int, int]],
    ) -> None:
        """Lets a thread run to where it waits next."""
        enter(places[number_of])
        self._turns[number_of].release()
        self._done.acquire()

    def _run_warps(
        self,
        enter: Callable[[tuple[int, int, int]], None],
        places: list[tuple[int, int, int]],
    ) -> None:
        """Does what warps wait for, until none does: of each warp, what comes first in the program."""
        while self._in_warp and self._error is None:
            warp = min(self._in_warp) // WARP_SIZE
            waiting = [thread for thread in self._in_warp if thread // WARP_SIZE == warp]
            first = min(self._in_warp[thread][0] for thread in waiting)
            group = [thread for thread in sorted(waiting) if self._in_warp[thread][0] == first]
            self._lanes = {thread % WARP_SIZE: self._in_warp.pop(thread)[1] for thread in group}
            lanes = self._lanes
            for thread in group:
                self._lanes = lanes
                self._go_on(thread, enter, places)

    def _stop(self) -> list[int]:
        """Lets the threads that wait end."""
        for number_of in (*self._waiting, *self._in_warp):
            self._turns[number_of].release()
            self._done.acquire()
        return []

    def _thread(self, number_of: int, body: Callable[[], None]) -> None:
        self._local.number = number_of
        self._local.place = ()
        self._turns[number_of].acquire()
        try:
            if self._error is None:
                body()
        except _Stopped:
            pass
        except BaseException as error:
            self._error = self._error or error
        self._done.release()

    def wait(self, line: int, said: bool) -> list[bool]:
        mine = self._local.number
        self._waiting[mine] = line
        self._said.append(said)
        self._done.release()
        self._turns[mine].acquire()
        if self._error is not None:
            raise _Stopped
        return self._votes

    def meet(self, place: Place, brought: Any) -> tuple[int, Lanes]:
        """Waits for the lanes of the thread's warp that are at the same place.

        Returns:
            The thread's lane, and what each lane that has come brought.
        """
        mine = self._local.number
        self._in_warp[mine] = (self._local.place + place, brought)
        self._done.release()
        self._turns[mine].acquire()
        if self._error is not None:
            raise _Stopped
        return mine % WARP_SIZE, self._lanes

    def within(self, place: Place, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function, whose places are then inside the place of the call."""
        before = self._local.place
        self._local.place = before + place
        try:
            return function(*arguments)
        finally:
            self._local.place = before


def current_block() -> Block:
    """The block whose threads run."""
    return _block


def call_within(place: Place, function: Callable[..., Any], *arguments: Any) -> Any:
    return _block.within(place, function, *arguments)


class _Stopped(BaseException):
    """Ends a thread whose block has failed."""


_block = Block()


def enter_block() -> Block:
    """A new block, whose arrays are those that kernels declare from now on."""
    global _block
    _block = Block()
    return _block


COOPERATION: dict[str, Any] = {
    "shared": NewArray(is_shared=True),
    "local": NewArray(is_shared=False),
    "syncthreads": Barrier(),
    "syncthreads_count": Barrier(lambda votes: Scalar("int32", sum(votes))),
    "syncthreads_and": Barrier(lambda votes: Scalar("bool", all(votes))),
    "syncthreads_or": Barrier(lambda votes: Scalar("bool", any(votes))),
}
