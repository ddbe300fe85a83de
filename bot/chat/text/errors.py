"""Error messages for members, built from the error's attributes."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import discord
from discord import app_commands

from bot.chat.text import labels
from bot.chat.text.formatting import counted, in_credits, quoted, reason_text, relative
from bot.chat.text.link_errors import PERSONA, SONG, link_error
from bot.chat.text.moderator_errors import MODERATOR_SENTENCES, NOTHING_CHANGED, moderators_only
from bot.chat.text.playlist_errors import PLAYLIST_SENTENCES
from bot.chat.text.quotas import BUDGET, cap_used_up, next_request, used_up
from bot.chat.text.requests import held_up
from bot.domain.errors import (
    ActiveLimitError,
    BackoffError,
    BlockedError,
    BudgetError,
    CapError,
    ChannelError,
    ChannelGoneError,
    ClipError,
    CommitUnknownError,
    ConflictError,
    CooldownError,
    CreditsError,
    InvalidMessageError,
    ModelError,
    NoAccessError,
    NotServedError,
    NotYoursError,
    OutsideServerError,
    PausedError,
    PersonaError,
    PriceChangedError,
    PromptError,
    RequestNotFoundError,
    SecondPressError,
    StoppingError,
    StoreError,
    TookTooLongError,
    TooLateError,
    WeightError,
)
from bot.domain.models import model_name
from bot.domain.moderator_errors import NotOperatorError, OperatorUnknownError
from bot.domain.personal_data import PendingRequestsError
from bot.domain.queue_errors import ClosedError, QueueFullError
from bot.domain.requests import AT_PROVIDER, RETURNED, State
from bot.domain.song_form import FormUnavailableError, NoSongError, WeightsError

NO_CREDITS_USED = "\n-# No credits were used."
"""Small print below refused requests."""
CHECK_CREDITS = "Check `/credits` to see whether anything is on hold, then try again in a minute."
COMMAND_CHANGED = (
    "This command was updated. Reload Discord (Ctrl+R on a computer; close and open the app on a phone), "
    "then try again."
)
UNREADABLE = (
    "The bot can't read what Discord sent for this, so nothing was done. Try again; if it keeps happening, "
    "tell the bot's owner."
)
TOOK_TOO_LONG = (
    "This took too long, so it was stopped, and nothing was changed. Ask for less, if you can, or try again "
    "in a minute."
)
DATABASE_DOWN = "The bot can't use its database right now, so nothing was done. Try again in a minute."
SAVED_OR_NOT = f"The bot lost its database and can't tell whether this was saved. {CHECK_CREDITS}"
CHANGED_MEANWHILE = "Something else changed this at the same moment, so nothing was done. Try again."
BUG = f"Something went wrong on our side. {CHECK_CREDITS}"
ONLY_IN_SERVERS = "This command only works in servers. Go to a server with the bot, and use it there."
NOT_SERVED = "The bot's owner hasn't allowed this server to use the bot, so ask them if it should be."
NOT_MODERATOR = moderators_only()
NOT_OPERATOR = "Only the bot's owner can use this command. Ask them if you need it."
OWNER_UNKNOWN = "Discord can't say who owns this bot at the moment. Try again in a minute."
RESTARTING = "The bot is restarting. Try again in a minute."
COOLDOWN = "This server has a pause between requests."
SECOND_PRESS = (
    "You requested a song a moment ago, so this press didn't request another one. Press again in a few "
    "seconds if you want one more."
)
BACKOFF = "Your last request failed, so there is a wait before the next one."
NO_SUCH_REQUEST = "There is no such request in this server. `/queue` shows those that are pending."
NOT_YOURS = "Only the member who made this request can cancel it. Moderators can use `/requests cancel`."
ALREADY_MAKING = (
    "It's too late to cancel: the song service is already making this song. The bot will post it when it is "
    "finished."
)
ALREADY_ENDED = "This request has already ended, and its credits are back. There is nothing to cancel."
ALREADY_FINISHED = "It's too late to cancel: this song is finished."
JUST_CHANGED = "This request has just changed. Try again."
CHOOSE_CHANNEL = "Choose another with `/settings channel`; with `none:True`, every channel takes requests."
NOTHING_TO_MAKE = (
    "This works on messages with the link of a Suno playlist or song, and on the bot's songs with their "
    "buttons. Choose such a message."
)
FORM_TOO_SLOW = "The form couldn't be filled in time. Try again."
ASK_FOR_CHANNEL = "Ask a moderator to choose another with `/settings channel`."
NOT_ALLOWED = "You can't use this here. Ask a moderator of this server if you think that you should."


@singledispatch
def sentence(error: Exception) -> str | None:  # noqa: ARG001 - the overloads use it
    """Return the message for the member: what is wrong, what to do next, and what happened to the credits.

    None if there is none for this type of error: then use `unexpected`.
    """
    return None


def unexpected(reference: str, error: Exception | None = None) -> str:
    """Return the message for an error that the member cannot fix; it claims nothing that is not known."""
    match error:
        case CommitUnknownError():
            words = SAVED_OR_NOT
        case ConflictError():
            words = CHANGED_MEANWHILE
        case StoreError():
            words = DATABASE_DOWN
        case _:
            words = BUG
    return f"{words} If it keeps happening, tell the bot's owner the reference `{reference}`."


@sentence.register
def _took_too_long(_: TookTooLongError) -> str:
    return TOOK_TOO_LONG


@sentence.register
def _weights(error: WeightsError) -> str:
    return (
        f"The weights “{quoted(error.text, limit=100)}” can't be read. Write a word and a number for each, "
        f"for example `{labels.FORM_WEIGHTS_EXAMPLE}`.{NO_CREDITS_USED}"
    )


@sentence.register
def _no_song(_: NoSongError) -> str:
    return f"{NOTHING_TO_MAKE}{NO_CREDITS_USED}"


@sentence.register
def _no_form(_: FormUnavailableError) -> str:
    return f"{FORM_TOO_SLOW}{NO_CREDITS_USED}"


@sentence.register
def _clip(error: ClipError) -> str:
    return f"{link_error(error.kind, SONG)}{NO_CREDITS_USED}"


@sentence.register
def _persona(error: PersonaError) -> str:
    return f"{link_error(error.kind, PERSONA)}{NO_CREDITS_USED}"


@sentence.register
def _weight(error: WeightError) -> str:
    given = f"{error.value:g}"
    looks_like_percent = 1 < error.value <= 100
    example = f"`{round(error.value / 100, 4):g}` for {given}%" if looks_like_percent else "`0.7` for 70%"
    return f"`{error.option}` takes a number from 0 to 1, not {given}. Type {example}.{NO_CREDITS_USED}"


@sentence.register
def _model(error: ModelError) -> str:
    allowed = ", ".join(f"`{quoted(model_name(model), limit=30)}`" for model in error.allowed[:20])
    return (
        f"There is no model `{quoted(error.model, limit=50)}` here. Choose one of {allowed}.{NO_CREDITS_USED}"
    )


def price_changed(price: int) -> str:
    """Say what a song costs now, beside the button with this price."""
    return f"A song costs {in_credits(price)} now. Press the button to pay that.{NO_CREDITS_USED}"


@sentence.register
def _price_changed(error: PriceChangedError) -> str:
    return price_changed(error.price)


@sentence.register
def _second_press(_: SecondPressError) -> str:
    return f"{SECOND_PRESS}{NO_CREDITS_USED}"


@sentence.register
def _stopping(_: StoppingError) -> str:
    return f"{RESTARTING}{NO_CREDITS_USED}"


@sentence.register
def _outside(_: OutsideServerError) -> str:
    return f"{ONLY_IN_SERVERS}{NO_CREDITS_USED}"


@sentence.register
def _not_served(_: NotServedError) -> str:
    return NOT_SERVED


@sentence.register
def _prompt(error: PromptError) -> str:
    return (
        f"Your prompt has {error.length:,} characters, and {quoted(model_name(error.model), limit=30)} takes "
        f"at most {error.limit:,}. Shorten it by {error.length - error.limit:,}.{NO_CREDITS_USED}"
    )


@sentence.register
def _credits(error: CreditsError) -> str:
    more = (
        f"You get more {relative(error.resets_at)}; `/credits` shows where they went."
        if error.resets_at
        else "Your allowance isn't enough for a song: ask a moderator for credits."
    )
    return (
        f"A song costs {in_credits(error.needed)}, and you have {error.available:,}. {more}{NO_CREDITS_USED}"
    )


@sentence.register
def _budget(error: BudgetError) -> str:
    words = used_up(BUDGET, f"{error.available:,}", cost=error.needed, resets_at=error.resets_at)
    return f"{words}{NO_CREDITS_USED}"


@sentence.register
def _cap(error: CapError) -> str:
    return f"{cap_used_up(error.cap, error.needed)}{NO_CREDITS_USED}"


@sentence.register
def _blocked(error: BlockedError) -> str:
    return (
        "A moderator of this server has blocked your song requests. Ask them if you think that is a mistake."
        f"\n{reason_text(error.reason)}{NO_CREDITS_USED}"
    )


@sentence.register
def _held_up(error: PausedError | ClosedError | QueueFullError) -> str:
    return f"{held_up(error)}{NO_CREDITS_USED}"


@sentence.register
def _not_operator(_: NotOperatorError) -> str:
    return f"{NOT_OPERATOR}{NOTHING_CHANGED}"


@sentence.register
def _operator_unknown(_: OperatorUnknownError) -> str:
    return f"{OWNER_UNKNOWN}{NOTHING_CHANGED}"


@sentence.register
def _channel(error: ChannelError) -> str:
    return (
        f"This server takes song requests in <#{error.channel_id}>. Go there, and try again.{NO_CREDITS_USED}"
    )


@sentence.register
def _channel_gone(error: ChannelGoneError) -> str:
    return (
        "This server's channel for song requests was deleted. "
        f"{CHOOSE_CHANNEL if error.is_moderator else ASK_FOR_CHANNEL}{NO_CREDITS_USED}"
    )


@sentence.register
def _active(error: ActiveLimitError) -> str:
    which = "it" if error.limit == 1 else "one"
    return (
        f"You already have {counted(error.limit, 'pending request')}, the limit in this server. Wait until "
        f"{which} finishes, or press **{labels.CANCEL}** on one that is still waiting.{NO_CREDITS_USED}"
    )


@sentence.register
def _cooldown(error: CooldownError) -> str:
    return f"{COOLDOWN} {next_request(error.until)}{NO_CREDITS_USED}"


@sentence.register
def _backoff(error: BackoffError) -> str:
    return f"{BACKOFF} {next_request(error.until)}{NO_CREDITS_USED}"


@sentence.register
def _not_found(_: RequestNotFoundError) -> str:
    return f"{NO_SUCH_REQUEST}{NOTHING_CHANGED}"


@sentence.register
def _not_yours(_: NotYoursError) -> str:
    return f"{NOT_YOURS}{NOTHING_CHANGED}"


@sentence.register
def _too_late(error: TooLateError) -> str:
    if error.state in AT_PROVIDER:
        return ALREADY_MAKING
    if error.state in RETURNED:
        return ALREADY_ENDED
    if error.state == State.WAITING:
        return JUST_CHANGED
    return ALREADY_FINISHED


@sentence.register
def _pending(error: PendingRequestsError) -> str:
    they = "it has" if error.count == 1 else "they have"
    return (
        f"You have {counted(error.count, 'pending request')}, here or in other servers. Wait until {they} "
        "ended, or cancel what is still waiting with `/cancel`; then use `/privacy delete` again.\n"
        "-# Nothing was deleted."
    )


@sentence.register
def _unchanged(error: NoAccessError | InvalidMessageError) -> str:
    why = f" ({error.cause})" if isinstance(error, NoAccessError) else ""
    return f"Discord doesn't let the bot change this message{why}. If you pressed a heart, it counts."


@sentence.register
def _rate_limited(_: discord.RateLimited) -> str:
    return f"Discord is limiting the bot's answers here. {CHECK_CREDITS}"


@sentence.register
def _unknown_command(_: app_commands.CommandNotFound | app_commands.CommandSignatureMismatch) -> str:
    return COMMAND_CHANGED


@sentence.register
def _guild_only(_: app_commands.NoPrivateMessage) -> str:
    return ONLY_IN_SERVERS


@sentence.register
def _permissions(_: app_commands.MissingPermissions) -> str:
    return f"{NOT_MODERATOR}{NOTHING_CHANGED}"


@sentence.register
def _check(_: app_commands.CheckFailure) -> str:
    return NOT_ALLOWED


@sentence.register
def _option(error: app_commands.TransformerError) -> str:
    if isinstance(error.value, discord.Object):
        return UNREADABLE  # an id of which Discord did not send what it is
    value = quoted(str(error.value), limit=100)
    return f"“{value}” doesn't fit this option. Choose a suggestion, or read the option's description."


for _kind, _words in MODERATOR_SENTENCES.items():
    sentence.register(_kind, _words)


def _without_cost(words: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda error: f"{words(error)}{NO_CREDITS_USED}"


for _kind, _words in PLAYLIST_SENTENCES.items():
    sentence.register(_kind, _without_cost(_words))
