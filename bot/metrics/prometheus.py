"""The services' metrics as Prometheus counters and histograms."""

from collections import OrderedDict
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Histogram
from typing_extensions import override

from bot.domain.errors import (
    InvalidMessageError,
    MalformedError,
    MessageGoneError,
    MessengerError,
    NoAccessError,
    RetryableError,
    TokenExpiredError,
)
from bot.domain.requests import Request, State
from bot.domain.transitions import TRANSITIONS, Transition
from bot.services.metrics import Metrics, PollOutcome, SentMessage

SONG_BUCKETS_S = (30, 45, 60, 75, 90, 105, 120, 150, 180, 240, 300, 450, 600, 900)
POLL_BUCKETS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 25, 30, 40, 60, 100)
TASKS_KEPT = 10_000
"""The most tasks whose polls are counted; unfinished ones are dropped, oldest first."""
KINDS = MappingProxyType(
    {
        MessageGoneError: "message_gone",
        NoAccessError: "no_access",
        TokenExpiredError: "token_expired",
        RetryableError: "retryable",
        InvalidMessageError: "invalid",
        MalformedError: "bug",
    }
)
"""The label values for the reasons for which Discord did not accept a message."""


class PrometheusMetrics(Metrics):
    """The services' metrics in a Prometheus registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._submissions = Counter(
            "inspire_submissions",
            "Submissions to the provider, by the transition that their outcome means.",
            ["outcome"],
            registry=registry,
        )
        self._polls = Counter(
            "inspire_provider_polls",
            "Questions to the provider about tasks, by what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._song_s = Histogram(
            "inspire_song_duration_seconds",
            "From the provider's acceptance of a task to the answer that showed it finished, by model.",
            ["model"],
            buckets=SONG_BUCKETS_S,
            registry=registry,
        )
        self._song_polls = Histogram(
            "inspire_song_polls",
            "Polls that a finished song took, where this process made all of them.",
            buckets=POLL_BUCKETS,
            registry=registry,
        )
        self._sent = Counter(
            "inspire_discord_messages",
            "Status edits and posts that Discord took.",
            ["message"],
            registry=registry,
        )
        self._failed = Counter(
            "inspire_discord_message_failures",
            "Status edits and posts that Discord did not take, by the reason.",
            ["message", "reason"],
            registry=registry,
        )
        self._polled: OrderedDict[int, int] = OrderedDict()
        self._show_zeros()

    @override
    def submitted(self, transition: Transition) -> None:
        self._submissions.labels(transition.value).inc()

    @override
    def polled(self, request: Request, outcome: PollOutcome) -> None:
        self._polls.labels(outcome.value).inc()
        # a task that another process polled before does not count as a song
        is_new = request.progress is not None and not request.progress.fingerprint
        if is_new or request.id in self._polled:
            self._polled[request.id] = self._polled.get(request.id, 0) + 1
            if len(self._polled) > TASKS_KEPT:
                self._polled.popitem(last=False)

    @override
    def finished(self, request: Request, *, song_s: float) -> None:
        self._song_s.labels(request.spec.model).observe(song_s)
        polls = self._polled.pop(request.id, None)
        if polls is not None:
            self._song_polls.observe(polls)

    @override
    def message_sent(self, kind: SentMessage) -> None:
        self._sent.labels(kind.value).inc()

    @override
    def message_failed(self, kind: SentMessage, error: MessengerError) -> None:
        self._failed.labels(kind.value, KINDS.get(type(error), "other")).inc()

    def _show_zeros(self) -> None:
        """Create all labels at 0: a rate misses the event with which a counter appears."""
        for transition, step in TRANSITIONS.items():
            if step.source is State.SUBMITTING:
                self._submissions.labels(transition.value)
        for outcome in PollOutcome:
            self._polls.labels(outcome.value)
        for kind in SentMessage:
            self._sent.labels(kind.value)
            for reason in KINDS.values():
                self._failed.labels(kind.value, reason)
