"""The contents of messages as plain data: status, approval and result of a request; the budget of edits."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from urllib.parse import quote

from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.polling import DurationStats
from bot.domain.provider_tasks import Clip
from bot.domain.requests import AT_PROVIDER, RETURNED, Failure, Request, State
from bot.domain.scheduling import Pause, QueuePosition, QueueSnapshot, position_bucket
from bot.domain.songs import UNLOVED, Loves

QUARTERS = 4
MAX_POSITION_EDITS = 4
"""Edits after which no position is shown; the first may show any position, the last only position 1."""
MAX_PROGRESS_EDITS = 6
"""Edits after which no quarter of the usual time is shown."""
_BAR = "|"


class Hint(StrEnum):
    """A remark about a request that was accepted all the same."""

    PERSONA_WITHOUT_CLIP = "persona_without_clip"
    CLIP_WITHOUT_PERSONA = "clip_without_persona"
    MAY_NOT_POST = "may_not_post"


@dataclass(frozen=True, slots=True)
class OriginCard:
    """The clip of an earlier song that a request is in the style of."""

    title: str | None
    """None: the song was removed, or has no title."""
    clip: int
    """Its number, from 1."""


@dataclass(frozen=True, slots=True)
class ShownOptions:
    """The options of a request that messages in its server show."""

    playlist_name: str | None = None
    """The name under which the server has saved the playlist."""
    prompt_quote: str | None = None
    """The prompt; None: there is none, it was erased, or the server hides prompts."""
    origin: OriginCard | None = None
    """None: it is in the style of no earlier song."""


UNQUOTED = ShownOptions()
"""No options, for messages that show neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusCard:
    """The contents of a status message."""

    request_id: int
    guild_id: int
    user_id: int
    playlist_id: str
    model: str
    cost: int
    """Credits."""
    state: State
    placement: str = ""
    """A text that tells it from another copy's request for the same interaction."""
    position: int | None = None
    """Position in the queue while waiting, from 1."""
    quarters: int = 0
    """The quarters of the usual time that have passed while it is made, 0..3."""
    clips_ready: int = 0
    """How many clips are complete while it is made."""
    expected_at: datetime | None = None
    """The estimated time of its end."""
    outage: ProviderOutage | None = None
    """The outage that blocks the queue while it waits."""
    pause: Pause | None = None
    """The pause of its server, while it waits."""
    paused_by_operator: bool = False
    """True if the bot's operator has paused all submissions while it waits."""
    backoff_end: datetime | None = None
    """While it waits: until when it is held back. After a failure: when the next one can be."""
    unseen: bool = False
    """True if it awaits approval by moderators who cannot see it."""
    hints: tuple[Hint, ...] = ()
    failure: Failure | None = None
    reason_shown: bool = False
    """True where only the member reads the message, so that it can have a moderator's reason."""
    partial: bool = False
    """True if the provider delivered fewer clips than usual."""
    result_url: str | None = None
    """The link to the result message."""
    status_url: str | None = None
    """The link to the status message, in a message that only points to it."""
    title: str | None = None
    """The finished song's title."""
    listen_url: str | None = None
    """The audio link of the first clip, while the second one is being made."""
    delivery_uncertain: bool = False
    """True if it is unknown whether the result message was posted."""
    clip_ids: tuple[str, ...] = ()
    """The clips of a song that is kept without a result message."""
    removed: bool = False
    """True if the song was removed."""
    playlist_name: str | None = None
    """The name under which the server has saved the playlist."""
    prompt_quote: str | None = None
    """The prompt; None: there is none, it was erased, or the server hides prompts."""

    @property
    def credits_are_back(self) -> bool:
        """Return True if the request ended and its credits were released."""
        return self.state in RETURNED

    @property
    def is_failure(self) -> bool:
        """Return True if there is no song, or no song any more, and not because of its own member."""
        if self.removed or self.state is State.CANCELLED:
            return self.failure is not None
        return self.credits_are_back

    @property
    def must_be_known(self) -> bool:
        """Return True if the member has to be told even when the status message is lost."""
        is_kept = self.state is State.UNDELIVERABLE and not self.removed
        return self.credits_are_back or is_kept or self.is_failure

    @property
    def is_final(self) -> bool:
        """Return True if the message will not change any more."""
        return self.state in RETURNED or self.state in {State.DELIVERED, State.UNDELIVERABLE}

    @property
    def fingerprint(self) -> str:
        """Return a text that differs whenever an edit may be due: position bucket, quarters, and the rest.

        Positions count by powers of two: 9 to 8, 5 to 4, 3 to 2 and 2 to 1 are changes. Quarters are left out
        once the first clip is ready, because the message no longer shows them.
        """
        place = "-" if self.position is None else str(position_bucket(self.position))
        quarters = 0 if self.clips_ready else self.quarters
        end = "removed" if self.removed else self.result_url
        held = f" {self.backoff_end.isoformat()}" if self.backoff_end and self.state is State.WAITING else ""
        pause = self.pause
        until = f" {pause.until.isoformat()}" if pause and pause.until else ""
        clip = f"{min(self.clips_ready, 1)}{'+' if self.listen_url else ''}"
        return (
            f"{place} {quarters} {self.state} {clip} {self.outage} {end} "
            f"{self.paused_by_operator} {self.unseen} {pause and pause.reason}{until}{held}"
        )


@dataclass(frozen=True, slots=True)
class EditBudget:
    """The fingerprint of a status message, and how often it was edited: one song takes at most eight edits.

    At most four edits show a new queue position, and the nearer the position, the more of them are left.
    Then come the submission, a quarter or two, the first clip and the end. Everything else (a pause, an
    outage) is always shown.
    """

    fingerprint: str | None
    """The fingerprint of its card; None if it is unknown what it says."""
    edits: int = 0

    @classmethod
    def parse(cls, words: str | None) -> Self:
        """Parse what the outbox stores; before the first edit, that is the answer's fingerprint alone."""
        edits, bar, fingerprint = (words or "").partition(_BAR)
        return cls(fingerprint, int(edits)) if bar and edits.isdecimal() else cls(words)

    def __str__(self) -> str:
        """Return what the outbox stores."""
        return f"{self.edits}{_BAR}{self.fingerprint}"

    def edited(self, card: StatusCard) -> "EditBudget":
        """Return the budget after one more edit, which shows the card."""
        return EditBudget(card.fingerprint, self.edits + 1)

    def skips(self, card: StatusCard) -> bool:
        """Return True if the card shows nothing that is worth another edit."""
        if self.fingerprint is None or self.fingerprint == card.fingerprint:
            return self.fingerprint is not None
        position, _, rest = card.fingerprint.split(" ", 2)
        old_position, _, old_rest = self.fingerprint.split(" ", 2)
        if rest != old_rest:
            return False
        if position != old_position:
            # far positions leave edits for the near ones
            return position == "-" or self.edits >= max(1, MAX_POSITION_EDITS - int(position))
        return self.edits >= MAX_PROGRESS_EDITS


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalCard:
    """The contents of an approval message, and the decision."""

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
    """The time at which it expires."""
    decided_by: int | None
    """Who decided, if somebody did."""
    ping_role_id: int | None = None
    """The role that its post mentions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCard:
    """One clip of a result."""

    clip: Clip
    listen_url: str
    """Its audio link if that can be shown, else its page at Suno."""
    cover_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCard:
    """The contents of a result message."""

    request_id: int
    user_id: int
    playlist_id: str
    model: str
    clips: tuple[ClipCard, ...]
    partial: bool
    loves: Loves = UNLOVED
    cost: int = 0
    """Credits, of this song and of its repeats."""
    playlist_name: str | None = None
    """The name under which the server has saved the playlist."""
    prompt_quote: str | None = None
    """The prompt; None: there is none, it was erased, or the server hides prompts."""
    origin: OriginCard | None = None
    """None: it is in the style of no earlier song."""


def result_card(
    request: Request,
    links: Sequence[str | None],
    *,
    offered: Callable[[str | None], str | None],
    loves: Loves = UNLOVED,
    shown: ShownOptions = UNQUOTED,
) -> ResultCard:
    """Return the contents of a request's result message; `links` has each clip's audio link or None."""
    return ResultCard(
        request_id=request.id,
        user_id=request.user_id,
        playlist_id=request.spec.playlist_id,
        model=request.spec.model,
        clips=tuple(
            ClipCard(
                clip=clip,
                listen_url=link or clip_page(clip.id),
                cover_url=offered(clip.image_url),
            )
            for clip, link in zip(request.clips, links, strict=True)
        ),
        partial=request.partial,
        loves=loves,
        cost=request.cost,
        playlist_name=shown.playlist_name,
        prompt_quote=shown.prompt_quote,
        origin=shown.origin,
    )


def clip_page(clip_id: str) -> str:
    """Return the URL of a clip's page at Suno."""
    return f"https://suno.com/song/{quote(clip_id, safe='')}"


def status_card(
    request: Request,
    *,
    queue: QueueSnapshot,
    durations: DurationStats,
    now: datetime,
    held_until: datetime | None = None,
    shown: ShownOptions = UNQUOTED,
) -> StatusCard:
    """Return the contents of a request's status message as of now."""
    waits = request.state is State.WAITING
    position = queue.position(request.id) if waits else None
    return StatusCard(
        request_id=request.id,
        guild_id=request.guild_id,
        user_id=request.user_id,
        playlist_id=request.spec.playlist_id,
        model=request.spec.model,
        cost=request.cost,
        state=request.state,
        placement=request.placement,
        position=position.position if position else None,
        outage=queue.outage if position else None,
        pause=queue.paused.get(request.guild_id) if waits else None,
        paused_by_operator=queue.paused_by_operator and waits,
        backoff_end=held_until,
        unseen=request.is_undelivered,
        quarters=_quarters(request, durations.median_s, now),
        clips_ready=len(request.progress.clips) if request.progress else 0,
        expected_at=_expected_at(request, position, queue, durations.median_s, now),
        hints=tuple(_hints(request)),
        failure=request.failure,
        partial=request.partial,
        result_url=_result_url(request),
        delivery_uncertain=request.is_kept and request.result_channel_id is not None,
        clip_ids=tuple(clip.id for clip in request.clips) if request.is_kept else (),
        removed=request.removed_at is not None,
        playlist_name=shown.playlist_name,
        prompt_quote=shown.prompt_quote,
    )


def next_check_at(
    request: Request, *, durations: DurationStats, now: datetime, interval_s: float
) -> datetime | None:
    """Return when the status has to be checked again though nothing was marked due; None if never.

    A waiting request is checked every `interval_s` seconds, one at the provider at each quarter.
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


def _expected_at(
    request: Request, position: QueuePosition | None, queue: QueueSnapshot, usual_s: float, now: datetime
) -> datetime | None:
    """Return the estimated end; None if it has passed or is near: nobody expects a song "in 0 seconds"."""
    if request.state in AT_PROVIDER:
        end = min(request.accepted_at or now, now) + timedelta(seconds=usual_s)
    elif position is not None and queue.is_moving:
        end = position.ends_at
    else:
        return None
    return end if end - now >= timedelta(seconds=1) else None


def _hints(request: Request) -> Iterator[Hint]:
    # a clip that a button chose is nothing that the member could have done better
    if request.spec.lacks_partner and request.origin is None:
        yield Hint.PERSONA_WITHOUT_CLIP if request.spec.persona_id else Hint.CLIP_WITHOUT_PERSONA
    if not request.address.may_post:
        yield Hint.MAY_NOT_POST


def status_url(request: Request) -> str | None:
    """Return the link to the request's status message, if its id is known."""
    address = request.address
    if address.message_id is None:
        return None
    return f"https://discord.com/channels/{request.guild_id}/{address.channel_id}/{address.message_id}"


def _result_url(request: Request) -> str | None:
    if request.removed_at is not None:
        return None
    if request.result_message_id is None or request.result_channel_id is None:
        return None
    in_guild = request.result_channel_id in {request.address.channel_id, request.delivery_channel_id}
    where = str(request.guild_id) if in_guild else "@me"
    return f"https://discord.com/channels/{where}/{request.result_channel_id}/{request.result_message_id}"
