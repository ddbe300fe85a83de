"""Error messages for members, built from the error's attributes."""

from functools import singledispatch

import discord
from discord import app_commands

from bot.chat.text.failures import CLIPS, PERSONAS, PLAYLISTS
from bot.chat.text.formatting import REASON_LIMIT, in_credits, quoted, relative
from bot.chat.text.moderator_errors import MODERATOR_SENTENCES
from bot.domain.errors import (
    ActiveLimitError,
    BackoffError,
    BlockedError,
    BudgetError,
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
    NotYoursError,
    OutsideServerError,
    PausedError,
    PersonaError,
    PlaylistError,
    PromptError,
    RequestNotFoundError,
    StoppingError,
    StoreError,
    TooLateError,
    WeightError,
)
from bot.domain.moderator_errors import NotOperatorError, OperatorUnknownError
from bot.domain.personal_data import PendingRequestsError
from bot.domain.requests import AT_PROVIDER, RETURNED, State

NOTHING_SENT = "Nothing was sent, and no credits are held."
NOTHING_DONE = "Nothing was sent, and no credits were moved."
LOOK = "Look at `/credits` to see whether anything is on hold, then try again in a minute."
COMMAND_CHANGED = (
    "This command has changed since your Discord last looked. Reload Discord (Ctrl+R on a computer; "
    "close and open the app on a phone), then try again."
)


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
            words = f"The bot lost its database in the middle of this, and can't tell what was kept. {LOOK}"
        case ConflictError():
            words = "Something else changed this at the same moment, so nothing was done here. Try again."
        case StoreError():
            words = f"The bot can't use its database right now. {NOTHING_DONE} Try again in a minute."
        case _:
            words = f"Something went wrong on our side. {LOOK}"
    return f"{words} If it goes on, tell whoever runs the bot the reference `{reference}`."


@sentence.register
def _playlist(error: PlaylistError) -> str:
    return f"{PLAYLISTS[error.kind]} {NOTHING_SENT}"


@sentence.register
def _clip(error: ClipError) -> str:
    return f"{CLIPS[error.kind]} {NOTHING_SENT}"


@sentence.register
def _persona(error: PersonaError) -> str:
    return f"{PERSONAS[error.kind]} {NOTHING_SENT}"


@sentence.register
def _weight(error: WeightError) -> str:
    given = f"{error.value:g}"
    hint = ""
    if 1 < error.value <= 100:
        hint = f" For {given} % type {round(error.value / 100, 4):g}: 65 % is 0.65."
    return f"`{error.option}` takes a number from 0 to 1, and {given} isn't one.{hint} {NOTHING_SENT}"


@sentence.register
def _model(error: ModelError) -> str:
    allowed = ", ".join(f"`{quoted(model, limit=30)}`" for model in error.allowed[:20])
    model = quoted(error.model, limit=50)
    return f"`{model}` isn't a model of this bot. Choose one of {allowed}. {NOTHING_SENT}"


@sentence.register
def _stopping(_: StoppingError) -> str:
    return f"The bot is being restarted. Try again in a minute. {NOTHING_SENT}"


@sentence.register
def _outside(_: OutsideServerError) -> str:
    return f"This only works in servers that the bot was added to. {NOTHING_SENT}"


@sentence.register
def _prompt(error: PromptError) -> str:
    return (
        f"The prompt has {error.length:,} characters, and {quoted(error.model, limit=30)} takes at most "
        f"{error.limit:,}. Shorten it by {error.length - error.limit:,}. {NOTHING_SENT}"
    )


@sentence.register
def _credits(error: CreditsError) -> str:
    return (
        f"A song costs {in_credits(error.needed)}, and you have {in_credits(error.available)}. "
        f"More come {relative(error.resets_at)}; `/credits` shows where they went. {NOTHING_SENT}"
    )


@sentence.register
def _budget(error: BudgetError) -> str:
    return (
        f"This server's budget is used up: a song costs {in_credits(error.needed)}, and "
        f"{in_credits(error.available)} {'is' if error.available == 1 else 'are'} left for everyone. More "
        f"come {relative(error.resets_at)}. Your own credits are untouched. {NOTHING_SENT}"
    )


@sentence.register
def _blocked(error: BlockedError) -> str:
    return (
        "A moderator of this server doesn't let you ask for songs: "
        f"{quoted(error.reason, limit=REASON_LIMIT)}. Talk to them if you think that is wrong. {NOTHING_SENT}"
    )


@sentence.register
def _paused(error: PausedError) -> str:
    return (
        f"The moderators have paused songs in this server: {quoted(error.reason, limit=REASON_LIMIT)}. "
        f"Try again when they go on. {NOTHING_SENT}"
    )


@sentence.register
def _not_operator(_: NotOperatorError) -> str:
    return "This is only for whoever runs this bot. Nothing was changed."


@sentence.register
def _operator_unknown(_: OperatorUnknownError) -> str:
    return (
        "Discord doesn't tell at the moment who runs this bot, so nothing was changed. Try again in a minute."
    )


@sentence.register
def _channel(error: ChannelError) -> str:
    return f"Songs are asked for in <#{error.channel_id}> here. Go there, and try again. {NOTHING_SENT}"


@sentence.register
def _channel_gone(error: ChannelGoneError) -> str:
    gone = "Songs can only be asked for in one channel here, and that channel was deleted."
    if error.is_moderator:
        mend = (
            "Choose another with `/settings channel`; without `channel`, songs can be asked for everywhere."
        )
    else:
        mend = "Ask a moderator to choose another with `/settings channel`."
    return f"{gone} {mend} {NOTHING_SENT}"


@sentence.register
def _active(error: ActiveLimitError) -> str:
    count = "a request" if error.limit == 1 else f"{error.limit} requests"
    return (
        f"You already have {count} under way, which is as many as this server allows at a time. "
        f"Wait for it to finish, or press **Cancel** on one that still waits. {NOTHING_SENT}"
    )


@sentence.register
def _cooldown(error: CooldownError) -> str:
    return f"That was quick! You can ask for the next song {relative(error.until)}. {NOTHING_SENT}"


@sentence.register
def _backoff(error: BackoffError) -> str:
    return (
        "Your last request failed: the song service refused it, or its answer was lost. You can ask for "
        f"another song {relative(error.until)}. {NOTHING_SENT}"
    )


@sentence.register
def _not_found(_: RequestNotFoundError) -> str:
    return "There is no such request in this server. Nothing was changed."


@sentence.register
def _not_yours(_: NotYoursError) -> str:
    return "That request belongs to somebody else, and only they can do this. Nothing was changed."


@sentence.register
def _too_late(error: TooLateError) -> str:
    if error.state in AT_PROVIDER:
        return (
            "It's too late to cancel: the song service already has this request and can't be called back. "
            "The song will be posted when it is finished."
        )
    if error.state in RETURNED:
        return "This request has already ended, and its credits are back. There is nothing left to cancel."
    if error.state == State.WAITING:
        return "This request has just moved. Try again."
    return "It's too late to cancel: this song is finished."


@sentence.register
def _pending(error: PendingRequestsError) -> str:
    count, end = ("a request", "it has") if error.count == 1 else (f"{error.count:,} requests", "they have")
    return (
        f"You have {count} under way, here or in another server. Wait until {end} ended, or take back what "
        "still waits with `/cancel`; then use `/privacy delete` again. Nothing was deleted."
    )


@sentence.register
def _unchanged(error: NoAccessError | InvalidMessageError) -> str:
    why = f" ({error.cause})" if isinstance(error, NoAccessError) else ""
    return f"Discord doesn't let this message change{why}. If you voted, your vote counts."


@sentence.register
def _rate_limited(_: discord.RateLimited) -> str:
    return f"Discord keeps the bot from answering for a while: it has said too much here. {LOOK}"


@sentence.register
def _unknown_command(_: app_commands.CommandNotFound | app_commands.CommandSignatureMismatch) -> str:
    return COMMAND_CHANGED


@sentence.register
def _guild_only(_: app_commands.NoPrivateMessage) -> str:
    return "This works in a server only. Go to a server where the bot is, and try it there."


@sentence.register
def _permissions(_: app_commands.MissingPermissions) -> str:
    return "You need the permission **Manage Server** for this. Nothing was changed."


@sentence.register
def _check(_: app_commands.CheckFailure) -> str:
    return (
        "You aren't allowed to use this here. Ask a moderator of this server if you think that you should be."
    )


@sentence.register
def _option(error: app_commands.TransformerError) -> str:
    value = quoted(str(error.value), limit=100)
    return (
        f"“{value}” doesn't fit this option. Choose one of the suggestions, or see the option's description."
    )


for _kind, _words in MODERATOR_SENTENCES.items():
    sentence.register(_kind, _words)
