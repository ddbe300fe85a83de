"""The first answer to an interaction, and the later requests by its token."""

from sandbox.discord.errors import already_acknowledged, invalid_form, unknown_message
from sandbox.discord.event_feed import FeedEventKind
from sandbox.discord.messages.service import Posting, edit, post
from sandbox.discord.model.interaction import CallbackKind, Interaction, InteractionKind
from sandbox.discord.model.message import Message, Origin
from sandbox.discord.model.world import Channel
from sandbox.discord.payloads import Payload, number
from sandbox.discord.rendering import user_payload
from sandbox.discord.rules.messages import EPHEMERAL, LOADING, SILENT, Sent, check_message, check_sizes
from sandbox.discord.rules.modals import check_choices, check_modal
from sandbox.discord.state import State

REPLY, ANSWER_TO_COMMAND, ANSWER_TO_MESSAGE_COMMAND = 19, 20, 23
MESSAGES = (CallbackKind.MESSAGE, CallbackKind.DEFERRED_MESSAGE)
UPDATES = (CallbackKind.DEFERRED_UPDATE, CallbackKind.UPDATE)


def answer(state: State, *, interaction: Interaction, kind: CallbackKind, sent: Sent) -> None:
    """Give the interaction its one first answer.

    Raises:
        ApiError: 40060 it has one already, 50035 the answer breaks a rule or does not fit.
    """
    if interaction.callback is not None:
        raise already_acknowledged()
    if kind not in _fitting(interaction):
        raise invalid_form({"type": {"_errors": [_misfit(kind)]}})
    match kind:
        case CallbackKind.CHOICES:
            interaction.choices = check_choices(sent.payload, option_type=interaction.option_type)
        case CallbackKind.MODAL:
            interaction.modal = check_modal(sent.payload, strict=sent.strict)
        case CallbackKind.MESSAGE | CallbackKind.DEFERRED_MESSAGE:
            _check(state, interaction.channel, sent=sent, path=("data",))
            deferred = LOADING if kind is CallbackKind.DEFERRED_MESSAGE else 0
            interaction.original = _new(state, interaction, sent=sent, flags=deferred)
        case CallbackKind.DEFERRED_UPDATE | CallbackKind.UPDATE:
            interaction.original = _updated(state, interaction, kind=kind, sent=sent)
    interaction.callback = kind
    interaction.answered_at = state.clock()
    interaction.answers += 1
    state.publish(FeedEventKind.INTERACTION, channel_id=interaction.channel.id)


def follow_up(state: State, *, interaction: Interaction, sent: Sent) -> Message:
    """Add a message; the first one after an unfilled deferral fills it, hidden as the deferral is.

    Raises:
        ApiError: 50035 it breaks a rule, 50006 it is empty.
    """
    _check(state, interaction.channel, sent=sent)
    original = interaction.original
    if original is not None and original.loading and not original.deleted:
        return edit(state, message=original, sent=sent, origin=Origin.INTERACTION)
    message = _new(state, interaction, sent=sent, flags=0)
    interaction.followups.append(message)
    state.publish(FeedEventKind.INTERACTION, channel_id=interaction.channel.id)
    return message


def edit_by_token(state: State, *, message: Message, sent: Sent) -> Message:
    """Edit the message by the interaction's token, and return it.

    Raises:
        ApiError: 50035 it breaks a rule, 50006 nothing would be left.
    """
    _check(state, state.world.channels.get(message.channel_id), sent=sent)
    return edit(state, message=message, sent=sent, origin=Origin.INTERACTION)


def message_of(interaction: Interaction, *, asked: str) -> Message:
    """Return the message `@original` or the one of an id, if this token can touch it.

    Raises:
        ApiError: 10008.
    """
    found = next(
        (
            message
            for message in interaction.messages
            if asked == str(message.id) or (asked == "@original" and message is interaction.original)
        ),
        None,
    )
    if found is None or found.deleted:
        raise unknown_message()
    return found


def _fitting(interaction: Interaction) -> tuple[CallbackKind, ...]:
    match interaction.kind:
        case InteractionKind.AUTOCOMPLETE:
            return (CallbackKind.CHOICES,)
        case InteractionKind.COMMAND:
            return (*MESSAGES, CallbackKind.MODAL)
        case InteractionKind.COMPONENT:
            return (*MESSAGES, *UPDATES, CallbackKind.MODAL)
        case InteractionKind.MODAL:
            return (*MESSAGES, *UPDATES) if interaction.source else MESSAGES


def _misfit(kind: CallbackKind) -> Payload:
    message = f"Interaction callback type {int(kind)} does not fit this interaction"
    return {"code": "INTERACTION_CALLBACK_TYPE", "message": message}


def _check(state: State, channel: Channel | None, *, sent: Sent, path: tuple[str, ...] = ()) -> None:
    check_message(sent, path=path, webhook=True)
    each = state.limits.attachment_size if channel is None else state.answer_size(channel)
    check_sizes(sent.files, each=each, all_together=state.limits.request_size)


def _new(state: State, interaction: Interaction, *, sent: Sent, flags: int) -> Message:
    kept = number(sent.payload, "flags") & (EPHEMERAL | SILENT)
    posting = Posting(
        author=state.world.bot,
        origin=Origin.INTERACTION,
        kind=_message_kind(interaction),
        flags=kept | flags,
        visible_to=interaction.user.id if kept & EPHEMERAL else None,
        interaction=metadata(interaction),
        command_name=interaction.command_name,
    )
    return post(state, channel=interaction.channel, sent=sent, posting=posting)


def _message_kind(interaction: Interaction) -> int:
    if interaction.kind is InteractionKind.COMMAND and interaction.original is None:
        return ANSWER_TO_MESSAGE_COMMAND if "target_id" in interaction.data else ANSWER_TO_COMMAND
    return REPLY if interaction.source else 0


def _updated(state: State, interaction: Interaction, *, kind: CallbackKind, sent: Sent) -> Message | None:
    if interaction.source is None or interaction.source.deleted:
        raise unknown_message()
    if kind is CallbackKind.UPDATE:
        _check(state, interaction.channel, sent=sent, path=("data",))
        edit(state, message=interaction.source, sent=sent, origin=Origin.INTERACTION)
    return interaction.source


def metadata(interaction: Interaction) -> Payload:
    """Return what a message says of the interaction it came from."""
    owners = {"0": str(interaction.guild.id if interaction.guild else 0)}
    payload: Payload = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": user_payload(interaction.user),
        "authorizing_integration_owners": owners,
    }
    if interaction.callback is not None and interaction.original is not None:
        payload["original_response_message_id"] = str(interaction.original.id)
    if interaction.kind is InteractionKind.COMPONENT and interaction.source is not None:
        payload["interacted_message_id"] = str(interaction.source.id)
    if interaction.kind is InteractionKind.COMMAND and "target_id" in interaction.data:
        payload["target_message_id"] = interaction.data["target_id"]
    if interaction.kind is InteractionKind.MODAL:
        payload["triggering_interaction_metadata"] = interaction.triggered_by
    return payload
