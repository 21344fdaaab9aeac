"""`await stream` and `await event`: an asyncio loop goes on until a GPU has come there.

The core's `Notifier` gives a file descriptor that the driver makes readable; the loop watches it beside its others, so
no thread is blocked and nothing is polled.
"""

from __future__ import annotations

from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

    from cudapy._core import Notifier


class _Awaited(Protocol):
    def is_done(self) -> bool: ...
    def synchronize(self) -> None: ...


def _ring(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def done(awaited: _Awaited, notifier: Notifier | None) -> None:
    """Waits for a stream or an event within asyncio, and raises the first fault of the launches so far, if any."""
    if notifier is not None:
        import asyncio

        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        loop.add_reader(notifier.descriptor, _ring, future)
        try:
            await future
        finally:
            loop.remove_reader(notifier.descriptor)
    awaited.synchronize()  # at once: it is done
