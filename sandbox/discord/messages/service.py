"""Posting, editing and deleting messages, for every author."""

from dataclasses import dataclass, field, replace

from sandbox.discord.errors import UnimplementedError, empty_message, unknown_channel
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.messages.composing import Composition, compose
from sandbox.discord.messages.mentions import mentions_in
from sandbox.discord.messages.threads import check_deletable, check_editable, open_for_post
from sandbox.discord.model.message import THREAD_STARTER, Message, MessageState, Origin
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.users import User
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, number, text
from sandbox.discord.rendering import message_payload, snapshot_payload
from sandbox.discord.rules.messages import HAS_SNAPSHOT, LOADING, SUPPRESS_EMBEDS, Sent
from sandbox.discord.state import State

POINTER, FORWARD = 0, 1
"""Discord's numbers for what a reference to another message is."""
NOTHING_SENT = Sent(payload={}, files={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The author of a message, and what it is beside its payload."""

    author: User
    origin: Origin
    kind: int = 0
    flags: int = 0
    visible_to: int | None = None
    interaction: Payload = field(default_factory=dict)
    command_name: str = ""
    nonce: str | int | None = None
    reference: Payload | None = None
    snapshots: tuple[Payload, ...] = ()
    """What a forwarded message shows in place of anything of its own."""


def post(state: State, *, channel: Channel, sent: Sent, posting: Posting) -> Message:
    """Post a message, and announce it.

    Raises:
        ApiError: 50006 there is nothing in it, 10003 the channel is gone, 50083 or 160005 it is closed.
    """
    _placed(state, channel.id)
    granted = state.world.permissions_of(posting.author, channel=channel)
    open_for_post(state, channel, granted=granted)
    message_id = state.snowflakes.next()
    now = state.clock()
    blank = MessageState(at=now, origin=posting.origin, flags=posting.flags)
    made = _composed(state, blank, sent=sent, channel=channel)
    points_elsewhere = bool(posting.snapshots) or posting.kind == THREAD_STARTER
    if made.is_empty and not points_elsewhere and not posting.flags & LOADING:
        raise empty_message()
    by_token = posting.origin is Origin.INTERACTION
    message = Message(
        id=message_id,
        channel_id=channel.id,
        author=posting.author,
        created_at=now,
        states=[made],
        visible_to=posting.visible_to,
        kind=posting.kind,
        nonce=posting.nonce,
        interaction=posting.interaction,
        command_name=posting.command_name,
        webhook_id=state.world.application_id if by_token else None,
        reference=posting.reference,
        snapshots=posting.snapshots,
    )
    message.pinged = _notified(state, message, channel=channel, payload=sent.payload)
    channel.add(message)
    if message.nonce is not None:
        state.nonces[posting.author.id, message.nonce] = message
    _announce(state, message, event="MESSAGE_CREATE", kind=FeedEventKind.MESSAGE_POSTED)
    return message


def forwarding(state: State, message: Message, *, author: User, origin: Origin) -> Posting:
    """Return the posting that forwards a message, with what that shows now (reference, "Message Snapshot").

    The copy of a copy is one of the first message. Files that are forwarded outlive their message.
    """
    state.forwarded_files.update(attachment.id for attachment in message.attachments)
    return Posting(
        author=author,
        origin=origin,
        flags=HAS_SNAPSHOT,
        reference=reference_to(state, message, kind=FORWARD),
        snapshots=message.snapshots or (snapshot_payload(message, world=state.world),),
    )


def forward(state: State, message: Message, *, channel: Channel, author: User) -> Message:
    """Forward a message as a member."""
    posting = forwarding(state, message, author=author, origin=Origin.MEMBER)
    return post(state, channel=channel, sent=NOTHING_SENT, posting=posting)


def start_thread(state: State, message: Message, *, thread: Channel, owner: User) -> Message:
    """Add the first message of a thread that was started from a message, to which it only points."""
    pointer = reference_to(state, message, kind=POINTER)
    posting = Posting(author=owner, origin=Origin.MEMBER, kind=THREAD_STARTER, reference=pointer)
    return post(state, channel=thread, sent=NOTHING_SENT, posting=posting)


def edit(state: State, *, message: Message, sent: Sent, origin: Origin) -> Message:
    """Edit the message; nobody is notified by an edit.

    Raises:
        ApiError: 50006 nothing would be left in it, 10003 its channel is gone, 50083 or 160005 it is closed.
    """
    was_loading = message.loading
    channel = _placed(state, message.channel_id)
    check_editable(channel, granted=state.world.permissions_of(message.author, channel=channel))
    before = replace(message.now, at=state.clock(), origin=origin, flags=message.now.flags & ~LOADING)
    made = _composed(state, before, sent=sent, channel=channel)
    if "flags" in sent.payload:
        asked = number(sent.payload, "flags") & SUPPRESS_EMBEDS
        made = replace(made, flags=(made.flags & ~SUPPRESS_EMBEDS) | asked)
    if message.snapshots:
        raise UnimplementedError("an edit of a forwarded message")
    if made.is_empty:
        raise empty_message()
    if not was_loading:
        message.edited_at = made.at
    message.states.append(made)
    _announce(state, message, event="MESSAGE_UPDATE", kind=FeedEventKind.MESSAGE_EDITED)
    return message


def delete(state: State, *, message: Message, origin: Origin) -> None:
    """Delete the message; its states are kept.

    Raises:
        ApiError: 10003 its channel is gone, 50083 its thread is closed and locked.
    """
    channel = _placed(state, message.channel_id)
    if origin is not Origin.MEMBER:
        check_deletable(channel, granted=state.world.bot_permissions(channel))
    message.states.append(replace(message.now, at=state.clock(), origin=origin, deleted=True))
    gone: Payload = {"id": str(message.id), "channel_id": str(message.channel_id)}
    state.announce(message, event="MESSAGE_DELETE", payload=gone)
    state.publish(FeedEventKind.MESSAGE_DELETED, channel_id=message.channel_id, message_id=message.id)


def repeated(state: State, *, author: User, nonce: object) -> Message | None:
    """Return the message that this author posted with this nonce within the last minutes."""
    message = state.nonces.get((author.id, nonce))
    if message is None or message.deleted:
        return None
    age_s = (state.clock() - message.created_at).total_seconds()
    return message if age_s <= state.limits.nonce_s else None


def reference_to(state: State, message: Message, *, kind: int) -> Payload:
    """Return the `message_reference` of a message that answers this one, or forwards it."""
    guild = state.world.channels[message.channel_id].guild
    where = {"guild_id": str(guild.id)} if guild else {}
    return {"type": kind, "message_id": str(message.id), "channel_id": str(message.channel_id)} | where


def _placed(state: State, channel_id: int) -> Channel:
    channel = state.world.channels.get(channel_id)
    if channel is None:
        raise unknown_channel()
    return channel


def _composed(state: State, before: MessageState, *, sent: Sent, channel: Channel) -> MessageState:
    composition = Composition(
        next_id=state.snowflakes.next, files_url=f"{state.files_url}/attachments/{channel.id}"
    )
    made = compose(before, sent=sent, composition=composition)
    if "content" not in sent.payload and before.content:
        return made
    granted = state.world.bot_permissions(channel)
    found = mentions_in(
        made.content,
        payload=sent.payload,
        channel=channel,
        granted=granted,
        by_token=made.origin is Origin.INTERACTION,
    )
    return replace(made, mentions=found.users, mention_roles=found.roles, mention_everyone=found.everyone)


def _notified(state: State, message: Message, *, channel: Channel, payload: Payload) -> frozenset[int]:
    granted = state.world.bot_permissions(channel) if message.author.is_bot else Permission(0)
    found = mentions_in(
        text(payload, "content"),
        payload=payload,
        channel=channel,
        granted=granted,
        by_token=message.now.origin is Origin.INTERACTION,
    )
    present = found.notified(channel)
    return present if message.visible_to is None else present & {message.visible_to}


def _announce(state: State, message: Message, *, event: str, kind: FeedEventKind) -> None:
    state.announce(message, event=event, payload=message_payload(message, world=state.world))
    state.publish(kind, channel_id=message.channel_id, message_id=message.id)
