"""The port of the metrics, and what they count."""

from enum import StrEnum
from typing import Protocol

from bot.domain.errors import MessengerError
from bot.domain.requests import Request
from bot.domain.transitions import Transition


class PollOutcome(StrEnum):
    """The outcome of one poll of a task."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    """No reply, or one that cannot be read; the task is polled again."""
    UNKNOWN_TASK = "unknown_task"
    ACCOUNT = "account"
    """The operator's key or account was refused."""
    REFUSED = "refused"


class SentMessage(StrEnum):
    """The kinds of messages besides the answers to commands."""

    STATUS = "status"
    """An edit of a status message."""
    RESULT = "result"
    ENDING = "ending"
    APPROVAL = "approval"
    """A request that moderators have to approve."""
    AUDIT = "audit_log"
    """A moderator's decision, in the server's log channel."""
    WELCOME = "welcome"
    """What the bot says in a server that it has joined."""
    DIGEST = "digest"
    """What a week came to, in the server's log channel."""
    NEWS = "news"
    """What moderators decided for a member, as a direct message."""
    SHOWCASE = "showcase"
    """A song that many love, forwarded or with its buttons, in the server's showcase channel."""


class Metrics(Protocol):
    """The counters and timers of the services; calls neither wait nor fail."""

    def submitted(self, transition: Transition) -> None:
        """Count a submission by the transition that it led to."""
        ...

    def polled(self, request: Request, outcome: PollOutcome) -> None:
        """Count a poll of a request's task."""
        ...

    def finished(self, request: Request, *, song_s: float) -> None:
        """Record a finished song, `song_s` seconds after the provider accepted its task."""
        ...

    def message_sent(self, kind: SentMessage) -> None:
        """Count a message that Discord accepted."""
        ...

    def message_failed(self, kind: SentMessage, error: MessengerError) -> None:
        """Count a message that Discord did not accept."""
        ...


class NullMetrics(Metrics):
    """Metrics that record nothing."""

    def submitted(self, transition: Transition) -> None:
        """Do nothing."""

    def polled(self, request: Request, outcome: PollOutcome) -> None:
        """Do nothing."""

    def finished(self, request: Request, *, song_s: float) -> None:
        """Do nothing."""

    def message_sent(self, kind: SentMessage) -> None:
        """Do nothing."""

    def message_failed(self, kind: SentMessage, error: MessengerError) -> None:
        """Do nothing."""
