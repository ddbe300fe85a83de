"""Threads and forum posts: open, archived, locked (Discord's topic "Threads")."""

from sandbox.discord.errors import archived_thread, locked_thread
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.gateway.sessions import GUILDS
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import Channel
from sandbox.discord.rendering import channel_payload
from sandbox.discord.state import State


def announce_thread(state: State, channel: Channel, *, event: str) -> None:
    """Tell the bot of a thread, unless it does not see it."""
    guild = channel.guild
    if guild is None or Permission.VIEW_CHANNEL not in state.world.bot_permissions(channel):
        return
    created = {"newly_created": True} if event == "THREAD_CREATE" else {}
    payload = channel_payload(channel, viewer_id=state.world.bot.id) | created
    state.gateway.dispatch(event, payload=payload, guild_id=guild.id, intent=GUILDS)


def archive(state: State, channel: Channel, *, archived: bool, locked: bool) -> None:
    """Archive or open a thread, and tell the bot."""
    if channel.thread is None:
        return
    channel.thread.archived, channel.thread.locked = archived, locked
    channel.thread.changed_at = state.clock()
    announce_thread(state, channel, event="THREAD_UPDATE")
    state.publish(FeedEventKind.CHANNEL, channel_id=channel.id)


def open_for_post(state: State, channel: Channel, *, granted: Permission) -> None:
    """Open an archived thread for a new message, as posting does unless a moderator has locked it.

    Raises:
        ApiError: 50083 or 160005, it is locked and the author lacks Manage Threads.
    """
    if channel.thread is None:
        return
    _check_lock(channel, granted=granted)
    if channel.thread.archived:
        archive(state, channel, archived=False, locked=channel.thread.locked)


def check_editable(channel: Channel, *, granted: Permission) -> None:
    """Raise unless messages of the channel can be edited: those of archived threads cannot.

    Raises:
        ApiError: 50083 it is archived, 160005 it is locked and the author lacks Manage Threads.
    """
    _check_lock(channel, granted=granted)
    if channel.thread is not None and channel.thread.archived:
        raise archived_thread()


def check_deletable(channel: Channel, *, granted: Permission) -> None:
    """Raise unless messages of the channel can be deleted: only those of a closed and locked one cannot.

    Raises:
        ApiError: 50083.
    """
    thread = channel.thread
    if thread is not None and thread.archived and thread.locked and Permission.MANAGE_THREADS not in granted:
        raise archived_thread()


def _check_lock(channel: Channel, *, granted: Permission) -> None:
    thread = channel.thread
    if thread is None or not thread.locked or Permission.MANAGE_THREADS in granted:
        return
    raise archived_thread() if thread.archived else locked_thread()
