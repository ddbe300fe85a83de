"""The status message: an embed with a request's state, and its buttons."""

from dataclasses import replace

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import again_button, cancel_button
from bot.chat.messages.queue import PAUSED, PAUSED_BY_OPERATOR, PAUSES
from bot.chat.text.failures import FAILURES
from bot.chat.text.formatting import (
    BUTTON_URL_LIMIT,
    CONTENT_LIMIT,
    DESCRIPTION_LIMIT,
    REASON_LIMIT,
    are_back,
    in_credits,
    link,
    mention,
    plain,
    playlist_page,
    quoted,
    relative,
    song_page,
)
from bot.domain.failures import provider_words_for_member
from bot.domain.requests import FailureKind, State
from bot.domain.transitions import CANCEL_FROM
from bot.services.cards import QUARTERS, Hint, StatusCard
from bot.services.ports import MessageForm

BAR_CELLS = 12
TITLES = {
    State.AWAITING: "Waiting for a moderator",
    State.WAITING: "Waiting in line",
    State.SUBMITTING: "On its way to the song service",
    State.MAKING: "Making your song",
    State.READY: "Your song is finished",
    State.DELIVERED: "Your song is ready",
    State.UNDELIVERABLE: "Your song is ready, but couldn't be posted",
    State.FAILED: "No song this time",
    State.EXPIRED: "No song this time",
    State.UNCERTAIN: "The connection broke",
    State.CANCELLED: "Cancelled",
    State.DECLINED: "Not approved",
}
COLOURS = {
    State.AWAITING: colours.WAITING,
    State.WAITING: colours.WAITING,
    State.SUBMITTING: colours.SENT,
    State.MAKING: colours.MAKING,
    State.READY: colours.READY,
    State.DELIVERED: colours.READY,
    State.UNDELIVERABLE: colours.PARTIAL,
    State.FAILED: colours.FAILED,
    State.EXPIRED: colours.FAILED,
    State.UNCERTAIN: colours.FAILED,
    State.CANCELLED: colours.CANCELLED,
    State.DECLINED: colours.CANCELLED,
}
HINTS = {
    Hint.PERSONA_WITHOUT_CLIP: "A persona works best together with one of its songs as `artist_clip`.",
    Hint.CLIP_WITHOUT_PERSONA: "`artist_clip` works best together with its `persona`.",
    Hint.MAY_NOT_POST: "The bot isn't allowed to post in this channel, so the song may come to you "
    "directly. A moderator can allow it here: View Channel, Send Messages, Embed Links, Attach Files.",
}
NOT_SHOWN = "it can't be shown here"
AWAITING = "A moderator has to approve it first. Your credits are on hold until then."
UNSEEN_REQUEST = (
    "A moderator has to approve it first, but the bot can't show it to them: Discord doesn't take its "
    "message in their channel. Tell a moderator. Your credits are on hold until then."
)
USUAL_FAILURES = {
    State.FAILED: FailureKind.PROVIDER,
    State.EXPIRED: FailureKind.SILENT,
    State.UNCERTAIN: FailureKind.UNCERTAIN,
}
"""Failure that is shown for a final state without a stored one."""
BY_MODERATORS = frozenset({FailureKind.MODERATOR, FailureKind.BLOCKED})
"""Failures with a reason that a moderator wrote for the member."""
WORDS_LIMIT = 300
"""Characters of the provider's own text about a refusal."""
MAX_CLIPS = 10
ONE_CLIP = "Only one of the two clips came out."
KEPT = (
    "The bot isn't allowed to post it in the channel or to send it to you directly. It is kept: tell whoever "
    "runs the bot."
)
UNSEEN_TITLE = "Your song is ready, but its post is out of sight"
UNSEEN = (
    "The bot was interrupted while it posted the song, and can't look into the channel any more. So that it "
    "doesn't stand there twice, it isn't posted again: if you don't see it, it is kept."
)
LISTEN = "Press **Listen** to hear it."
REMOVED_TITLE = "Removed"
REMOVED = "The song was made, and was removed later on."


def status_message(
    card: StatusCard, form: MessageForm = MessageForm.FULL
) -> tuple[discord.Embed, discord.ui.View]:
    """Build the status of a request; the view is empty if there are no buttons."""
    url = link(card.result_url, limit=BUTTON_URL_LIMIT)
    words = _description(card) if form is MessageForm.FULL else _bare_description(card)
    embed = discord.Embed(title=_title(card), url=url, description=words, colour=_colour(card))
    embed.set_footer(text=f"{plain(card.model, limit=40)} · {in_credits(card.cost)}")
    return embed, _buttons(card, result_url=url)


def ending_message(
    card: StatusCard, form: MessageForm = MessageForm.FULL
) -> tuple[str, list[discord.Embed], discord.ui.View]:
    """Build the message about a request's end; its content mentions the requester."""
    embed, view = status_message(card, form)
    head = f"{mention(card.user_id)} {_title(card)}."
    if form is MessageForm.FULL:
        return head, [embed], view
    return f"{head}\n{embed.description or ''}".rstrip(), [], view


def as_content(embed: discord.Embed) -> str:
    """Return the text of a status embed as message content."""
    return f"**{embed.title}**\n{embed.description or ''}".rstrip()[:CONTENT_LIMIT]


def _title(card: StatusCard) -> str:
    if card.removed:
        return REMOVED_TITLE
    return UNSEEN_TITLE if card.delivery_uncertain else TITLES[card.state]


def _description(card: StatusCard) -> str:
    who = f"{mention(card.user_id)} asked for a song from [this playlist]({playlist_page(card.playlist_id)})."
    paragraphs = [who, _now(card), _bar(card)]
    if not card.is_final:
        paragraphs += (f"-# {HINTS[hint]}" for hint in card.hints)
    return "\n".join(text for text in paragraphs if text)[:DESCRIPTION_LIMIT]


def _bare_description(card: StatusCard) -> str:
    """Return the description without links and without text that people wrote."""
    card = replace(card, paused=None if card.paused is None else "", hints=())
    if card.failure and card.failure.detail:
        card = replace(card, failure=replace(card.failure, detail=""))
    return "\n".join(text for text in (_now(card), _bar(card)) if text)


def _now(card: StatusCard) -> str:
    """Say what is happening, or how the request ended."""
    match card.state:
        case State.AWAITING:
            return UNSEEN_REQUEST if card.unseen else AWAITING
        case State.WAITING:
            return _with_expectation(card, _place(card))
        case State.SUBMITTING:
            return _with_expectation(card, "It is your turn: the song is being ordered.")
        case State.MAKING:
            return _with_expectation(card, _progress(card))
        case State.READY:
            return "The song is being posted."
        case State.DELIVERED | State.UNDELIVERABLE:
            return _outcome(card)
        case State.FAILED | State.EXPIRED | State.UNCERTAIN | State.CANCELLED | State.DECLINED:
            return _ending(card)


def _place(card: StatusCard) -> str:
    """Say the position in the queue, and what delays it."""
    if card.paused is not None:
        reason = quoted(card.paused, limit=REASON_LIMIT, otherwise=NOT_SHOWN)
        return f"{PAUSED} Your place is kept. The reason: {reason}"
    if card.backoff_end is not None:
        return (
            f"It goes on {relative(card.backoff_end)}, because your last request failed. Until then your "
            "credits stay on hold."
        )
    place = f"Number **{card.position}** in line." if card.position else "In line."
    if card.paused_by_operator:
        return f"{place} {PAUSED_BY_OPERATOR} Your place is kept."
    return f"{place} {PAUSES[card.outage]}" if card.outage else place


def _with_expectation(card: StatusCard, text: str) -> str:
    return f"{text} Expected {relative(card.expected_at)}." if card.expected_at else text


def _progress(card: StatusCard) -> str:
    if card.clips_ready:
        return "The first clip is ready, the second is being finished."
    return "The song is being made."


def _outcome(card: StatusCard) -> str:
    if card.removed:
        return REMOVED
    sentences = []
    if card.state is State.UNDELIVERABLE:
        sentences.append(UNSEEN if card.delivery_uncertain else KEPT)
        if any(map(song_page, card.clip_ids)):
            sentences.append(LISTEN)
    if card.partial:
        sentences.append(ONE_CLIP)
    return " ".join(sentences)


def _ending(card: StatusCard) -> str:
    usual = USUAL_FAILURES.get(card.state)
    kind = card.failure.kind if card.failure else usual
    why = FAILURES[kind] if kind else ""
    if card.failure and kind in BY_MODERATORS:
        why += f" The reason: {quoted(card.failure.detail, limit=REASON_LIMIT, otherwise=NOT_SHOWN)}"
    if card.failure and (words := quoted(provider_words_for_member(card.failure), limit=WORDS_LIMIT)):
        why += f"\n> {words}"
    back = are_back(card.cost) if card.credits_are_back else ""
    wait = (
        f"After a failed request there is a wait: you can send the next one {relative(card.backoff_end)}."
        if card.backoff_end
        else ""
    )
    return "\n".join(text for text in (why, f"**{back}**" if back else "", wait) if text)


def _share(card: StatusCard) -> float | None:
    """Return the progress from 0 to 1; None if no bar is shown."""
    if card.removed:
        return None
    match card.state:
        case State.AWAITING | State.WAITING:
            return 0.0
        case State.SUBMITTING:
            return 1 / BAR_CELLS
        case State.MAKING:
            reached = max(card.quarters / QUARTERS, 1 / BAR_CELLS)
            return max(reached, 5 / 6) if card.clips_ready else reached
        case State.READY | State.DELIVERED:
            return 1.0
        case _:
            return None


def _bar(card: StatusCard) -> str:
    share = _share(card)
    if share is None:
        return ""
    filled = min(BAR_CELLS, round(share * BAR_CELLS))
    percent = (
        f" {card.quarters * 100 // QUARTERS} %" if card.state is State.MAKING and not card.clips_ready else ""
    )
    return f"{'▰' * filled}{'▱' * (BAR_CELLS - filled)}{percent}"


def _colour(card: StatusCard) -> int:
    if card.removed:
        return colours.CANCELLED
    return colours.PARTIAL if card.partial and card.state is State.DELIVERED else COLOURS[card.state]


def _buttons(card: StatusCard, *, result_url: str | None) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    if card.state in CANCEL_FROM:
        view.add_item(cancel_button(card.request_id, card.placement))
    if card.state is State.UNCERTAIN:
        view.add_item(again_button(card.request_id))
    if result_url:
        view.add_item(discord.ui.Button(label="Go to the song", url=result_url))
    for number, page in enumerate(map(song_page, card.clip_ids[:MAX_CLIPS]), 1):
        if page:
            view.add_item(discord.ui.Button(label=f"Listen to {number}", url=page))
    return view
