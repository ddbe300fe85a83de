"""Response times: how long members wait for the first answer, for which Discord allows three seconds."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import discord
from discord.ext import commands
from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS_S = (0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 5)
KEPT = 1_000
"""The most interactions without an answer that are kept; the oldest are dropped."""
_CALLBACK = re.compile(r"/interactions/(?P<id>[0-9]+)/[^/]+/callback$")
"""Discord's route for the first answer to an interaction."""
_FAILED = 400
"""The lowest HTTP status that is a failure."""


class ResponseTimes:
    """A timer of every interaction, from its arrival until Discord has taken its first answer.

    It traces discord.py's own HTTP calls, so that every kind of answer counts.
    """

    def __init__(
        self, registry: CollectorRegistry, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._clock = clock
        self._waiting: OrderedDict[int, tuple[str, float]] = OrderedDict()
        self._answer_s = Histogram(
            "inspire_answer_duration_seconds",
            "From an interaction's arrival to Discord's taking its first answer, by command.",
            ["command"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._failures = Counter(
            "inspire_discord_answer_failures",
            "First answers that Discord did not take, by HTTP status, or no_reply.",
            ["status"],
            registry=registry,
        )

    def attach(self, client: commands.AutoShardedBot) -> None:
        """Start to measure this client, which must not be logged in yet."""
        client.add_listener(self.arrived, "on_interaction")
        client.http.http_trace = self.trace(client.http.http_trace)

    async def arrived(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Start the time of an interaction."""
        self._waiting[interaction.id] = (_name(interaction), self._clock())
        if len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)

    def trace(self, config: aiohttp.TraceConfig | None = None) -> aiohttp.TraceConfig:
        """Return a trace config that reports each HTTP call of a session, in addition to the given one."""
        config = config or aiohttp.TraceConfig()
        config.on_request_end.append(self._ended)
        config.on_request_exception.append(self._broken)
        return config

    async def _ended(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, call: aiohttp.TraceRequestEndParams
    ) -> None:
        callback = _CALLBACK.search(call.url.path)
        if callback is None:
            return
        if call.response.status >= _FAILED:
            self._failures.labels(str(call.response.status)).inc()
            return
        waiting = self._waiting.pop(int(callback["id"]), None)
        if waiting is not None:
            command, arrived_at = waiting
            self._answer_s.labels(command).observe(self._clock() - arrived_at)

    async def _broken(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, call: aiohttp.TraceRequestExceptionParams
    ) -> None:
        if _CALLBACK.search(call.url.path):
            self._failures.labels("no_reply").inc()


def _name(interaction: discord.Interaction[discord.Client]) -> str:
    """Return the command's name, or the kind of another interaction; never anything that a member typed."""
    if interaction.type is not discord.InteractionType.application_command:
        return interaction.type.name
    try:
        command = interaction.command
    except (KeyError, TypeError, AttributeError):  # its data are not what discord.py expects
        return "unknown"
    return command.qualified_name if command else "unknown"
