"""The approval message: a request that waits for a moderator, and later its outcome."""

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import approval_buttons, pending_list_button
from bot.chat.text.formatting import in_credits, mention, moment, plain, playlist_page, quoted, reason_text
from bot.domain.models import model_name
from bot.domain.requests import FailureKind, State
from bot.services.cards import ApprovalCard
from bot.services.ports import MessageForm

PROMPT_LIMIT = 1000
"""Characters of the prompt that are shown at most."""
TO_APPROVE = "A song request to approve"
NOT_SHOWN = "Discord refuses to show the prompt and the playlist here. Ask the member for them."


def approval_message(
    card: ApprovalCard, form: MessageForm = MessageForm.FULL
) -> tuple[discord.Embed, discord.ui.View]:
    """Build the message: with buttons while the request waits, afterwards with its outcome."""
    is_full = form is MessageForm.FULL
    waits = card.state is State.AWAITING
    embed = discord.Embed(
        title=TO_APPROVE if waits else _outcome(card),
        colour=colours.WAITING if waits else _colour(card),
    ).set_footer(text=f"{plain(model_name(card.model), limit=40)} · {in_credits(card.cost)}")
    playlist = f"[this playlist]({playlist_page(card.playlist_id)})" if is_full else "a playlist"
    lines = [f"{mention(card.user_id)} requests a song from {playlist}."]
    if card.prompt and not is_full:
        lines.append(NOT_SHOWN)
    elif card.prompt:
        lines.append(f"Prompt: {quoted(card.prompt, limit=PROMPT_LIMIT)}")
    if waits:
        lines.append(
            f"-# Without a decision it expires on {moment(card.approve_by)}, and its credits go back."
        )
    elif is_full and card.failure and card.failure.detail and card.state is State.DECLINED:
        lines.append(reason_text(card.failure.detail))
    if card.decided_by is not None:
        lines.append(f"-# Decided by {mention(card.decided_by)}")
    embed.description = "\n".join(lines)
    view = discord.ui.View(timeout=None)
    if waits:
        for button in [*approval_buttons(card.request_id), pending_list_button()]:
            view.add_item(button)
    return embed, view


def asks_about(message: discord.Message, request_id: int) -> bool:
    """Tell whether the message asks moderators about this request and is still undecided."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    ids = {button.custom_id for button in approval_buttons(request_id)}
    return any(getattr(part, "custom_id", None) in ids for row in rows for part in row.children)


def _outcome(card: ApprovalCard) -> str:
    match card.state:
        case State.DECLINED:
            return "Declined"
        case State.CANCELLED if card.decided_by is None:
            return "Cancelled before a decision"
        case State.EXPIRED if card.failure and card.failure.kind is FailureKind.UNDECIDED:
            return "Nobody decided in time"
        case _:
            return "Approved"


def _colour(card: ApprovalCard) -> int:
    return colours.READY if _outcome(card) == "Approved" else colours.CANCELLED
