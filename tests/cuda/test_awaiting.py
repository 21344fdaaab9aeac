"""`await stream` and `await event`: the event loop goes on, and faults are raised where one waits."""

from __future__ import annotations

import asyncio
import os

import cudapy as cp
import pytest


# work : void (float* X, int n)
def work(X, n):
    if idx < len(X):
        x = X[idx]
        for i in range(n):
            x = x * 0.5 + 1.0
        X[idx] = x


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_the_loop_goes_on_while_a_stream_is_awaited():
    X = cp.CudaArray.allocate(1 << 20, cp.float32)
    k = cp.compile(work)
    k(1 << 20)(X, 1)
    cp.synchronize()

    async def main() -> int:
        stream = cp.Stream()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        await asyncio.sleep(0)
        k(1 << 20, stream=stream)(X, 200_000)
        assert not stream.is_done()
        await stream
        assert stream.is_done()
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 10
    assert X.toList()[7] == 2.0


def test_events_are_awaited_in_any_order():
    X, Y = cp.CudaArray.allocate(1 << 20, cp.float32), cp.CudaArray.allocate(16, cp.float32)
    k = cp.compile(work)

    async def main() -> list[str]:
        slow, quick = cp.Stream(), cp.Stream()
        late, early = cp.Event(), cp.Event()
        order = []

        async def note(name: str, event: cp.Event) -> None:
            await event
            order.append(name)

        k(1 << 20, stream=slow)(X, 100_000)
        late.record(slow)
        k(16, stream=quick)(Y, 10)
        early.record(quick)
        await asyncio.gather(note("late", late), note("early", early))
        return order

    asyncio.run(main())  # compiles
    assert asyncio.run(main()) == ["early", "late"]


def test_a_fault_is_raised_by_await():
    # past : void (float* X)
    def past(X):
        X[idx + 1] = 1

    X = cp.CudaArray.allocate(8, cp.float32)

    async def main() -> None:
        stream = cp.Stream()
        cp.compile(past)(8, stream=stream)(X)
        with pytest.raises(IndexError, match="index 8 "):
            await stream
        await stream

    asyncio.run(main())


def test_what_is_done_needs_no_wait_and_nothing_is_left_open():
    async def main(turns: int) -> None:
        stream, event = cp.Stream(), cp.Event()
        for _ in range(turns):
            await stream
            await event

    asyncio.run(main(3))
    before = descriptors()
    asyncio.run(main(200))
    assert descriptors() <= before


def test_waiting_is_given_up():
    X = cp.CudaArray.allocate(1 << 20, cp.float32)
    k = cp.compile(work)
    k(1 << 20)(X, 1)
    cp.synchronize()
    before = descriptors()

    async def main() -> None:
        stream = cp.Stream()
        for _ in range(20):
            k(1 << 20, stream=stream)(X, 5_000)

            async def wait() -> None:
                await stream

            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wait(), 0.00001)
        await stream

    asyncio.run(main())
    cp.synchronize()
    assert descriptors() <= before + 1
