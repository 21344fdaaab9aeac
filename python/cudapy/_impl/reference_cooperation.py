"""What the threads of a block do together on the reference device: shared and local arrays, and barriers.

The threads of a kernel with barriers are Python threads of which one runs at a time: each goes on to its next barrier
or its end, then the next one does, so that a run is always the same.
"""

from __future__ import annotations

import ast
import threading
from typing import TYPE_CHECKING, Any

from .reference_arrays import ArrayView
from .scalar import Scalar, Value, is_float, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from .reference_types import Types


class _Elements:
    """The memory of an array that a kernel declares: zeros at first."""

    def __init__(self, element: str) -> None:
        self._zero: Any = 0.0 if is_float(element) else False if element == "bool" else 0
        self._items: dict[tuple[int, ...], Any] = {}

    def __getitem__(self, indices: tuple[int, ...]) -> Any:
        return self._items.get(indices, self._zero)

    def __setitem__(self, indices: tuple[int, ...], value: Any) -> None:
        self._items[indices] = value


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

    def type_of(self, types: Types, node: ast.Call) -> str:
        shape, dtype = self.arguments(node)
        rank = len(shape.elts) if isinstance(shape, (ast.Tuple, ast.List)) else 1
        return str(types.meaning(dtype).type) + "*" * rank

    def __call__(self, shape: Any, dtype: Any, place: tuple[int, int]) -> ArrayView:
        extents = tuple(int(number(item)) for item in shape) if isinstance(shape, tuple) else None
        made = ArrayView(_Elements(dtype.type), dtype.type, extents or (int(number(shape)),))
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
                enter(places[number_of])
                self._turns[number_of].release()
                self._done.acquire()
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

    def _stop(self) -> list[int]:
        """Lets the threads that wait end."""
        for number_of in self._waiting:
            self._turns[number_of].release()
            self._done.acquire()
        return []

    def _thread(self, number_of: int, body: Callable[[], None]) -> None:
        self._local.number = number_of
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
