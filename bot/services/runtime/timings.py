"""Timings: leases, retries, the circuit breaker, heartbeats and workers."""

from dataclasses import dataclass, field

from bot.domain.circuit_breaker import BreakerTimings
from bot.domain.provider_tasks import STREAMING_GRACE_S
from bot.domain.retry_policy import RetryPolicy
from bot.domain.scheduling import MEMBER_BACKOFF

ANSWERED_WITHIN_S = 5.0
"""Seconds after which Discord has the answer to a command or accepts none any more: it waits for 3."""
CLOCK_CHECK_S = 5.0
"""Seconds between two checks for due times that are further ahead than can be: the clock was set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimings:
    """Seconds for which claimed work is leased."""

    submission_s: float = 90.0
    """Outlasts the timeout of a submission."""
    poll_s: float = 45.0
    """Outlasts the timeout of a poll."""
    message_s: float = 180.0
    """Outlasts the download of two files; it is extended before their upload, which it outlasts, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTimings:
    """The pauses between two attempts."""

    message: RetryPolicy = RetryPolicy(first_s=2.0, max_s=300.0)
    """After Discord did not accept a message."""
    refused: RetryPolicy = RetryPolicy(first_s=60.0, max_s=1200.0)
    """After Discord refused a message in every form."""
    outcome: RetryPolicy = RetryPolicy(first_s=0.5, max_s=5.0)
    """After the database did not store the outcome of a paid call."""
    member: RetryPolicy = MEMBER_BACKOFF
    """After a member's request failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatTimings:
    """The timings of a process's heartbeats."""

    interval_s: float = 5.0
    """Seconds between two heartbeats."""
    ttl_s: float = 15.0
    """Seconds after its last heartbeat for which a process counts as alive."""
    shard_wait_s: float = 20.0
    """Seconds for which a process waits at start for the shards of a process that was killed."""
    shard_check_interval_s: float = 1.0
    """Seconds between two checks whether they are free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTimings:
    """The timings of the workers of one process."""

    leases: LeaseTimings = field(default_factory=LeaseTimings)
    retries: RetryTimings = field(default_factory=RetryTimings)
    breaker: BreakerTimings = field(default_factory=BreakerTimings)
    poll_interval_s: float = 1.0
    """The most seconds between two checks for due work."""
    # Requests near the front are updated when one is claimed; this is for all else, a cancel for example.
    ping_after_s: float = 300.0
    """Seconds after its placing from which a request's failure is also told in a new message, which pings."""
    status_interval_s: float = 20.0
    """Seconds between two checks of a waiting request's position in the queue."""
    answered_within_s: float = ANSWERED_WITHIN_S
    """Seconds after which the answer to a command is looked up if its outcome is unknown."""
    stalled_s: float = 60.0
    """Seconds without a check for due work after which a worker has stalled; a database outage takes less."""
    new_task_s: float = 30.0
    """Seconds for which the provider must deny a task before it counts as lost: new ones appear late."""
    clock_check_s: float = CLOCK_CHECK_S
    streaming_grace_s: float = STREAMING_GRACE_S
    """Seconds within which a task has to end once all its clips are there."""
