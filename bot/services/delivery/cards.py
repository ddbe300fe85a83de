"""What a message has to say, as facts: the status of a request and its result."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote

from bot.domain.polling import DurationStats
from bot.domain.provider_tasks import Clip
from bot.domain.requests import AT_PROVIDER, RETURNED, Failure, Request, State
from bot.domain.songs import UNRATED, Rating
from bot.services.provider.circuit_breaker import ProviderOutage
from bot.services.requests.queue import QueuePosition, QueueSnapshot, position_bucket

QUARTERS = 4


class Hint(StrEnum):
    """Something to know about a request that was accepted all the same."""

    PERSONA_WITHOUT_CLIP = "persona_without_clip"
    CLIP_WITHOUT_PERSONA = "clip_without_persona"
    MAY_NOT_POST = "may_not_post"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCard:
    """What the status message says."""

    request_id: int
    guild_id: int
    user_id: int
    playlist_id: str
    model: str
    cost: int
    """Credits."""
    state: State
    placement: str = ""
    """What tells it from another copy's request for the same interaction."""
    position: int | None = None
    """Place in the line while waiting, from 1."""
    quarters: int = 0
    """How many quarters of the usual time have passed while it is made, 0..3."""
    clips_ready: int = 0
    """How many clips are complete while it is made."""
    expected_at: datetime | None = None
    """When it will probably be finished."""
    outage: ProviderOutage | None = None
    """Why the line does not move while it waits."""
    paused: str | None = None
    """Why moderators have paused the server's songs while it waits, in their words."""
    paused_by_operator: bool = False
    """True when the bot's operator has stopped the line in which it waits."""
    backoff_end: datetime | None = None
    """While it waits: until when it is held back. After a failure: when the member's next one may be sent."""
    unseen: bool = False
    """True when it waits for moderators who can't see it."""
    hints: tuple[Hint, ...] = ()
    failure: Failure | None = None
    partial: bool = False
    """True when fewer clips came than the provider makes of a task."""
    result_url: str | None = None
    """The link to the result message."""
    delivery_uncertain: bool = False
    """True when nobody can tell whether the result message came to be."""
    clip_ids: tuple[str, ...] = ()
    """The clips of a song that is kept without a result message."""
    removed: bool = False
    """True when the song was there, and was taken away."""

    @property
    def credits_are_back(self) -> bool:
        """True when the request ended and its credits are with the member again."""
        return self.state in RETURNED

    @property
    def must_be_known(self) -> bool:
        """True when the member has to learn of it even without the status message."""
        return self.credits_are_back or (self.state is State.UNDELIVERABLE and not self.removed)

    @property
    def is_final(self) -> bool:
        """True when the message will not change any more."""
        return self.state in RETURNED or self.state in {State.DELIVERED, State.UNDELIVERABLE}

    @property
    def fingerprint(self) -> str:
        """A text that is different whenever there may be something to tell: place, quarters, and the rest.

        A place in the line counts by powers of two: from 9 to 8, 5 to 4, 3 to 2 and 2 to 1. Once the first
        clip is there, nobody sees the quarters.
        """
        place = "-" if self.position is None else str(position_bucket(self.position))
        quarters = 0 if self.clips_ready else self.quarters
        end = "removed" if self.removed else self.result_url
        held = f" {self.backoff_end.isoformat()}" if self.backoff_end and self.state is State.WAITING else ""
        return (
            f"{place} {quarters} {self.state} {min(self.clips_ready, 1)} {self.outage} {end} "
            f"{self.paused_by_operator} {self.unseen} {self.paused}{held}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCard:
    """What moderators decide by, and what became of it."""

    request_id: int
    user_id: int
    playlist_id: str
    model: str
    prompt: str | None
    cost: int
    """Credits."""
    state: State
    failure: Failure | None
    approve_by: datetime
    """When it ends undecided."""
    decided_by: int | None
    """The moderator, if one decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCard:
    """One clip of a result."""

    clip: Clip
    listen_url: str
    """Where it can be heard: its audio link where that may be offered, else its page."""
    cover_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCard:
    """What the result message says."""

    request_id: int
    user_id: int
    playlist_id: str
    model: str
    clips: tuple[ClipCard, ...]
    partial: bool
    rating: Rating = UNRATED


def result_card(
    request: Request,
    links: Sequence[str | None],
    *,
    offered: Callable[[str | None], str | None],
    rating: Rating = UNRATED,
) -> ResultCard:
    """What a request's result message should say; `links` are where each clip can be heard, if it can."""
    return ResultCard(
        request_id=request.id,
        user_id=request.user_id,
        playlist_id=request.spec.playlist_id,
        model=request.spec.model,
        clips=tuple(
            ClipCard(
                clip=clip,
                listen_url=link or f"https://suno.com/song/{quote(clip.id, safe='')}",
                cover_url=offered(clip.image_url),
            )
            for clip, link in zip(request.clips, links, strict=True)
        ),
        partial=request.partial,
        rating=rating,
    )


def status_card(
    request: Request,
    *,
    queue: QueueSnapshot,
    durations: DurationStats,
    now: datetime,
    held_until: datetime | None = None,
) -> StatusCard:
    """What a request's status message should say now."""
    waits = request.state is State.WAITING
    turn = queue.position(request.id) if waits else None
    usual_s = durations.median_s
    removed = request.removed_at is not None
    is_kept = request.state is State.UNDELIVERABLE and not removed
    return StatusCard(
        request_id=request.id,
        guild_id=request.guild_id,
        user_id=request.user_id,
        playlist_id=request.spec.playlist_id,
        model=request.spec.model,
        cost=request.cost,
        state=request.state,
        placement=request.placement,
        position=turn.position if turn else None,
        outage=queue.outage if turn else None,
        paused=queue.paused.get(request.guild_id) if waits else None,
        paused_by_operator=queue.paused_by_operator and waits,
        backoff_end=held_until,
        unseen=request.is_undelivered,
        quarters=_quarters(request, usual_s, now),
        clips_ready=len(request.progress.clips) if request.progress else 0,
        expected_at=_in_line(turn, queue) if waits else _expected_at(request, usual_s, now),
        hints=tuple(_hints(request)),
        failure=request.failure,
        partial=request.partial,
        result_url=None if removed else _result_url(request),
        delivery_uncertain=is_kept and request.result_channel_id is not None,
        clip_ids=tuple(clip.id for clip in request.clips) if is_kept else (),
        removed=removed,
    )


def next_look_at(
    request: Request, *, durations: DurationStats, now: datetime, interval_s: float
) -> datetime | None:
    """When the status may have something new to say though nobody touched it; None when never.

    A waiting one's position is looked up every `interval_s` seconds.
    """
    if request.state is State.WAITING:
        return now + timedelta(seconds=interval_s)
    if request.state is not State.MAKING or request.accepted_at is None:
        return None
    quarter_s = durations.median_s / QUARTERS
    passed = _quarters(request, durations.median_s, now)
    since = min(request.accepted_at, now)  # the clock may have been set back
    return since + timedelta(seconds=quarter_s * (passed + 1)) if passed < QUARTERS - 1 else None


def _quarters(request: Request, usual_s: float, now: datetime) -> int:
    if request.state is not State.MAKING or request.accepted_at is None:
        return 0
    share = (now - request.accepted_at).total_seconds() / usual_s
    return max(0, min(QUARTERS - 1, int(share * QUARTERS)))


def _in_line(position: QueuePosition | None, queue: QueueSnapshot) -> datetime | None:
    return position.ends_at if position and queue.is_moving else None


def _expected_at(request: Request, usual_s: float, now: datetime) -> datetime | None:
    if request.state not in AT_PROVIDER:
        return None
    return max(min(request.accepted_at or now, now) + timedelta(seconds=usual_s), now)


def _hints(request: Request) -> Iterator[Hint]:
    if request.spec.lacks_partner:
        yield Hint.PERSONA_WITHOUT_CLIP if request.spec.persona_id else Hint.CLIP_WITHOUT_PERSONA
    if not request.address.may_post:
        yield Hint.MAY_NOT_POST


def _result_url(request: Request) -> str | None:
    if request.result_message_id is None or request.result_channel_id is None:
        return None
    in_guild = request.result_channel_id in {request.address.channel_id, request.delivery_channel_id}
    where = str(request.guild_id) if in_guild else "@me"
    return f"https://discord.com/channels/{where}/{request.result_channel_id}/{request.result_message_id}"
