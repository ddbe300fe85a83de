"""All timings of one process, in one place so that tests can shorten them."""

from dataclasses import dataclass, field

from bot.chat.delivery.channel_calls import Timeouts
from bot.chat.delivery.operator_channel import OPERATOR_PAUSES
from bot.chat.supervisor import ConnectionTimings
from bot.chat.timings import ChatTimings
from bot.domain.gateway_sessions import SESSION_PAUSES
from bot.domain.retry_policy import RetryPolicy
from bot.services.runtime.timings import HeartbeatTimings, WorkTimings
from bot.shutdown import DRAIN_S
from bot.storage.timings import StorageTimings
from bot.suno.client import Timeouts as ProviderTimeouts
from bot.suno.media import FETCH_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """The timings of one process, by component."""

    work: WorkTimings = field(default_factory=WorkTimings)
    heartbeat: HeartbeatTimings = field(default_factory=HeartbeatTimings)
    chat: ChatTimings = field(default_factory=ChatTimings)
    connection: ConnectionTimings = field(default_factory=ConnectionTimings)
    messages: Timeouts = field(default_factory=Timeouts)
    provider: ProviderTimeouts = field(default_factory=ProviderTimeouts)
    storage: StorageTimings = field(default_factory=StorageTimings)
    media_s: float = FETCH_S
    """Seconds for the download of one file."""
    sessions: RetryPolicy = SESSION_PAUSES
    """After too many sessions at Discord's gateway."""
    operator_channel: RetryPolicy = OPERATOR_PAUSES
    """Between two messages in the operator's channel."""
    drain_s: float = DRAIN_S
    """Seconds after the request to shut down for which running work can continue."""


TIMINGS = Timings()
"""The timings of the product."""
