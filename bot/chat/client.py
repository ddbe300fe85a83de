"""The Discord client: its intents, commands and buttons, and the services that they use."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TypedDict

import discord
from discord.ext import commands
from discord.gateway import KeepAliveHandler
from discord.state import AutoShardedConnectionState

from bot.chat.command_tree import InspireCommandTree
from bot.chat.connection.command_sync import CommandSync, KeyValues
from bot.chat.connection.command_translator import CommandTranslator
from bot.chat.connection.endpoints import own_gateway
from bot.chat.connection.event_guard import INTERACTION, answer_unreadable, guard_parsers
from bot.chat.connection.http_client import SafeHTTPClient
from bot.chat.connection.webhook_adapter import safe_webhooks
from bot.chat.interactions.components import SafeButton, SafeSelect, answer_old_form
from bot.chat.interactions.context import AnyInteraction
from bot.chat.timings import CHAT_TIMINGS, ChatTimings
from bot.services import Services

RATELIMIT_TIMEOUT_S = 30.0
"""Longest rate limit in seconds that a call waits for; a longer one is an error. discord.py takes no less."""
GUILDS_S = 0.5
"""Seconds for which discord.py waits for one more guild before it is ready; no command needs it to be."""


class Shards(TypedDict, total=False):
    """The gateway shards of this process; without them, as many as Discord recommends."""

    shard_count: int
    shard_ids: list[int]


async def _left_alone(_: AnyInteraction) -> None:
    """Answer no form."""


class InspireClient(commands.AutoShardedBot):
    """The bot's client; creating one makes no network calls.

    `cogs` are created and added at login, `buttons` are matched by their custom ids, `answer_form` answers
    forms of which discord.py knows nothing, and `guild_ids` are the guilds that get the commands of the
    `guild_cogs`.
    """

    def __init__(
        self,
        *,
        services: Services,
        remembered: KeyValues,
        cogs: Sequence[Callable[["InspireClient"], commands.Cog]] = (),
        buttons: Sequence[type[SafeButton | SafeSelect]] = (),
        answer_form: Callable[[AnyInteraction], Awaitable[None]] = _left_alone,
        guild_ids: Sequence[int] = (),
        guild_cogs: Sequence[Callable[["InspireClient"], commands.Cog]] = (),
        shards: Shards | None = None,
        timings: ChatTimings = CHAT_TIMINGS,
    ) -> None:
        self.timings = timings
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
        self.draining = False
        self.running: set[asyncio.Task[None]] = set()
        self.count_unreadable: Callable[[str], None] = lambda _: None
        """Called with the name of each event that could not be parsed."""
        self.may_identify: Callable[[int], Awaitable[None]] = _always
        """Called before a shard starts a session; it raises `OSError` to prevent it."""
        guard_parsers(self._connection.parsers, self._unreadable)
        self._sync = CommandSync(self.tree, remembered, guild_ids)
        self._factories, self._guild_factories = tuple(cogs), tuple(guild_cogs)
        self._buttons, self._answer_form = tuple(buttons), answer_form
        self._guilds = tuple(discord.Object(guild_id) for guild_id in guild_ids)

    def _get_state(self, **options: object) -> AutoShardedConnectionState["InspireClient"]:
        """Replace discord.py's HTTP client by the safe one, before anything has a reference to it."""
        self.http = self.calls = SafeHTTPClient(
            self.loop, self.timings, max_ratelimit_timeout=RATELIMIT_TIMEOUT_S
        )
        return AutoShardedConnectionState(
            dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options
        )

    async def connect(self, *, reconnect: bool = True) -> None:
        """Connect to the gateway; all that answers interactions inherits the safe webhook adapter."""
        with safe_webhooks():
            await super().connect(reconnect=reconnect)

    async def setup_hook(self) -> None:
        """Add commands, their translator and buttons."""
        await self.tree.set_translator(CommandTranslator())
        self.add_dynamic_items(*self._buttons)
        for factory in self._factories:
            # on close, discord.py 2.7.1 leaves groups in the tree, and this may be a second login
            await self.add_cog(factory(self), override=True)
        for factory in (
            self._guild_factories if self._guilds else ()
        ):  # without a guild they would be global commands
            await self.add_cog(factory(self), guilds=self._guilds, override=True)

    async def on_interaction(self, interaction: discord.Interaction[discord.Client], /) -> None:
        """Answer a form for which discord.py has no handler: it works after a restart, or was lost by one."""
        await self._answer_form(interaction)
        await answer_old_form(interaction)

    def _unreadable(self, event: str, payload: object) -> None:
        """Count the event, and answer it if it is an interaction."""
        self.count_unreadable(event)
        if event == INTERACTION:
            task = asyncio.create_task(answer_unreadable(self, payload))
            self.running.add(task)
            task.add_done_callback(self.running.discard)

    async def sync_commands(self, *, force: bool = False) -> bool:
        """Register the commands with Discord if it has others; return whether it was necessary.

        Raises:
            discord.DiscordException, aiohttp.ClientError, OSError: not all commands were registered.
        """
        return await self._sync.run(force=force)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for the shard's turn, as discord.py does, and check that it may start another session.

        Raises:
            OSError: the shard has started too many; discord.py retries with growing pauses.
        """
        await super().before_identify_hook(shard_id, initial=initial)
        await self.may_identify(shard_id or 0)

    async def on_shard_connect(self, shard_id: int) -> None:
        """Make the shard resume by the operator's own gateway instead of the one that Discord sends."""
        shard, gateway = self.get_shard(shard_id), own_gateway()
        if shard is not None and gateway is not None:
            shard._parent.ws.gateway = gateway

    async def close(self) -> None:
        """Close all connections, and stop the heartbeat threads of unfinished handshakes.

        discord.py 2.7.1 stops a heartbeat thread by its connection, to which nobody has a reference if its
        handshake was cancelled: the thread would go on, with a closed event loop.
        """
        await super().close()
        for thread in threading.enumerate():
            if isinstance(thread, KeepAliveHandler) and thread.ws._connection is self._connection:
                thread.stop()

    async def reopen(self) -> None:
        """Prepare the client for another login, in whatever state the last one left it."""
        await self.close()
        await self.http.close()
        ready = self._ready
        self.clear()
        self.http.connector = discord.utils.MISSING
        await self._async_setup_hook()  # a new queue: the last connection may have left events in it
        self._ready = ready  # tasks may be waiting for it


async def _always(_: int) -> None:
    """Allow every session."""
