import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.shutdown import DRAIN_S, SIGNALS, STOP_S, GracefulShutdown, StoppedError, handle_signals
from tests.harness.clock import FakeClock

PROMISE_S = 20.0
"""Seconds within which the process ends (docs/operations/start-and-stop.md)."""
LONG_S = 30.0


@asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """A step that cannot be cancelled."""
    yield "entered"
    await asyncio.Event().wait()


def task_that_hangs() -> "asyncio.Task[None]":
    async def hang() -> None:
        await asyncio.Event().wait()

    return asyncio.create_task(hang())


class LoopOfWindows(asyncio.SelectorEventLoop):
    """An event loop that cannot handle signals itself."""

    def add_signal_handler(self, *_: object) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("loop_type", [asyncio.SelectorEventLoop, LoopOfWindows])
def test_each_signal_calls_the_handler_in_the_loop(loop_type: type[asyncio.AbstractEventLoop]) -> None:
    loop, came = loop_type(), asyncio.Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    handle_signals(loop, came.set)
    for number in SIGNALS:
        loop.call_soon(signal.raise_signal, number)
        loop.run_until_complete(asyncio.wait_for(came.wait(), LONG_S))
        came.clear()
    loop.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_promised_has_room() -> None:
    assert DRAIN_S < STOP_S < PROMISE_S - 2


class TestTime:
    async def test_it_counts_from_the_first_wish(self) -> None:
        clock = FakeClock()
        stop = GracefulShutdown(clock=clock.seconds)
        clock.advance(1_000)
        assert (stop.taken_s, stop.left_s) == (0, STOP_S)
        stop.request()
        clock.advance(3)
        stop.request()
        await stop.requested()
        assert (stop.taken_s, stop.left_s) == (3, STOP_S - 3)
        clock.advance(100)
        assert stop.left_s == 0


class TestFinishing:
    async def test_what_begins_meanwhile_is_waited_for_too(self) -> None:
        stop, tasks, done = GracefulShutdown(), set[asyncio.Task[None]](), []

        async def work(more: int) -> None:
            if more:
                tasks.add(asyncio.create_task(work(more - 1)))
            await asyncio.sleep(0)
            done.append(more)

        tasks.add(asyncio.create_task(work(3)))
        stop.request()
        await stop.finish(lambda: {task for task in tasks if not task.done()})
        assert sorted(done) == [0, 1, 2, 3]

    async def test_work_that_hangs_is_left_when_its_time_is_over(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock = FakeClock()
        stop, hanging_task = GracefulShutdown(clock=clock.seconds), task_that_hangs()
        stop.request()
        clock.advance(DRAIN_S)
        await stop.finish(lambda: {hanging_task})
        assert not hanging_task.done()
        assert "not all running work was finished" in caplog.text
        hanging_task.cancel()


class TestEnding:
    async def test_a_step_that_ends_is_waited_for(self) -> None:
        ended = []

        async def step() -> None:
            await asyncio.sleep(0)
            ended.append("step")

        await GracefulShutdown().run_step("a step", step())
        assert ended == ["step"]

    async def test_a_step_that_fails_says_why(self) -> None:
        async def step() -> None:
            raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            await GracefulShutdown().run_step("a step", step())

    async def test_a_step_that_hangs_is_let_go_of(self, caplog: pytest.LogCaptureFixture) -> None:
        clock = FakeClock()
        stop = GracefulShutdown(clock=clock.seconds)
        stop.request()
        clock.advance(STOP_S)
        async with stop.closing("the database", hanging()) as entered:
            assert entered == "entered"
        assert "the database did not end in time, and is let go of" in caplog.text

    async def test_any_number_of_steps_that_hang_fit_into_the_time(self) -> None:
        clock = FakeClock()
        stop = GracefulShutdown(clock=clock.seconds)
        stop.request()
        clock.advance(DRAIN_S)
        for _ in range(20):
            assert stop.share_s > 0
            clock.advance(stop.share_s)
        assert stop.taken_s < STOP_S


class TestBeginning:
    async def test_it_is_given_up(self) -> None:
        stop = GracefulShutdown()
        asyncio.get_running_loop().call_soon(stop.request)
        with pytest.raises(StoppedError):
            async with stop.interruptible_startup():
                await asyncio.Event().wait()

    async def test_it_is_not_begun_after_the_wish(self) -> None:
        stop = GracefulShutdown()
        stop.request()
        with pytest.raises(StoppedError):
            async with stop.interruptible_startup():
                await asyncio.Event().wait()

    async def test_what_was_begun_before_goes_on(self) -> None:
        stop = GracefulShutdown()
        async with stop.interruptible_startup():
            pass
        stop.request()
        await asyncio.sleep(0)

    async def test_an_error_in_it_stays_what_it_is_though_its_end_is_counted(self) -> None:
        stop = GracefulShutdown()

        @asynccontextmanager
        async def opened() -> AsyncIterator[None]:
            yield

        async def begin() -> None:
            async with stop.interruptible_startup(), stop.closing("a step", opened()):
                raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            await begin()
        assert stop.left_s < STOP_S

    async def test_its_own_time_outs_stay_what_they_are(self) -> None:
        with pytest.raises(TimeoutError):
            async with GracefulShutdown().interruptible_startup():
                raise TimeoutError


STUCK = """
import asyncio, logging, signal, sys, time
from bot import shutdown

async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked)
    print("ready", flush=True)
    await asyncio.to_thread(time.sleep, 3600)

def asked():
    shutdown.STOP_S = 0.2
    shutdown.start_watchdog(code=3)

logging.basicConfig()
asyncio.run(main())
"""


class TestLastResort:
    async def test_a_thread_that_nothing_ends_does_not_keep_the_process(self) -> None:
        root = Path(__file__).parents[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STUCK, cwd=root, stdout=PIPE, stderr=PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LONG_S):
            _, said = await process.communicate()
        assert process.returncode == 3
        assert b"stopped after 0.2 s, though something still hung" in said
