"""Where a courier set out to post: all that is left of it when it dies before it knows what came of that."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self, assert_never

from bot.domain.requests import Request
from bot.services.ports import ChannelTarget, DirectMessageTarget, FollowUpTarget, Target
from bot.services.runtime.timings import ANSWERED_WITHIN_S

NONCE_LIFE = timedelta(seconds=120)
"""So long after a post Discord surely knows its repeat; "the past few minutes", by its reference."""
CLOCK_SLACK = timedelta(seconds=10)
"""What lies further in the future was written before the clock was set back: nobody knows when that was."""


class DeliveryRoute(StrEnum):
    """How a message gets to the member."""

    RESULTS = "results"
    """In the channel that moderators chose for results."""
    CHANNEL = "channel"
    """Where the song was asked for."""
    FOLLOW_UP = "follow_up"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """A post of which nobody knows whether it came to be."""

    route: DeliveryRoute
    at: datetime
    """When the first such post went out."""

    @classmethod
    def parse(cls, words: str) -> Self:
        """The intent that `str` made these words of."""
        route, at = words.split(" ")
        return cls(DeliveryRoute(route), datetime.fromisoformat(at))

    def __str__(self) -> str:
        """The intent as the outbox keeps it."""
        return f"{self.route} {self.at.isoformat()}"

    def target(self, request: Request) -> Target:
        """Where the post went."""
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
                assert_never(self.way)

    def is_deduplicated(self, now: datetime) -> bool:
        """True when Discord itself takes a repeat for what it is: follow-ups have no nonce."""
        return self.route is not DeliveryRoute.FOLLOW_UP and -CLOCK_SLACK < now - self.at < NONCE_LIFE


def delivery_routes(request: Request, now: datetime) -> Iterator[DeliveryRoute]:
    """How a message for the request's member may go, best first."""
    if request.delivery_channel_id not in {None, request.address.channel_id}:
        yield DeliveryRoute.RESULTS
    yield DeliveryRoute.CHANNEL
    if request.address.valid_token(now) is not None:
        yield DeliveryRoute.FOLLOW_UP
    yield DeliveryRoute.MEMBER


def ending_routes(request: Request, now: datetime) -> list[DeliveryRoute]:
    """How the end of a request without a song may be told, best first: where results go, nobody asked."""
    return [route for route in delivery_routes(request, now) if route is not DeliveryRoute.RESULTS]


def may_be_unanswered(request: Request, now: datetime, within_s: float = ANSWERED_WITHIN_S) -> bool:
    """True when a token that does not work may yet begin to: its command has no answer until then."""
    age = now - request.placed_at
    return request.address.message_id is None and -CLOCK_SLACK < age < timedelta(seconds=within_s)
