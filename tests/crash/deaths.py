"""Bots that die one after another, each at a point in the life of another song."""

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.requests import State
from tests.harness.crash import SHORT_LEASE_S, Asked, CrashHarness
from tests.harness.failpoints import Failpoint, Side
from tests.harness.invariants import all_delivered, assert_invariants

ON_ITS_WAY = {
    "submitter.claim:after",
    "provider.submit:before",
    "provider.submit:after",
    "submitter.record_result:before",
}
"""The failpoints after which it is unknown whether the provider was reached."""

Order: TypeAlias = Callable[[CrashHarness], Awaitable[Asked]]


@dataclass(frozen=True, slots=True)
class Death:
    """The death of a bot in the life of a song."""

    point: Failpoint
    asked: Asked
    passed: set[str]
    """All that the bot passed since the song was requested."""

    @property
    def possible(self) -> set[State | None]:
        """Return how the request can end; what the other loops did meanwhile is not settled."""
        place = f"{self.point.step}:{self.point.side}"
        if place == "placement.place:before":
            return {None}
        if place in ON_ITS_WAY or (
            "submitter.claim:after" in self.passed and not self.passed & {"submitter.record_result:before"}
        ):
            return {State.UNCERTAIN}
        if "submitter.record_result:after" in self.passed or place == "submitter.claim:before":
            return {State.DELIVERED}
        return {State.DELIVERED, State.UNCERTAIN}


def points(*steps: str, nth: int = 1) -> list[Failpoint]:
    """Return the points before and after each step."""
    return [Failpoint(step, side, nth) for step in steps for side in Side]


async def died(crash: CrashHarness, point: Failpoint) -> set[str]:
    """Return all that the bot passed until it died at this point, and not for any other reason."""
    code, passed = await crash.bot.ended(), crash.bot.passed()
    assert code == -signal.SIGKILL, f"{point}\n{crash.bot.log()[-3000:]}"
    assert f"{point.step}:{point.side}" in passed, f"{point}\n{crash.bot.log()[-3000:]}"
    return passed


async def recovered(crash: CrashHarness) -> None:
    """Start the next bot, and wait until it has nothing left to do for any request."""
    placed = set(crash.requests())
    assert await crash.start(lease_s=SHORT_LEASE_S, is_hasty=True)
    await all_delivered(crash, *placed)
    await crash.idle()
    crash.discord.faults.clear()
    crash.provider.faults.clear()


async def deaths(crash: CrashHarness, *lives: tuple[Order, Failpoint]) -> list[Death]:
    """Let bots die in a row, each at a point of another song, after it has finished those before."""
    found = []
    for order, point in lives:
        await recovered(crash)
        crash.bot.die_at(point)
        asked = await order(crash)
        found.append(Death(point, asked, await died(crash, point)))
    return found


async def lives_on(crash: CrashHarness) -> dict[int, State]:
    """Start the bot again, ask for one more song and stop it; return how all requests ended."""
    placed = set(crash.requests())
    assert await crash.start()
    fresh = await crash.order()
    await all_delivered(crash, *placed, fresh.id)
    await crash.stop()
    ends = await assert_invariants(crash)
    assert ends[fresh.id] is State.DELIVERED
    return ends
