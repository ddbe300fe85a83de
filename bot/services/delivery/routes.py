"""Delivery routes, and the record of attempts that outlives a dispatcher that is killed while it posts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self, assert_never

from bot.domain.requests import Request
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget, Target
from bot.services.repositories.outbox import OutboxMessage
from bot.services.runtime.timings import ANSWERED_WITHIN_S
from bot.services.unit_of_work import UnitOfWork, unit_of_work

NONCE_LIFE = timedelta(seconds=120)
"""How long Discord certainly detects the repeat of a post; its reference says "the past few minutes"."""
CLOCK_SLACK = timedelta(seconds=10)
"""A time further in the future was written before the clock was set back: its real age is unknown."""


class DeliveryRoute(StrEnum):
    """The ways in which a message can reach the member."""

    RESULTS = "results"
    """The channel that moderators chose for results."""
    CHANNEL = "channel"
    """The channel in which the song was requested."""
    FOLLOW_UP = "follow_up"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """A post whose outcome is unknown."""

    route: DeliveryRoute
    at: datetime
    """When it was first sent."""

    @classmethod
    def parse(cls, words: str) -> Self:
        """Parse an attempt that `str` wrote."""
        route, at = words.split(" ")
        return cls(DeliveryRoute(route), datetime.fromisoformat(at))

    def __str__(self) -> str:
        """Return the attempt as the outbox stores it."""
        return f"{self.route} {self.at.isoformat()}"

    def target(self, request: Request) -> Target:
        """Return the target of the post."""
        match self.route:
            case DeliveryRoute.RESULTS:
                return ChannelTarget(request.delivery_channel_id or request.address.channel_id)
            case DeliveryRoute.CHANNEL:
                return ChannelTarget(request.address.channel_id)
            case DeliveryRoute.FOLLOW_UP:
                return FollowUpTarget(request.address)
            case DeliveryRoute.MEMBER:
                return DirectMessageTarget(request.user_id)
            case _:
                assert_never(self.route)

    def is_deduplicated(self, now: datetime) -> bool:
        """Return True if Discord detects a repeat; it never does for follow-ups, which have no nonce."""
        return self.route is not DeliveryRoute.FOLLOW_UP and is_deduplicated(self.at, now)


def is_deduplicated(at: datetime, now: datetime) -> bool:
    """Return True if Discord detects the repeat of a post with a nonce that was first sent at `at`."""
    return -CLOCK_SLACK < now - at < NONCE_LIFE


def delivery_routes(request: Request, now: datetime) -> Iterator[DeliveryRoute]:
    """Yield the routes by which a message can reach the request's member, best first."""
    if request.delivery_channel_id not in {None, request.address.channel_id}:
        yield DeliveryRoute.RESULTS
    yield DeliveryRoute.CHANNEL
    if request.address.valid_token(now) is not None:
        yield DeliveryRoute.FOLLOW_UP
    yield DeliveryRoute.MEMBER


def ending_routes(request: Request, now: datetime) -> list[DeliveryRoute]:
    """Return the routes for a failed request's ending, best first: never the channel for results."""
    return [route for route in delivery_routes(request, now) if route is not DeliveryRoute.RESULTS]


def may_be_unanswered(request: Request, now: datetime, within_s: float = ANSWERED_WITHIN_S) -> bool:
    """Return True if a token that does not work may do so soon, because its command is not answered yet."""
    age = now - request.placed_at
    return request.address.message_id is None and -CLOCK_SLACK < age < timedelta(seconds=within_s)


@unit_of_work("outbox.reschedule")
def reschedule(uow: UnitOfWork, message: OutboxMessage, next_at: datetime) -> None:
    """Make the message due again after an attempt that failed."""
    uow.outbox.reschedule(message, next_at=next_at)
