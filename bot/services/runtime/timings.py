"""How long the workers keep a lease, wait for the next try, and take a process for alive."""

from dataclasses import dataclass, field

from bot.domain.provider_tasks import STREAMING_GRACE_S
from bot.domain.scheduling import FIRST_BACKOFF_S

ANSWERED_WITHIN_S = 5.0
"""Seconds after which Discord has the answer to a command, or takes none any more: it waits for 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimings:
    """Seconds for which one piece of work belongs to the worker that has claimed it."""

    submission_s: float = 90.0
    """Outlasts the timeout of a submission."""
    poll_s: float = 45.0
    """Outlasts the timeout of a poll."""
    message_s: float = 180.0
    """Outlasts fetching two files and, counted again from the turn in the channel, their upload."""
    audit_s: float = 90.0
    """Outlasts the timeout of a post to the log channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTimings:
    """Seconds between two tries: the first pause, doubled each time, and the longest."""

    message_s: float = 2.0
    """After Discord has not taken a message."""
    message_max_s: float = 300.0
    outcome_s: float = 0.5
    """After the database has not kept the outcome of a paid call."""
    outcome_max_s: float = 5.0
    member_s: float = FIRST_BACKOFF_S
    """After a member's requests have come to nothing; the longest is `LONGEST_BACKOFF_S`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerTimings:
    """Seconds for which nothing is submitted: the first pause, doubled each time."""

    busy_s: float = 5.0
    """After a busy provider."""
    outage_s: float = 5.0
    """After an unreachable provider or a lost answer."""
    account_s: float = 60.0
    """After a wrong key or an empty account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatTimings:
    """How a process stays known to the others."""

    interval_s: float = 5.0
    """Seconds between two heartbeats."""
    ttl_s: float = 15.0
    """Seconds after its last heartbeat for which a process counts as alive."""
    shard_wait_s: float = 20.0
    """Seconds for which a process waits at its start for shards whose process was killed."""
    shard_look_s: float = 1.0
    """Seconds between two looks for whether they have become free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTimings:
    """The timings of the workers of one process."""

    leases: LeaseTimings = field(default_factory=LeaseTimings)
    retries: RetryTimings = field(default_factory=RetryTimings)
    breaker: BreakerTimings = field(default_factory=BreakerTimings)
    poll_interval_s: float = 1.0
    """The longest time between two looks for something due."""
    # Requests near the front are updated when one is claimed; this is for all else, a cancel for example.
    status_interval_s: float = 20.0
    """How often a waiting request's position in the queue is looked up again."""
    answered_within_s: float = ANSWERED_WITHIN_S
    """Seconds after which the answer to a command, whose outcome is unknown, is looked for."""
    stalled_s: float = 60.0
    """Seconds without such a look after which a worker is stalled; a database that is away takes less."""
    new_task_s: float = 30.0
    """Seconds for which the provider must say that it does not know a task: it learns of a new one late."""
    streaming_grace_s: float = STREAMING_GRACE_S
    """Seconds that a task has to end once all its clips are there."""
