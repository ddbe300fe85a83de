"""What the services need of the outside world; each port has one real driver and, in the tests, a fake."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.domain.audit import AuditEntry
from bot.domain.errors import MessengerError
from bot.domain.provider_tasks import TaskReport
from bot.domain.requests import ReplyAddress, Request
from bot.domain.song_options import SongSpec
from bot.domain.transitions import Transition
from bot.services.delivery.cards import ApprovalCard, ResultCard, StatusCard
from bot.services.delivery.message_forms import MessageForm

Clock: TypeAlias = Callable[[], datetime]
"""Tells the time as aware UTC."""
Random: TypeAlias = Callable[[], float]
"""Gives a uniform random number in 0..1."""
WakeUp: TypeAlias = Callable[[], None]
"""Tells a worker that there may be something to do."""


class SongProvider(Protocol):
    """The paid service that makes songs."""

    async def submit(self, spec: SongSpec) -> str:
        """Start one task and give its id; this is the call that is paid.

        Raises:
            NotAcceptedError: surely not taken; the same request may be sent later.
            RejectedError: refused for good; `AccountError` when it concerns the operator's account.
            OutcomeUnknownError: it may have been taken; never send it again.
        """
        ...

    async def query(self, task_id: str) -> TaskReport:
        """What the provider says of a task now.

        Raises:
            NoAnswerError: ask again.
            UnknownTaskError: the provider does not know the task.
            RejectedError: a definite refusal; `AccountError` when it concerns the operator's account.
        """
        ...


@dataclass(frozen=True, slots=True)
class Media:
    """A file that was fetched and checked."""

    data: bytes
    extension: str
    """Without the dot, from the content, for example `mp3`."""


class MediaSource(Protocol):
    """Where the clips' files come from."""

    def offered(self, url: str | None) -> str | None:
        """The link if it may be shown to members: https, on a public host, and really a file; else None."""
        ...

    async def fetch_audio(self, url: str, *, limit: int) -> Media:
        """The audio file behind a link, of at most `limit` bytes.

        Raises:
            MediaError: it could not be had within bounds, or is no audio.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChannelTarget:
    """Post as the bot in a channel."""

    channel_id: int


@dataclass(frozen=True, slots=True)
class FollowUpTarget:
    """Post as a follow-up of the interaction; such posts cannot be told from their repeats."""

    address: ReplyAddress


@dataclass(frozen=True, slots=True)
class DirectMessageTarget:
    """Post as a direct message."""

    user_id: int


Target: TypeAlias = ChannelTarget | FollowUpTarget | DirectMessageTarget


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message has come to be."""

    channel_id: int
    message_id: int


Claim: TypeAlias = Callable[[], Awaitable[object]]
"""Called directly before a message is posted; when it raises, nothing is posted, and that is raised."""


async def unclaimed() -> None:
    """Claim nothing: the post is nobody else's."""


class Messenger(Protocol):
    """Discord, as far as messages are sent without an interaction to answer.

    A post waits for its turn in its channel; `claim` is called when the turn has come.
    """

    async def edit_status(
        self,
        address: ReplyAddress,
        card: StatusCard,
        *,
        token: str | None,
        form: MessageForm = MessageForm.FULL,
    ) -> int:
        """Make the status message say what the card says, by the token, or as the bot when it is None.

        Gives the message's id, which the token's holder need not know.

        Raises:
            MessageGoneError, NoAccessError, TokenDeadError, TryLaterError, UnsendableError
        """
        ...

    async def find_answer(self, address: ReplyAddress, card: StatusCard, *, token: str) -> int:
        """Return the id of the interaction's first answer, which says what the card says, or is awaited yet.

        Raises:
            AnsweredElsewhereError: it is that of another copy of the bot.
            MessageGoneError, NoAccessError, TokenDeadError, TryLaterError, UnsendableError
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
        """Post the clips with their files (None where one could not be had), mentioning the requester only.

        A repeat for the same request within a few minutes finds the first post, except as a follow-up.

        Raises:
            NoAccessError, TokenDeadError, TryLaterError, UnsendableError
        """
        ...

    async def find_result(self, target: Target, card: ResultCard) -> MessageRef | None:
        """The result of this request where posts by the target come to be; None when it surely is not there.

        Only the bot's own messages count, here and for approvals.

        Raises:
            NoAccessError: nobody can tell; `gone` when the whole channel is no more.
            TryLaterError, UnsendableError
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
        """Post what moderators decide by, mentioning nobody; a repeat within minutes finds the first.

        Raises:
            NoAccessError, TryLaterError, UnsendableError
        """
        ...

    async def find_approval(self, channel_id: int, request_id: int) -> MessageRef | None:
        """What moderators decide on this request by, undecided yet; None when it surely is not there.

        Raises:
            NoAccessError: nobody can tell.
            TryLaterError, UnsendableError
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
        """Make that message say what became of the request.

        Raises:
            MessageGoneError, NoAccessError, TryLaterError, UnsendableError
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
        """Post a moderator's decision, mentioning nobody; a repeat within a few minutes finds the first.

        Raises:
            NoAccessError, TryLaterError, UnsendableError
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
        """Post how a request ended, mentioning the requester only, where its status message is lost.

        Raises:
            NoAccessError, TokenDeadError, TryLaterError, UnsendableError
        """
        ...


class PollOutcome(StrEnum):
    """What became of a question to the provider about a task."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    """No reply, or one that cannot be read: asked again."""
    UNKNOWN_TASK = "unknown_task"
    ACCOUNT = "account"
    """The operator's key or account is refused."""
    REFUSED = "refused"


class SentMessage(StrEnum):
    """What is said in Discord besides the answers to commands."""

    STATUS = "status"
    """An edit of a status message."""
    RESULT = "result"
    ENDING = "ending"
    APPROVAL = "approval"
    """A request that moderators have to approve."""
    AUDIT = "change"
    """A moderator's decision, in the server's log channel."""


class Metrics(Protocol):
    """What the services count and time for whoever watches the bot; it neither waits nor fails."""

    def submitted(self, transition: Transition) -> None:
        """A submission had an outcome, and this is the move that it means."""
        ...

    def polled(self, request: Request, outcome: PollOutcome) -> None:
        """The provider was asked about a request's task."""
        ...

    def finished(self, request: Request, *, song_s: float) -> None:
        """A song was found finished, `song_s` seconds after the provider took its task."""
        ...

    def message_sent(self, telling: SentMessage) -> None:
        """Discord took a message."""
        ...

    def message_failed(self, telling: SentMessage, error: MessengerError) -> None:
        """Discord did not take a message."""
        ...


class NullMetrics(Metrics):
    """Measures nothing."""

    def submitted(self, transition: Transition) -> None:
        """Nothing."""

    def polled(self, request: Request, outcome: PollOutcome) -> None:
        """Nothing."""

    def finished(self, request: Request, *, song_s: float) -> None:
        """Nothing."""

    def message_sent(self, telling: SentMessage) -> None:
        """Nothing."""

    def message_failed(self, telling: SentMessage, error: MessengerError) -> None:
        """Nothing."""
