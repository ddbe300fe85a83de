"""What a new message refers to: the one that it answers, or the one that it forwards."""

from dataclasses import replace

from sandbox.discord.errors import (
    ApiError,
    empty_message,
    invalid_form,
    unreadable_content,
    unreadable_history,
)
from sandbox.discord.gateway.sessions import MESSAGE_CONTENT
from sandbox.discord.messages.service import FORWARD, POINTER, Posting, forwarding, reference_to
from sandbox.discord.model.message import Message
from sandbox.discord.model.permissions import Permission
from sandbox.discord.model.world import DIRECT_CHANNEL, Channel
from sandbox.discord.payloads import entry, number
from sandbox.discord.rules.messages import Sent
from sandbox.discord.state import State

REPLY = 19
FORWARDABLE = (0, REPLY, 20, 23)
"""Plain messages, replies, and answers to commands (reference, "Message Types")."""
NOT_BESIDE_A_FORWARD = ("content", "embeds", "components", "attachments", "sticker_ids", "poll")


def referring(state: State, posting: Posting, *, channel: Channel, sent: Sent) -> Posting:
    """Return the bot's posting with what the payload's `message_reference` makes of it.

    Raises:
        ApiError: 50035 there is no such message or it cannot be forwarded like this, 50001 its channel is
            hidden from the bot, 160009 its history is, 160014 its content is, 50006 nothing is left.
    """
    asked = entry(sent.payload, "message_reference")
    if not asked:
        return posting
    forwards = asked.get("type") == FORWARD
    source = state.text_channel_for_bot(number(asked, "channel_id")) if forwards else channel
    found = source.message(number(asked, "message_id"))
    if found is None or found.visible_to is not None:
        if asked.get("fail_if_not_exists") is not False:
            raise _refused("MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        if forwards:
            raise empty_message()
        return posting
    if not forwards:
        return replace(posting, kind=REPLY, reference=reference_to(state, found, kind=POINTER))
    _check_forward(state, found, source=source, sent=sent)
    copy = forwarding(state, found, author=posting.author, origin=posting.origin)
    return replace(copy, flags=copy.flags | posting.flags, nonce=posting.nonce)


def _check_forward(state: State, message: Message, *, source: Channel, sent: Sent) -> None:
    """Raise unless the bot can forward the message, and sends nothing beside it."""
    if sent.files or any(sent.payload.get(name) for name in NOT_BESIDE_A_FORWARD):
        raise _refused("MESSAGE_REFERENCE_FORWARD_WITH_CONTENT", "A forward has nothing of its own")
    if message.kind not in FORWARDABLE:
        raise _refused("MESSAGE_REFERENCE_INVALID_TYPE", "This message cannot be forwarded")
    if source.kind == DIRECT_CHANNEL:
        return
    if Permission.READ_MESSAGE_HISTORY not in state.world.bot_permissions(source):
        raise unreadable_history()
    bot, intents = state.world.bot, state.credentials.privileged_intents
    own = message.author is bot or bot.id in message.now.mentions
    if not own and not intents & MESSAGE_CONTENT:
        raise unreadable_content()


def _refused(code: str, message: str) -> ApiError:
    return invalid_form({"message_reference": {"_errors": [{"code": code, "message": message}]}})
