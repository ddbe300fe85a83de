"""The ports to the outside world; each has one real driver and, in the tests, a fake."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.domain.audit import AuditEntry
from bot.domain.digests import Digest
from bot.domain.provider_tasks import TaskReport
from bot.domain.requests import ReplyAddress
from bot.domain.song_options import SongSpec
from bot.domain.welcomes import WelcomeCard
from bot.services.cards import ApprovalCard, ResultCard, StatusCard

Clock: TypeAlias = Callable[[], datetime]
"""Returns the time as aware UTC."""
Random: TypeAlias = Callable[[], float]
"""Returns a uniform random number in 0..1."""
WakeUp: TypeAlias = Callable[[], None]
"""Notifies a worker that something may be due."""


class WorkQueue(StrEnum):
    """The queues of due work, by which wake-ups are told apart; processes send these names to each other."""

    SUBMISSIONS = "submissions"
    POLLS = "polls"
    OUTBOX = "outbox"


class SongProvider(Protocol):
    """The paid service that makes songs."""

    async def submit(self, spec: SongSpec) -> str:
        """Submit one task and return its id; this is the call that is paid.

        Raises:
            NotAcceptedError: certainly not accepted; the same request can be sent later.
            RejectedError: refused for good; `AccountError` when it concerns the operator's account.
            OutcomeUnknownError: it may have been accepted; never send it again.
        """
        ...

    async def query(self, task_id: str) -> TaskReport:
        """Query a task; return the provider's report.

        Raises:
            NoAnswerError: no readable answer; query again.
            UnknownTaskError: the provider does not know the task.
            RejectedError: a definite refusal; `AccountError` when it concerns the operator's account.
        """
        ...


@dataclass(frozen=True, slots=True)
class Media:
    """An audio file that was downloaded and checked."""

    data: bytes
    extension: str
    """Detected from the content, without the dot, for example `mp3`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SongTags:
    """What a player shows of a file."""

    title: str
    track: str
    """The clip's number and how many there are, for example `1/2`."""
    album: str | None = None
    style: str | None = None
    lyrics: str | None = None
    page: str
    """The URL of the clip's page."""
    cover_url: str | None = None


class MediaSource(Protocol):
    """The source of the clips' files."""

    def offered(self, url: str | None) -> str | None:
        """Return the link if it can be shown to members (https, a public host, really a file), else None."""
        ...

    def close(self) -> None:
        """Release the threads; downloads must have ended."""
        ...

    async def fetch_audio(self, url: str, *, limit: int, tags: SongTags | None = None) -> Media:
        """Download the audio file behind a link, of at most `limit` bytes with its tags.

        A file that cannot be tagged, and a cover that cannot be had soon, are no errors.

        Raises:
            MediaError: it could not be downloaded within the limits, or is not audio.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChannelTarget:
    """A post by the bot in a channel."""

    channel_id: int


@dataclass(frozen=True, slots=True)
class FollowUpTarget:
    """A follow-up of the interaction; Discord does not detect repeats of it."""

    address: ReplyAddress


@dataclass(frozen=True, slots=True)
class DirectMessageTarget:
    """A direct message."""

    user_id: int


Target: TypeAlias = ChannelTarget | FollowUpTarget | DirectMessageTarget


@dataclass(frozen=True, slots=True)
class MessageRef:
    """The ids of a posted message."""

    channel_id: int
    message_id: int


Claim: TypeAlias = Callable[[], Awaitable[object]]
"""Called directly before a message is posted; if it raises, nothing is posted and the error propagates."""


async def unclaimed() -> None:
    """Claim nothing, for posts that no other worker makes."""


class MessageForm(StrEnum):
    """How much of a message is sent."""

    FULL = "full"
    LINKS = "links"
    """A result with links only, without embeds and titles."""
    BARE = "bare"
    """Only the bot's own words, without links and text that people wrote."""


class Messenger(Protocol):
    """Discord, for messages that do not answer an interaction.

    A post waits for the rate limit of its channel; `claim` is called directly before it is sent.
    """

    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,
        form: MessageForm = MessageForm.FULL,
    ) -> int:
        """Edit the status message by the token, or as the bot if it is None; return the message's id.

        Raises:
            MessageGoneError, NoAccessError, TokenExpiredError, RetryableError, InvalidMessageError
        """
        ...

    async def find_answer(self, address: ReplyAddress, card: StatusCard, *, token: str) -> int:
        """Return the id of the interaction's first answer, which shows the card or is still deferred.

        Raises:
            AnsweredElsewhereError: another copy of the bot answered.
            MessageGoneError, NoAccessError, TokenExpiredError, RetryableError, InvalidMessageError
        """
        ...

    async def post_result(
        self,
        target: Target,
        card: ResultCard,
        files: tuple[Media | None, ...],
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Post the clips with their files (None for a missing one), mentioning the requester only.

        A repeat for the same request within a few minutes returns the first post, except as a follow-up.

        Raises:
            NoAccessError, TokenExpiredError, RetryableError, InvalidMessageError
        """
        ...

    async def find_result(self, target: Target, card: ResultCard) -> MessageRef | None:
        """Find the result of this request where the target's posts appear; None if it is certainly not there.

        Only the bot's own messages count, here and for approvals.

        Raises:
            NoAccessError: the channel cannot be read; `gone` if it was deleted.
            RetryableError, InvalidMessageError
        """
        ...

    async def post_approval(
        self,
        channel_id: int,
        card: ApprovalCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Post an approval message, which mentions the card's role alone; return the post.

        A repeat within minutes returns the first post.

        Raises:
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        """Find the undecided approval message of this request; None if it is certainly not there.

        Raises:
            NoAccessError: the channel cannot be read.
            RetryableError, InvalidMessageError
        """
        ...

    async def edit_approval(
        self,
        channel_id: int,
        message_id: int,
        card: ApprovalCard,
        *,
        form: MessageForm = MessageForm.FULL,
    ) -> None:
        """Edit an approval message to show what became of the request.

        Raises:
            MessageGoneError, NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def post_audit_entry(
        self,
        channel_id: int,
        entry: AuditEntry,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Post a moderator's decision, mentioning nobody; a repeat within minutes returns the first post.

        Raises:
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def post_digest(self, channel_id: int, digest: Digest, *, claim: Claim = unclaimed) -> MessageRef:
        """Post a server's digest, notifying nobody; a repeat within minutes returns the first post.

        Raises:
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def post_news(
        self, user_id: int, news: Sequence[AuditEntry], *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Tell a member of the server by direct message what its moderators decided for them.

        A repeat within minutes returns the first post.

        Raises:
            NoAccessError: the member takes no direct messages, or has left the server.
            RetryableError, InvalidMessageError
        """
        ...

    async def post_welcome(
        self, target: Target, card: WelcomeCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Post a server's welcome, mentioning nobody; a repeat within minutes returns the first post.

        Raises:
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def find_inviter(self, guild_id: int) -> int | None:
        """Return the id of the user who last added the bot to the server; None if it is too long ago.

        Raises:
            NoAccessError: the bot has no View Audit Log, for which its invitation does not ask.
            RetryableError, InvalidMessageError
        """
        ...

    async def find_welcome(self, channel_id: int, *, since: datetime) -> MessageRef | None:
        """Find a welcome in the channel that is not older than `since`; None if it is certainly not there.

        Raises:
            NoAccessError: the channel cannot be read.
            RetryableError, InvalidMessageError
        """
        ...

    async def forward_result(
        self, channel_id: int, source: MessageRef, request_id: int, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Forward the result of this request to a channel; a repeat within minutes returns the first post.

        Raises:
            MessageGoneError: the result was deleted.
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def post_showcase(
        self, forward: MessageRef, card: ResultCard, *, claim: Claim = unclaimed
    ) -> MessageRef:
        """Answer a forwarded result with the song's buttons; a repeat within minutes returns the first post.

        Raises:
            MessageGoneError: the forwarded result was deleted.
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def find_reference(self, channel_id: int, to: MessageRef) -> MessageRef | None:
        """Find a post in the channel that forwards or answers a message; None if it is certainly not there.

        Only the bot's own messages count.

        Raises:
            NoAccessError: the channel cannot be read.
            RetryableError, InvalidMessageError
        """
        ...

    async def delete_post(self, post: MessageRef) -> None:
        """Delete one of the bot's posts; one that is gone is no error.

        Raises:
            NoAccessError, RetryableError, InvalidMessageError
        """
        ...

    async def post_ending(
        self,
        target: Target,
        card: StatusCard,
        *,
        form: MessageForm = MessageForm.FULL,
        claim: Claim = unclaimed,
    ) -> MessageRef:
        """Post how a request ended, mentioning the requester only, because its status message is lost.

        Raises:
            NoAccessError, TokenExpiredError, RetryableError, InvalidMessageError
        """
        ...
