"""Messages by bot token: `/channels/{channel_id}/messages` and the paths below it."""

from sandbox.discord.errors import (
    closed_direct_messages,
    empty_message,
    foreign_message,
    no_text_channel,
    too_many_old_edits,
    unknown_message,
)
from sandbox.discord.messages.history import history_query
from sandbox.discord.messages.references import referring
from sandbox.discord.messages.service import Posting, delete, edit, post, repeated
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import DIRECT_CHANNEL, WITHOUT_MESSAGES, Channel
from sandbox.discord.payloads import number
from sandbox.discord.rendering import message_payload
from sandbox.discord.rest.endpoint import NO_CONTENT, Call, Count, Reply, Route
from sandbox.discord.rules.messages import SILENT, Sent, check_message, check_sizes
from sandbox.discord.state import State


class MessageRoutes:
    """The handlers of a channel's messages."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._world = state.world

    def routes(self) -> list[Route]:
        """Return the routes of these handlers."""
        many, one = "/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}"
        return [
            Route(method="GET", template=many, handle=self.list_messages),
            Route(method="POST", template=many, handle=self.create, count=Count.CHANNEL),
            Route(method="GET", template=one, handle=self.get),
            Route(method="PATCH", template=one, handle=self.edit, count=Count.CHANNEL),
            Route(method="DELETE", template=one, handle=self.delete, count=Count.CHANNEL),
        ]

    def list_messages(self, call: Call) -> Reply:
        """Return the newest messages first; ephemeral ones are not among them.

        Without Read Message History there are none, which is not refused
        (reference, "Get Channel Messages").
        """
        channel = self._state.text_channel_for_bot(call.id("channel_id"))
        query = history_query(call.query)
        granted = self._world.bot_permissions(channel)
        if channel.kind != DIRECT_CHANNEL and Permission.READ_MESSAGE_HISTORY not in granted:
            return Reply([])
        shown = [one for one in channel.messages if not one.deleted and one.visible_to is None]
        return Reply([message_payload(one, world=self._world) for one in reversed(query.select(shown))])

    def get(self, call: Call) -> Reply:
        """Return one message."""
        channel = self._state.text_channel_for_bot(call.id("channel_id"))
        if channel.kind != DIRECT_CHANNEL:
            self._state.need(channel, Permission.READ_MESSAGE_HISTORY)
        return Reply(message_payload(self._message(channel, call), world=self._world))

    def create(self, call: Call) -> Reply:
        """Post a message, or return the one that the same nonce has made before."""
        channel = self._state.text_channel_for_bot(call.id("channel_id"))
        self._check_may_send(channel, sent=call.sent)
        check_message(call.sent)
        self._check_sizes(channel, call)
        nonce = call.payload.get("nonce")
        if nonce is not None and call.payload.get("enforce_nonce") is True:
            known = repeated(self._state, author=self._world.bot, nonce=nonce)
            if known is not None:
                return Reply(message_payload(known, world=self._world))
        posting = Posting(
            author=self._world.bot,
            origin=Origin.BOT,
            flags=number(call.payload, "flags") & SILENT,
            nonce=nonce if isinstance(nonce, str | int) else None,
        )
        posting = referring(self._state, posting, channel=channel, sent=call.sent)
        message = post(self._state, channel=channel, sent=call.sent, posting=posting)
        return Reply(message_payload(message, world=self._world))

    def edit(self, call: Call) -> Reply:
        """Edit the bot's own message."""
        channel = self._state.text_channel_for_bot(call.id("channel_id"))
        message = self._message(channel, call)
        if message.author is not self._world.bot:
            raise foreign_message()
        check_message(call.sent)
        self._check_sizes(channel, call)
        self._count_old_edit(message)
        edit(self._state, message=message, sent=call.sent, origin=Origin.BOT)
        return Reply(message_payload(message, world=self._world))

    def delete(self, call: Call) -> Reply:
        """Delete the message; another's only with Manage Messages."""
        channel = self._state.text_channel_for_bot(call.id("channel_id"))
        message = self._message(channel, call)
        if message.author is not self._world.bot:
            self._state.need(channel, Permission.MANAGE_MESSAGES)
        delete(self._state, message=message, origin=Origin.BOT)
        return NO_CONTENT

    def _message(self, channel: Channel, call: Call) -> Message:
        message = channel.message(call.id("message_id"))
        if message is None or message.visible_to is not None:
            raise unknown_message()
        return message

    def _check_sizes(self, channel: Channel, call: Call) -> None:
        each = self._state.post_size(channel)
        check_sizes(call.files, each=each, all_together=self._state.limits.request_size)

    def _check_may_send(self, channel: Channel, *, sent: Sent) -> None:
        if channel.kind == DIRECT_CHANNEL:
            if channel.recipient is None or not self._world.reachable(channel.recipient):
                raise closed_direct_messages()
            return
        if channel.kind in WITHOUT_MESSAGES:
            raise no_text_channel()
        speaking = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
        self._state.need(channel, speaking)
        if sent.payload.get("embeds"):
            self._state.need(channel, Permission.EMBED_LINKS)
        if sent.files:
            self._state.need(channel, Permission.ATTACH_FILES)
        if not sent.payload and not sent.files:
            raise empty_message()

    def _count_old_edit(self, message: Message) -> None:
        limits = self._state.limits
        age_s = (self._state.clock() - message.created_at).total_seconds()
        if age_s <= limits.old_message_s:
            return
        key = f"old edits:{message.channel_id}"
        standing = self._state.buckets.take(key, rule=limits.old_message_edits)
        if not standing.allowed:
            raise too_many_old_edits(retry_after_s=standing.retry_after_s)
