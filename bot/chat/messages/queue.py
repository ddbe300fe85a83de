"""The `/queue` message: a server's queue as an embed."""

from collections.abc import Iterator

import discord

from bot.chat.messages import colours
from bot.chat.text.formatting import (
    DESCRIPTION_LIMIT,
    FIELD_LIMIT,
    mention,
    playlist_link,
    playlist_page,
    quoted,
    reason_text,
    relative,
)
from bot.chat.text.requests import CLOSED, PAUSED_BY_OPERATOR, PAUSES, paused_until
from bot.chat.translation import N_, gettext
from bot.services.cards import StatusCard
from bot.services.moderation.approvals import PendingRequest
from bot.services.requests.queue_service import QueueSection, QueueView

QUEUE_REASON_LIMIT = 300
"""Characters of a moderator's reason that fit beside a full queue."""
PENDING_TITLE = "Requests that wait for approval"
NONE_PENDING = "No requests wait for approval."
PENDING_PROMPT_LIMIT = 800
"""Characters of each prompt in the list of requests that await approval."""
EMPTY = (
    "The queue is empty, so it is your turn at once: type `/inspire`, and paste the link of a Suno playlist."
)
NOBODY = "The queue is empty."
NO_REASON = N_("none was given.")


def queue_message(view: QueueView) -> discord.Embed:
    """Build the queue: running requests, then waiting ones in their order, and those awaiting approval."""
    parts = (("Being made", view.running), ("Waiting", view.waiting))
    blocks = [f"**{name}**\n{_rows(part, view.user_id)}" for name, part in parts if part.cards]
    text = "\n\n".join([*hold_ups(view), *(blocks or [_nobody(view)])])
    embed = discord.Embed(title="Song queue", description=text[:DESCRIPTION_LIMIT], colour=colours.WAITING)
    if view.awaiting.cards:
        rows = _rows(view.awaiting, view.user_id)[:FIELD_LIMIT]
        embed.add_field(name="Waiting for a moderator", value=rows, inline=False)
    return embed


def pending_line(pending: PendingRequest, number: int) -> str:
    """Format a request that awaits approval, by its number on the page."""
    request = pending.request
    playlist = playlist_link(request.spec.playlist_id, pending.playlist_name)
    head = f"**{number}** · {mention(request.user_id)} · {playlist} · {relative(request.placed_at)}"
    words = quoted(request.spec.prompt, limit=PENDING_PROMPT_LIMIT)
    return f"{head}\n> {words}" if words else head


def _nobody(view: QueueView) -> str:
    """Return the text for an empty queue."""
    return NOBODY if any(hold_ups(view)) or view.awaiting.cards else EMPTY


def hold_ups(view: QueueView) -> Iterator[str]:
    """Say why no new song is being made, if so."""
    if view.pause is not None:
        yield f"{paused_until(view.pause)} {_reason(view.pause.reason)}"
    elif view.paused_by_operator:
        yield gettext(PAUSED_BY_OPERATOR)
    elif view.outage:
        yield gettext(PAUSES[view.outage])
    if view.closed is not None:
        yield f"{gettext(CLOSED)} {_reason(view.closed)}"


def _reason(reason: str | None) -> str:
    return reason_text(reason, limit=QUEUE_REASON_LIMIT, otherwise=gettext(NO_REASON))


def _rows(part: QueueSection, user_id: int) -> str:
    rows = [_row(card, is_own=card.user_id == user_id) for card in part.cards]
    if part.more:
        rows.append(f"… and {part.more:,} more")
    return "\n".join(rows)


def _row(card: StatusCard, *, is_own: bool) -> str:
    marker = "➤" if is_own else "•"
    place = f"**{card.position}** · " if card.position else ""
    when = f" · {relative(card.expected_at)}" if card.expected_at else ""
    return f"{marker} {place}{mention(card.user_id)} · [playlist]({playlist_page(card.playlist_id)}){when}"
