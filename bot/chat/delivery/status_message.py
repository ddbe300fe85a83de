"""The status message: an embed with a request's state and its buttons, or one line about its end."""

from dataclasses import replace

import discord

from bot.chat.messages import colours
from bot.chat.messages.buttons import cancel_button, change_button, try_again_button, why_button
from bot.chat.messages.rendered import RenderedMessage
from bot.chat.text import labels
from bot.chat.text.failures import failure_text
from bot.chat.text.formatting import (
    BUTTON_URL_LIMIT,
    DESCRIPTION_LIMIT,
    are_back,
    in_credits,
    link,
    mention,
    plain,
    playlist_link,
    quote,
    quoted,
    reason_text,
    relative,
    song_page,
)
from bot.chat.text.quotas import next_request
from bot.chat.text.requests import PAUSED_BY_OPERATOR, PAUSES, PLACE_KEPT, paused_until
from bot.chat.text.songs import ONE_CLIP, PRESS_LISTEN, UNTITLED
from bot.domain.circuit_breaker import ProviderOutage
from bot.domain.failures import provider_words_for_member
from bot.domain.models import model_name
from bot.domain.requests import BY_MODERATORS, FailureKind, State
from bot.domain.transitions import CANCEL_FROM
from bot.services.cards import QUARTERS, Hint, StatusCard
from bot.services.ports import MessageForm

BAR_CELLS = 12
TITLES = {
    State.AWAITING: "Waiting for a moderator",
    State.WAITING: "Waiting in the queue",
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
    State.UNDELIVERABLE: colours.PARTIAL,
    State.FAILED: colours.FAILED,
    State.EXPIRED: colours.FAILED,
    State.UNCERTAIN: colours.FAILED,
    State.DECLINED: colours.CANCELLED,
}
HINTS = {
    Hint.PERSONA_WITHOUT_CLIP: "A persona works best together with one of its songs as `artist_clip`.",
    Hint.CLIP_WITHOUT_PERSONA: "`artist_clip` works best together with its `persona`.",
    Hint.MAY_NOT_POST: "The bot can't post in this channel, so it may send you the song directly. A "
    "moderator can give it View Channel, Send Messages, Embed Links and Attach Files here.",
}
NOT_SHOWN = "it can't be shown here."
AWAITING = "A moderator has to approve this request first. Your credits are on hold until then."
UNSEEN_REQUEST = (
    "A moderator has to approve this request first, but the bot can't post it in their channel. Tell a "
    "moderator. Your credits are on hold until then."
)
USUAL_FAILURES = {
    State.FAILED: FailureKind.PROVIDER,
    State.EXPIRED: FailureKind.SILENT,
    State.UNCERTAIN: FailureKind.UNCERTAIN,
}
"""Failure that is shown for a final state without a stored one."""
CAN_TRY_AGAIN = frozenset({State.FAILED, State.EXPIRED, State.UNCERTAIN})
WOULD_FAIL_AGAIN = frozenset(
    {
        FailureKind.REFUSED,
        FailureKind.MODERATED,
        FailureKind.PLAYLIST_UNKNOWN,
        FailureKind.TURNED_AWAY,
        FailureKind.OPERATOR,
    }
)
"""Failures that the same request would meet again, so that **Try again** is not offered."""
CHANGES_HELP = WOULD_FAIL_AGAIN - {FailureKind.OPERATOR}
"""Failures after which another prompt or playlist can succeed."""
WORDS_LIMIT = 300
"""Characters of the provider's own text about a refusal."""
MAX_CLIPS = 10
SONG_TITLE_LIMIT = 100
"""Characters of the song's title in the last line."""
KEPT = (
    "The bot can't post it in the channel or send it to you directly. It is kept: find it in `/songs list`."
)
UNSEEN_TITLE = "Your song is ready, but the bot can't see its post"
UNSEEN = (
    "The bot was interrupted while it posted the song, and can no longer read the channel. It isn't posted "
    "again, so that it doesn't appear twice: if you don't see it, find it in `/songs list`."
)
REMOVED = "**Removed.** The song was finished, and later removed."
REMOVED_SONG = "A moderator removed your song"
REMOVED_BY_MODERATOR = "**Removed by a moderator.**"
SUBMITTING = "It is your turn: the request is being sent."
MAKING = "The song is being made."
ONE_CLIP_READY = "The first clip is ready, the second is being finished."
POSTING = "The song is being posted."
IN_QUEUE = "In the queue."
SEE_STATUS = "See why"


def status_message(
    card: StatusCard, form: MessageForm = MessageForm.FULL, *, is_private: bool = False
) -> RenderedMessage:
    """Build the status of a request: an embed, or one line once nothing is left to say or to do.

    A moderator's reason is in it only if the message `is_private`; else a button tells it to the member.
    """
    if is_private:
        card = replace(card, reason_shown=True)
    if line := _line(card, form):
        return RenderedMessage(content=line, view=_why(card))
    words = _description(card) if form is MessageForm.FULL else _bare_description(card)
    embed = discord.Embed(title=_title(card), description=words, colour=COLOURS[card.state])
    embed.set_footer(text=f"{plain(model_name(card.model), limit=40)} · {in_credits(card.cost)}")
    return RenderedMessage(embeds=[embed], view=_buttons(card))


def ending_message(
    card: StatusCard, form: MessageForm = MessageForm.FULL, *, is_private: bool = False
) -> RenderedMessage:
    """Build the message about a request's end; its content mentions the requester."""
    if card.status_url is not None:
        return _ping(card, card.status_url)
    message = status_message(card, form, is_private=is_private)
    head = f"{mention(card.user_id)} {message.content or f'{_title(card)}.'}"
    if form is MessageForm.FULL or not message.embeds:
        return replace(message, content=head, notifies=card.user_id)
    content = f"{head}\n{message.embeds[0].description or ''}".rstrip()
    return replace(message, content=content, embeds=[], notifies=card.user_id)


def as_content(message: RenderedMessage) -> RenderedMessage:
    """Build the message with the text of its embed as content, too."""
    (embed,) = message.embeds
    return replace(message, content=f"**{embed.title}**\n{embed.description or ''}".rstrip())


def _line(card: StatusCard, form: MessageForm) -> str:
    """Return the one line that is left of the status; empty while there is more to say."""
    is_full = form is MessageForm.FULL
    if card.removed:
        return _with_reason(card, REMOVED if card.failure is None else REMOVED_BY_MODERATOR, is_full=is_full)
    if card.state is State.CANCELLED:
        why = failure_text(card.failure.kind, card.failure) if card.failure else ""
        words = " ".join(filter(None, (f"**{TITLES[card.state]}.**", why, are_back(card.cost))))
        return _with_reason(card, words, is_full=is_full)
    if card.state is not State.DELIVERED:
        return ""
    title = quoted(card.title, limit=SONG_TITLE_LIMIT, otherwise=UNTITLED)
    url = link(card.result_url, limit=BUTTON_URL_LIMIT)
    song = f": **[{title}](<{url}>)**" if is_full and url else f": **{title}**" if is_full else ""
    return f"{TITLES[card.state]}{song} · {in_credits(card.cost)}"


def _ping(card: StatusCard, url: str) -> RenderedMessage:
    """Build the short message that notifies the requester of an end, which the status explains."""
    head = f"{mention(card.user_id)} {REMOVED_SONG if card.removed else _title(card)}."
    back = are_back(card.cost) if card.credits_are_back else ""
    parts = (head, back, f"[{SEE_STATUS}](<{url}>)")
    return RenderedMessage(content=" ".join(part for part in parts if part), notifies=card.user_id)


def _with_reason(card: StatusCard, words: str, *, is_full: bool) -> str:
    """Append the reason that a moderator gave, where only the member reads it."""
    if not (card.reason_shown and card.failure and card.failure.kind in BY_MODERATORS):
        return words
    detail = card.failure.detail if is_full else ""
    return f"{words} {reason_text(detail, otherwise=NOT_SHOWN)}"


def _title(card: StatusCard) -> str:
    return UNSEEN_TITLE if card.delivery_uncertain else TITLES[card.state]


def _description(card: StatusCard) -> str:
    playlist = playlist_link(card.playlist_id, card.playlist_name)
    who = f"{mention(card.user_id)} requested a song from {playlist}."
    paragraphs = [who, quote(card.prompt_quote), _now(card), _bar(card)]
    if not card.is_final:
        paragraphs += (f"-# {HINTS[hint]}" for hint in card.hints)
    return "\n".join(text for text in paragraphs if text)[:DESCRIPTION_LIMIT]


def _bare_description(card: StatusCard) -> str:
    """Return the description without links and without text that people wrote."""
    card = replace(card, pause=None if card.pause is None else replace(card.pause, reason=""), hints=())
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
            return _with_expectation(card, SUBMITTING)
        case State.MAKING:
            return _with_expectation(card, _progress(card))
        case State.READY:
            return POSTING
        case State.UNDELIVERABLE:
            return _outcome(card)
        case _:
            return _ending(card)


def _place(card: StatusCard) -> str:
    """Say the position in the queue, and what delays it."""
    if card.pause is not None:
        reason = reason_text(card.pause.reason, otherwise=NOT_SHOWN)
        return f"{paused_until(card.pause)} {PLACE_KEPT} {reason}"
    if card.backoff_end is not None:
        return (
            f"Your last request failed, so this one is sent {relative(card.backoff_end)}. Your credits stay "
            "on hold until then."
        )
    place = f"{queue_position(card.position)}." if card.position else IN_QUEUE
    if card.paused_by_operator:
        return f"{place} {PAUSED_BY_OPERATOR} {PLACE_KEPT}"
    if card.outage is None:
        return place
    kept = "" if card.outage is ProviderOutage.BUSY else f" {PLACE_KEPT}"
    return f"{place} {PAUSES[card.outage]}{kept}"


def queue_position(number: int) -> str:
    """Format a position in the queue."""
    return f"Position **{number:,}** in the queue"


def _with_expectation(card: StatusCard, text: str) -> str:
    return f"{text} Expected {relative(card.expected_at)}." if card.expected_at else text


def _progress(card: StatusCard) -> str:
    return ONE_CLIP_READY if card.clips_ready else MAKING


def _outcome(card: StatusCard) -> str:
    listen = PRESS_LISTEN if any(map(song_page, card.clip_ids)) else ""
    kept = UNSEEN if card.delivery_uncertain else KEPT
    return " ".join(filter(None, (kept, listen, ONE_CLIP if card.partial else "")))


def _ending(card: StatusCard) -> str:
    usual = USUAL_FAILURES.get(card.state)
    kind = card.failure.kind if card.failure else usual
    why = failure_text(kind, card.failure) if kind else ""
    if card.reason_shown and card.failure and kind in BY_MODERATORS:
        why += f" {reason_text(card.failure.detail, otherwise=NOT_SHOWN)}"
    if card.failure and (words := quoted(provider_words_for_member(card.failure), limit=WORDS_LIMIT)):
        why += f"\n> {words}"
    back = are_back(card.cost) if card.credits_are_back else ""
    wait = (
        f"After a failed request there is a wait. {next_request(card.backoff_end)}"
        if card.backoff_end
        else ""
    )
    return "\n".join(text for text in (why, f"**{back}**" if back else "", wait) if text)


def _share(card: StatusCard) -> float | None:
    """Return the progress from 0 to 1; None if no bar is shown."""
    match card.state:
        case State.AWAITING | State.WAITING:
            return 0.0
        case State.SUBMITTING:
            return 1 / BAR_CELLS
        case State.MAKING:
            reached = max(card.quarters / QUARTERS, 1 / BAR_CELLS)
            return max(reached, 5 / 6) if card.clips_ready else reached
        case State.READY:
            return 1.0
        case _:
            return None


def _bar(card: StatusCard) -> str:
    share = _share(card)
    if share is None:
        return ""
    filled = min(BAR_CELLS, round(share * BAR_CELLS))
    has_percent = card.state is State.MAKING and card.quarters > 0 and not card.clips_ready
    percent = f" {card.quarters * 100 // QUARTERS} %" if has_percent else ""
    return f"{'▰' * filled}{'▱' * (BAR_CELLS - filled)}{percent}"


def _why(card: StatusCard) -> discord.ui.View:
    """Build the button that tells the reason, if a moderator gave one that is not shown."""
    view = discord.ui.View(timeout=None)
    if not card.reason_shown and card.failure and card.failure.kind in BY_MODERATORS:
        view.add_item(why_button(card.request_id))
    return view


def _buttons(card: StatusCard) -> discord.ui.View:
    view = _why(card)
    if card.state in CANCEL_FROM:
        view.add_item(cancel_button(card.request_id, card.placement))
    if card.state in CAN_TRY_AGAIN and not (card.failure and card.failure.kind in WOULD_FAIL_AGAIN):
        view.add_item(try_again_button(card.request_id, card.cost))
    if card.state is State.DECLINED or (card.failure and card.failure.kind in CHANGES_HELP):
        view.add_item(change_button(card.request_id, card.cost))
    if card.state is State.MAKING and (url := link(card.listen_url, limit=BUTTON_URL_LIMIT)):
        view.add_item(discord.ui.Button(label=labels.LISTEN, url=url))
    for number, page in enumerate(map(song_page, card.clip_ids[:MAX_CLIPS]), 1):
        if page:
            view.add_item(discord.ui.Button(label=labels.listen_to(number), url=page))
    return view
