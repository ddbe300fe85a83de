"""The Discord client: its intents, its commands, and what its commands are given to work with."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TypeAlias, TypedDict

import discord
from discord.ext import commands
from discord.gateway import KeepAliveHandler
from discord.state import AutoShardedConnectionState

from bot.chat.command_tree import InspireCommandTree
from bot.chat.connection.command_sync import CommandSync, KeyValues
from bot.chat.connection.endpoints import own_gateway
from bot.chat.connection.event_guard import INTERACTION, answer_unreadable, guard_parsers
from bot.chat.connection.http_client import SafeHTTPClient
from bot.chat.connection.webhook_adapter import safe_webhooks
from bot.chat.interactions.components import SafeButton, answer_old_form
from bot.services.delivery.cards import StatusCard
from bot.services.registry import Services

RATELIMIT_TIMEOUT_S = 30.0
"""A longer wait that Discord asks for on a bot route is an error, in seconds; discord.py takes no less."""
GUILDS_S = 0.5
"""How long, in seconds, discord.py waits for one more guild before it is ready; no command needs one."""
StatusResponder: TypeAlias = Callable[
    [discord.Interaction[discord.Client], Coroutine[object, object, StatusCard]], Awaitable[None]
]
"""Places a request and answers the interaction with its status."""


class Shards(TypedDict, total=False):
    """Which shards of the gateway are this process's; without them Discord says how many there are."""

    shard_count: int
    shard_ids: list[int]


class InspireClient(commands.AutoShardedBot):
    """The bot in Discord; making one touches no network.

    `cogs` are made and added at login, `buttons` are those that answer to a pattern of ids, and
    `guild_ids` are the guilds that have commands of their own: those of the `guild_cogs`.
    `respond_with_status` is for the buttons that place a request: a status has such buttons itself, so they
    cannot import it.
    """

    def __init__(
        self,
        *,
        services: Services,
        remembered: KeyValues,
        respond_with_status: StatusResponder,
        cogs: Sequence[Callable[["InspireClient"], commands.Cog]] = (),
        buttons: Sequence[type[SafeButton]] = (),
        guild_ids: Sequence[int] = (),
        guild_cogs: Sequence[Callable[["InspireClient"], commands.Cog]] = (),
        shards: Shards | None = None,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks: no warnings
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=InspireCommandTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=RATELIMIT_TIMEOUT_S,
            guild_ready_timeout=GUILDS_S,
            **(shards or Shards()),
        )
        self.services = services
        self.respond_with_status = respond_with_status
        self.draining = False
        self.running: set[asyncio.Task[None]] = set()
        self.count_unreadable: Callable[[str], None] = lambda _: None
        """Is told the name of each event that could not be read."""
        self.may_identify: Callable[[int], Awaitable[None]] = _always
        """Is asked before a shard begins a session; it raises `OSError` when it must not."""
        guard_parsers(self._connection.parsers, self._unreadable)
        self._sync = CommandSync(self.tree, remembered, guild_ids)
        self._factories = tuple(cogs)
        self._guild_factories = tuple(guild_cogs)
        self._buttons = tuple(buttons)
        self._guilds = tuple(discord.Object(guild_id) for guild_id in guild_ids)

    def _get_state(self, **options: object) -> AutoShardedConnectionState["InspireClient"]:
        """Put the safe HTTP client in the place of discord.py's, before anything holds on to that one."""
        self.http = self.calls = SafeHTTPClient(self.loop, max_ratelimit_timeout=RATELIMIT_TIMEOUT_S)
        return AutoShardedConnectionState(
            dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options
        )

    async def connect(self, *, reconnect: bool = True) -> None:
        """Connect to the gateway; whatever answers an interaction makes the safe adapter's calls."""
        with safe_webhooks():
            await super().connect(reconnect=reconnect)

    async def setup_hook(self) -> None:
        """Put commands and buttons in place."""
        self.add_dynamic_items(*self._buttons)
        for factory in self._factories:
            # when it is closed, discord.py leaves groups in the tree (2.7.1), and here is a second login
            await self.add_cog(factory(self), override=True)
        for factory in (
            self._guild_factories if self._guilds else ()
        ):  # without a guild they would be everybody's
            await self.add_cog(factory(self), guilds=self._guilds, override=True)

    async def on_interaction(self, interaction: discord.Interaction[discord.Client], /) -> None:
        """What discord.py hands to nobody gets an answer, too: a form that an earlier process had opened."""
        await answer_old_form(interaction)

    def _unreadable(self, event: str, payload: object) -> None:
        """Count the event, and answer whoever waits for an answer to it."""
        self.count_unreadable(event)
        if event == INTERACTION:
            task = asyncio.create_task(answer_unreadable(self, payload))
            self.running.add(task)
            task.add_done_callback(self.running.discard)

    async def sync_commands(self, *, force: bool = False) -> bool:
        """Tell Discord the commands if it does not have just these; True when it was told.

        Raises:
            discord.DiscordException, aiohttp.ClientError, OSError: Discord was not told everything.
        """
        return await self._sync.run(force=force)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for the shard's turn, as discord.py does, and for leave to begin one more session.

        Raises:
            OSError: the shard has begun too many; discord.py tries again later and later.
        """
        await super().before_identify_hook(shard_id, initial=initial)
        await self.may_identify(shard_id or 0)

    async def on_shard_connect(self, shard_id: int) -> None:
        """Resume the shard's session by the operator's own gateway, too, where Discord advises one of its."""
        shard, gateway = self.get_shard(shard_id), own_gateway()
        if shard is not None and gateway is not None:
            shard._parent.ws.gateway = gateway

    async def close(self) -> None:
        """Close all connections, and end the heartbeats of those that were cut off before they were made.

        discord.py 2.7.1 stops a heartbeat's thread by its connection, which a handshake that is cancelled
        never gives to anybody: the thread would beat on, into an event loop that is closed.
        """
        await super().close()
        for thread in threading.enumerate():
            if isinstance(thread, KeepAliveHandler) and thread.ws._connection is self._connection:
                thread.stop()

    async def reopen(self) -> None:
        """Make the client ready for another login, whatever became of the last one."""
        await self.close()
        await self.http.close()
        ready = self._ready
        self.clear()
        self.http.connector = discord.utils.MISSING
        await self._async_setup_hook()  # a queue without what the last connection left in it
        self._ready = ready  # those who wait for it wait on


async def _always(_: int) -> None:
    """Let a shard begin a session."""


def client_of(interaction: discord.Interaction[discord.Client]) -> InspireClient:
    """The bot that got the interaction."""
    if not isinstance(interaction.client, InspireClient):
        raise TypeError(f"{type(interaction.client).__name__} is not the bot")
    return interaction.client
